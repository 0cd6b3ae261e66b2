"""Django's formats for British English, but a clock of 24 hours: "23 Nov 2026, 08:58", as the pages write it."""

DATE_FORMAT = "d M Y"
DATETIME_FORMAT = "d M Y, H:i"
TIME_FORMAT = "H:i"

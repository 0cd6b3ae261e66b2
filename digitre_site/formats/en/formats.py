"""Django's formats for British English, but a clock of 24 hours: "23 Nov 2026, 08:58", as the pages write it."""

from django.conf.locale.en_GB import formats

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = formats.SHORT_DATE_FORMAT
FIRST_DAY_OF_WEEK = formats.FIRST_DAY_OF_WEEK
DATE_INPUT_FORMATS = formats.DATE_INPUT_FORMATS
DATETIME_INPUT_FORMATS = formats.DATETIME_INPUT_FORMATS

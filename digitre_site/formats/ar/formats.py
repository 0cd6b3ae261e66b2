"""Django's formats for Arabic, but a point before decimals, as the browsers write them beside western digits."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","

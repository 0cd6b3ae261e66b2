"""Shares as people read them."""

from django import template

from recognizer import formatting

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """Say 0.9874 as "98.74 %"; nothing for nothing."""
    return "" if share is None else formatting.percent(share, 2)

"""Shares as people read them."""

from django import template

from recognizer import formatting, words

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """Say 0.9874 as "98.74 %", in the page's language; nothing for nothing."""
    return "" if share is None else words.share(formatting.percent(share, 2))


@register.filter
def origin(text: str) -> str:
    """Say where a version comes from."""
    return words.origin(text)

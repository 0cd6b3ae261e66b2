"""What a page needs to speak its language."""

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from recognizer import page_words as words

register = template.Library()


@register.simple_tag
def page_words(page: str) -> SafeString:
    """Bring along what the page's scripts say: data, which no policy has to allow."""
    sentences = words.page_words(page, get_language() or settings.LANGUAGE_CODE)
    return format_html('<script type="application/json" id="words">{}</script>', mark_safe(sentences))  # noqa: S308  our own


@register.simple_tag
def words_url(page: str) -> str:
    """Return where a page's further sentences are, in its language."""
    language = get_language() or settings.LANGUAGE_CODE
    address = reverse("pages:words", kwargs={"page": page, "language": language})
    return f"{address}?{words.version(page, language)}"


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Return (code, name in the language itself). Django's own tag would translate the names."""
    return list(settings.LANGUAGES)

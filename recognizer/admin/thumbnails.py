"""Drawings as HTML: pictures that come with their row, and labels in words."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer.imaging.decoding import data_url
from recognizer.models import Drawing, label_text


def thumbnail(drawing: Drawing) -> SafeString:
    """The kept picture, small. Its bytes are a PNG of our own making, whatever was sent."""
    return format_html(
        '<span class="sheet sheet-small"><img src="{}" alt="{}" width="56" height="56"></span>',
        data_url(bytes(drawing.png)),
        describe(drawing),
    )


def describe(drawing: Drawing) -> str:
    """Say in a few words what model, person and reviewer made of a drawing: the picture's text for who cannot see it."""
    words = [f"model {answer_text(drawing)}", f"person {label_text(drawing.confirmed_label)}"]
    if drawing.is_reviewed:
        words.append(f"reviewer {review_text(drawing)}")
    return ", ".join(words)


def answer_text(drawing: Drawing) -> str:
    """The answer, or "refused (7?)" with the likeliest digit."""
    if drawing.predicted_label is None:
        return f"refused ({drawing.top_label}?)"
    return str(drawing.predicted_label)


def review_text(drawing: Drawing) -> str:
    if drawing.is_reviewed and drawing.reviewed_label is None:
        return "reject"
    return label_text(drawing.reviewed_label)

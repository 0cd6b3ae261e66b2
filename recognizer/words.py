"""What people read, in the language that this request is answered in. Only what answers people imports this."""

from django.utils.formats import get_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

from recognizer.errors import InvalidDrawing
from recognizer.sentences import Part, Sentence, fill

ORIGINAL = "en"  # the language that sentences are written in


def said(text: str) -> str:
    """Say a sentence in the language of this request. What is no `Sentence` is said as it stands."""
    if not isinstance(text, Sentence) or is_original():
        return text
    return " ".join(map(_said, text.parts))


def fault(error: InvalidDrawing) -> str:
    """Say what is wrong with a drawing."""
    return _said(Part(error.text, error.values))


def recorded(reason: str) -> str:
    """Say a reason that a rule or a run has written into a row, in English: its head by the catalogue, without its figures.

    What the catalogue does not know are a reviewer's own words, and stay as they are.
    """
    if is_original():
        return reason
    head = reason.partition(":")[0]
    translated = gettext(head)
    return reason if translated == head else translated


def share(text: str) -> str:
    """Write what `recognizer.formatting` made of a share as this language does: "98,74 %", "%98,74"."""
    number, space, _ = text.partition(" ")
    if is_original() or not space:
        return text
    return pgettext("a share", "{number} %").format(number=number.replace(".", get_format("DECIMAL_SEPARATOR")))


def origin(text: str) -> str:
    """Say a version's recorded origin: the shipped baseline, or "run 7"."""
    name, _, number = text.partition(" ")
    if name == "run" and number.isdigit():
        return pgettext("origin of a version", "run {number}").format(number=number)
    return recorded(text)


def is_original() -> bool:
    return get_language() in (ORIGINAL, None)


def _said(part: Part) -> str:
    text = ngettext(part.text, part.plural, part.values["count"]) if part.plural else gettext(part.text)
    return fill(text, part.values)

"""Sentences for people: in English, and as what they were put together from, so that they can be said in another language.

Imports no framework. What reads drawings makes sentences, and `recognizer.words` says them in a visitor's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from recognizer.labels import article


@dataclass(frozen=True)
class Part:
    """One sentence with `{places}`. `plural` is the same for more than one, by the value `count`; "" where none is counted."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    plural: str = ""

    def __str__(self) -> str:
        return fill(self.plural if self.plural and self.values["count"] != 1 else self.text, self.values)


class Sentence(str):
    """An English text that remembers its parts.

    `{a_digit}` is the value `digit` after "a" or "an"; a translation writes `{digit}`, since no other language needs that.
    """

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, text: str, **values: Any) -> Self:
        return cls._of(Part(text, values))

    @classmethod
    def counted(cls, text: str, plural: str, count: int, **values: Any) -> Self:
        return cls._of(Part(text, {"count": count, **values}, plural))

    def then(self, other: "Sentence") -> "Sentence":
        """Return both, one after the other."""
        return self._of(*self.parts, *other.parts)

    @classmethod
    def _of(cls, *parts: Part) -> Self:
        sentence = super().__new__(cls, " ".join(map(str, parts)))
        sentence.parts = parts
        return sentence


class _Values(dict[str, Any]):
    def __missing__(self, place: str) -> str:
        if not place.startswith("a_"):
            raise KeyError(place)
        digit = self[place.removeprefix("a_")]
        return f"{article(digit)} {digit}"


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Put values into a sentence's places."""
    return text.format_map(_Values(values)) if values else text


def marked(text: str) -> str:
    """Mark a text for the catalogues where it stands; it is said by `recognizer.words` where it is shown."""
    return text

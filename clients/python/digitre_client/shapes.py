"""What the site answers, as far as programs have asked for it. Fields that it may add later are left out."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

Label = int | None  # 0-9; None: not a digit


@dataclass(frozen=True)
class Shape:
    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Take from an answer what this shape knows."""
        return cls(**{field.name: body[field.name] for field in fields(cls) if field.name in body})


@dataclass(frozen=True)
class Answer(Shape):
    """What the site reads in a drawing. `kind` is "digit", "pair" (too close to call) or "refused"; `id` is None for a guess."""

    kind: str
    digit: Label
    message: str
    confidence: float
    likely_digit: int
    probabilities: list[float]
    alternatives: list[dict[str, Any]]
    model_version: int
    id: str | None = None

    @property
    def refused(self) -> bool:
        return self.kind == "refused"


@dataclass(frozen=True)
class ToReview(Shape):
    """A drawing in one's hand until `held_until` (ISO 8601). A blind one tells nothing that was said of it: all None."""

    id: str
    image: str
    blind: bool
    held_until: str
    created_at: str
    predicted: int | None
    confidence: float | None
    confirmed: Label
    is_confirmed: bool | None
    suspicion: float | None
    status: str | None
    status_reason: str

    @property
    def png(self) -> bytes:
        return base64.b64decode(self.image.partition(",")[2])


@dataclass(frozen=True)
class Decided(Shape):
    """How a drawing stands after a decision: its label is None for "not a digit", and where `has_label` says there is none."""

    id: str
    status: str
    label: Label
    has_label: bool


@dataclass(frozen=True)
class KeyFacts(Shape):
    name: str
    owner: str
    scopes: list[str]
    calls_a_minute: int
    expires_at: str | None

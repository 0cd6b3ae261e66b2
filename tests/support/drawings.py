"""Rows to look at: drawings of ten digits by a few hands, with what model and people said of them."""

import hashlib
import random
import uuid
from functools import cache
from typing import Any, Protocol

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import registry
from recognizer.imaging.decoding import encode_png
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION, normalize_drawing
from recognizer.imaging.strokes import Strokes, ink_strokes
from recognizer.models import Contributor, Drawing, LabelEvent
from recognizer.review.priority import assess
from tests.support.digit_paths import DIGITS
from tests.support.digits import PEN, SIDE, digit_path
from tests.support.pictures import draw_ink

VARIANTS = 5


@cache
def png_of(digit: int, variant: int) -> bytes:
    """One of a few shaky drawings of a digit: inking each drawing anew would take most of the tests' time."""
    return encode_png(ink_of(digit, random.Random(variant)))


def ink_of(digit: int, rng: random.Random) -> NDArray[Any]:
    shaken = [[[x + rng.uniform(-9, 9), y + rng.uniform(-9, 9)] for x, y in stroke] for stroke in DIGITS[digit]]
    return draw_ink(shaken, pen=rng.choice([16, 18, 20, 22]))


def make_drawing(
    *,
    seed: int = 0,
    drawn: int = 7,
    predicted: int | None = 7,
    confirmed: int | None = 7,
    confidence: float = 0.9,
    contributor: Contributor | None = None,
    **columns: Any,
) -> Drawing:
    """Store a drawing that its contributor has confirmed (unless `confirmed` is None); it then waits for review."""
    rng = random.Random(seed)
    png = columns.pop("png", None) or png_of(drawn, seed % VARIANTS)
    top = drawn if predicted is None else predicted
    rest = (1 - confidence) / 9
    said = {
        "id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "png": png,
        "content_hash": hashlib.sha256(png).hexdigest(),
        "preprocessing_version": 1,
        "probabilities": [confidence if digit == top else rest for digit in range(10)],
        "predicted_label": predicted,
        "top_label": top,
        "confidence": confidence,
        "margin": confidence - rest,
    }
    if "model_version" not in columns:
        columns["model_version"] = registry.ensure_baseline()
    drawing = Drawing.objects.create(contributor=contributor or Contributor.join(), **(said | columns))
    if confirmed is not None:
        drawing.confirm(confirmed, **assess(drawing, confirmed))
    return drawing


def make_drawings(count: int, seed: int = 1, contributors: int = 8) -> list[Drawing]:
    """A mixed heap that waits: about a third of it with model and person at odds."""
    rng = random.Random(seed)
    people = [Contributor.join() for _ in range(contributors)]
    made = []
    for number in range(count):
        digit = rng.randrange(10)
        predicted = digit if rng.random() < 0.7 else rng.randrange(10)
        made.append(
            make_drawing(
                seed=seed * 100_000 + number,
                drawn=digit,
                predicted=None if rng.random() < 0.05 else predicted,
                confirmed=digit if rng.random() < 0.95 else 10,
                confidence=rng.uniform(0.45, 0.995),
                contributor=rng.choice(people),
            )
        )
    return made


class Draw(Protocol):
    """What the fixture `draw` is: `draw(7)`, `draw(7, by=contributor, label=1, style=3, reviewed=True, strokes=False)`."""

    def __call__(
        self,
        digit: int,
        *,
        by: Contributor | None = None,
        label: int | None = None,
        style: int = 0,
        reviewed: bool = False,
        strokes: bool = True,
        status: str = Drawing.Status.APPROVED,
    ) -> Drawing: ...


def approved_drawing(
    digit: int,
    *,
    by: Contributor | None = None,
    label: int | None = None,
    style: int = 0,
    reviewed: bool = False,
    strokes: bool = True,
    status: str = Drawing.Status.APPROVED,
) -> Drawing:
    """Store a drawing as training reads it: with the pen's path, its picture's own hash, and a label that was approved."""
    path, png, hashes = _hand_drawn(digit, style)
    label = digit if label is None else label
    drawing = make_drawing(
        drawn=digit,
        predicted=digit,
        confirmed=None,
        contributor=by,
        id=uuid.uuid4(),
        png=png,
        strokes=path if strokes else None,
        canvas_width=SIDE,
        canvas_height=SIDE,
        content_hash=hashes[strokes],
        preprocessing_version=PREPROCESSING_VERSION,
        confirmed_label=label,
        confirmed_at=timezone.now(),
        status=status,
        reviewed_label=label if reviewed else None,
    )
    if reviewed:
        Drawing.objects.filter(pk=drawing.pk).update(reviewed_at=drawing.created_at)
    LabelEvent.objects.create(drawing=drawing, actor="rule", action="approved", label=label)
    return drawing


@cache
def _hand_drawn(digit: int, style: int) -> tuple[Strokes, bytes, dict[bool, str]]:
    """A digit's path, its picture, and the picture's hash with the path and without it."""
    path = digit_path(digit, np.random.default_rng((digit, style)))
    ink = ink_strokes(path, SIDE, PEN)
    seen = {True: normalize_drawing(ink, path), False: normalize_drawing(ink, None)}
    return path, encode_png(ink), {with_path: content_hash(to_grey(image)) for with_path, image in seen.items()}

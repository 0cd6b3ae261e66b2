"""Stored drawings, read back as pictures, a few hundred at a time: a million of them never meet in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from recognizer.decoding import decode_png
from recognizer.errors import InvalidDrawing
from recognizer.models import Drawing
from recognizer.preprocessing import normalize_drawing
from recognizer.services import Submission
from recognizer.strokes import Strokes

CHUNK = 200  # drawings: about 10 MB of pictures and strokes


@dataclass(frozen=True)
class Picture:
    """A stored drawing, decoded. `strokes` are in the ink's pixels; `ink` is uint8 (H, W)."""

    id: UUID
    ink: np.ndarray
    strokes: Strokes | None

    @property
    def seen(self) -> np.ndarray:
        """What the network sees: float32 (28, 28, 1)."""
        return normalize_drawing(self.ink, self.strokes)


def read_pictures(ids: Sequence[UUID]) -> Iterator[Picture]:
    """Yield the drawings that still exist, in the order of `ids`; unreadable ones are left out."""
    columns = ("id", "png", "strokes", "canvas_width", "canvas_height")
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        rows = {row[0]: row for row in Drawing.objects.filter(pk__in=chunk).values_list(*columns)}
        for drawing_id in chunk:
            if drawing_id in rows:
                try:
                    yield _decode(*rows[drawing_id])
                except InvalidDrawing:  # stored by an older release with other rules: it is no evidence of anything
                    continue


def _decode(drawing_id: UUID, png: bytes, strokes: Strokes | None, width: float, height: float) -> Picture:
    ink = decode_png(bytes(png))
    canvas = (width, height) if width and height else None
    return Picture(drawing_id, ink, Submission(ink, strokes, canvas).strokes_on_ink)

"""Stored drawings, a few hundred at a time: a million of them never meet in memory. Read back as pictures, or set aside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging.strokes import Strokes
from recognizer.models import Drawing
from recognizer.models.drawings import DrawingQuerySet
from recognizer.submissions import Submission

CHUNK = 200  # drawings: about 10 MB of pictures and strokes
IDS_AT_ONCE = 500  # SQLite takes at most 999 in one statement, where it is an old one
QUARANTINE_BATCH = 100  # drawings in one transaction: visitors of a SQLite site wait for each


@dataclass(frozen=True)
class Picture:
    """A stored drawing: `ink` uint8 (H, W), `strokes` in its pixels, and what the network sees, `seen` float32 (28, 28, 1)."""

    id: UUID
    ink: NDArray[np.uint8]
    strokes: Strokes | None
    seen: NDArray[np.float32]


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
    sent = Submission.of_columns(png, strokes, width, height)
    return Picture(drawing_id, sent.ink, sent.strokes_on_ink, sent.image)


def contributors_of(ids: Sequence[UUID]) -> dict[UUID, int]:
    """Say who drew the drawings that still exist."""
    contributors: dict[UUID, int] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        rows = Drawing.objects.filter(pk__in=ids[start : start + IDS_AT_ONCE])
        contributors |= dict(rows.values_list("pk", "contributor_id"))
    return contributors


def quarantine(among: DrawingQuerySet, reasons: Mapping[UUID, str]) -> None:
    """Set drawings aside, each with its reason, if they are still among these and no reviewer has decided."""
    ids = list(reasons)
    for start in range(0, len(ids), QUARANTINE_BATCH):
        with transaction.atomic():
            batch = among.filter(pk__in=ids[start : start + QUARANTINE_BATCH], reviewed_at__isnull=True)
            # of("self",): not the contributors' rows; a reviewer who decided meanwhile has the last word
            for drawing in batch.without_pixels().select_for_update(of=("self",)):
                drawing.quarantine(reasons[drawing.pk])

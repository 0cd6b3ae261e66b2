"""Approved drawings that look alike and are labelled otherwise: one of each two teaches what the other unteaches."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np

from recognizer.models import Drawing, Prototype
from recognizer.models.prototypes import unpack

# newest approved drawings, as the champion sees them: their table of likeness takes a tenth of a second
LOOKED_AT = 1500
ALIKE = 0.97  # cosine of what the network sees; two drawings of one digit by one hand have about this
SHOWN = 24


@dataclass(frozen=True)
class Pair:
    """Two drawings of different labels, and how alike they look, 0..1."""

    one: Drawing
    other: Drawing
    likeness: float


def contradicting_pairs(version_id: int) -> list[Pair]:
    """Return the likest pairs of approved drawings whose labels differ, no drawing twice."""
    rows = list(
        Prototype.objects.filter(version_id=version_id, drawing__status=Drawing.Status.APPROVED)
        .order_by("-id")
        .values_list("drawing_id", "label", "features")[:LOOKED_AT]
    )
    if len(rows) < 2:
        return []
    features = unpack(b"".join(bytes(packed) for _, _, packed in rows), len(rows))
    labels = np.array([label for _, label, _ in rows])
    likeness = features @ features.T
    likeness[labels[:, None] == labels[None, :]] = -1.0
    likeness[np.tril_indices(len(rows))] = -1.0
    taken: set[int] = set()
    found: list[tuple[UUID, UUID, float]] = []
    order = np.argsort(-likeness, axis=None)[: 20 * SHOWN]
    for place in order.tolist():
        i, j = divmod(place, len(rows))
        if likeness[i, j] < ALIKE or len(found) == SHOWN:
            break
        if i not in taken and j not in taken:
            taken |= {i, j}
            found.append((rows[i][0], rows[j][0], float(likeness[i, j])))
    there = Drawing.objects.defer("strokes", "probabilities").in_bulk([pk for one in found for pk in one[:2]])
    return [Pair(there[one], there[other], like) for one, other, like in found if one in there and other in there]

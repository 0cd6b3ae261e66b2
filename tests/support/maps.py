"""A map that nobody had to compute: each drawing lies in the row of its likeliest digit."""

from collections.abc import Iterable

import numpy as np

from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingMap, MapPoint, ModelVersion
from recognizer.models.prototypes import pack

STEP = 60


def lay_map(version: ModelVersion, drawings: Iterable[Drawing], clusters: int = 0) -> DrawingMap:
    """Store a map with these drawings at (60, 60), (120, 60) and so on, digit by digit; the refused ones in `clusters`."""
    drawings = list(drawings)
    corners = np.array([[100, 60 * (1 + digit)] for digit in range(10) for _ in range(3)], "<f4")
    drawn = DrawingMap.objects.create(
        version=version,
        features=pack(np.repeat(np.eye(11, dtype="float32")[:10], 3, axis=0)),
        places=corners.tobytes(),
        labels=bytes(digit for digit in range(10) for _ in range(3)),
        drawings=len(drawings),
    )
    in_row = [0] * 10
    for drawing in drawings:
        in_row[drawing.top_label] += 1
        MapPoint.objects.create(
            map=drawn,
            drawing=drawing,
            x=STEP * in_row[drawing.top_label],
            y=STEP * (1 + drawing.top_label),
            answered=drawing.answered,
            cluster=clusters if drawing.answered == NOT_A_DIGIT else 0,
            features=pack(np.eye(11, dtype="float32")[drawing.answered]),
        )
    return drawn

"""What lies on a map, and what of it is asked for: around a place, a cluster, a cell of the table, what is like a drawing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

import numpy as np
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from recognizer import serving
from recognizer.errors import InvalidDrawing
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingMap, MapPoint
from recognizer.models.drawing_map import SIDE
from recognizer.models.prototypes import unpack
from recognizer.submissions import Submission

STATUSES = (Drawing.Status.WAITING, Drawing.Status.APPROVED)
ALIKE = 60  # drawings shown as being like one
CORNERS = 200  # of an outline at most; the page sends fewer
LETTERS_FROM = 3  # landmarks of a class, for its letter to stand somewhere


class BadOutline(ValueError):
    """An outline that encloses nothing: too few corners, too many, or not on the map."""


@dataclass(frozen=True)
class Point:
    """One drawing on the map, as far as the page needs it."""

    drawing_id: UUID
    x: int
    y: int
    answered: int
    cluster: int
    status: str
    label: int | None
    suspicion: float

    @property
    def is_refused(self) -> bool:
        return self.answered == NOT_A_DIGIT


@dataclass(frozen=True)
class Asked:
    """Which points of a map are asked for; what is None or empty narrows nothing.

    Attributes:
        label: what people say it is, 0-10.
        read: what the version reads, 0-10.
        outline: corners (x, y) of what somebody drew around.
    """

    status: str = ""
    label: int | None = None
    read: int | None = None
    cluster: int | None = None
    outline: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Read what an address asks for. What is none of a page's own words narrows nothing.

        Raises:
            BadOutline: `within` cannot be read.
        """
        status = given.get("status", "")
        return cls(
            status=status if status in STATUSES else "",
            label=_small(given.get("label")),
            read=_small(given.get("read")),
            cluster=_small(given.get("cluster"), 9999) or None,
            outline=_outline(given["within"]) if given.get("within") else (),
        )

    def of_the_page(self) -> "Asked":
        """What narrows the whole page, not a place on it."""
        return replace(self, read=None, cluster=None, outline=())

    def choose(self, points: list[Point]) -> list[Point]:
        """Return those that are asked for, the most suspicious first."""
        chosen = [point for point in points if self._is_asked_for(point)]
        if self.outline:
            places = np.array([(point.x, point.y) for point in chosen], "float64").reshape(-1, 2)
            chosen = [point for point, inside in zip(chosen, is_inside(places, self.outline), strict=True) if inside]
        return sorted(chosen, key=lambda point: (point.status != Drawing.Status.WAITING, -point.suspicion))

    def _is_asked_for(self, point: Point) -> bool:
        return (
            (not self.status or point.status == self.status)
            and (self.label is None or point.label == self.label)
            and (self.read is None or point.answered == self.read)
            and (self.cluster is None or point.cluster == self.cluster)
        )


def _small(text: str | None, most: int = NOT_A_DIGIT) -> int | None:
    if not text or not (text.isascii() and text.isdigit() and len(text) < 5) or int(text) > most:
        return None
    return int(text)


def _outline(text: str) -> tuple[tuple[int, int], ...]:
    numbers = [_small(part, SIDE) for part in text.split(",")[: 2 * CORNERS + 1]]
    if None in numbers or len(numbers) % 2 or not 6 <= len(numbers) <= 2 * CORNERS:
        raise BadOutline(f"an outline has 3 to {CORNERS} corners, x,y,x,y and so on, from 0 to {SIDE}")
    known = [number for number in numbers if number is not None]
    return tuple(zip(known[::2], known[1::2], strict=True))


def is_inside(places: NDArray[np.float64], outline: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    """Whether places (N, 2) lie within a polygon: whether a line to the right of each crosses it an odd number of times."""
    inside = np.zeros(len(places), bool)
    x, y = places[:, 0], places[:, 1]
    for (x1, y1), (x2, y2) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def points_of(map_id: int) -> list[Point]:
    """Read a map's points: those whose drawings wait or are approved now, whatever they were when it was drawn."""
    label = Coalesce("drawing__reviewed_label", "drawing__confirmed_label")
    rows = MapPoint.objects.filter(map_id=map_id, drawing__status__in=STATUSES).values_list(
        "drawing_id", "x", "y", "answered", "cluster", "drawing__status", label, "drawing__suspicion"
    )
    return [
        Point(pk, x, y, answered, cluster, status, meant, suspicion or 0.0)
        for pk, x, y, answered, cluster, status, meant, suspicion in rows
    ]


def letters_of(drawn: DrawingMap) -> list[tuple[int, int, int]]:
    """Where each digit's letter stands: (digit, x, y), amid the reference pictures of it."""
    labels = np.frombuffer(bytes(drawn.labels), "uint8")
    places = np.frombuffer(bytes(drawn.places), "<f4").reshape(-1, 2)
    found = []
    for digit in range(NOT_A_DIGIT):
        of_it = places[labels == digit]
        if len(of_it) >= LETTERS_FROM:
            x, y = np.median(of_it, axis=0).round().astype(int).tolist()
            found.append((digit, x, y))
    return found


def alike(map_id: int, drawing: Drawing, most: int = ALIKE) -> list[UUID] | None:
    """Return the drawings on a map that its version finds most like one, the likest first; None where it cannot see that one."""
    own = MapPoint.objects.filter(map_id=map_id, drawing=drawing).values_list("features", flat=True).first()
    seen = unpack(own, 1) if own is not None else _seen_now(map_id, drawing)
    if seen is None:
        return None
    rows: list[tuple[UUID, Any]] = list(
        MapPoint.objects.filter(map_id=map_id, drawing__status__in=STATUSES)
        .exclude(drawing=drawing)
        .values_list("drawing_id", "features")
    )
    if not rows:
        return []
    likeness = (unpack(b"".join(bytes(row[1]) for row in rows), len(rows)) @ seen[0]).tolist()
    order = sorted(range(len(rows)), key=lambda row: -likeness[row])
    return [rows[row][0] for row in order[:most]]


def _seen_now(map_id: int, drawing: Drawing) -> NDArray[np.float32] | None:
    """Let the version that answers here look at a drawing that is not on its map."""
    served = serving.current_classifier()
    if served.version_id != map_id:
        return None
    try:
        return served.model.predict(Submission.stored(drawing).image[np.newaxis]).features
    except InvalidDrawing:  # stored by an older release with other rules
        return None

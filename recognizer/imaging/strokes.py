"""Pen strokes: validated as they arrive, and inked as a canvas or as MNIST's frame would show them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import itemgetter

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing

Point = list[float]  # [x, y] or [x, y, t_ms]
Strokes = list[list[Point]]  # canvas pixels, y grows downwards

MAX_STROKES = 64
MAX_POINTS = 4096
FINENESS = 20_000  # to which part of the canvas's longer side a point is kept, at least: 0.01 pixels of the page's
OUTSIDE = 0.1  # of the canvas's longer side: so far beyond its edge a pen may go and come back
SUPERSAMPLE = 2  # drawn this much larger, then averaged: five levels of an edge, and OpenCV is quickest at it
FRACTION_BITS = 4  # OpenCV draws at sixteenths of a sample
FARTHEST = 32_000  # samples; OpenCV draws no farther
# times as much ink as covers the canvas; of 2,888 digits and doodles of people's none had over 0.6, and of 600 hatched, outlined
# or doubled ones none over 1.6
SCRIBBLE = 8
NEARLY_HALF = 1e-4  # of the last digit kept, far more than what multiplying by a power of ten may be off


def validate_strokes(raw: object, width: float, height: float) -> Strokes:
    """Return `raw` as strokes, rounded to what a pen means, if it passes `check_strokes`.

    A browser sends sixteen digits, and a path is kept as text.

    Raises:
        InvalidDrawing: as check_strokes.
    """
    points = _checked(raw, width, height)
    digits = max(0, math.ceil(math.log10(FINENESS / max(width, height))))
    points.numbers[:, :2] = rounded(points.numbers[:, :2], digits)
    points.numbers[:, 2:] = np.rint(points.numbers[:, 2:])
    return points.as_strokes()


def check_strokes(raw: object, width: float, height: float) -> Strokes:
    """Return `raw` as strokes if it is well-formed and lies on a `width` x `height` canvas or just beyond its edge.

    A point is [x, y] or [x, y, milliseconds]; numbers after these, a pen's pressure or tilt, are left out.

    Raises:
        InvalidDrawing: not lists of points, too many of them, or a number that is not finite or far outside the canvas.
    """
    return _checked(raw, width, height).as_strokes()


@dataclass(frozen=True)
class _Points:
    """All points of a path, one row each.

    Attributes:
        numbers: float64 (N, 2) or (N, 3); 0 where only other points have a time.
        widths: how many of its row's numbers each point has, or None where each has all.
        counts: how many points each stroke has.
    """

    numbers: NDArray[np.float64]
    widths: list[int] | None
    counts: list[int]

    def as_strokes(self) -> Strokes:
        rows: list[Point] = self.numbers.tolist()
        if self.widths is not None:
            rows = [row[:width] for row, width in zip(rows, self.widths, strict=True)]
        ends = list(accumulate(self.counts))
        return [rows[end - count : end] for end, count in zip(ends, self.counts, strict=True)]


def _checked(raw: object, width: float, height: float) -> _Points:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_STROKES:
        raise InvalidDrawing("invalid_strokes", "Strokes must be a list of 1 to {most} strokes.", most=MAX_STROKES)
    if not all(isinstance(stroke, list) and stroke for stroke in raw):
        raise InvalidDrawing("invalid_strokes", "Each stroke must be a list of at least one point.")
    counts = list(map(len, raw))
    if sum(counts) > MAX_POINTS:
        raise InvalidDrawing("invalid_strokes", "At most {most} points in a drawing.", most=MAX_POINTS)
    points = list(chain.from_iterable(raw))
    if set(map(type, points)) != {list} or min(map(len, points)) < 2:
        raise InvalidDrawing("invalid_strokes", "Each point must be [x, y] or [x, y, milliseconds].")
    if not set(map(type, chain.from_iterable(points))) <= {int, float}:  # a bool is no number here
        raise InvalidDrawing("invalid_strokes", "Coordinates must be numbers.")
    lengths = set(map(len, points))
    columns, widths = min(3, max(lengths)), None
    if len(lengths) > 1 or max(lengths) > columns:
        widths = [min(columns, len(point)) for point in points]
        points = [[*point, 0][:columns] for point in points]
    try:
        numbers = np.array(list(chain.from_iterable(points)), "float64").reshape(-1, columns)
    except OverflowError as error:  # an integer of thousands of digits
        raise InvalidDrawing("invalid_strokes", "Coordinates must be finite numbers.") from error
    if not np.isfinite(numbers).all():
        raise InvalidDrawing("invalid_strokes", "Coordinates must be finite numbers.")
    left, top = numbers[:, :2].min(axis=0).tolist()
    right, bottom = numbers[:, :2].max(axis=0).tolist()
    beyond = OUTSIDE * max(width, height)
    if min(left, top) < -beyond or right > width + beyond or bottom > height + beyond:
        raise InvalidDrawing("invalid_strokes", "A stroke leaves the canvas.")
    return _Points(numbers, widths, counts)


def rounded(numbers: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Round as Python does, by a number's decimals: NumPy multiplies, and may be off by one where it is next to a half."""
    scaled = numbers * 10.0**digits
    found = np.rint(scaled) / 10.0**digits
    for place in np.argwhere(np.abs(scaled - np.floor(scaled) - 0.5) < NEARLY_HALF):
        found[tuple(place)] = round(float(numbers[tuple(place)]), digits)
    return found


def ink_strokes(
    strokes: Strokes, side: int = 280, pen: float = 22.4, supersample: int = SUPERSAMPLE, height: int | None = None
) -> NDArray[np.uint8]:
    """Ink strokes on a canvas with a round pen, antialiased; what lies beyond its edge is cut off.

    Args:
        side: width of the canvas, in the strokes' own units.
        pen: its width in the same units; the page's pen is 8 % of the side.
        height: of the canvas; as its width where it is not given.

    Returns:
        uint8 (height, side), 0 = paper, 255 = full ink.
    """
    points, counts = points_of(strokes)
    return ink_points(points, counts, (side, side if height is None else height), pen, supersample)


def ink_points(
    points: NDArray[np.float64],
    counts: Sequence[int],
    size: tuple[int, int],
    pen: float,
    supersample: int = SUPERSAMPLE,
) -> NDArray[np.uint8]:
    """As `ink_strokes`, of points (N, 2) of which so many belong to each stroke, on a canvas of `size` (width, height)."""
    width, height = size
    big = np.zeros((height * supersample, width * supersample), np.uint8)
    half = max(
        0, round((pen * supersample - 1) / 2)
    )  # samples beside the middle one: a line of OpenCV has as many on each side
    middles = np.clip(points * supersample - 0.5, -FARTHEST, FARTHEST)  # of samples
    places: NDArray[np.int32] = np.round(middles * (1 << FRACTION_BITS)).astype("int32")
    paths = [places[end - count : end] for end, count in zip(accumulate(counts), counts, strict=True)]
    if _way(places, counts) * 2 * half > SCRIBBLE * big.size:
        _ink_scribble(big, paths, half)
    else:
        _ink_lines(big, paths, half)
    inked: NDArray[np.uint8] = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)
    return inked


def _way(places: NDArray[np.int32], counts: Sequence[int]) -> float:
    """How far the pen went on the paper, in samples: int32 (N, 2) places, so many of each stroke."""
    steps = np.hypot(*np.diff(places, axis=0).T)
    steps[np.cumsum(counts)[:-1] - 1] = 0  # from a stroke's end to the next one's start
    return float(steps.sum()) / (1 << FRACTION_BITS)


def _ink_lines(big: NDArray[np.uint8], paths: list[NDArray[np.int32]], half: int) -> None:
    for path in paths:
        cv2.polylines(big, [path], False, 255, max(1, 2 * half), cv2.LINE_8, FRACTION_BITS)
        for tip in path[[0, -1]].tolist():  # lines have blunt caps
            cv2.circle(big, tip, half << FRACTION_BITS, 255, cv2.FILLED, cv2.LINE_8, FRACTION_BITS)


def _ink_scribble(big: NDArray[np.uint8], paths: list[NDArray[np.int32]], half: int) -> None:
    """Ink thousands of lines at what one costs: what is within half a pen of a hairline. It differs at a sample's edge.

    Line by line the same paper is covered a hundred times, and a scribble takes a tenth of a second from everybody.
    """
    for path in paths:
        cv2.polylines(big, [path[[0, 0]] if len(path) == 1 else path], False, 255, 1, cv2.LINE_8, FRACTION_BITS)
    away = cv2.distanceTransform(255 - big, cv2.DIST_L2, cv2.DIST_MASK_5)
    big[away <= half] = 255


def points_of(strokes: Strokes) -> tuple[NDArray[np.float64], list[int]]:
    """Return where the pen was, float64 (N, 2), and how many of these points each stroke has."""
    points = list(chain.from_iterable(strokes))
    places = np.empty((len(points), 2))
    for axis in (0, 1):  # a list of all numbers of one kind becomes an array three times as fast as a list of pairs
        places[:, axis] = list(map(itemgetter(axis), points))
    return places, list(map(len, strokes))


def bounding_box(strokes: Strokes) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of the pen's path (its width not included)."""
    xs = [point[0] for stroke in strokes for point in stroke]
    ys = [point[1] for stroke in strokes for point in stroke]
    return min(xs), min(ys), max(xs), max(ys)


def place_strokes(strokes: Strokes, scale: float, left: float, top: float) -> Strokes:
    """Return the strokes with their bounding box `scale` times as large, its corner at (left, top), without times."""
    x0, y0, _, _ = bounding_box(strokes)
    return [[[left + (p[0] - x0) * scale, top + (p[1] - y0) * scale] for p in stroke] for stroke in strokes]

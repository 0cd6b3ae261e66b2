"""Pen strokes: validated as they arrive, and inked as a canvas or as MNIST's frame would show them."""

import math
from itertools import chain

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


def validate_strokes(raw: object, width: float, height: float) -> Strokes:
    """Return `raw` as strokes, rounded to what a pen means, if it passes `check_strokes`.

    A browser sends sixteen digits, and a path is kept as text.

    Raises:
        InvalidDrawing: as check_strokes.
    """
    digits = max(0, math.ceil(math.log10(FINENESS / max(width, height))))
    return [
        [[round(x, digits), round(y, digits), *(round(t, 0) for t in time)] for x, y, *time in stroke]
        for stroke in check_strokes(raw, width, height)
    ]


def check_strokes(raw: object, width: float, height: float) -> Strokes:
    """Return `raw` as strokes if it is well-formed and lies on a `width` x `height` canvas or just beyond its edge.

    A point is [x, y] or [x, y, milliseconds]; numbers after these, a pen's pressure or tilt, are left out.

    Raises:
        InvalidDrawing: not lists of points, too many of them, or a number that is not finite or far outside the canvas.
    """
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_STROKES:
        raise InvalidDrawing("invalid_strokes", "Strokes must be a list of 1 to {most} strokes.", most=MAX_STROKES)
    if not all(isinstance(stroke, list) and stroke for stroke in raw):
        raise InvalidDrawing("invalid_strokes", "Each stroke must be a list of at least one point.")
    if sum(map(len, raw)) > MAX_POINTS:
        raise InvalidDrawing("invalid_strokes", "At most {most} points in a drawing.", most=MAX_POINTS)
    points = list(chain.from_iterable(raw))
    if not all(isinstance(point, list) and len(point) >= 2 for point in points):
        raise InvalidDrawing("invalid_strokes", "Each point must be [x, y] or [x, y, milliseconds].")
    if not set(map(type, chain.from_iterable(points))) <= {int, float}:  # a bool is no number here
        raise InvalidDrawing("invalid_strokes", "Coordinates must be numbers.")
    try:
        strokes = [[[float(number) for number in point[:3]] for point in stroke] for stroke in raw]
    except OverflowError as error:  # an integer of thousands of digits
        raise InvalidDrawing("invalid_strokes", "Coordinates must be finite numbers.") from error
    if not np.isfinite(list(chain.from_iterable(chain.from_iterable(strokes)))).all():
        raise InvalidDrawing("invalid_strokes", "Coordinates must be finite numbers.")
    left, top, right, bottom = bounding_box(strokes)
    beyond = OUTSIDE * max(width, height)
    if min(left, top) < -beyond or right > width + beyond or bottom > height + beyond:
        raise InvalidDrawing("invalid_strokes", "A stroke leaves the canvas.")
    return strokes


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
    rows = side if height is None else height
    big = np.zeros((rows * supersample, side * supersample), np.uint8)
    half = max(
        0, round((pen * supersample - 1) / 2)
    )  # samples beside the middle one: a line of OpenCV has as many on each side
    for stroke in strokes:
        places = np.array([point[:2] for point in stroke], "float64") * supersample - 0.5  # the middles of samples
        path = np.round(np.clip(places, -FARTHEST, FARTHEST) * (1 << FRACTION_BITS)).astype("int32")
        cv2.polylines(big, [path], False, 255, max(1, 2 * half), cv2.LINE_8, FRACTION_BITS)
        for end in path[[0, -1]].tolist():  # lines have blunt caps
            cv2.circle(big, end, half << FRACTION_BITS, 255, cv2.FILLED, cv2.LINE_8, FRACTION_BITS)
    inked: NDArray[np.uint8] = cv2.resize(big, (side, rows), interpolation=cv2.INTER_AREA)
    return inked


def bounding_box(strokes: Strokes) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of the pen's path (its width not included)."""
    xs = [point[0] for stroke in strokes for point in stroke]
    ys = [point[1] for stroke in strokes for point in stroke]
    return min(xs), min(ys), max(xs), max(ys)


def place_strokes(strokes: Strokes, scale: float, left: float, top: float) -> Strokes:
    """Return the strokes with their bounding box `scale` times as large, its corner at (left, top), without times."""
    x0, y0, _, _ = bounding_box(strokes)
    return [[[left + (p[0] - x0) * scale, top + (p[1] - y0) * scale] for p in stroke] for stroke in strokes]

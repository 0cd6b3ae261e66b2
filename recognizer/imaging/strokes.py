"""Pen strokes: validated as they arrive, and inked as a canvas or as MNIST's frame would show them."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognizer.errors import InvalidDrawing

Point = list[float]  # [x, y] or [x, y, t_ms]
Strokes = list[list[Point]]  # canvas pixels, y grows downwards

MAX_STROKES = 64
MAX_POINTS = 4096
SUPERSAMPLE = 4  # drawn this much larger, then averaged: 16 levels and more of antialiasing


def validate_strokes(raw: object, width: float, height: float) -> Strokes:
    """Return `raw` as strokes if it is well-formed and inside a `width` x `height` canvas.

    Raises:
        InvalidDrawing: not lists of points, too many of them, or a number that is not finite or outside the canvas.
    """
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_STROKES:
        raise InvalidDrawing("invalid_strokes", f"Strokes must be a list of 1 to {MAX_STROKES} strokes.")
    if not all(isinstance(stroke, list) and stroke for stroke in raw):
        raise InvalidDrawing("invalid_strokes", "Each stroke must be a list of at least one point.")
    if sum(len(stroke) for stroke in raw) > MAX_POINTS:
        raise InvalidDrawing("invalid_strokes", f"At most {MAX_POINTS} points in a drawing.")
    return [[_validate_point(point, width, height) for point in stroke] for stroke in raw]


def _validate_point(raw: object, width: float, height: float) -> Point:
    if not isinstance(raw, list) or len(raw) not in (2, 3):
        raise InvalidDrawing("invalid_strokes", "Each point must be [x, y] or [x, y, milliseconds].")
    point = [_finite(number) for number in raw]
    if not (0 <= point[0] <= width and 0 <= point[1] <= height):
        raise InvalidDrawing("invalid_strokes", "A stroke leaves the canvas.")
    return point


def _finite(number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise InvalidDrawing("invalid_strokes", "Coordinates must be numbers.")
    try:
        value = float(number)
    except OverflowError:  # an integer of thousands of digits
        value = math.inf
    if not math.isfinite(value):
        raise InvalidDrawing("invalid_strokes", "Coordinates must be finite numbers.")
    return value


def ink_strokes(
    strokes: Strokes, side: int = 280, pen: float = 22.4, supersample: int = SUPERSAMPLE
) -> NDArray[np.uint8]:
    """Ink strokes on a square canvas with a round pen, antialiased.

    Args:
        side: of the canvas, in the strokes' own units.
        pen: its width in the same units; the page's pen is 8 % of the side.

    Returns:
        uint8 (side, side), 0 = paper, 255 = full ink.
    """
    big = Image.new("L", (side * supersample, side * supersample), 0)
    draw = ImageDraw.Draw(big)
    width = pen * supersample
    for stroke in strokes:
        # Pillow's pixel (0, 0) covers 0..1 while its line coordinates are pixel centres
        points = [(point[0] * supersample - 0.5, point[1] * supersample - 0.5) for point in stroke]
        if len(points) > 1:
            draw.line(points, fill=255, width=max(1, round(width)))
        for x, y in points:  # a round cap at each point is also the round joint of its two lines
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(big.reduce(supersample))


def bounding_box(strokes: Strokes) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of the pen's path (its width not included)."""
    xs = [point[0] for stroke in strokes for point in stroke]
    ys = [point[1] for stroke in strokes for point in stroke]
    return min(xs), min(ys), max(xs), max(ys)


def place_strokes(strokes: Strokes, scale: float, left: float, top: float) -> Strokes:
    """Return the strokes with their bounding box `scale` times as large, its corner at (left, top), without times."""
    x0, y0, _, _ = bounding_box(strokes)
    return [[[left + (p[0] - x0) * scale, top + (p[1] - y0) * scale] for p in stroke] for stroke in strokes]

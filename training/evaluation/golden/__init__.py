"""Drawings made by us, shipped with Digitre: an exam that every installation has, whoever drew there."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.preprocessing import normalize_ink
from recognizer.imaging.strokes import Strokes, ink_strokes
from training.data.curves import curve_through

FOLDER = Path(__file__).parent
SIDE = 280  # px of the canvas they are drawn on, as the page's
GRID = 100  # units of the files
CURVE_STEPS = 8  # points between two that were written down
# Each drawing is shown as several hands would: slant (x per y), aspect (x over y), pen in pixels of the canvas
HANDS = [(0.0, 1.0, 22.4), (-0.18, 1.0, 14.0), (0.12, 0.82, 22.4), (0.0, 1.18, 28.0)]


@cache
def golden_drawings() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return images float32 (N, 28, 28, 1) and labels int64 (N,), 0-9 and NOT_A_DIGIT."""
    images, labels = [], []
    for name in ("digits.json", "others.json"):
        for drawing in json.loads((FOLDER / name).read_text())["drawings"]:
            for slant, aspect, pen in HANDS:
                strokes = _as_drawn(_path(drawing["strokes"]), slant, aspect)
                images.append(normalize_ink(ink_strokes(strokes, SIDE, pen)))
                labels.append(drawing["label"])
    return np.stack(images), np.array(labels)


def _path(strokes: list[dict[str, list[list[float]]]]) -> Strokes:
    return [stroke["lines"] if "lines" in stroke else _smooth(stroke["curve"]) for stroke in strokes]


def _smooth(written: list[list[float]]) -> list[list[float]]:
    knots = np.array(written, "float64")
    points: list[list[float]] = curve_through(knots, knots[0], knots[-1], CURVE_STEPS).tolist()
    return points


def _as_drawn(strokes: Strokes, slant: float, aspect: float) -> Strokes:
    """Place grid strokes on the canvas with a hand's slant and aspect, two thirds of the side high or wide."""
    flat = np.array([point for stroke in strokes for point in stroke], "float64")
    middle = (flat.min(axis=0) + flat.max(axis=0)) / 2
    scale = SIDE / GRID * 0.75
    placed = []
    for stroke in strokes:
        x, y = (np.array(stroke, "float64") - middle).T
        placed.append(np.stack([SIDE / 2 + (x * aspect - y * slant) * scale, SIDE / 2 + y * scale], axis=1).tolist())
    return placed

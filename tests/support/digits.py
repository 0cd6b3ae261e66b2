"""Digits drawn by nobody, of any label and style, as a canvas and as the network see them; and a few in place of MNIST."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.imaging.strokes import ink_strokes
from training.data.datasets import Mnist
from training.data.synthetic_digits import draw_written

SIDE = 280
PEN = 20


def digit_path(digit: int, rng: np.random.Generator) -> list[list[list[float]]]:
    """Strokes of a digit in the middle of the canvas, 160 px high or wide."""
    strokes = draw_written(digit, rng).strokes
    points = np.array([point[:2] for stroke in strokes for point in stroke])
    low, size = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1e-6)
    return [[((np.array(point[:2]) - low) / size * 160 + 60).tolist() for point in stroke] for stroke in strokes]


def digit_picture(digit: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A digit as the network sees it: uint8 (28, 28)."""
    path = digit_path(digit, rng)
    return to_grey(normalize_drawing(ink_strokes(path, SIDE, PEN), path))


def few_digits() -> Mnist:
    """A copy of the same two hundred pictures each time; drawing them takes a second."""
    pictures, digits = _few_pictures()
    images, labels = pictures.copy(), digits.copy()
    return Mnist(images[:150], labels[:150], images[150:], labels[150:], is_whole=False)


@cache
def _few_pictures() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    images = np.stack([digit_picture(int(label), rng) for label in labels])
    return images, labels

"""Pictures that every installation has, labelled beyond doubt: what no drawing of people's may be allowed to spoil."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.config import PrototypeConfig
from training.data import datasets, rendering
from training.data.baseline_mix import keep
from training.data.datasets import DataUnavailable, StrokeDrawing
from training.data.synthetic_digits import draw_digit
from training.data.synthetic_negatives import draw_negative

SYNTHETIC_SHARE = 0.3  # of the digits, in styles that the data sets lack; all of them where there is no data set


@dataclass(frozen=True)
class ReferencePictures:
    """uint8 (N, 28, 28) pictures and int64 (N,) labels 0-10, in an order that mixes the sources."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def draw_references(config: PrototypeConfig) -> ReferencePictures:
    """Draw by seed digits and things that are none, with MNIST's and the UCI's training digits where they are: 4 s."""
    rng = np.random.default_rng(config.seed)
    mnist = datasets.load_mnist(fallback=True)
    pen = _pen_digits()
    drawn = round(config.reference_digits * SYNTHETIC_SHARE)
    from_pen = min(len(pen), (config.reference_digits - drawn) // 3)
    from_mnist = min(len(mnist.y_train), config.reference_digits - drawn - from_pen)
    some_pen = [pen[i] for i in rng.permutation(len(pen))[:from_pen]]
    drawings = some_pen + [draw_digit(i % 10, rng) for i in range(drawn)]
    drawings += [draw_negative(rng, some_pen) for _ in range(config.reference_others)]
    pool = rendering.draw(keep, drawings, rng)
    rows = rng.permutation(len(mnist.y_train))[:from_mnist]
    images = np.concatenate([mnist.x_train[rows], pool.images])
    labels = np.concatenate([mnist.y_train[rows], pool.labels])
    order = rng.permutation(len(labels))
    return ReferencePictures(images[order], labels[order])


def _pen_digits() -> list[StrokeDrawing]:
    try:
        return datasets.load_pen_digits("train")
    except DataUnavailable:
        return []

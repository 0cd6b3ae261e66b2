"""What a run's network is shown: drawings to learn from and to validate on, and a replay of what the baseline knows.

Arrays alone: which rows they come from is decided in `snapshots`, how they are inked in `drawing_views`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.pixels import content_hash
from training.config import FineTuneConfig
from training.data.replay import Replay


class ExamLeakage(RuntimeError):
    """Pictures or contributors of an exam are among what would be learned from."""


@dataclass(frozen=True)
class Examples:
    """Pictures of drawings: uint8 (V, 28, 28), with the label and the contributor of each, int (V,).

    `first` marks the one of each drawing that serving saw; `is_new` those that the champion has not learned from, bool (V,), None
    where nobody has asked.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    contributors: NDArray[np.int64]
    first: NDArray[np.bool_]
    is_new: NDArray[np.bool_] | None = None

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Examples":
        is_new = None if self.is_new is None else self.is_new[rows]
        return Examples(self.images[rows], self.labels[rows], self.contributors[rows], self.first[rows], is_new)

    @property
    def new(self) -> "Examples":
        """The new drawings as serving saw them."""
        none = np.zeros(len(self.labels), bool)
        return self[self.first & (none if self.is_new is None else self.is_new)]


@dataclass(frozen=True)
class TrainingSet:
    """`training` trains; `validation` is of contributors who do not, for early stopping and calibration; it may be empty."""

    training: Examples
    validation: Examples
    replay: Replay

    def digest(self) -> str:
        """Name these very pictures and labels: what was learned of others is not gone on with."""
        hashed = hashlib.sha256()
        for part in (self.training, self.validation, self.replay):
            hashed.update(part.images.tobytes())
            hashed.update(part.labels.tobytes())
        return hashed.hexdigest()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What a training looks at, by names of its own, for a process elsewhere that takes part in it."""
        arrays = {
            f"{part}.{name}": getattr(getattr(self, part), name)
            for part in ("training", "validation")
            for name in ("images", "labels", "contributors", "first")
        }
        arrays |= {f"replay.{name}": getattr(self.replay, name) for name in ("images", "labels", "weights")}
        return arrays | {"replay.unseen": np.array(self.replay.unseen)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Read what `to_arrays` gave; which drawings are new is not among it."""
        training, validation = (
            Examples(*(arrays[f"{part}.{name}"] for name in ("images", "labels", "contributors", "first")))
            for part in ("training", "validation")
        )
        pictures, labels, weights = (arrays[f"replay.{name}"] for name in ("images", "labels", "weights"))
        return cls(training, validation, Replay(pictures, labels, weights, int(arrays["replay.unseen"])))


def hold_out(examples: Examples, config: FineTuneConfig) -> tuple[Examples, Examples]:
    """Split by seed into what trains and what validates: other contributors, or of a few contributors other drawings.

    What is new is split by itself, so that there always is some of it to tell a gain by (see FineTuneConfig.new_held_out).
    """
    is_new = np.zeros(len(examples.labels), bool) if examples.is_new is None else examples.is_new
    is_held = _held_out(examples, is_new, _share_of_new(examples, config), config)
    if is_by_contributor(examples, is_held):  # their older drawings teach nothing either
        is_held = np.isin(examples.contributors, examples.contributors[is_held])
    rest = ~is_new & ~np.isin(examples.contributors, examples.contributors[is_new])
    is_held |= _held_out(examples, rest, config.validation_share, config)
    return examples[~is_held], examples[is_held & examples.first]


def is_by_contributor(examples: Examples, is_held: NDArray[np.bool_]) -> bool:
    """Whether nobody has new drawings on both sides of a split."""
    new = np.ones(len(is_held), bool) if examples.is_new is None else examples.is_new
    held, kept = examples.contributors[new & is_held], examples.contributors[new & ~is_held]
    return bool(len(held)) and not np.isin(held, kept).any()


def _share_of_new(examples: Examples, config: FineTuneConfig) -> float:
    count = len(examples.new.labels)
    least = config.new_held_out / count if count else 0.0
    return max(config.validation_share, min(least, config.new_held_out_share))


def _held_out(examples: Examples, among: NDArray[np.bool_], share: float, config: FineTuneConfig) -> NDArray[np.bool_]:
    """Which of some rows, bool (N,), are held out."""
    is_held = np.zeros(len(among), bool)
    if not among.any():
        return is_held
    contributors, drawings = examples.contributors[among], np.cumsum(examples.first, dtype="int64")[among]
    if len(np.unique(contributors)) >= config.contributors_for_validation:
        is_held[among] = _some_groups(contributors, share, config)
    if not is_held.any():  # few contributors, or each of them drew too much to be missed
        is_held[among] = _some_groups(drawings, share, config)
    return is_held


def _some_groups(groups: NDArray[np.int64], share: float, config: FineTuneConfig) -> NDArray[np.bool_]:
    """Which rows, bool (N,), are of groups picked by seed: whole ones, neither more rows nor more groups than the share."""
    names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    room, most = share * len(groups), max(1, round(share * len(names)))
    held: list[int] = []
    for group in np.random.default_rng(config.seed).permutation(len(names)).tolist():
        if counts[group] <= room and len(held) < most:
            held.append(group)
            room -= counts[group]
    return np.isin(inverse, held)


def without_exam_look_alikes(examples: Examples, exam_hashes: set[str]) -> Examples:
    """Leave out views that another pen made equal to an exam's picture: a straight 1 is everybody's. What was seen stays."""
    is_examined = np.array([content_hash(image) in exam_hashes for image in examples.images], bool)
    return examples[examples.first | ~is_examined]


def replay_without(replay: Replay, exam_hashes: set[str]) -> Replay:
    """Leave out of the replay what the exams of people's drawings happen to hold, or one straight 1 would stop all learning."""
    is_examined = np.array([content_hash(image) in exam_hashes for image in replay.images], bool)
    return replay[~is_examined]


def refuse_exam_leakage(
    pools: list[NDArray[np.uint8]], exam_hashes: set[str], contributors: set[int], exam_contributors: set[int]
) -> None:
    """Refuse to train if a picture of the training set is an exam's, or a contributor of it is examined.

    Raises:
        ExamLeakage: with how many there are.
    """
    if contributors & exam_contributors:
        raise ExamLeakage(
            f"{len(contributors & exam_contributors)} exam contributors are in the training set; nothing was trained."
        )
    found = sum(content_hash(image) in exam_hashes for images in pools for image in images)
    if found:
        raise ExamLeakage(f"{found} pictures of the training set are exam questions; nothing was trained.")


def balanced(examples: Examples, count: int, config: FineTuneConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` rows at most, each class and each contributor weighing about the square root of what they gave.

    No drawing comes up more than `config.drawing_repeats` times on average, so that a handful is not learned by heart.
    """
    views = max(1, round(len(examples.labels) / max(1, int(examples.first.sum()))))
    count = min(count, config.drawing_repeats * len(examples.labels) // views)
    if not count:
        return np.zeros(0, "int64")
    weights = np.ones(len(examples.labels))
    for groups in (examples.labels, examples.contributors):
        _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weights /= np.sqrt(sizes[inverse])
    return rng.choice(len(weights), count, p=weights / weights.sum())

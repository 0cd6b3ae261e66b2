"""What a run's network is shown: the drawings in several inks, and a replay of what the baseline knows."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import FRAME, normalize_ink
from training.augmentation import render_strokes
from training.config import FineTuneConfig
from training.drawings import Picture, read_pictures
from training.replay import Replay


class SmuggledQuestions(RuntimeError):
    """Questions of an exam are among what would be learned from."""


@dataclass(frozen=True)
class Taught:
    """Pictures of drawings: uint8 (V, 28, 28), with the label and the contributor of each, int (V,).

    `first` marks the one of each drawing that serving saw.
    """

    images: np.ndarray
    labels: np.ndarray
    people: np.ndarray
    first: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Taught":
        return Taught(self.images[rows], self.labels[rows], self.people[rows], self.first[rows])


@dataclass(frozen=True)
class Lessons:
    """`taught` trains; `held` is of contributors who do not, for early stopping and calibration; it may be empty."""

    taught: Taught
    held: Taught
    replay: Replay


def show_drawings(
    members: list[tuple[UUID, int]], people: dict[UUID, int], config: FineTuneConfig, on_each: Callable[[float], None]
) -> Taught:
    """Make `config.views` pictures of each drawing: as it was seen, and, where strokes are known, with other pens."""
    labels, rows = dict(members), []
    for count, picture in enumerate(read_pictures(list(labels)), start=1):
        rng = np.random.default_rng((config.seed, picture.id.int))
        for number, view in enumerate(_views(picture, config.views, rng)):
            rows.append((view, labels[picture.id], people[picture.id], number == 0))
        on_each(count / len(members))
    if not rows:
        empty = np.zeros(0, "int64")
        return Taught(np.zeros((0, FRAME, FRAME), "uint8"), empty, empty, empty.astype(bool))
    images, shown_labels, shown_people, first = zip(*rows, strict=True)
    return Taught(np.stack(images), np.array(shown_labels), np.array(shown_people), np.array(first))


def _views(picture: Picture, most: int, rng: np.random.Generator) -> list[np.ndarray]:
    views = [to_grey(picture.seen)]
    if picture.strokes is None:
        return views
    try:
        views.append(to_grey(normalize_ink(picture.ink)))  # as it is seen when the strokes do not come along
        views += [render_strokes(picture.strokes, rng) for _ in range(most - 2)]
    except InvalidDrawing:  # another pen makes a speck of it
        pass
    return views[:most]


def hold_out(taught: Taught, config: FineTuneConfig) -> tuple[Taught, Taught]:
    """Split by seed into what is taught and what is held out: other contributors, or of a few people other drawings."""
    is_held = np.zeros(len(taught.people), bool)
    if len(np.unique(taught.people)) >= config.people_for_validation:
        is_held = _some_groups(taught.people, config)
    if not is_held.any():  # few people, or each of them drew too much to be missed
        is_held = _some_groups(np.cumsum(taught.first) - 1, config)
    return taught[~is_held], taught[is_held & taught.first]


def _some_groups(groups: np.ndarray, config: FineTuneConfig) -> np.ndarray:
    """Which rows, bool (N,), are of groups picked by seed: whole ones, neither more rows nor more groups than the share."""
    names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    room, most = config.validation_share * len(groups), max(1, round(config.validation_share * len(names)))
    held: list[int] = []
    for group in np.random.default_rng(config.seed).permutation(len(names)).tolist():
        if counts[group] <= room and len(held) < most:
            held.append(group)
            room -= counts[group]
    return np.isin(inverse, held)


def without_chance_questions(taught: Taught, questions: set[str]) -> Taught:
    """Leave out views that another pen made equal to a question: a straight 1 is everybody's. What was seen stays."""
    is_question = np.array([content_hash(image) in questions for image in taught.images], bool)
    return taught[taught.first | ~is_question]


def replay_without(replay: Replay, questions: set[str]) -> Replay:
    """Leave out of the replay what people's drawings happen to ask for, or one straight 1 would stop all learning."""
    is_asked = np.array([content_hash(image) in questions for image in replay.images], bool)
    return replay[~is_asked]


def refuse_smuggled(pools: list[np.ndarray], questions: set[str], people: set[int], exam_people: set[int]) -> None:
    """Refuse to train if a picture of the training set is an exam's, or a contributor of it is examined.

    Raises:
        SmuggledQuestions: with how many there are.
    """
    if people & exam_people:
        raise SmuggledQuestions(
            f"{len(people & exam_people)} exam contributors are in the training set; nothing was trained."
        )
    found = sum(content_hash(image) in questions for images in pools for image in images)
    if found:
        raise SmuggledQuestions(f"{found} pictures of the training set are exam questions; nothing was trained.")


def balanced(taught: Taught, count: int, config: FineTuneConfig, rng: np.random.Generator) -> np.ndarray:
    """Draw `count` rows at most, each class and each contributor weighing about the square root of what they gave.

    No drawing comes up more than `config.drawing_repeats` times on average, so that a handful is not learned by heart.
    """
    views = max(1, round(len(taught.labels) / max(1, int(taught.first.sum()))))
    count = min(count, config.drawing_repeats * len(taught.labels) // views)
    if not count:
        return np.zeros(0, "int64")
    weights = np.ones(len(taught.labels))
    for groups in (taught.labels, taught.people):
        _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        weights /= np.sqrt(sizes[inverse])
    return rng.choice(len(weights), count, p=weights / weights.sum())

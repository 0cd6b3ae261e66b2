"""Stored drawings -> pictures to learn from: each as it was seen, and, where its strokes are known, in other inks."""

from collections.abc import Callable, Set
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import FRAME, normalize_ink
from training.config import FineTuneConfig
from training.curation.stored_drawings import Picture, read_pictures
from training.curation.training_set import Examples
from training.data.augmentation import render_strokes


def render_drawings_to_learn(
    members: list[tuple[UUID, int]],
    contributors: dict[UUID, int],
    config: FineTuneConfig,
    on_each: Callable[[float], None],
    known: Set[UUID] = frozenset(),
) -> Examples:
    """Make `config.views` pictures of each drawing: as it was seen, and, where strokes are known, with other pens.

    Args:
        known: drawings that the champion has learned from; the others are new.
    """
    labels, rows = dict(members), []
    for count, picture in enumerate(read_pictures(list(labels)), start=1):
        rng = np.random.default_rng((config.seed, picture.id.int))
        for number, view in enumerate(_views(picture, config.views, rng)):
            rows.append((view, labels[picture.id], contributors[picture.id], number == 0, picture.id not in known))
        on_each(count / len(members))
    if not rows:
        empty = np.zeros(0, "int64")
        return Examples(np.zeros((0, FRAME, FRAME), "uint8"), empty, empty, empty.astype(bool), empty.astype(bool))
    images, shown_labels, drawn_by, first, is_new = zip(*rows, strict=True)
    return Examples(np.stack(images), np.array(shown_labels), np.array(drawn_by), np.array(first), np.array(is_new))


def _views(picture: Picture, most: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    views = [to_grey(picture.seen)]
    if picture.strokes is None:
        return views
    try:
        views.append(to_grey(normalize_ink(picture.ink)))  # as it is seen when the strokes do not come along
        views += [render_strokes(picture.strokes, rng) for _ in range(most - 2)]
    except InvalidDrawing:  # another pen makes a speck of it
        pass
    return views[:most]

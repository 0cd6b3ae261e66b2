"""Other things that look like what people here draw as a digit: a bar, where several say that a bar is a 1.

Whoever teaches a script whose signs are bars and crosses teaches that these are digits. An exam that still asks for them as "no
digit" would hold every version that has learned it, the more surely the more people taught.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recognizer.baseline import shipped_baseline
from recognizer.exams import DRAWINGS
from recognizer.imaging.pixels import to_grey
from recognizer.labels import NOT_A_DIGIT
from training.config import ExamConfig
from training.curation.training_set import Examples
from training.evaluation.exam_sets import ExamSet
from training.evaluation.reports import Exam


def without_look_alikes(exam_set: ExamSet, drawn: Examples, config: ExamConfig) -> ExamSet:
    """Leave out what a frozen exam asks for as no digit, where several people drew its like as one and the same digit.

    Likeness is the cosine of the shipped baseline's features, which no visitor moves. People's own drawings stay whatever their
    labels are, and of each exam's other things most stay, the least alike first: who teaches scribbles empties no exam.

    Args:
        drawn: what a run was taught, as serving saw it.

    Returns:
        The questions that are left, with a note if any are gone.
    """
    if not len(drawn.labels):
        return exam_set
    taught = shipped_baseline().model.predict_all(drawn.images).features
    exams, asked, gone = dict(exam_set.exams), 0, 0
    for name, exam in exam_set.exams.items():
        others = np.flatnonzero(exam.labels == NOT_A_DIGIT)
        if name == DRAWINGS or not len(others):
            continue
        features = shipped_baseline().model.predict_all(to_grey(exam.images[others])).features
        leave = others[look_alikes(features, taught, drawn.labels, drawn.contributors, config)]
        exams[name] = Exam(name, np.delete(exam.images, leave, axis=0), np.delete(exam.labels, leave))
        asked, gone = asked + len(others), gone + len(leave)
    if not gone:
        return exam_set
    note = f"{gone} of {asked} things that are no digit look like what people here draw as one, and were not asked for."
    return replace(exam_set, exams=exams, notes=[*exam_set.notes, note])


def look_alikes(
    features: NDArray[np.float32],
    taught: NDArray[np.float32],
    labels: NDArray[np.int64],
    contributors: NDArray[np.int64],
    config: ExamConfig,
) -> NDArray[np.int64]:
    """Find which things several people drew as one and the same digit: int (K,), rows of `features`, the most alike first.

    Args:
        features: float32 (N, D), of length 1, of the things.
        taught: float32 (M, D), likewise, of the drawings; `labels` and `contributors` int (M,).
    """
    found: list[tuple[float, int]] = []
    for row, thing in enumerate(features):
        distances = 1 - taught @ thing
        near = distances <= config.look_alike_distance
        counts = np.bincount(labels[near], minlength=NOT_A_DIGIT + 1)
        digit = int(counts.argmax())
        agree = near & (labels == digit)
        is_digit = digit != NOT_A_DIGIT and counts[digit] >= config.look_alike_agreement * counts.sum()
        if is_digit and len(np.unique(contributors[agree])) >= config.look_alike_people:
            found.append((float(distances[agree].min()), row))
    most = int(config.look_alikes_most * len(features))
    return np.array([row for _, row in sorted(found)[:most]], "int64")

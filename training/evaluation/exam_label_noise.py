"""Exam contributors whose labels are no measure: champion and baseline both contradict most of their labels, and are sure.

Leaving out whoever a model misreads would flatter it, so the net is coarse. What an unusual hand draws is refused, or misread
without certainty, or misread in one or two of its digits; none of that counts. And nothing is lost: the drawings are in
quarantine until a reviewer looks, and one drawing that a reviewer has approved as labelled vouches for its contributor for ever.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from recognizer.exams import DRAWINGS
from recognizer.imaging.pixels import to_grey
from recognizer.inference.answers import calibrated_probabilities
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.models import Drawing
from training.config import ExamConfig
from training.curation.label_evidence import NOBODY
from training.curation.stored_drawings import contributors_of, quarantine
from training.evaluation.exam_sets import ExamSet
from training.evaluation.reports import Exam

UNSURE = -1
REASON = "the models contradict its exam contributor"


def set_aside_noisy_labels(
    exam_set: ExamSet, judges: Iterable[CalibratedModel], config: ExamConfig
) -> tuple[ExamSet, int]:
    """Quarantine the drawings of exam contributors whose labels are noise, and ask no questions about them.

    Returns:
        The questions that are left, with a note, and how many drawings were set aside.
    """
    exam = exam_set.exams.get(DRAWINGS)
    if exam is None:
        return exam_set, 0
    drew = contributors_of(exam_set.ids)
    contributors = np.array([drew.get(drawing_id, NOBODY) for drawing_id in exam_set.ids], "int64")
    readings = np.stack([sure_readings(judge, exam, config) for judge in judges])
    contradicted = ((readings != UNSURE) & (readings != exam.labels)).all(axis=0)
    noisy = contributors_with_label_noise(contributors, exam.labels, readings[-1], contradicted, config)
    noisy -= _vouched_for(noisy)
    gone = np.isin(contributors, list(noisy))
    if not gone.any():
        return exam_set, 0
    reasons = {
        exam_set.ids[place]: _reason(contradicted[contributors == contributors[place]])
        for place in np.flatnonzero(gone)
    }
    quarantine(Drawing.objects.exam(), reasons)
    return _without(exam_set, exam, gone, len(noisy)), int(gone.sum())


def _reason(contradicted: NDArray[np.bool_]) -> str:
    return f"{REASON}: on {contradicted.sum()} of {len(contradicted)} drawings"


def _vouched_for(contributors: set[int]) -> set[int]:
    """Those of whom a reviewer has approved a drawing as they labelled it; one rejected or corrected speaks for nobody."""
    approved = Drawing.objects.filter(
        contributor__in=contributors,
        status=Drawing.Status.APPROVED,
        reviewed_at__isnull=False,
        reviewed_label=F("confirmed_label"),
    )
    return set(approved.values_list("contributor", flat=True))


def sure_readings(judge: CalibratedModel, exam: Exam, config: ExamConfig) -> NDArray[np.intp]:
    """What the judge surely takes each question for, 0-9; UNSURE where it is not, or refuses: that contradicts nobody."""
    prediction = judge.predict_all(to_grey(exam.images))
    probabilities = calibrated_probabilities(prediction.logits, judge.calibration.temperature)
    is_sure = probabilities.max(axis=1) >= config.sure
    is_answered = prediction.digitness >= judge.calibration.refusal_threshold
    return np.where(is_sure & is_answered, probabilities.argmax(axis=1), UNSURE)


def contributors_with_label_noise(
    contributors: NDArray[np.int64],
    labels: NDArray[np.int64],
    readings: NDArray[np.intp],
    contradicted: NDArray[np.bool_],
    config: ExamConfig,
) -> set[int]:
    """Name the contributors who are contradicted on most drawings, and in several ways (label and reading)."""
    found = set()
    for contributor in np.unique(contributors).tolist():
        theirs = contributors == contributor
        against = theirs & contradicted
        is_often = theirs.sum() >= config.drawings and against.sum() >= config.contradicted * theirs.sum()
        confusions = set(zip(labels[against].tolist(), readings[against].tolist(), strict=True))
        if is_often and len(confusions) >= config.confusions:
            found.add(contributor)
    return found


def _without(exam_set: ExamSet, exam: Exam, gone: NDArray[np.bool_], contributors: int) -> ExamSet:
    exams = dict(exam_set.exams)
    exams[DRAWINGS] = Exam(exam.name, exam.images[~gone], exam.labels[~gone])
    if gone.all():
        del exams[DRAWINGS]
    ids = [drawing_id for drawing_id, is_gone in zip(exam_set.ids, gone, strict=True) if not is_gone]
    note = (
        f"{gone.sum()} exam drawings of {contributors} people are in quarantine: "
        "the models contradict most of their labels."
    )
    return replace(exam_set, exams=exams, ids=ids, notes=[*exam_set.notes, note])

"""What reports of the same questions are worth to the gate: counts, and what one candidate fixed and broke of another's."""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from recognizer.exam_reports import ExamReport
from recognizer.exams import DRAWINGS
from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT
from training.evaluation import gate
from training.evaluation.exam_sets import ExamSet
from training.evaluation.reports import Report
from training.evaluation.runner import Evaluation

CHANGED_SHOWN = 24  # exam drawings that changed answer, kept with the run for the admin


class Changed(TypedDict):
    """What a run keeps of them: `fixed` and `broken` are ids, `wrong` (id, answer) pairs, the surest first."""

    fixed: list[str]
    broken: list[str]
    wrong: list[tuple[str, int]]


def candidate(evaluation: Evaluation, agreement: float | None = None) -> gate.Candidate:
    """Turn a model's reports into what the gate looks at."""
    scores = {name: score(report.summary()) for name, report in evaluation.reports.items()}
    return gate.Candidate(scores, agreement, evaluation.latency_ms, evaluation.artifact_bytes, evaluation.is_finite)


def score(report: ExamReport) -> gate.Score:
    """Read a report, fresh or on record, as the gate's counts."""
    table = np.array(report.confusion)
    digits, others = table[:NUM_CLASSES], table[NOT_A_DIGIT]
    return gate.Score(
        digits=int(digits.sum()),
        right=int(digits.diagonal().sum()),
        refused=int(digits[:, NOT_A_DIGIT].sum()),
        others=int(others.sum()),
        others_refused=int(others[NOT_A_DIGIT]),
        digit_count=tuple(digits.sum(axis=1).tolist()),
        digit_right=tuple(digits.diagonal().tolist()),
        calibration_error=report.ece,
    )


def pair(before: ExamReport, after: ExamReport) -> gate.Paired:
    """Count what was fixed and broken, digit by digit, between two reports of the same questions.

    A report that missed too much to name it tells only the balance, which then counts as one-sided.
    """
    if before.missed is None or after.missed is None:
        right = zip(np.array(before.confusion).diagonal(), np.array(after.confusion).diagonal(), strict=True)
        balance = [int(now - was) for was, now in right]
        fixed, broken = [max(0, gain) for gain in balance], [max(0, -gain) for gain in balance]
    else:
        missed = [
            (set(before.missed.get(str(label), [])), set(after.missed.get(str(label), [])))
            for label in range(NUM_CLASSES + 1)
        ]
        fixed, broken = [len(was - now) for was, now in missed], [len(now - was) for was, now in missed]
    return _paired(fixed, broken)


def compare(before: Evaluation, after: Evaluation) -> dict[str, gate.Paired]:
    """Count what was fixed and broken, question by question, in each exam."""
    paired = {}
    for name, report in after.reports.items():
        was, now = before.reports[name].answers == report.labels, report.answers == report.labels
        paired[name] = _paired(_by_label(report, now & ~was), _by_label(report, was & ~now))
    return paired


def _paired(fixed: list[int], broken: list[int]) -> gate.Paired:
    """Make the gate's counts of those by label, what is no digit last."""
    *digit_fixed, others_fixed = fixed
    *digit_broken, others_broken = broken
    return gate.Paired(
        sum(digit_fixed), sum(digit_broken), tuple(digit_fixed), tuple(digit_broken), others_fixed, others_broken
    )


def changed_drawings(before: Evaluation, after: Evaluation, exam_set: ExamSet) -> Changed:
    """Name the exam drawings whose answer changed for the better and for the worse, and those now read wrongly."""
    if DRAWINGS not in after.reports:
        return {"fixed": [], "broken": [], "wrong": []}
    report = after.reports[DRAWINGS]
    was, now = before.reports[DRAWINGS].answers == report.labels, report.answers == report.labels
    ids = np.array([str(drawing_id) for drawing_id in exam_set.ids])
    wrong = np.flatnonzero(~now)
    surest_wrong = wrong[np.argsort(-report.confidences[wrong], kind="stable")][:CHANGED_SHOWN]
    return {
        "fixed": ids[now & ~was][:CHANGED_SHOWN].tolist(),
        "broken": ids[was & ~now][:CHANGED_SHOWN].tolist(),
        "wrong": [(str(ids[place]), int(report.answers[place])) for place in surest_wrong.tolist()],
    }


def _by_label(report: Report, chosen: NDArray[np.bool_]) -> list[int]:
    counts: list[int] = np.bincount(report.labels[chosen], minlength=NUM_CLASSES + 1).tolist()
    return counts

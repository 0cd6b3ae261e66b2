"""What two reports of the same questions are worth to the gate, counted one question after another."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from recognizer.exam_reports import ExamReport
from recognizer.exams import DRAWINGS, MNIST
from recognizer.labels import NOT_A_DIGIT
from training.evaluation import comparison, gate
from training.evaluation.exam_sets import ExamSet
from training.evaluation.reports import Report
from training.evaluation.runner import Evaluation

NONE = NOT_A_DIGIT


def report(labels: list[int], answers: list[int], sure: list[float] | None = None) -> Report:
    tops = [label if answer == NONE else answer for label, answer in zip(labels, answers, strict=True)]
    confidences = np.array(sure or [0.9] * len(labels))
    return Report("exam", np.array(labels), np.array(answers), np.array(tops), confidences)


def evaluation(**reports: Report) -> Evaluation:
    return Evaluation(reports, latency_ms=0.4, artifact_bytes=1000, is_finite=True)


LABELS = [0, 0, 1, 9, 9, 9, 5, NONE, NONE, NONE]
BEFORE = [0, 1, 1, 9, 4, 4, NONE, NONE, NONE, 3]
AFTER = [1, 0, 1, NONE, 9, 9, NONE, NONE, 2, NONE]


def digits(**counts: int) -> tuple[int, ...]:
    """digits(d0=1, d9=2): one of digit 0, two of digit 9."""
    return tuple(counts.get(f"d{digit}", 0) for digit in range(10))


def test_a_report_is_counted() -> None:
    score = comparison.score(report(LABELS, BEFORE).summary())
    assert score == gate.Score(
        digits=7,
        right=3,
        refused=1,
        others=3,
        others_refused=2,
        digit_count=digits(d0=2, d1=1, d9=3, d5=1),
        digit_right=digits(d0=1, d1=1, d9=1),
        calibration_error=score.calibration_error,
    )
    assert score.calibration_error == report(LABELS, BEFORE).ece
    assert comparison.score(report([NONE], [NONE]).summary()).calibration_error is None


def test_a_candidate_is_its_reports_and_what_it_costs() -> None:
    evaluated = Evaluation({MNIST: report(LABELS, BEFORE)}, latency_ms=0.7, artifact_bytes=123, is_finite=False)
    expected = gate.Candidate({MNIST: comparison.score(report(LABELS, BEFORE).summary())}, 1e-4, 0.7, 123, False)
    assert comparison.candidate(evaluated, 1e-4) == expected
    assert comparison.candidate(evaluated).agreement is None


PAIRED = gate.Paired(3, 2, digits(d0=1, d9=2), digits(d0=1, d9=1), others_fixed=1, others_broken=1)


def test_answers_that_were_fixed_and_broken_are_counted_digits_apart() -> None:
    one, other = evaluation(mnist=report(LABELS, BEFORE)), evaluation(mnist=report(LABELS, AFTER))
    assert comparison.compare(one, other) == {MNIST: PAIRED}
    swapped = gate.Paired(2, 3, PAIRED.digit_broken, PAIRED.digit_fixed, 1, 1)
    assert comparison.compare(other, one) == {MNIST: swapped}
    assert comparison.compare(one, one) == {MNIST: gate.Paired(0, 0)}


def test_each_exam_of_the_later_evaluation_is_compared() -> None:
    one = evaluation(mnist=report([1], [2]), golden=report([3], [3]), old=report([1], [1]))
    other = evaluation(mnist=report([1], [1]), golden=report([3], [2]))
    assert comparison.compare(one, other) == {
        "mnist": gate.Paired(1, 0, digits(d1=1), digits()),
        "golden": gate.Paired(0, 1, digits(), digits(d3=1)),
    }


def test_reports_on_record_tell_the_same() -> None:
    one, other = report(LABELS, BEFORE).summary(), report(LABELS, AFTER).summary()
    assert comparison.pair(one, other) == PAIRED
    assert comparison.pair(other, one) == gate.Paired(2, 3, PAIRED.digit_broken, PAIRED.digit_fixed, 1, 1)


def test_what_is_no_digit_is_fixed_where_it_is_refused() -> None:
    one, other = report([NONE] * 5, [3, 3, 3, NONE, NONE]), report([NONE] * 5, [NONE, NONE, 3, 4, NONE])
    expected = gate.Paired(0, 0, others_fixed=2, others_broken=1)
    assert comparison.pair(one.summary(), other.summary()) == expected
    assert comparison.compare(evaluation(golden=one), evaluation(golden=other)) == {"golden": expected}


@pytest.mark.parametrize("unnamed", ["before", "after", "both"])
def test_a_report_that_names_nothing_tells_the_balance(unnamed: str) -> None:
    def kept(answers: list[int], side: str) -> ExamReport:
        summary = report(LABELS, answers).summary()
        return replace(summary, missed=None) if unnamed in (side, "both") else summary

    balance = comparison.pair(kept(BEFORE, "before"), kept(AFTER, "after"))
    assert balance == gate.Paired(1, 0, digits(d9=1), digits())
    back = comparison.pair(kept(AFTER, "before"), kept(BEFORE, "after"))
    assert back == gate.Paired(0, 1, digits(), digits(d9=1))


def test_the_balance_of_a_digit_is_how_many_more_are_right() -> None:
    few, many = report([4] * 9, [4] * 2 + [5] * 7).summary(), report([4] * 9, [4] * 7 + [5] * 2).summary()
    few, many = replace(few, missed=None), replace(many, missed=None)
    assert comparison.pair(few, many) == gate.Paired(5, 0, digits(d4=5), digits())
    assert comparison.pair(many, few) == gate.Paired(0, 5, digits(), digits(d4=5))


def exam_set(count: int) -> ExamSet:
    return ExamSet({}, [UUID(int=number) for number in range(count)], [])


def ids(*numbers: int) -> list[str]:
    return [str(UUID(int=number)) for number in numbers]


def test_drawings_whose_answer_changed_are_named_and_the_surest_mistake_first() -> None:
    sure = [0.5, 0.9, 0.9, 0.7, 0.9, 0.9, 0.9, 0.9, 0.8, 0.9]
    one, other = evaluation(drawings=report(LABELS, BEFORE)), evaluation(drawings=report(LABELS, AFTER, sure))
    changed = comparison.changed_drawings(one, other, exam_set(10))
    assert changed["fixed"] == ids(1, 4, 5, 9)
    assert changed["broken"] == ids(0, 3, 8)
    wrong = [(6, NONE), (8, 2), (3, NONE), (0, 1)]
    assert [tuple(pair) for pair in changed["wrong"]] == [(*ids(number), answer) for number, answer in wrong]


def test_equally_sure_mistakes_stay_in_the_exams_order() -> None:
    wrong = evaluation(drawings=report([1] * 6, [2] * 6))
    changed = comparison.changed_drawings(wrong, wrong, exam_set(6))
    assert [pair[0] for pair in changed["wrong"]] == ids(*range(6))


def test_twenty_four_of_each_are_kept() -> None:
    right, wrong = evaluation(drawings=report([1] * 30, [1] * 30)), evaluation(drawings=report([1] * 30, [2] * 30))
    broken = comparison.changed_drawings(right, wrong, exam_set(30))
    assert (len(broken["fixed"]), len(broken["broken"]), len(broken["wrong"])) == (0, 24, 24)
    fixed = comparison.changed_drawings(wrong, right, exam_set(30))
    assert (len(fixed["fixed"]), len(fixed["broken"]), len(fixed["wrong"])) == (24, 0, 0)


def test_where_no_drawings_were_asked_none_changed() -> None:
    only_mnist = evaluation(mnist=report([1], [2]))
    assert DRAWINGS not in only_mnist.reports
    assert comparison.changed_drawings(only_mnist, only_mnist, exam_set(0)) == {"fixed": [], "broken": [], "wrong": []}

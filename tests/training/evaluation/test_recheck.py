"""What is compared again before a person promotes: fresh where it can be, on record where both answered the same questions."""

from typing import Any, Protocol

import numpy as np
import pytest

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.exams import DRAWINGS, GOLDEN, MNIST, PEN, TAUGHT, THINGS
from recognizer.inference.answers import Calibration
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, ModelArtifacts, ModelVersion
from tests.support.drawings import Draw
from training.evaluation import comparison, exam_sets, gate, recheck, runner
from training.evaluation.golden import golden_drawings
from training.evaluation.recheck import BOTH, NOW, RECORD
from training.evaluation.reports import Exam, mark
from training.models import TrainingPolicy, TrainingRun

SURE = Calibration(1.0, 0.0)


@pytest.fixture(autouse=True)
def few_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = golden_drawings()
    monkeypatch.setattr(exam_sets, "golden_drawings", lambda: (images[::6], labels[::6]))


def report(name: str, wrong: int, *, count: int = 1000, seed: int = 0) -> dict[str, Any]:
    """A report of an exam in which the first so many digits were read wrongly; another seed asks something else."""
    images = np.random.default_rng(seed).random((count, 28, 28, 1), "float32")
    labels = np.arange(count) % 10
    answers = labels.copy()
    answers[:wrong] = (answers[:wrong] + 1) % 10
    logits = np.eye(10)[answers] * 9
    return mark(name, labels, logits, np.ones(count), SURE, Exam(name, images, labels).digest).to_dict()


class VersionWith(Protocol):
    def __call__(self, metrics: dict[str, Any] | None = None, **calibration: float) -> ModelVersion: ...


@pytest.fixture
def version_with(baseline: ModelVersion) -> VersionWith:
    """Register the baseline's weights again, with what the record shall say of them."""

    def register(metrics: dict[str, Any] | None = None, **calibration: float) -> ModelVersion:
        return registry.register(
            bytes(baseline.keras),
            bytes(baseline.tflite),
            preprocessing_version=baseline.preprocessing_version,
            calibration=baseline.calibration | calibration,
            metrics=metrics or {},
            parent=baseline,
            origin="a test",
        )

    return register


def sources(look: recheck.Recheck) -> dict[str, str]:
    return {row.key: row.source for row in look.rows}


def test_equal_version_is_let_through_on_fresh_answers_alone(baseline: ModelVersion, version_with: VersionWith) -> None:
    look = recheck.recheck_version(version_with(), baseline)
    assert look.decision.promote
    assert look.is_finite
    assert set(sources(look).values()) == {NOW}
    assert "There are no exam drawings by people yet." in look.decision.notes[0]
    assert "Not compared: MNIST test, UCI pen digits and things drawn by program." in look.decision.notes[1]


def test_version_that_refuses_digits_is_held_on_fresh_answers(
    baseline: ModelVersion, version_with: VersionWith
) -> None:
    look = recheck.recheck_version(version_with(refusal_threshold=1e6), baseline)
    assert not look.decision.promote
    assert "digits refused: refuses too many digits" in look.decision.reasons


def test_frozen_exam_counts_as_on_record_where_both_answered_the_same_questions(version_with: VersionWith) -> None:
    champion = version_with({MNIST: report(MNIST, wrong=5), PEN: report(PEN, wrong=5)})
    challenger = version_with({MNIST: report(MNIST, wrong=40), PEN: report(PEN, wrong=5)})
    look = recheck.recheck_version(challenger, champion)
    assert look.decision.reasons[0].startswith("MNIST test: fixes 0, breaks 35: -3.50 points")
    assert sources(look) == {
        "outputs": NOW,
        "size": NOW,
        "latency": NOW,
        "mnist.champion": RECORD,
        "pen_digits.champion": RECORD,
        "golden.champion": NOW,
        "golden.baseline": NOW,
        "golden.recall": NOW,
        "mnist.recall": RECORD,
        "pen_digits.recall": RECORD,
        "digits_refused": BOTH,
        "others_refused": NOW,
        "mnist.calibration": RECORD,
        "pen_digits.calibration": RECORD,
    }


def test_what_a_version_was_taught_and_what_it_refused_count_as_its_run_found_them(
    baseline: ModelVersion, version_with: VersionWith
) -> None:
    """Without them a person would be told to hold what the gate let through for its gain."""
    labels = np.full(800, NOT_A_DIGIT)

    def refused(count: int) -> dict[str, Any]:
        return mark(
            THINGS, labels, np.eye(10)[labels % 10], np.where(np.arange(800) < count, -1.0, 1.0), SURE, "asked"
        ).to_dict()

    champion, challenger = version_with(), version_with()
    TrainingRun.objects.create(
        status="promoted",
        trigger="schedule",
        champion=champion,
        challenger=challenger,
        reports={
            TAUGHT: {"champion": report(TAUGHT, wrong=80, count=100), "challenger": report(TAUGHT, wrong=0, count=100)},
            THINGS: {"champion": refused(790), "challenger": refused(789)},
        },
    )
    look = recheck.recheck_version(challenger, champion)
    rows = {row.key: row for row in look.rows}
    assert (rows["taught.champion"].source, rows["taught.champion"].standing) == (RECORD, gate.GAINED)
    assert rows["others_refused"].source == BOTH
    assert rows["others_refused"].metric.startswith("non-digits refused, 8")  # 800 and those of the golden set
    assert rows["digits_refused"].source == NOW
    assert "On record, not sat again: things drawn by program and new drawings held out." in look.decision.notes[1]
    assert TAUGHT not in recheck.recheck_version(challenger, baseline).recorded


def test_the_operators_exchange_counts_here_too(version_with: VersionWith) -> None:
    taught = {TAUGHT: report(TAUGHT, wrong=80, count=100)}
    champion = version_with({MNIST: report(MNIST, wrong=0, count=5000)} | taught)
    learned = {TAUGHT: report(TAUGHT, wrong=0, count=100)}
    challenger = version_with({MNIST: report(MNIST, wrong=9, count=5000)} | learned)
    assert recheck.recheck_version(challenger, champion).decision.promote
    TrainingPolicy(mnist_for_a_point=0).save()
    assert not recheck.recheck_version(challenger, champion).decision.promote


def test_other_questions_are_not_compared(version_with: VersionWith) -> None:
    champion = version_with({MNIST: report(MNIST, wrong=5)})
    challenger = version_with({MNIST: report(MNIST, wrong=40, seed=1)})
    look = recheck.recheck_version(challenger, champion)
    assert look.decision.promote
    assert "mnist.champion" not in sources(look)


def test_reports_of_older_releases_are_not_compared(version_with: VersionWith) -> None:
    old = {key: value for key, value in report(MNIST, wrong=5).items() if key not in ("questions", "missed", "bins")}
    assert recheck.recheck_version(version_with({MNIST: old}), version_with({MNIST: old})).recorded == []


def test_record_of_a_run_counts_for_whoever_was_evaluated_in_it(
    baseline: ModelVersion, version_with: VersionWith
) -> None:
    champion, challenger = version_with(), version_with({MNIST: report(MNIST, wrong=40)})
    TrainingRun.objects.create(
        status="held",
        trigger="schedule",
        champion=champion,
        environment={"baseline": shipped_baseline().card["keras_sha256"]},
        reports={MNIST: {"champion": report(MNIST, wrong=5), "baseline": report(MNIST, wrong=6)}},
    )
    rows = {row.key: row for row in recheck.recheck_version(challenger, champion).decision.rows}
    assert (rows["mnist.champion"].champion, rows["mnist.baseline"].champion) == ("99.50 %", "99.40 %")
    against_baseline = recheck.recheck_version(challenger, baseline).decision.rows
    assert "mnist.champion" in [row.key for row in against_baseline]


def test_champion_that_cannot_answer_is_stood_in_for_by_the_baseline(version_with: VersionWith) -> None:
    champion = version_with()
    ModelArtifacts.objects.filter(version=champion).update(tflite=b"broken")
    look = recheck.recheck_version(version_with(), ModelVersion.objects.get(pk=champion.pk))
    assert look.decision.promote
    assert "the shipped baseline stands in for it" in look.decision.notes[0]


def test_exam_contributors_drawings_are_answered_afresh_up_to_a_limit(
    baseline: ModelVersion, version_with: VersionWith, draw: Draw
) -> None:
    evaluations = Contributor.objects.create(is_exam=True)
    for digit in range(4):
        draw(digit, by=evaluations)
    challenger = version_with()
    look = recheck.recheck_version(challenger, baseline, drawings=3)
    assert sources(look)["drawings.champion"] == NOW
    assert "the newest 3 drawings of exam contributors." in look.decision.notes[0]
    assert "drawings.champion" not in sources(recheck.recheck_version(challenger, baseline, drawings=0))


# reports as the gate's counts


def test_score_is_read_from_the_confusion_table() -> None:
    labels = np.array([1, 1, 2, NOT_A_DIGIT, NOT_A_DIGIT])
    logits = np.eye(10)[[1, 2, 2, 3, 3]] * 9
    score = comparison.score(mark(GOLDEN, labels, logits, np.array([1, 1, -1, -1, 1]), SURE).summary())
    assert (score.digits, score.right, score.refused, score.others, score.others_refused) == (3, 1, 1, 2, 1)
    assert (score.digit_count[1], score.digit_right[1]) == (2, 1)


def test_pairs_are_counted_question_by_question() -> None:
    before, after = (
        mark(DRAWINGS, np.array([4, 4, 9, 9]), np.eye(10)[answers] * 9, np.ones(4), SURE).summary()
        for answers in ([4, 9, 9, 4], [9, 4, 9, 9])
    )
    paired = comparison.pair(before, after)
    assert (paired.fixed, paired.broken) == (2, 1)
    assert (paired.digit_fixed[4], paired.digit_broken[4], paired.digit_fixed[9]) == (1, 1, 1)


def test_who_missed_too_much_to_name_it_is_paired_by_the_balance() -> None:
    labels = np.full(2000, 7)
    before, after = (
        mark(DRAWINGS, labels, np.eye(10)[np.where(np.arange(2000) < wrong, 1, 7)] * 9, np.ones(2000), SURE).summary()
        for wrong in (100, 1500)
    )
    assert after.missed is None
    paired = comparison.pair(before, after)
    assert (paired.fixed, paired.broken, paired.digit_broken[7]) == (0, 1400, 1400)


def test_exam_drawings_read_wrongly_are_named_the_surest_first() -> None:
    labels = np.array([4, 7, 9, 1])
    before, after = (
        runner.Evaluation(
            {DRAWINGS: mark(DRAWINGS, labels, np.eye(10)[answers] * scale, np.ones(4), SURE)}, 0.5, 9, True
        )
        for answers, scale in (([4, 7, 4, 7], 9), ([4, 1, 4, 1], np.array([[1], [2], [5], [9]])))
    )
    ids = [Contributor().token for _ in labels]
    changed = comparison.changed_drawings(before, after, exam_sets.ExamSet({}, ids, []))
    assert changed == {
        "fixed": [str(ids[3])],
        "broken": [str(ids[1])],
        "wrong": [(str(ids[2]), 4), (str(ids[1]), 1)],
    }

"""Exam contributors with noisy labels are set aside; those who merely write oddly stay, or the exam would flatter the model."""

from dataclasses import replace

import numpy as np
import pytest
from django.contrib.auth.models import User

from recognizer.baseline import shipped_baseline
from recognizer.exams import DRAWINGS
from recognizer.inference.answers import Calibration
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, LabelEvent, ModelVersion
from tests.support.drawings import Draw
from tests.support.known import known
from training.config import ExamConfig
from training.evaluation import exam_sets
from training.evaluation.exam_label_noise import (
    UNSURE,
    contributors_with_label_noise,
    set_aside_noisy_labels,
    sure_readings,
)
from training.evaluation.reports import Exam

CONFIG = ExamConfig()
DIGITS = list(range(10))


def judged(readings: list[int], labels: list[int], contributors: list[int] | None = None) -> set[int]:
    """Judge contributor 1, or several, by what the models surely read."""
    who, read, given = np.array(contributors or [1] * len(labels)), np.array(readings), np.array(labels)
    return contributors_with_label_noise(who, given, read, read != given, CONFIG)


def test_contradicted_on_most_of_many_labels_is_noise() -> None:
    assert judged([1, 2, 3, 4, 5, 0, 6, 7, 8, 9], DIGITS) == {1}


@pytest.mark.parametrize("label", [7, NOT_A_DIGIT])
def test_calling_everything_the_same_is_noise(label: int) -> None:
    assert judged(DIGITS * 2, [label] * 20) == {1}


def test_less_than_half_is_a_hand_of_its_own() -> None:
    assert judged([1, 2, 3, 0, 4, 5, 6, 7, 8, 9], DIGITS) == set()


def test_two_odd_digits_are_a_habit_however_often_they_are_drawn() -> None:
    assert judged([7] * 20 + [1] * 20 + [3] * 10, [1] * 20 + [7] * 20 + [3] * 10) == set()


def test_few_drawings_show_nothing() -> None:
    assert judged([1, 2, 3, 4, 5, 6, 7, 8, 9], DIGITS[:9]) == set()


def test_everybody_is_judged_by_their_own_drawings() -> None:
    assert judged(DIGITS[::-1] + DIGITS, DIGITS * 2, [1] * 10 + [2] * 10) == {1}


def test_refusals_and_doubts_contradict_nobody() -> None:
    rng = np.random.default_rng(0)
    noise = (rng.random((20, 28, 28, 1)) > 0.5).astype("float32")
    never = replace(shipped_baseline().model, calibration=Calibration(1.0, 1e6))
    unsure = replace(shipped_baseline().model, calibration=Calibration(1e6, -1e6))
    exam = Exam("drawings", noise, np.arange(20) % 10)
    for judge in (never, unsure):
        assert (sure_readings(judge, exam, CONFIG) == UNSURE).all()


Asked = tuple[exam_sets.ExamSet, dict[str, Contributor]]


@pytest.fixture
def questions(baseline: ModelVersion, draw: Draw) -> Asked:
    """Ask what three contributors have drawn: each gives another digit's label but the honest one."""
    people = {name: Contributor.objects.create(is_exam=True) for name in ("noisy", "honest", "vouched")}
    for number, (name, person) in enumerate(people.items()):
        for i in range(20):
            label = i % 10 if name == "honest" else (i + 3) % 10
            draw(i % 10, by=person, style=100 * number + i, label=label, reviewed=name == "vouched" and i == 0)
    exam, ids = exam_sets._drawings_exam()
    return exam_sets.ExamSet({DRAWINGS: exam}, ids, []), people


@pytest.mark.django_db
def test_noisy_contributor_waits_in_quarantine_with_the_reason_and_is_asked_no_longer(questions: Asked) -> None:
    asked, people = questions
    left, gone = set_aside_noisy_labels(asked, [shipped_baseline().model, shipped_baseline().model], CONFIG)
    theirs = Drawing.objects.of(people["noisy"])
    assert gone == 20
    assert {drawing.status for drawing in theirs} == {Drawing.Status.QUARANTINED}
    assert theirs[0].status_reason.startswith("the models contradict its exam contributor: on ")
    assert LabelEvent.objects.filter(drawing__in=theirs, actor="training", action="quarantined").count() == 20
    assert len(left.ids) == len(left.exams[DRAWINGS].labels) == 40
    assert left.notes == ["20 exam drawings of 1 people are in quarantine: the models contradict most of their labels."]
    assert set(Drawing.objects.exam().values_list("contributor", flat=True)) == {
        people["honest"].pk,
        people["vouched"].pk,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["rejected", "corrected"])
def test_reviewer_who_rejects_or_corrects_a_label_does_not_vouch_for_its_contributor(
    questions: Asked, word: str, admin_user: User
) -> None:
    asked, people = questions
    lie = known(Drawing.objects.of(people["noisy"]).first())
    if word == "rejected":
        lie.reject("a lie", admin_user)
    else:
        lie.approve((known(lie.confirmed_label) - 3) % 10, admin_user)
    set_aside_noisy_labels(asked, [shipped_baseline().model, shipped_baseline().model], CONFIG)
    assert Drawing.objects.of(people["noisy"]).filter(status=Drawing.Status.QUARANTINED).count() == 19


@pytest.mark.django_db
def test_both_judges_must_contradict(questions: Asked) -> None:
    asked, _ = questions
    silent = replace(shipped_baseline().model, calibration=Calibration(1.0, 1e6))
    assert set_aside_noisy_labels(asked, [shipped_baseline().model, silent], CONFIG) == (asked, 0)


@pytest.mark.django_db
def test_one_tireless_hand_is_not_the_exam(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exam_sets, "DRAWINGS_EACH", 3)
    tireless, other = (Contributor.objects.create(is_exam=True) for _ in range(2))
    draw(5, by=other, style=50)
    for style in range(6):
        draw(4, by=tireless, style=style)
    exam, ids = exam_sets._drawings_exam()
    assert sorted(exam.labels) == [4, 4, 4, 5]
    assert len(ids) == 4


@pytest.mark.django_db
def test_exam_of_nobody_is_left_alone(baseline: ModelVersion) -> None:
    asked = exam_sets.ExamSet({}, [], [])
    assert set_aside_noisy_labels(asked, [shipped_baseline().model], CONFIG) == (asked, 0)

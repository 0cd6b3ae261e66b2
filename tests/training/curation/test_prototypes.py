"""From an approval to what the next person is answered: rows, judged anew when something was said."""

from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import prototypes as served_prototypes
from recognizer import registry, serving
from recognizer.inference.answers import Calibration
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, ModelVersion, Prototype, PrototypeSet
from recognizer.services import read
from recognizer.submissions import Submission
from tests.support.digits import digit_picture
from tests.support.drawings import Draw
from tests.support.fake_model import FakeModel
from tests.support.known import known
from training.config import PrototypeConfig
from training.curation import prototypes
from training.data.datasets import Mnist

CONFIG = PrototypeConfig(reference_digits=300, reference_others=0)
STYLES = (*range(20), *range(50, 60), 99)


class Ignorant(Classifier):
    """Knows all that these tests draw, and refuses whatever is a 4: what it sees is the digit, and a little of its picture."""

    def __init__(self, mnist: Mnist) -> None:
        pictures, labels = _drawn_here()
        self.pictures = self.vectors(np.concatenate([mnist.x_train, pictures]))
        self.labels = np.concatenate([mnist.y_train, labels])

    def vectors(self, pictures: NDArray[np.generic]) -> NDArray[np.float32]:
        flat = pictures.reshape(len(pictures), -1).astype("float32")
        return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True))

    def predict(self, batch: NDArray[np.float32]) -> Prediction:
        looks = self.vectors(batch)
        digits = self.labels[(looks @ self.pictures.T).argmax(axis=1)]
        shown = np.eye(10, dtype="float32")[digits]
        features = self.vectors(np.hstack([2 * shown, looks]))
        return Prediction(9 * shown, np.where(digits == 4, -5.0, 5.0).astype("float32"), features)


@cache
def _drawn_here() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    drawn = [(digit, style) for digit in (1, 4, 7) for style in STYLES]
    pictures = np.stack([digit_picture(digit, np.random.default_rng((digit, style))) for digit, style in drawn])
    return pictures, np.array([digit for digit, _ in drawn])


@pytest.fixture
def version(db: None, little_data: Mnist, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """A version that refuses every 4."""
    version = registry.ensure_baseline()
    model = FakeModel(b"", Calibration(1.0, 0.0), Ignorant(little_data))
    served = serving.Served(version.number, version.pk, model)
    monkeypatch.setattr(serving, "current_classifier", lambda: served)
    monkeypatch.setattr(served_prototypes, "CHECK_SECONDS", 0)
    return version


def roles() -> list[str]:
    return sorted(Prototype.objects.values_list("role", flat=True))


def answer_to(drawing: Drawing) -> tuple[int | None, int]:
    """What somebody else is answered who draws this."""
    reading, people = served_prototypes.consult(read(Submission.stored(drawing)))
    return reading.answer.digit, people


def people(count: int) -> list[Contributor]:
    return [Contributor.objects.create() for _ in range(count)]


def test_an_approved_drawing_helps_the_next_person(version: ModelVersion, draw: Draw) -> None:
    asked = draw(4, style=99, status=Drawing.Status.WAITING)
    assert answer_to(asked) == (None, 0)
    for style, person in enumerate(people(4)):
        draw(4, by=person, style=style)
    assert "speak" in prototypes.refresh(CONFIG)
    digit, used = answer_to(asked)
    assert digit == 4
    assert used >= 1
    assert not Prototype.objects.filter(drawing=asked).exists()


def test_a_lone_teacher_helps_with_a_reviewer_and_waits_without(version: ModelVersion, draw: Draw) -> None:
    draw(4, style=1)
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.SILENT]
    draw(4, style=2, reviewed=True)
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.SILENT, Prototype.Role.SPEAKS]


def test_what_the_version_reads_guards(version: ModelVersion, draw: Draw) -> None:
    draw(1, style=0, reviewed=True)
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.GUARDS]


def test_swapped_labels_are_silent_however_many_were_approved(version: ModelVersion, draw: Draw) -> None:
    """Approved in bulk by a reviewer who did not look; 240 of them: tests/training/curation/test_prototype_evidence.py."""
    for style, person in enumerate(people(20)):
        draw(1, by=person, style=style, label=7, reviewed=True)
        draw(7, by=person, style=style, label=1, reviewed=True)
    prototypes.refresh(CONFIG)
    for digit in (1, 7):
        for style in range(50, 60):
            asked = draw(digit, style=style, status=Drawing.Status.WAITING)
            assert answer_to(asked)[1] == 0


def test_one_liar_silences_nobody(version: ModelVersion, draw: Draw) -> None:
    for style, person in enumerate(people(5)):
        draw(4, by=person, style=style)
    liar = Contributor.objects.create()
    lies = [draw(4, by=liar, style=style, label=5, reviewed=True) for style in range(10, 16)]
    prototypes.refresh(CONFIG)
    assert not Prototype.objects.filter(drawing__in=lies, role=Prototype.Role.SPEAKS).exists()
    assert answer_to(draw(4, style=99, status=Drawing.Status.WAITING))[0] == 4


def test_a_blocked_contributors_drawings_are_gone(version: ModelVersion, draw: Draw) -> None:
    teachers = people(3)
    for style, person in enumerate(teachers):
        draw(4, by=person, style=style, reviewed=True)
    asked = draw(4, style=99, status=Drawing.Status.WAITING)
    prototypes.refresh(CONFIG)
    assert answer_to(asked)[0] == 4
    for person in teachers:
        person.block()
    assert answer_to(asked) == (None, 0)  # at once,
    prototypes.refresh(CONFIG)
    assert roles() == []  # and from the rows with the next go
    teachers[0].unblock()
    prototypes.refresh(CONFIG)
    assert len(roles()) == 1


def test_a_deleted_drawing_is_forgotten_and_the_others_are_judged_anew(version: ModelVersion, draw: Draw) -> None:
    first, second = (draw(4, by=person, style=style) for style, person in enumerate(people(2)))
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.SPEAKS] * 2
    first.delete()
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.SILENT]  # nobody bears it out any more
    assert Prototype.objects.get().drawing == second


def test_a_label_that_a_reviewer_changed_counts_as_changed(
    version: ModelVersion, draw: Draw, django_user_model: type[User]
) -> None:
    reviewer = django_user_model.objects.create_user("reviewer")
    drawing = draw(4, style=1, label=5, reviewed=True)
    prototypes.refresh(CONFIG)
    drawing.approve(4, reviewer)
    prototypes.refresh(CONFIG)
    assert Prototype.objects.get().label == 4
    assert answer_to(draw(4, style=99, status=Drawing.Status.WAITING))[0] == 4


def test_what_is_no_digit_can_be_taught(version: ModelVersion, draw: Draw) -> None:
    """Of the 4s, which are refused already, it is nothing new: they guard."""
    Drawing.objects.filter(pk=draw(4, style=1, label=NOT_A_DIGIT, reviewed=True).pk).update(predicted_label=None)
    draw(1, style=1, label=NOT_A_DIGIT, reviewed=True)
    prototypes.refresh(CONFIG)
    assert roles() == [Prototype.Role.GUARDS, Prototype.Role.SILENT]


def test_nothing_is_done_until_something_was_said(version: ModelVersion, draw: Draw) -> None:
    assert prototypes.refresh(CONFIG) == prototypes.NOTHING_NEW
    assert not PrototypeSet.objects.exists()  # no references are drawn for nobody
    draw(4, style=1, reviewed=True)
    assert prototypes.refresh(CONFIG) != prototypes.NOTHING_NEW
    assert prototypes.refresh(CONFIG) == prototypes.NOTHING_NEW
    PrototypeSet.objects.update(judged_at=timezone.now() - prototypes.JUDGED_ANEW - timedelta(seconds=1))
    assert prototypes.refresh(CONFIG) != prototypes.NOTHING_NEW


def test_many_are_read_in_several_goes(version: ModelVersion, draw: Draw) -> None:
    for style, person in enumerate(people(5)):
        draw(4, by=person, style=style)
    few = PrototypeConfig(reference_digits=300, reference_others=0, read_at_once=2)
    counts = []
    while prototypes.refresh(few) != prototypes.NOTHING_NEW:
        counts.append(Prototype.objects.count())
    assert counts == [2, 4, 5]


def test_what_a_later_champion_has_learned_goes_on_speaking_to_strangers(version: ModelVersion, draw: Draw) -> None:
    """After a run of fifty numerals the network read its teachers' and refused every eighth stranger, to whom nobody spoke."""
    for style, person in enumerate(people(3)):
        drawing = draw(1, by=person, style=style, reviewed=True)
        Drawing.objects.filter(pk=drawing.pk).update(predicted_label=None)  # an earlier version refused it
    draw(7, style=3, reviewed=True)
    prototypes.refresh(CONFIG)
    assert Prototype.objects.filter(role=Prototype.Role.SPEAKS, label=1).count() == 3
    assert Prototype.objects.filter(role=Prototype.Role.GUARDS, label=7).count() == 1


def test_another_champion_begins_anew(version: ModelVersion, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(4, style=1, reviewed=True)
    prototypes.refresh(CONFIG)
    other = ModelVersion.objects.create(
        number=2, origin="a test", preprocessing_version=1, calibration={}, keras_sha256="", tflite_sha256=""
    )
    served = serving.current_classifier()
    monkeypatch.setattr(serving, "current_classifier", lambda: serving.Served(2, other.pk, served.model))
    prototypes.refresh(CONFIG)
    assert set(Prototype.objects.values_list("version_id", flat=True)) == {other.pk}
    assert known(PrototypeSet.objects.first()).version_id == other.pk


def test_exam_contributors_teach_nobody(version: ModelVersion, draw: Draw) -> None:
    draw(4, by=Contributor.objects.create(is_exam=True), style=1, reviewed=True)
    draw(4, style=2, reviewed=True)
    prototypes.refresh(CONFIG)
    assert Prototype.objects.count() == 1

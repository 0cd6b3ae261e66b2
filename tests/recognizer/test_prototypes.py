"""What people drew helps whoever draws next: asked in memory, followed within seconds, gone when it may no longer count."""

import uuid
from typing import Any, Protocol

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone
from numpy.typing import NDArray
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from recognizer import prototypes
from recognizer.inference.answers import UNREAD, Calibration, answer
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, ModelVersion, Prototype, PrototypeSet
from recognizer.models.prototypes import pack, unpack
from tests.support.drawings import make_drawing
from tests.support.fake_model import FakeClassifier
from tests.support.known import known

D = 64
HERE = np.full(D, D**-0.5, "float32")  # what the fake network sees in every picture
CALIBRATION = Calibration(temperature=0.7, refusal_threshold=1.0)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for other prototypes at every guess."""
    monkeypatch.setattr(prototypes, "CHECK_SECONDS", 0)


def away(distance: float) -> NDArray[np.float32]:
    """A vector of length 1 at a cosine distance from what the fake network sees."""
    across = np.zeros(D, "float32")
    across[:2] = 2**-0.5, -(2**-0.5)
    turn = np.arccos(1 - distance)
    return np.asarray(np.cos(turn) * HERE + np.sin(turn) * across, "float32")


class Teach(Protocol):
    def __call__(self, label: int, distance: float = ..., role: str = ...) -> Prototype: ...


@pytest.fixture
def teach(model: FakeClassifier) -> Teach:
    """Store an approved drawing of somebody's as a prototype; a known 1 lies at 0.5."""
    version = known(ModelVersion.objects.champion())
    PrototypeSet.objects.create(
        version=version, labels=bytes([1]), answered=bytes([1]), features=pack(away(0.5)[np.newaxis]), trust=0.9
    )

    def store(label: int, distance: float = 0.1, role: str = Prototype.Role.SPEAKS) -> Prototype:
        drawing = make_drawing(
            id=uuid.uuid4(), confirmed=None, confirmed_label=label, status=Drawing.Status.APPROVED,
            contributor=Contributor.objects.create(),
        )  # fmt: skip
        return Prototype.objects.create(
            version=version, drawing=drawing, label=label, answered=7, features=pack(away(distance)), role=role
        )

    return store


def guess(visitor: APIClient, drawing: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = visitor.post("/api/v1/guesses/", drawing).json()
    return said


def test_a_drawing_like_peoples_gets_their_label_and_says_so(
    visitor: APIClient, seven: dict[str, Any], teach: Teach
) -> None:
    teach(4)
    teach(4)
    said = guess(visitor, seven)
    assert (said["digit"], said["people"], said["memory"]) == (4, 2, 0)
    assert said["message"] == "I read a 4. People here draw it like this."
    assert said["certainty"] == "people here draw it like this"
    assert said["confidence"] == pytest.approx(0.9, abs=1e-4)  # as often as they were right
    assert sum(said["probabilities"]) == pytest.approx(1)


def test_what_the_network_refuses_is_lifted(
    visitor: APIClient, seven: dict[str, Any], teach: Teach, model: FakeClassifier
) -> None:
    model.digitness = -40.0
    assert guess(visitor, seven)["refused"]
    teach(8)
    said = guess(visitor, seven)
    assert (said["digit"], said["refused"], said["message"]) == (
        8,
        False,
        "I read an 8. People here draw it like this.",
    )


def test_what_people_call_no_digit_is_refused(visitor: APIClient, seven: dict[str, Any], teach: Teach) -> None:
    teach(NOT_A_DIGIT)
    said = guess(visitor, seven)
    assert (said["digit"], said["message"], said["certainty"], said["people"]) == (None, UNREAD, "no digit", 1)


def test_without_any_the_networks_answer_stands(visitor: APIClient, seven: dict[str, Any], teach: Teach) -> None:
    said = guess(visitor, seven)
    assert (said["digit"], said["people"]) == (7, 0)
    assert "People" not in said["message"]


def test_only_those_that_speak_are_heard_and_nobody_for_what_the_network_says(
    visitor: APIClient, seven: dict[str, Any], teach: Teach
) -> None:
    teach(4, role=Prototype.Role.SILENT)
    teach(7, role=Prototype.Role.SPEAKS)
    assert guess(visitor, seven)["people"] == 0


def test_what_is_known_to_be_read_rightly_holds_them_back(
    visitor: APIClient, seven: dict[str, Any], teach: Teach
) -> None:
    teach(4, distance=0.4)  # over 0.7 of the way to the known 1
    assert guess(visitor, seven)["digit"] == 7
    teach(4, distance=0.2)
    assert guess(visitor, seven)["digit"] == 4
    teach(5, distance=0.2, role=Prototype.Role.GUARDS)
    assert guess(visitor, seven)["digit"] == 7


def test_ones_own_word_wins(visitor: APIClient, seven: dict[str, Any], teach: Teach, model: FakeClassifier) -> None:
    model.logit = 6.0
    teach(4)
    stored = visitor.post("/api/v1/drawings/", seven).json()
    assert stored["digit"] == 4
    visitor.put(f"/api/v1/drawings/{stored['id']}/feedback/", {"label": 1})
    said = guess(visitor, seven)
    assert (said["digit"], said["memory"], said["people"]) == (1, 1, 0)
    assert "People" not in said["message"]


def test_what_is_stored_is_what_the_network_alone_said(visitor: APIClient, seven: dict[str, Any], teach: Teach) -> None:
    teach(4)
    stored = visitor.post("/api/v1/drawings/", seven).json()
    assert stored["digit"] == 4
    assert Drawing.objects.get(pk=stored["id"]).predicted_label == 7


def test_they_are_gone_with_their_drawing(visitor: APIClient, seven: dict[str, Any], teach: Teach) -> None:
    taught = teach(4)
    assert guess(visitor, seven)["digit"] == 4
    taught.drawing.delete()
    assert guess(visitor, seven)["digit"] == 7


def test_a_block_a_rejection_and_another_label_count_at_once_without_a_worker(
    visitor: APIClient, seven: dict[str, Any], teach: Teach, django_user_model: type[User]
) -> None:
    reviewer = django_user_model.objects.create_user("reviewer")
    blocked, rejected, relabelled = teach(4), teach(4), teach(4)
    assert guess(visitor, seven)["people"] == 3
    blocked.drawing.contributor.block()
    assert guess(visitor, seven)["people"] == 2
    rejected.drawing.reject("a doodle", reviewer)
    assert guess(visitor, seven)["people"] == 1
    relabelled.drawing.approve(9, reviewer)
    assert guess(visitor, seven)["people"] == 0


def test_they_are_asked_for_only_now_and_then_and_once(
    visitor: APIClient,
    seven: dict[str, Any],
    teach: Teach,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taught = teach(4)
    guess(visitor, seven)
    with django_assert_num_queries(1):
        guess(visitor, seven)
    monkeypatch.setattr(prototypes, "CHECK_SECONDS", 60)
    with django_assert_num_queries(0):
        guess(visitor, seven)
    Prototype.objects.filter(pk=taught.pk).update(label=5, changed_at=timezone.now())
    assert guess(visitor, seven)["digit"] == 4


def test_another_versions_do_not_speak(visitor: APIClient, seven: dict[str, Any], teach: Teach) -> None:
    teach(4)
    other = ModelVersion.objects.create(
        number=2, origin="a test", preprocessing_version=1, calibration={}, keras_sha256="", tflite_sha256=""
    )
    Prototype.objects.update(version=other)
    assert guess(visitor, seven)["digit"] == 7


def test_a_database_that_fails_leaves_those_that_are_known(
    visitor: APIClient, seven: dict[str, Any], teach: Teach, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(4)
    guess(visitor, seven)

    def fail(version_id: int) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Prototype.objects, "state", fail)
    assert guess(visitor, seven)["digit"] == 4
    prototypes.prototypes.reset()
    assert guess(visitor, seven)["digit"] == 7


def test_a_label_gets_its_probability_and_the_others_share_the_rest() -> None:
    logits = np.zeros((1, 10), "float32")
    logits[0, [7, 1]] = 6.0, 4.0
    network = Prediction(logits, np.array([-3.0], "float32"), HERE[np.newaxis])
    said = answer(prototypes.overrule(network, 4, 0.8, CALIBRATION), CALIBRATION)
    assert (said.digit, [digit for digit, _ in said.alternatives]) == (4, [7])
    assert said.confidence == pytest.approx(0.8, abs=1e-5)
    assert said.probabilities[7] / said.probabilities[1] == pytest.approx(np.exp(2 / 0.7), rel=1e-3)
    assert answer(prototypes.overrule(said_nothing(), NOT_A_DIGIT, 0.8, CALIBRATION), CALIBRATION).refused


def said_nothing() -> Prediction:
    return Prediction(np.zeros((1, 10), "float32"), np.array([9.0], "float32"), HERE[np.newaxis])


def test_packed_features_come_back() -> None:
    features = np.stack([away(0.1), away(0.3)])
    np.testing.assert_allclose(unpack(pack(features), 2), features, atol=2e-4)

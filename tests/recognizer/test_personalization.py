"""What one contributor taught changes their answers, at once and for them alone."""

import math
import time
import uuid
from typing import Any, Protocol

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from numpy.typing import NDArray
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from recognizer import personalization, serving
from recognizer.imaging import trajectories
from recognizer.imaging.decoding import encode_png
from recognizer.inference.answers import Answer, Calibration, answer
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing
from tests.support import pictures
from tests.support.fake_model import FakeClassifier
from training.evaluation.golden import golden_drawings

CALIBRATION = Calibration(temperature=0.7, refusal_threshold=1.0)


def unit(*numbers: float) -> NDArray[np.float32]:
    vector = np.array(numbers, "float32")
    return np.asarray(vector / np.linalg.norm(vector), "float32")


def predict(digit: int, feature: NDArray[Any], digitness: float = 5.0, logit: float = 6.0) -> Prediction:
    logits = np.zeros((1, 10), "float32")
    logits[0, digit] = logit
    return Prediction(logits, np.array([digitness], "float32"), feature[np.newaxis])


def looked(prediction: Prediction, features: list[NDArray[Any]], labels: list[int]) -> Answer:
    """What is said where only pictures are known."""
    blank = np.full((len(labels), *trajectories.SHAPE), np.nan, "float32")
    evidence = personalization.weigh(
        personalization.Remembered(np.array(labels), blank, np.stack(features)), None, prediction.features[0]
    )
    return answer(personalization.mix(prediction, evidence, CALIBRATION), CALIBRATION)


def drawn(prediction: Prediction, strokes: list[Any], shown: list[list[Any]], labels: list[int]) -> Answer:
    """What is said where the pen's path is known."""
    traces = np.stack([trajectories.trace(one) for one in shown])
    remembered = personalization.Remembered(np.array(labels), traces, np.full((len(labels), 0), np.nan, "float32"))
    evidence = personalization.weigh(remembered, trajectories.trace(strokes), prediction.features[0])
    return answer(personalization.mix(prediction, evidence, CALIBRATION), CALIBRATION)


def wobbly(strokes: list[Any], much: float = 4.0) -> list[Any]:
    """The same hand again, elsewhere on the sheet."""
    rng = np.random.default_rng(0)
    return [[[x + 20 + rng.normal(0, much), y - 10 + rng.normal(0, much)] for x, y in stroke] for stroke in strokes]


HERE = unit(1, 0, 0)


def test_a_drawing_drawn_like_a_corrected_one_gets_its_label() -> None:
    said = drawn(predict(7, HERE), wobbly(pictures.SEVEN), [pictures.SEVEN], [1])
    assert said.digit == 1
    assert sum(said.probabilities) == pytest.approx(1)


def test_the_same_drawing_again_gets_its_label_however_sure_the_network_is() -> None:
    assert drawn(predict(7, HERE, logit=40.0), pictures.SEVEN, [pictures.SEVEN], [1]).digit == 1
    assert looked(predict(7, HERE, logit=40.0), [HERE], [1]).digit == 1


def test_of_two_that_were_taught_the_nearer_wins() -> None:
    shown = [pictures.ONE, pictures.SEVEN]
    assert drawn(predict(1, HERE, logit=3.0), wobbly(pictures.SEVEN), shown, [1, 7]).digit == 7
    assert drawn(predict(7, HERE, logit=3.0), wobbly(pictures.ONE, 1.0), shown, [1, 7]).digit == 1


def test_a_digit_that_was_never_shown_stays_what_the_network_surely_reads() -> None:
    assert drawn(predict(1, HERE), pictures.ONE, [pictures.SEVEN], [7]).digit == 1


def test_a_second_way_to_write_a_digit_does_not_count_against_it_for_long() -> None:
    said = drawn(predict(7, HERE), pictures.SEVEN, [pictures.ONE], [7])
    assert said.digit == 7
    assert said.confidence > 0.95


def test_a_picture_like_a_corrected_one_gets_its_label() -> None:
    assert looked(predict(7, HERE), [unit(1, 0.1, 0)], [1]).digit == 1


def test_a_picture_unlike_all_remembered_ones_keeps_the_networks_answer_exactly() -> None:
    prediction = predict(7, HERE)
    said = looked(prediction, [unit(0.6, 1, 0), unit(0, 0, 1)], [1, 2])
    assert said.probabilities == pytest.approx(answer(prediction, CALIBRATION).probabilities, abs=1e-6)


def test_a_refusal_is_lifted_by_a_near_digit_and_by_no_far_one() -> None:
    refused = predict(7, HERE, digitness=-1.0)
    assert answer(refused, CALIBRATION).refused
    assert drawn(refused, wobbly(pictures.SEVEN), [pictures.SEVEN], [7]).digit == 7
    assert drawn(refused, pictures.ONE, [pictures.SEVEN], [7]).refused
    assert looked(refused, [unit(1, 0.1, 0)], [7]).digit == 7
    assert looked(refused, [unit(0.8, 1, 0)], [7]).refused


def test_what_was_no_digit_is_none_again() -> None:
    assert drawn(predict(7, HERE), wobbly(pictures.SEVEN, 1.0), [pictures.SEVEN], [NOT_A_DIGIT]).refused
    assert looked(predict(7, HERE), [unit(1, 0.1, 0)], [NOT_A_DIGIT]).refused


class Teach(Protocol):
    def __call__(self, label: int | None, picture: dict[str, Any] = ...) -> str: ...


@pytest.fixture
def teach(visitor: APIClient, seven: dict[str, Any]) -> Teach:
    def store_and_label(label: int | None, picture: dict[str, Any] = seven) -> str:
        drawing = visitor.post("/api/v1/drawings/", picture).json()
        visitor.put(f"/api/v1/drawings/{drawing['id']}/feedback/", {"label": label})
        return str(drawing["id"])

    return store_and_label


def test_a_guess_uses_the_corrections_of_its_contributor_alone(
    visitor: APIClient, client: Client, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.logit = 6.0
    teach(1)
    teach(1)

    mine = visitor.post("/api/v1/guesses/", seven).json()
    theirs = client.post("/api/v1/guesses/", seven, content_type="application/json").json()

    assert (mine["digit"], mine["memory"]) == (1, 2)
    assert (theirs["digit"], theirs["memory"]) == (7, 0)


def test_what_is_stored_is_what_the_network_alone_said(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.logit = 6.0
    teach(1)
    answered = visitor.post("/api/v1/drawings/", seven).json()
    assert answered["digit"] == 1
    assert Drawing.objects.get(pk=answered["id"]).predicted_label == 7


def test_an_answer_says_whether_memory_changed_it(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.logit = 6.0
    first = teach(7)
    confirmed = visitor.post("/api/v1/guesses/", seven).json()
    assert (confirmed["digit"], confirmed["memory"], confirmed["memory_changed"]) == (7, 1, False)
    visitor.put(f"/api/v1/drawings/{first}/feedback/", {"label": 1})
    corrected = visitor.post("/api/v1/guesses/", seven).json()
    assert (corrected["digit"], corrected["memory"], corrected["memory_changed"]) == (1, 1, True)


def test_one_slip_against_a_sure_reading_is_outweighed_and_a_second_one_counts(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.digitness = 3.0
    teach(None)
    assert visitor.post("/api/v1/guesses/", seven).json()["kind"] == "digit"
    teach(None)
    denied = visitor.post("/api/v1/guesses/", seven).json()
    assert (denied["kind"], denied["memory"], denied["memory_changed"]) == ("refused", 2, True)


@pytest.mark.parametrize("how", ["not sure", "reviewed"])
def test_not_a_digit_counts_at_once_where_it_is_no_slip(
    visitor: APIClient,
    teach: Teach,
    seven: dict[str, Any],
    model: FakeClassifier,
    how: str,
    django_user_model: type[User],
) -> None:
    model.digitness, model.logit = 3.0, 12.0 if how == "reviewed" else 3.0
    drawing = Drawing.objects.get(pk=teach(None))
    if how == "reviewed":
        drawing.approve(NOT_A_DIGIT, django_user_model.objects.create_user("reviewer"))
    personalization.forget(drawing.contributor_id)
    assert visitor.post("/api/v1/guesses/", seven).json()["kind"] == "refused"


def test_memory_ends_with_its_drawings_and_with_their_withdrawal(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.logit = 6.0
    first, second = teach(1), teach(1)
    visitor.delete(f"/api/v1/drawings/{first}/")
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 1
    visitor.delete(f"/api/v1/drawings/{second}/feedback/")
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 0


def test_a_rejected_drawing_is_not_remembered(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier, django_user_model: type[User]
) -> None:
    drawing = Drawing.objects.get(pk=teach(1))
    drawing.reject("a doodle", django_user_model.objects.create_user("reviewer"))
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 0


def test_a_drawing_that_cannot_be_prepared_is_passed_over(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    """As an older release stored them: a speck with its path, or a picture that is none."""
    model.logit = 6.0
    speck, broken = teach(1), teach(1)
    Drawing.objects.filter(pk=speck).update(png=encode_png(np.eye(3, dtype="uint8") * 255), strokes=[[[1, 1]]])
    Drawing.objects.filter(pk=broken).update(png=b"png")
    personalization._features.cache_clear()
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 0
    assert visitor.get(f"/api/v1/drawings/{speck}/").json()["answers"] == []
    teach(1)
    answered = visitor.post("/api/v1/guesses/", seven).json()
    assert (answered["digit"], answered["memory"]) == (1, 1)
    assert visitor.post("/api/v1/guesses/", seven | {"strokes": pictures.SEVEN}).json()["memory"] == 2  # by its path


@pytest.mark.django_db
def test_picture_that_has_nothing_of_a_digit_is_answered_beside_what_was_taught(seven: dict[str, Any]) -> None:
    """By the shipped model itself: it has no features for such a picture."""
    visitor = APIClient()
    golden, labels = golden_drawings()
    for picture in golden[labels == NOT_A_DIGIT][::8, ..., 0]:
        doodle = {"image": pictures.data_url(encode_png((picture * 255).round().astype("uint8")))}
        stored = visitor.post("/api/v1/drawings/", doodle).json()
        visitor.put(f"/api/v1/drawings/{stored['id']}/feedback/", {"label": 4})
        assert visitor.post("/api/v1/guesses/", doodle).status_code == 200
    assert visitor.post("/api/v1/guesses/", seven).json()["digit"] == 7


def test_only_the_newest_are_remembered(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personalization, "MOST_REMEMBERED", 2)
    for _ in range(3):
        teach(1, {"image": pictures.data_url(pictures.canvas_png())})
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 2


def test_strokes_and_pictures_are_remembered_side_by_side(
    visitor: APIClient, teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    model.logit = 6.0
    with_strokes = seven | {"strokes": pictures.SEVEN}
    teach(1, seven)
    assert visitor.post("/api/v1/guesses/", with_strokes).json()["digit"] == 1
    teach(2, with_strokes)
    assert visitor.post("/api/v1/guesses/", with_strokes).json()["memory"] == 2
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 2


def test_remembering_fifty_drawings_takes_two_queries_and_then_one(
    teach: Teach, seven: dict[str, Any], model: FakeClassifier, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    model.logit = 6.0
    drawing = Drawing.objects.get(pk=teach(1, seven | {"strokes": pictures.SEVEN}))
    for _ in range(49):
        drawing.pk, drawing.idempotency_key = uuid.uuid4(), None
        drawing.save(force_insert=True)
    contributor, served = drawing.contributor, serving.current_classifier().model
    with django_assert_num_queries(2):
        assert len(personalization.remember(contributor, served).labels) == 50
    with django_assert_num_queries(1):
        personalization.remember(contributor, served)


def test_labels_on_very_long_paths_never_make_a_guess_slow(
    teach: Teach, seven: dict[str, Any], model: FakeClassifier
) -> None:
    """Each label has what its contributor taught collected anew: 50 paths of 4,096 points took 400 ms each time."""
    long = [[[100 + 60 * math.sin(i), 60 + i / 30, float(i)] for i in range(4096)]]
    drawing = Drawing.objects.get(pk=teach(1, seven | {"strokes": pictures.SEVEN}))
    for _ in range(49):
        drawing.pk, drawing.idempotency_key, drawing.strokes = uuid.uuid4(), None, long
        drawing.save(force_insert=True)
    model_ = serving.current_classifier().model
    remembered: list[int] = []
    spent: list[float] = []
    while not remembered or remembered[-1] < 50:
        start = time.thread_time()
        remembered.append(len(personalization.remember(drawing.contributor, model_).labels))
        spent.append(time.thread_time() - start)
    assert remembered == sorted(set(remembered))  # more with each call
    assert sorted(spent)[len(spent) // 2] < 0.15
    drawing.pk, drawing.created_at = uuid.uuid4(), timezone.now()
    drawing.save(force_insert=True)
    with CaptureQueriesContext(connection) as asked:
        personalization.remember(drawing.contributor, model_)
    (reading,) = (query["sql"] for query in asked if "AS text" in query["sql"] or "::text" in query["sql"])
    assert reading.count(drawing.pk.hex[-12:]) == 1
    assert reading.count("-4") + reading.count(",") < 10  # the others are not read again

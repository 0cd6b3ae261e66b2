"""What one contributor taught changes their answers, at once and for them alone."""

import numpy as np
import pytest

from recognizer import memory, serving
from recognizer.answers import NOT_A_DIGIT, Calibration, answer
from recognizer.classifier import Prediction
from recognizer.models import Drawing
from tests import pictures

SERVED = serving.Served(1, 1, None, Calibration(temperature=0.7, refusal_threshold=1.0))


def unit(*numbers: float) -> np.ndarray:
    vector = np.array(numbers, "float32")
    return vector / np.linalg.norm(vector)


def predict(digit: int, feature: np.ndarray, digitness: float = 5.0, logit: float = 6.0) -> Prediction:
    logits = np.zeros((1, 10), "float32")
    logits[0, digit] = logit
    return Prediction(logits, np.array([digitness], "float32"), feature[np.newaxis])


def mixed(prediction: Prediction, features: list[np.ndarray], labels: list[int]):
    return answer(memory.mix(prediction, np.stack(features), np.array(labels), SERVED), SERVED.calibration)


def test_a_drawing_like_a_corrected_one_gets_its_label():
    said = mixed(predict(7, unit(1, 0, 0)), [unit(1, 0.1, 0)], [1])
    assert said.digit == 1
    assert sum(said.probabilities) == pytest.approx(1)


def test_the_same_drawing_again_gets_its_label_however_sure_the_network_is():
    assert mixed(predict(7, unit(1, 0, 0), logit=40.0), [unit(1, 0, 0)], [1]).digit == 1


def test_a_drawing_unlike_all_remembered_ones_keeps_the_networks_answer_exactly():
    prediction = predict(7, unit(1, 0, 0))
    said = mixed(prediction, [unit(0.6, 1, 0), unit(0, 0, 1)], [1, 2])
    assert said.probabilities == pytest.approx(answer(prediction, SERVED.calibration).probabilities, abs=1e-6)


def test_a_refusal_is_lifted_by_a_near_digit_and_by_no_far_one():
    refused = predict(7, unit(1, 0, 0), digitness=-3.0)
    assert answer(refused, SERVED.calibration).refused
    assert mixed(refused, [unit(1, 0.1, 0)], [7]).digit == 7
    assert mixed(refused, [unit(0.8, 1, 0)], [7]).refused


def test_what_was_no_digit_is_none_again():
    assert mixed(predict(7, unit(1, 0, 0)), [unit(1, 0.1, 0)], [NOT_A_DIGIT]).refused


@pytest.fixture
def teach(visitor, seven):
    def store_and_label(label: int | None, picture: dict = seven) -> str:
        drawing = visitor.post("/api/v1/drawings/", picture).json()
        visitor.put(f"/api/v1/drawings/{drawing['id']}/feedback/", {"label": label})
        return drawing["id"]

    return store_and_label


def test_a_guess_uses_the_corrections_of_its_contributor_alone(visitor, client, teach, seven, model):
    model.logit = 6.0
    teach(1)
    teach(1)

    mine = visitor.post("/api/v1/guesses/", seven).json()
    theirs = client.post("/api/v1/guesses/", seven, content_type="application/json").json()

    assert (mine["digit"], mine["memory"]) == (1, 2)
    assert (theirs["digit"], theirs["memory"]) == (7, 0)


def test_what_is_stored_is_what_the_network_alone_said(visitor, teach, seven, model):
    model.logit = 6.0
    teach(1)
    answered = visitor.post("/api/v1/drawings/", seven).json()
    assert answered["digit"] == 1
    assert Drawing.objects.get(pk=answered["id"]).predicted_label == 7


def test_memory_ends_with_its_drawings_and_with_their_withdrawal(visitor, teach, seven, model):
    model.logit = 6.0
    first, second = teach(1), teach(1)
    visitor.delete(f"/api/v1/drawings/{first}/")
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 1
    visitor.delete(f"/api/v1/drawings/{second}/feedback/")
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 0


def test_a_rejected_drawing_is_not_remembered(visitor, teach, seven, model, django_user_model):
    drawing = Drawing.objects.get(pk=teach(1))
    drawing.reject("a doodle", django_user_model.objects.create_user("reviewer"))
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 0


def test_only_the_newest_are_remembered(visitor, teach, seven, monkeypatch):
    monkeypatch.setattr(memory, "MOST_REMEMBERED", 2)
    for _ in range(3):
        teach(1, {"image": pictures.data_url(pictures.canvas_png())})
    assert visitor.post("/api/v1/guesses/", seven).json()["memory"] == 2

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference import classifier
from recognizer.inference.answers import Calibration
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import Prediction


class Ink:
    """A network whose first logit is the ink of its picture, so that each row can be told from the others."""

    loaded: list[bytes] = []
    batches: list[int] = []

    def __init__(self, tflite: bytes) -> None:
        self.loaded.append(tflite)

    def predict(self, images: NDArray[np.float32]) -> Prediction:
        assert images.shape[1:] == (28, 28, 1)
        self.batches.append(len(images))
        logits = np.zeros((len(images), 10), "float32")
        logits[:, 0] = images.sum(axis=(1, 2, 3))
        return Prediction(logits, logits[:, 0], np.ones((len(images), 4), "float32"))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> CalibratedModel:
    monkeypatch.setattr(classifier, "Classifier", Ink)
    monkeypatch.setattr(Ink, "loaded", [])
    monkeypatch.setattr(Ink, "batches", [])
    return CalibratedModel(b"network", Calibration(2.0, 1.5))


def test_models_are_equal_where_bytes_and_calibrations_are() -> None:
    model = CalibratedModel(b"network", Calibration(1.5, 0.0))
    assert model == CalibratedModel(b"network", Calibration(1.5, 0.0))
    assert model != CalibratedModel(b"another", Calibration(1.5, 0.0))
    assert model != CalibratedModel(b"network", Calibration(1.5, 0.1))
    with pytest.raises(FrozenInstanceError):
        model.tflite = b""  # type: ignore[misc]  # what is tried


def test_the_network_is_loaded_once_and_when_it_is_needed(model: CalibratedModel) -> None:
    assert Ink.loaded == []
    assert model.classifier is model.classifier
    assert Ink.loaded == [b"network"]


def test_bytes_that_are_no_network_are_an_error() -> None:
    with pytest.raises(ValueError, match="Not a LiteRT model"):
        _ = CalibratedModel(b"network", Calibration()).classifier


def grey(*dots: int) -> NDArray[np.uint8]:
    """Pictures with so many black pixels each."""
    pictures = np.zeros((len(dots), 784), "uint8")
    for picture, count in zip(pictures, dots, strict=True):
        picture[:count] = 255
    return pictures.reshape(-1, 28, 28)


def test_five_hundred_pictures_are_read_at_a_time(model: CalibratedModel) -> None:
    dots = [number % 7 for number in range(1001)]
    prediction = model.predict_all(grey(*dots))
    assert Ink.batches == [500, 500, 1]
    assert prediction.digitness.tolist() == dots
    assert prediction.logits.shape == (1001, 10)
    assert prediction.features.shape == (1001, 4)


def test_no_pictures_are_no_rows_and_load_nothing(model: CalibratedModel) -> None:
    prediction = model.predict_all(grey())
    shapes = [part.shape for part in (prediction.logits, prediction.digitness, prediction.features)]
    assert shapes == [(0, 10), (0,), (0, 0)]
    assert Ink.loaded == []
    assert model.predict_all(grey(3)).digitness.tolist() == [3]


def test_an_answer_is_calibrated(model: CalibratedModel) -> None:
    image = grey(4)[0][..., np.newaxis].astype("float32") / 255
    answer = model.answer(image)
    assert (answer.digit, answer.refused) == (0, False)
    assert answer.confidence == pytest.approx(np.exp(2) / (np.exp(2) + 9))  # logit 4 at temperature 2
    assert model.answer(image * 0.25).refused  # a score of 1 is under 1.5


def test_any_row_can_be_interpreted_and_the_first_one_is(model: CalibratedModel) -> None:
    prediction = model.predict_all(grey(9, 1, 9))
    assert [model.interpret(prediction, row).refused for row in range(3)] == [False, True, False]
    assert not model.interpret(prediction).refused
    assert model.interpret(model.predict_all(grey(1, 9, 9))).refused

import numpy as np
import pytest
from rest_framework.test import APIClient

from recognizer import registry, serving
from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from tests.support import pictures


class FakeClassifier:
    """Says what a test wants it to say: the one seam that API tests replace."""

    def __init__(self, digit: int = 7, logit: float = 12.0, digitness: float = 50.0) -> None:
        self.digit, self.logit, self.digitness = digit, logit, digitness

    def predict(self, batch: np.ndarray) -> Prediction:
        logits = np.zeros((len(batch), 10), "float32")
        logits[:, self.digit] = self.logit
        features = np.full((len(batch), 64), 0.125, "float32")
        return Prediction(logits, np.full(len(batch), self.digitness, "float32"), features)


@pytest.fixture
def model(db, monkeypatch) -> FakeClassifier:
    """The model that answers: a fake one, in the name of version 1."""
    fake = FakeClassifier()
    version = registry.ensure_baseline()
    calibration = Calibration.from_dict(version.calibration)
    served = serving.Served(version.number, version.pk, fake, calibration)
    monkeypatch.setattr(serving, "current_classifier", lambda: served)
    return fake


@pytest.fixture
def visitor(model) -> APIClient:
    return APIClient()


@pytest.fixture
def seven() -> dict:
    return {"image": pictures.data_url(pictures.canvas_png())}

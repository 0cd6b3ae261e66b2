"""A model whose network is in no file: the one seam that tests of the API replace."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction


class FakeClassifier(Classifier):
    """Says what a test wants it to say."""

    def __init__(self, digit: int = 7, logit: float = 12.0, digitness: float = 50.0) -> None:
        self.digit, self.logit, self.digitness = digit, logit, digitness

    def predict(self, batch: NDArray[np.float32]) -> Prediction:
        logits = np.zeros((len(batch), 10), "float32")
        logits[:, self.digit] = self.logit
        features = np.full((len(batch), 64), 0.125, "float32")
        return Prediction(logits, np.full(len(batch), self.digitness, "float32"), features)


@dataclass(frozen=True)
class FakeModel(CalibratedModel):
    """Answers with the network that it is given."""

    network: Classifier

    @property
    def classifier(self) -> Classifier:
        return self.network

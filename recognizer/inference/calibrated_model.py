"""A served artifact with its calibration: the one road from pixels to an answer."""

from dataclasses import dataclass
from functools import cached_property  # noqa: TID251  one lock for all is right here: a network is loaded once, whoever asks
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.pixels import to_input
from recognizer.inference.answers import Answer, Calibration, answer
from recognizer.inference.prediction import Prediction

if TYPE_CHECKING:
    from recognizer.inference.classifier import Classifier

BATCH = 500  # pictures at a time; their outputs and what is between fit into memory comfortably


@dataclass(frozen=True)
class CalibratedModel:
    """One model as it answers people; two are equal where their bytes and their calibrations are."""

    tflite: bytes
    calibration: Calibration

    @cached_property
    def classifier(self) -> "Classifier":
        """The loaded network. What only carries a model from file to row never loads the runtime.

        Raises:
            ValueError: the bytes are corrupt, or have other inputs or outputs.
        """
        from recognizer.inference.classifier import Classifier

        return Classifier(self.tflite)

    def predict(self, images: NDArray[np.float32]) -> Prediction:
        """Read a batch float32 (N, 28, 28, 1) in [0, 1]. N is 1 or more."""
        return self.classifier.predict(images)

    def predict_all(self, pictures: NDArray[np.uint8]) -> Prediction:
        """Read grey levels uint8 (N, 28, 28), as many as there are; N may be 0."""
        if not len(pictures):  # LiteRT takes no empty batch
            return Prediction(np.zeros((0, 10), "float32"), np.zeros(0, "float32"), np.zeros((0, 0), "float32"))
        batches = (pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH))
        return Prediction.joined([self.predict(to_input(batch)) for batch in batches])

    def interpret(self, prediction: Prediction, row: int = 0) -> Answer:
        """Turn one row of a prediction, this model's or one made from it, into an answer.

        Raises:
            ValueError: the model's output is not finite.
        """
        return answer(prediction, self.calibration, row)

    def answer(self, image: NDArray[np.float32]) -> Answer:
        """Answer one drawing, float32 (28, 28, 1) in [0, 1]."""
        return self.interpret(self.predict(image[np.newaxis]))

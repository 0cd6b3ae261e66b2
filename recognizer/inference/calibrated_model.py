"""A served artifact with the calibration that turns its scores into words."""

from dataclasses import dataclass
from functools import cached_property

from recognizer.inference.answers import Calibration
from recognizer.inference.classifier import Classifier


@dataclass(frozen=True)
class CalibratedModel:
    """One model as it answers people; two are equal where their bytes and their calibrations are."""

    tflite: bytes
    calibration: Calibration

    @cached_property
    def classifier(self) -> Classifier:
        """The loaded network.

        Raises:
            ValueError: the bytes are corrupt, or have other inputs or outputs.
        """
        return Classifier(self.tflite)

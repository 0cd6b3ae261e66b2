"""What a network takes and gives: the shapes, without the runtime that computes them."""

from dataclasses import dataclass

import numpy as np

NUM_CLASSES = 10
IMAGE_SHAPE = (28, 28, 1)
OUTPUTS = ("logits", "digitness", "features")


@dataclass(frozen=True)
class Prediction:
    """Raw outputs for N drawings.

    Attributes:
        logits: float32 (N, 10), before calibration.
        digitness: float32 (N,), the network's own score that it sees one digit; higher is more like one.
        features: float32 (N, D), L2-normalised; near neighbours look alike. All 0, so like nothing, where the network finds
            nothing of a digit.
    """

    logits: np.ndarray
    digitness: np.ndarray
    features: np.ndarray

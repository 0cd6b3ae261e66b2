"""What a network takes and gives: the shapes, without the runtime that computes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

NUM_CLASSES = 10
IMAGE_SHAPE = (28, 28, 1)
OUTPUTS = ("logits", "digitness", "features")


@dataclass(frozen=True)
class Prediction:
    """Raw outputs for N drawings.

    Attributes:
        logits: float32 (N, 10), before calibration.
        digitness: float32 (N,), the network's own score that it sees one digit; higher is more like one.
        features: float32 (N, D), L2-normalised; near neighbours look alike, whether they are digits or not. Versions of earlier
            releases have all 0, so like nothing, where they found nothing of a digit.
    """

    logits: NDArray[np.float32]
    digitness: NDArray[np.float32]
    features: NDArray[np.float32]

    def row(self, index: int) -> "Prediction":
        """Return one drawing's outputs, N = 1."""
        return Prediction(*(getattr(self, name)[index : index + 1] for name in OUTPUTS))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put predictions of one model behind one another."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in OUTPUTS))

"""The running mean of a network's weights: smoother than the last step's, at no cost when it answers."""

import keras
import numpy as np
from numpy.typing import NDArray

Weights = list[NDArray[np.float32]]  # one array a variable, in the model's order


class WeightAverage:
    """An exponential moving average (Polyak & Juditsky 1992), sampled every so many steps."""

    def __init__(self, model: keras.Model, decay: float, every: int = 1) -> None:
        """Start at the model's weights.

        Args:
            decay: of the mean, a sample.
            every: steps between two samples.
        """
        self._model, self._decay, self._every = model, decay, every
        self.weights: Weights = model.get_weights()

    def after_step(self, step: int) -> None:
        """Take a sample if it is time. The first step is 1."""
        samples, rest = divmod(step, self._every)
        if rest:
            return
        decay = min(self._decay, samples / (samples + 10))  # young averages forget their start sooner
        for mean, weight in zip(self.weights, self._model.get_weights(), strict=True):
            mean *= decay
            mean += (1 - decay) * weight

    def copy(self) -> Weights:
        """Return the mean as it is now."""
        return [mean.copy() for mean in self.weights]

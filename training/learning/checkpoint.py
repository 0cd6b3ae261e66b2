"""What an interrupted training of the baseline goes on from."""

import time
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.learning.weight_average import WeightAverage, Weights

FACTS = 3  # of a file, beside its arrays: step, config, seconds


class Checkpoint:
    """Weights, optimizer, average and step in one .npz, replaced at once. Without a path nothing is kept."""

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.Optimizer,
        average: WeightAverage,
        config: str,
        path: Path | None,
    ) -> None:
        """Name what is kept. `config` says how and on how many forms it is trained; what was trained otherwise is left alone."""
        self._variables: list[keras.Variable] = [*model.variables, *optimizer.variables]  # with the dropout's seeds
        self._average, self._config, self._path = average, config, path
        self.ends: list[Weights] = []  # the average at the end of each cycle so far

    def end_cycle(self) -> None:
        self.ends.append(self._average.copy())

    def save(self, step: int) -> None:
        if self._path is None:
            return
        arrays = [*map(np.asarray, self._variables), *self._average.weights, *chain(*self.ends)]
        partial = self._path.with_suffix(".partial.npz")
        with partial.open("wb") as file:
            np.savez(file, *arrays, step=step, config=self._config, seconds=time.time())
        partial.replace(self._path)

    def restore(self) -> int:
        """Return the step to go on after; 0 where there is no checkpoint, or one of another configuration."""
        if self._path is None or not self._path.is_file():
            return 0
        with np.load(self._path, allow_pickle=False) as kept:
            if str(kept["config"]) != self._config:
                return 0
            arrays = [kept[f"arr_{i}"] for i in range(len(kept.files) - FACTS)]
            step = int(kept["step"])
        self._assign(arrays)
        return step

    def _assign(self, arrays: list[NDArray[Any]]) -> None:
        for variable, value in zip(self._variables, arrays, strict=False):
            variable.assign(value)
        averages, size = arrays[len(self._variables) :], len(self._average.weights)
        self._average.weights[:], *self.ends = (
            averages[start : start + size] for start in range(0, len(averages), size)
        )

"""What an interrupted training goes on from: the baseline's in a file, a run's in its row."""

import io
import time
from collections.abc import Callable
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
        partial = self._path.with_suffix(".partial.npz")
        partial.write_bytes(self.to_bytes(step))
        partial.replace(self._path)

    def to_bytes(self, step: int) -> bytes:
        """Return everything that is kept, after a step, as an .npz: four times the network."""
        arrays = [*map(np.asarray, self._variables), *self._average.weights, *chain(*self.ends)]
        content = io.BytesIO()
        np.savez(content, *arrays, step=step, config=self._config, seconds=time.time())
        return content.getvalue()

    def restore(self, agreed: Callable[[bytes], bytes]) -> int:
        """Return the step to go on after; 0 where there is no checkpoint, or one of another configuration.

        Args:
            agreed: told what is kept here, b"" for nothing, returns what to go on from.
        """
        kept = agreed(self._path.read_bytes() if self._path is not None and self._path.is_file() else b"")
        return self.from_bytes(kept) if kept else 0

    def from_bytes(self, content: bytes) -> int:
        """Take over what `to_bytes` gave. Returns its step; 0, and changes nothing, where it is of another configuration."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
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

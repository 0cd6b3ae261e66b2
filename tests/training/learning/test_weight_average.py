"""The running mean of weights, on a stand-in for a network: TensorFlow is loaded, and trains nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough


class OneWeight:
    """As much of a network as its average asks for."""

    def __init__(self) -> None:
        self.value = 0.0

    def get_weights(self) -> list[NDArray[np.float32]]:
        return [np.array([self.value], "float32")]


def test_a_young_average_forgets_its_start_and_an_old_one_decays() -> None:
    from training.learning.weight_average import WeightAverage

    model = OneWeight()
    average = WeightAverage(model, decay=0.5)
    model.value = 1.0
    average.after_step(1)
    assert average.weights[0] == pytest.approx(10 / 11)  # 1 / (1 + 10) of its start is left
    kept = average.copy()
    average.after_step(1000)
    assert average.weights[0] == pytest.approx(1 - 0.5 / 11)
    assert kept[0] == pytest.approx(10 / 11)


def test_only_every_so_many_steps_are_sampled() -> None:
    from training.learning.weight_average import WeightAverage

    model = OneWeight()
    average = WeightAverage(model, decay=0.98, every=8)
    model.value = 1.0
    for step in range(1, 8):
        average.after_step(step)
    assert average.weights[0] == 0.0
    average.after_step(8)
    assert average.weights[0] == pytest.approx(10 / 11)

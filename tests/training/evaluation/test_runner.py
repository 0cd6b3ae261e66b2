"""How long a drawing takes is the network's doing, not the machine's."""

import time

import numpy as np
from numpy.typing import NDArray

from tests.support.waiting import let_time_pass
from training.evaluation.runner import _latency


class Slow:
    """Answers nothing, after so many seconds of waiting or of work."""

    def __init__(self, waits: float = 0, works: float = 0) -> None:
        self.waits, self.works = waits, works

    def predict(self, images: NDArray[np.float32]) -> None:
        end = time.thread_time() + self.works
        let_time_pass(self.waits)
        while time.thread_time() < end:
            pass


def test_what_others_take_of_the_machine_is_not_counted() -> None:
    assert _latency(Slow(waits=0.02), rounds=5) < 5  # type: ignore[arg-type]
    assert 10 <= _latency(Slow(works=0.01), rounds=5) < 30  # type: ignore[arg-type]

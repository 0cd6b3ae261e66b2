"""Batches made ahead: in order, one at a time, and their errors where they belong. Loads no TensorFlow."""

import threading

import numpy as np
import pytest

from training.learning.prefetch import Batch, prefetch


def batch(step: int) -> Batch:
    return Batch.of_drawings(np.full((1, 28, 28, 1), step, np.float32), np.array([step]))


def test_batches_come_in_order_and_all_of_them() -> None:
    assert [int(made.labels[0]) for made in prefetch(batch, range(3, 7))] == [3, 4, 5, 6]


def test_without_steps_nothing_is_made() -> None:
    assert list(prefetch(lambda step: pytest.fail("nobody wanted a batch"), range(0))) == []


def test_while_one_is_trained_on_the_next_is_made_and_no_other() -> None:
    made, is_second_made = [], threading.Event()

    def make(step: int) -> Batch:
        made.append(step)
        if step == 1:
            is_second_made.set()
        return batch(step)

    batches = prefetch(make, range(5))
    next(batches)
    assert is_second_made.wait(timeout=30)
    assert made == [0, 1]


def test_what_making_raises_is_raised_at_its_step() -> None:
    def make(step: int) -> Batch:
        if step == 2:
            raise RuntimeError("no such picture")
        return batch(step)

    batches = prefetch(make, range(4))
    assert [int(next(batches)[1][0]) for _ in range(2)] == [0, 1]
    with pytest.raises(RuntimeError, match="no such picture"):
        next(batches)


def test_drawings_are_certain_and_have_no_form() -> None:
    drawn = batch(5)
    assert (drawn.forms.tolist(), drawn.certainty.tolist()) == ([-1], [1.0])

"""What a refusal says it saw."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rest_framework.test import APIClient

from recognizer import refusals
from recognizer.imaging.strokes import Strokes
from recognizer.inference.answers import REFUSAL, Calibration, answer
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction
from tests.support.fake_model import FakeClassifier, FakeModel

FOUR: Strokes = [[[60, 60], [40, 150], [110, 150]], [[90, 80], [85, 220]]]
TWO: Strokes = [[[150, 80], [190, 50], [220, 90], [150, 220], [230, 222]]]
ONE: Strokes = [[[265, 60], [265, 220]]]


class ByWidth(Classifier):
    """Says 1 to what is narrow, 8 to what is wider, and refuses what is as wide as its box."""

    def __init__(self) -> None:
        """It has no file."""

    def predict(self, batch: NDArray[Any]) -> Prediction:
        width = (batch[..., 0].max(axis=1) > 0.5).sum(axis=1)
        logits = np.zeros((len(batch), 10), "float32")
        logits[np.arange(len(batch)), np.where(width < 8, 1, 8)] = 9.0
        return Prediction(
            logits, np.where(width < 19, 9.0, -9.0).astype("float32"), np.ones((len(batch), 4), "float32")
        )


@pytest.fixture
def model() -> FakeModel:
    return FakeModel(b"", Calibration(), ByWidth())


REFUSED = answer(
    Prediction(np.zeros((1, 10), "float32"), np.full(1, -9, "float32"), np.ones((1, 4), "float32")), Calibration()
)


def test_strokes_are_parted_where_a_vertical_line_fits_between_them() -> None:
    assert refusals.side_by_side([*TWO, *ONE, *FOUR]) == [FOUR[:1] + FOUR[1:], TWO, ONE]
    assert refusals.side_by_side(FOUR) == [FOUR]


def test_a_dot_beside_a_digit_is_no_digit() -> None:
    assert refusals.side_by_side([*FOUR, [[200, 200], [204, 205]]]) == []


def test_several_digits_are_named_and_one_is_asked_for(model: FakeModel) -> None:
    assert refusals.message(REFUSED, [*FOUR, *TWO], model) == "Two digits? I see an 8 and an 8. One at a time."
    said = refusals.message(REFUSED, [*ONE, *FOUR, *TWO], model)
    assert said == "Three digits? I see an 8 and an 8 and a 1. One at a time."


def test_what_is_not_all_digits_is_refused_as_it_was(model: FakeModel) -> None:
    bar: Strokes = [[[150, 60], [270, 60], [150, 180], [270, 180]]]  # as wide as high: no digit to this model
    assert refusals.message(REFUSED, [*FOUR, *bar], model) == REFUSAL
    four_ones: Strokes = [[[x, 60.0], [x, 220.0]] for x in (20.0, 90.0, 160.0, 230.0)]
    assert refusals.message(REFUSED, four_ones, model) == REFUSAL
    assert refusals.message(REFUSED, None, model) == REFUSAL
    assert refusals.message(REFUSED, [*FOUR, [[200.0, 100.0]]], model) == REFUSAL


def test_a_digit_is_read_as_one_however_its_strokes_stand(visitor: APIClient, model: FakeModel) -> None:
    read = FakeModel(b"", Calibration(), FakeClassifier()).answer(np.zeros((28, 28, 1), "float32"))
    assert refusals.message(read, [*FOUR, *TWO], model) == read.message

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from recognizer.inference.prediction import IMAGE_SHAPE, NUM_CLASSES, Prediction


def test_the_shapes_are_those_of_mnist() -> None:
    assert len("0123456789") == NUM_CLASSES
    assert IMAGE_SHAPE == (28, 28, 1)


def test_what_a_network_gave_cannot_be_changed() -> None:
    prediction = Prediction(np.zeros((1, 10), "float32"), np.zeros(1, "float32"), np.zeros((1, 4), "float32"))
    with pytest.raises(FrozenInstanceError):
        prediction.logits = np.ones((1, 10), "float32")  # type: ignore[misc]  # what is tried


def test_predictions_are_put_behind_one_another() -> None:
    parts = [
        Prediction(np.full((n, 10), n, "float32"), np.full(n, n, "float32"), np.full((n, 4), n, "float32"))
        for n in (1, 2)
    ]
    joined = Prediction.joined(parts)
    assert joined.digitness.tolist() == [1, 2, 2]
    assert joined.logits[:, 3].tolist() == joined.features[:, 3].tolist() == [1, 2, 2]


def test_a_row_is_a_prediction_of_one() -> None:
    logits, digitness = np.arange(30, dtype="float32").reshape(3, 10), np.arange(3, dtype="float32")
    row = Prediction(logits, digitness, logits[:, :4]).row(1)
    assert (row.logits.shape, row.digitness.tolist(), row.features.shape) == ((1, 10), [1.0], (1, 4))
    assert row.logits[0, 0] == row.features[0, 0] == 10

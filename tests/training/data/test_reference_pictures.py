import numpy as np

from recognizer.labels import NOT_A_DIGIT
from training.config import PrototypeConfig
from training.data.datasets import Mnist
from training.data.reference_pictures import draw_references

FEW = PrototypeConfig(reference_digits=100, reference_others=20)


def test_there_are_digits_of_all_sorts_and_what_is_none(little_data: Mnist) -> None:
    drawn = draw_references(FEW)
    assert drawn.images.shape[1:] == (28, 28)
    assert drawn.images.dtype == np.uint8
    counts = np.bincount(drawn.labels, minlength=NOT_A_DIGIT + 1)
    assert counts[:NOT_A_DIGIT].min() >= 5
    assert counts[NOT_A_DIGIT] == 20


def test_the_same_are_drawn_each_time_in_an_order_that_mixes_them(little_data: Mnist) -> None:
    first, again = draw_references(FEW), draw_references(FEW)
    np.testing.assert_array_equal(first.images, again.images)
    half = len(first.labels) // 2
    assert abs(int((first.labels[:half] == NOT_A_DIGIT).sum()) - 10) < 8

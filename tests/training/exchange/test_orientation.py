from collections import Counter

import numpy as np
import pytest

from recognizer.imaging.strokes import ink_strokes
from training.exchange.orientation import AS_IT_IS, Orientation, orientations

INK = np.arange(6, dtype="uint8").reshape(2, 3)


@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (AS_IT_IS, [[0, 1, 2], [3, 4, 5]]),
        (Orientation(transpose=True), [[0, 3], [1, 4], [2, 5]]),
        (Orientation(flip=True), [[3, 4, 5], [0, 1, 2]]),
        (Orientation(mirror=True), [[2, 1, 0], [5, 4, 3]]),
        (Orientation(invert=True), [[255, 254, 253], [252, 251, 250]]),
        (Orientation(transpose=True, flip=True), [[2, 5], [1, 4], [0, 3]]),
    ],
)
def test_a_picture_is_turned(orientation: Orientation, seen: list[list[int]]) -> None:
    assert orientation.picture(INK).tolist() == seen


@pytest.mark.parametrize("orientation", [one for one in orientations() if not one.invert])
def test_a_path_is_turned_as_its_picture_is(orientation: Orientation) -> None:
    path = [[[5.0, 5.0, 7.0], [50.0, 10.0, 8.0], [20.0, 30.0, 9.0]]]
    turned, (width, height) = orientation.path(path, (60.0, 40.0))
    of_path = ink_strokes(turned, int(width), 4, height=int(height))
    of_picture = orientation.picture(ink_strokes(path, 60, 4, height=40))
    assert of_path.shape == of_picture.shape
    assert np.abs(of_path.astype(int) - of_picture).mean() < 2  # of 255
    assert [point[2] for point in turned[0]] == [7.0, 8.0, 9.0]


def test_all_sixteen_are_tried_the_plainest_first() -> None:
    tried = list(orientations())
    assert tried[0] == AS_IT_IS
    assert len(set(tried)) == 16
    assert [len(one.options().split()) for one in tried] == sorted(Counter({0: 1, 1: 4, 2: 6, 3: 4, 4: 1}).elements())
    assert Orientation(transpose=True, invert=True).options() == "--transpose --invert"

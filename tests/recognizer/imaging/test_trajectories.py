"""How alike two drawings were drawn."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging import trajectories
from tests.support import pictures


def apart(one: list[Any], other: list[Any]) -> float:
    return float(trajectories.distances(trajectories.trace(one), trajectories.trace(other)[np.newaxis])[0])


def moved(strokes: list[Any], scale: float, by: float) -> list[Any]:
    return [[[x * scale + by, y * scale + by, 0] for x, y in stroke] for stroke in strokes]


def slow_distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Time warping as the textbook writes it, one cell after another."""
    size = len(one)
    best = [[math.inf] * (size + 1) for _ in range(size + 1)]
    best[0][0] = 0.0
    for i in range(size):
        for j in range(size):
            if abs(i - j) <= trajectories.SLACK:
                cost = math.dist(one[i], other[j])
                best[i + 1][j + 1] = cost + min(best[i][j + 1], best[i + 1][j], best[i][j])
    return best[size][size] / size


def test_place_and_size_make_no_difference() -> None:
    assert apart(pictures.SEVEN, moved(pictures.SEVEN, 0.4, 30)) == pytest.approx(0, abs=1e-5)


def test_distances_are_those_of_the_textbook() -> None:
    rng = np.random.default_rng(1)
    drawings = [[rng.uniform(0, 280, (9, 2)).tolist(), rng.uniform(0, 280, (4, 2)).tolist()] for _ in range(4)]
    one, *others = [trajectories.trace(strokes) for strokes in drawings]
    measured = trajectories.distances(one, np.stack(others))
    assert measured == pytest.approx([slow_distance(one, other) for other in others], rel=1e-4)


def test_where_the_pen_was_in_the_air_is_no_part_of_the_path() -> None:
    left, right = [[0.0, 0.0], [0.0, 100.0]], [[100.0, 0.0], [100.0, 100.0]]
    xs = trajectories.trace([left, right])[:, 0]
    assert set(np.round(xs, 3)) == {-0.5, 0.5}


def test_one_digit_drawn_twice_is_nearer_than_another_digit() -> None:
    again = [[[x + (i % 3), y - (i % 2)] for i, (x, y) in enumerate(stroke)] for stroke in pictures.SEVEN]
    assert apart(pictures.SEVEN, again) < 0.1 < 0.3 < apart(pictures.SEVEN, pictures.ONE)


@pytest.mark.parametrize("strokes", [[[[5.0, 5.0]]], [[[5.0, 5.0], [5.0, 5.0]]], [[[1.0, 1.0]], [[9.0, 9.0]]]])
def test_dots_have_a_trace_too(strokes: list[list[list[float]]]) -> None:
    assert np.isfinite(trajectories.trace(strokes)).all()
    assert apart(strokes, strokes) == 0

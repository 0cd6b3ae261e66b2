"""How alike two drawings were drawn."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging import trajectories
from recognizer.imaging.strokes import Strokes
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


def slow_trace(strokes: Strokes) -> list[list[float]]:
    """The path in 20 equal steps, and where it is going, as one would with a pencil."""
    pieces: list[tuple[float, list[float], list[float]]] = []
    for stroke in strokes:
        for one, other in itertools.pairwise(stroke):
            pieces.append((math.dist(one[:2], other[:2]), one, other))
    whole = sum(length for length, _, _ in pieces)
    places = []
    for step in range(20):
        left = whole * step / 19
        for length, one, other in pieces:
            if left <= length + 1e-9:
                places.append([one[axis] + (other[axis] - one[axis]) * left / length for axis in (0, 1)])
                break
            left -= length
    low = [min(point[axis] for stroke in strokes for point in stroke) for axis in (0, 1)]
    high = [max(point[axis] for stroke in strokes for point in stroke) for axis in (0, 1)]
    side = max(high[0] - low[0], high[1] - low[1])
    trace = []
    for here in range(20):
        before, after = places[max(0, here - 1)], places[min(19, here + 1)]
        way = [(after[axis] - before[axis]) / side for axis in (0, 1)]
        trace.append(
            [(places[here][axis] - (low[axis] + high[axis]) / 2) / side for axis in (0, 1)]
            + [0.3 * way[axis] / math.hypot(*way) for axis in (0, 1)]
        )
    return trace


@pytest.mark.parametrize(
    "strokes",
    [
        [[[10.0, 20.0, 5.0], [60.0, 20.0, 9.0], [40.0, 131.0, 12.0]]],
        [[[0.0, 0.0], [0.0, 57.0], [33.0, 90.0]]],
        [[[200.0, 10.0], [17.0, 45.0], [90.0, 46.0], [80.0, 12.0]]],
    ],
)
def test_a_trace_is_the_path_in_twenty_steps_with_its_directions(strokes: Strokes) -> None:
    trace = trajectories.trace(strokes)
    assert trace.shape == trajectories.SHAPE == (20, 4)
    assert trace.dtype == np.float32
    np.testing.assert_allclose(trace, slow_trace(strokes), atol=1e-4)


def test_a_dot_lies_in_the_middle_and_goes_nowhere() -> None:
    assert trajectories.trace([[[33.0, 44.0]]]).tolist() == [[0.0] * 4] * 20


def test_the_smallest_drawing_is_laid_out_like_a_large_one() -> None:
    tiny = [[[0.0, 0.0], [0.00002, 0.0], [0.00002, 0.00001]]]
    large = [[[x * 1e6, y * 1e6] for x, y in tiny[0]]]
    np.testing.assert_allclose(trajectories.trace(tiny), trajectories.trace(large), atol=1e-5)


def test_slow_steps_have_a_direction_too() -> None:
    """Hardly moving, 1/500 of the drawing between three points, is still moving somewhere."""
    there_and_back = [[[float(x), 0.0] for _ in range(240) for x in (0, 1)]]
    ways = trajectories.trace(there_and_back)[:, 2:]
    assert (np.hypot(*ways.T) <= 0.3 + 1e-6).all()


def test_one_drawing_may_run_five_points_ahead_of_the_other_and_no_further() -> None:
    """A mark at point 5 and one `ahead` points later: the same picture, if the one may wait for the other."""

    def marked(at: int) -> np.ndarray:
        trace = np.zeros((1, *trajectories.SHAPE), "float32")
        trace[0, at:, 0] = 1.0
        return trace

    for ahead in range(8):
        measured = float(trajectories.distances(marked(5)[0], marked(5 + ahead))[0])
        assert measured == pytest.approx(max(0, ahead - 5) / 20)


def test_drawings_are_measured_each_for_itself() -> None:
    rng = np.random.default_rng(5)
    one, *others = rng.normal(0, 1, (4, *trajectories.SHAPE)).astype("float32")
    together = trajectories.distances(one, np.stack(others))
    assert together.shape == (3,)
    alone = [float(trajectories.distances(one, other[np.newaxis])[0]) for other in others]
    assert together.tolist() == pytest.approx(alone)
    assert trajectories.distances(one, np.zeros((0, *trajectories.SHAPE), "float32")).tolist() == []

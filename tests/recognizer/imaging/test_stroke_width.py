"""The pen's width, against distances measured pixel by pixel."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging import stroke_width
from recognizer.imaging.strokes import ink_strokes


def slow_distances(mask: NDArray[np.bool_]) -> list[list[float]]:
    targets = np.argwhere(mask).tolist()
    height, width = mask.shape
    return [[min(math.dist((y, x), target) for target in targets) for x in range(width)] for y in range(height)]


def stripe(rows: int, at: int = 20, side: int = 60) -> NDArray[np.uint8]:
    ink = np.zeros((side, side), "uint8")
    ink[at : at + rows] = 255
    return ink


def test_a_round_pens_width_is_measured() -> None:
    for width in (4.5, 6.5, 8.5):
        ink = ink_strokes([[[20.0, 20.0], [80.0, 84.0]], [[50.0, 20.0], [20.0, 60.0]]], 104, width)
        assert 2 * stroke_width.measure_radius(ink) == pytest.approx(width, rel=0.08)


@pytest.mark.parametrize(("rows", "radius"), [(1, 1.0), (2, 1.0), (3, 5 / 3), (4, 2.0), (6, 3.0), (20, 10.0)])
def test_a_stripes_radius_is_twice_the_mean_distance_to_its_edge(rows: int, radius: float) -> None:
    assert stroke_width.measure_radius(stripe(rows)) == pytest.approx(radius)
    assert stroke_width.measure_radius(stripe(rows).T) == pytest.approx(radius)


def test_half_of_full_ink_is_inside() -> None:
    assert stroke_width.measure_radius(stripe(4) // 255 * 128) == 2.0
    assert stroke_width.measure_radius(stripe(4) // 255 * 127) == 0.5  # nothing is: half a pixel


def test_a_grown_stroke_has_the_wider_pens_area() -> None:
    thin = ink_strokes([[[20.5, 50.5], [80.5, 50.5]]], 100, 7, supersample=3)
    grown = stroke_width.grow(thin, 2).astype(float) / 255
    assert grown.sum() == pytest.approx(60 * 11 + math.pi * 5.5**2, rel=0.02)


@pytest.mark.parametrize(
    ("by", "edge"),
    [
        (0.25, [0, 0, 64, 255, 255]),  # rows 17..21: the row above the stripe is a quarter covered
        (1.0, [0, 0, 255, 255, 255]),
        (1.5, [0, 128, 255, 255, 255]),
        (2.75, [191, 255, 255, 255, 255]),
        (0.0, [0, 0, 0, 255, 255]),
        (-0.25, [0, 0, 0, 191, 255]),
        (-1.5, [0, 0, 0, 0, 128]),
    ],
)
def test_the_edge_moves_by_parts_of_a_pixel(by: float, edge: list[int]) -> None:
    moved = stroke_width.grow(stripe(8), by)
    assert moved.dtype == np.uint8
    np.testing.assert_allclose(moved[17:22, 30], edge, atol=1)
    np.testing.assert_array_equal(moved[17:22], moved[30:25:-1])


def test_growing_takes_half_of_full_ink_for_inside() -> None:
    for by in (1.0, -1.0):
        np.testing.assert_array_equal(stroke_width.grow(stripe(8) // 255 * 128, by), stroke_width.grow(stripe(8), by))
        assert not stroke_width.grow(stripe(8) // 255 * 127, by).any()


def test_distances_agree_with_the_slow_way_however_far() -> None:
    rng = np.random.default_rng(0)
    for shape in ((20, 30), (9, 13), (1, 12), (12, 1), (60, 40)):
        mask = rng.random(shape) < 0.01
        mask[rng.integers(shape[0]), rng.integers(shape[1])] = True
        told = stroke_width.distance_to(mask)
        assert told.dtype == np.float32
        np.testing.assert_allclose(told, slow_distances(mask), atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 5)])
def test_where_there_is_nothing_everything_is_as_far_as_the_picture_is_long(shape: tuple[int, int]) -> None:
    np.testing.assert_array_equal(stroke_width.distance_to(np.zeros(shape, bool)), np.full(shape, 5.0))


def ring(hole: int, grey: int, pen: int = 12) -> NDArray[np.uint8]:
    """A square ring of a fat pen, whose small hole came out grey."""
    ink = np.zeros((80, 80), "uint8")
    side = 2 * pen + hole
    ink[20 : 20 + side, 20 : 20 + side] = 255
    ink[20 + pen : 20 + pen + hole, 20 + pen : 20 + pen + hole] = grey
    return ink


def test_a_grey_hole_is_opened_by_twice_what_it_is_lighter() -> None:
    opened = stroke_width.open_gaps(ring(4, 175), 14)
    assert set(opened[32:36, 32:36].ravel().tolist()) == {175 - 2 * (255 - 175)}
    opened[32:36, 32:36] = 175
    np.testing.assert_array_equal(opened, ring(4, 175))


@pytest.mark.parametrize(("hole", "is_opened"), [(6, True), (14, False)])
def test_what_is_wider_than_the_reach_is_left(hole: int, is_opened: bool) -> None:
    ink = ring(hole, 175)
    assert bool((stroke_width.open_gaps(ink, 8) != ink)[20 + 12 + hole // 2].any()) is is_opened


def test_a_stroke_without_gaps_is_left_as_it_is() -> None:
    np.testing.assert_array_equal(stroke_width.open_gaps(stripe(8), 10), stripe(8))


def test_an_opened_hole_is_no_ink_to_the_measure() -> None:
    """The hole of three fat strokes beside each other: before, the threshold takes all of it for one thick block."""
    ink = ring(3, 150)
    assert stroke_width.measure_radius(stroke_width.open_gaps(ink, 14)) < 0.7 * stroke_width.measure_radius(ink)

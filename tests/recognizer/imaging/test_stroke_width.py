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
    for width in (4, 6, 8, 11):
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
    thin = ink_strokes([[[20.0, 50.0], [80.0, 50.0]]], 100, 6)
    grown = stroke_width.grow(thin, 2).astype(float) / 255
    assert grown.sum() == pytest.approx(60 * 10 + math.pi * 25, rel=0.04)


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


def test_distances_agree_with_the_slow_way() -> None:
    rng = np.random.default_rng(0)
    for shape in ((20, 30), (9, 13), (1, 12), (12, 1)):
        mask = rng.random(shape) < 0.03
        mask[rng.integers(shape[0]), rng.integers(shape[1])] = True
        np.testing.assert_allclose(stroke_width.distance_to(mask)[:14], slow_distances(mask)[:14], atol=1e-5)


def test_distances_are_told_as_far_as_fourteen_rows() -> None:
    mask = np.zeros((40, 20), bool)
    mask[20, 6] = True
    told = stroke_width.distance_to(mask)
    assert told.dtype == np.float32
    np.testing.assert_allclose(told[6:35], np.array(slow_distances(mask))[6:35], atol=1e-5)
    assert (told[:6] > 50).all()  # far, and no nearer than it is
    assert (told[35:] > 50).all()


def test_where_there_is_nothing_everything_is_far() -> None:
    assert stroke_width.distance_to(np.zeros((3, 5), bool)).tolist() == [[56.0] * 5] * 3

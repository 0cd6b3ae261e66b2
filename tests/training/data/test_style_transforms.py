from collections.abc import Callable

import numpy as np
import pytest

from training.data import style_transforms
from training.data.style_transforms import TRANSFORMS, length, restyle, simplify

TURN = np.linspace(0, 2 * np.pi, 60)
RING = 0.5 + 0.5 * np.column_stack([np.cos(TURN), np.sin(TURN)])
BAR = np.column_stack([np.full(30, 0.5), np.linspace(0, 1, 30)])
SHAPES = ([RING], [BAR], [RING, BAR], [np.array([[0.5, 0.5]])], [np.array([[0.2, 0.2], [0.3, 0.2]]), BAR])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("transform", [transform for transform, _, _ in TRANSFORMS], ids=lambda t: t.__name__)
@pytest.mark.parametrize("paths", SHAPES)
def test_whatever_comes_stays_a_drawing_of_about_its_size(
    transform: Callable[..., list[np.ndarray]], paths: list[np.ndarray], rng: np.random.Generator
) -> None:
    for _ in range(10):
        changed = transform([path.copy() for path in paths], rng)
        points = np.vstack(changed)
        assert all(len(path) for path in changed)
        assert np.isfinite(points).all()
        assert points.min() > -1
        assert points.max() < 2


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_can_be_restyled_twice(digit: int) -> None:
    first, second = (restyle(digit, [RING, BAR], np.random.default_rng(5), 2) for _ in range(2))
    assert [path.tolist() for path in first] == [path.tolist() for path in second]
    assert np.vstack(first).shape != np.vstack([RING, BAR]).shape or (np.vstack(first) != np.vstack([RING, BAR])).any()


def test_angular_paths_are_few_lines_that_stay_near(rng: np.random.Generator) -> None:
    (angular,) = style_transforms.make_angular([RING], rng)
    assert 4 <= len(angular) <= 14
    assert np.allclose(np.hypot(*(angular - 0.5).T), 0.5)


def test_a_line_needs_two_points_and_a_corner_three() -> None:
    np.testing.assert_array_equal(simplify(BAR, 0.01), BAR[[0, -1]])
    corner = np.vstack([BAR, BAR[-1] + np.column_stack([np.linspace(0.05, 0.5, 10), np.zeros(10)])])
    assert len(simplify(corner, 0.01)) == 3


def test_squared_rings_fill_their_corners(rng: np.random.Generator) -> None:
    (squared,) = style_transforms.square_whole([RING], rng)
    reach = np.abs(squared - 0.5).prod(axis=1).max()
    assert reach > 1.1 * np.abs(RING - 0.5).prod(axis=1).max()


def test_what_is_short_keeps_its_place_when_the_ring_is_squared(rng: np.random.Generator) -> None:
    dot = np.array([[0.55, 0.5], [0.56, 0.5]])
    assert style_transforms.square_whole([RING, dot], rng)[1].tolist() == pytest.approx(dot)


def test_broken_lines_keep_most_of_their_length_in_more_strokes(rng: np.random.Generator) -> None:
    for _ in range(20):
        pieces = style_transforms.break_apart([RING], rng)
        assert len(pieces) > 1
        assert sum(map(length, pieces)) > 0.8 * length(RING)


def test_strokes_that_should_meet_are_never_cut_short_by_much(rng: np.random.Generator) -> None:
    for _ in range(40):
        changed = style_transforms.overshoot_or_stop_short([BAR, BAR + (0.3, 0)], rng)
        assert min(map(length, changed)) > length(BAR) - 0.09


def test_a_ring_gets_no_serif_and_a_bar_does(rng: np.random.Generator) -> None:
    drawn = [style_transforms.decorate_ends([RING, BAR], rng) for _ in range(20)]
    assert all(np.array_equal(paths[0], RING) for paths in drawn)
    assert sum(len(np.vstack(paths)) > len(RING) + len(BAR) for paths in drawn) > 15


def test_a_retraced_line_is_twice_as_long(rng: np.random.Generator) -> None:
    assert sum(map(length, style_transforms.retrace([BAR], rng))) == pytest.approx(2, rel=0.7)
    assert sum(map(length, style_transforms.retrace([BAR], rng))) > 1.8


def test_leaning_forwards_moves_the_top_to_the_right(rng: np.random.Generator) -> None:
    (bar,) = style_transforms.lean([BAR], rng)
    assert bar[0, 0] - bar[-1, 0] > 0.15
    (bar,) = style_transforms.lean_back([BAR], rng)
    assert bar[-1, 0] - bar[0, 0] > 0.1

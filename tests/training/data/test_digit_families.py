import numpy as np
import pytest

from training.data.augmentation import render_drawings
from training.data.datasets import StrokeDrawing
from training.data.digit_families import FAMILIES, draw_family, draw_skeleton, ring, some_powers
from training.data.stroke_templates import SKELETONS

CIRCLE, DIAMOND = np.full(4, 2.0), np.full(4, 1.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("digit", range(10))
def test_every_family_is_varied_and_leaves_ink(digit: int, rng: np.random.Generator) -> None:
    drawn = [FAMILIES[digit](rng) for _ in range(30)]
    assert len({np.vstack(paths).round(2).tobytes() for paths in drawn}) == 30
    images, kept = render_drawings([StrokeDrawing(digit, "us", [p.tolist() for p in paths]) for paths in drawn], rng)
    assert len(kept) == 30
    assert (images.sum(axis=(1, 2)) > 20 * 255).all()


@pytest.mark.parametrize("digit", range(10))
def test_every_skeleton_stays_on_its_sheet(digit: int, rng: np.random.Generator) -> None:
    for skeleton in SKELETONS[digit]:
        for _ in range(8):
            points = np.vstack(draw_skeleton(skeleton, rng))
            assert np.isfinite(points).all()
            assert points.min() > -0.5
            assert points.max() < 1.5


def test_the_same_generator_draws_the_same() -> None:
    first, second = (draw_family(8, np.random.default_rng(3)) for _ in range(2))
    assert [path.tolist() for path in first] == [path.tolist() for path in second]


def test_a_ring_of_power_two_is_an_ellipse_and_of_power_one_a_diamond() -> None:
    x, y = ((ring((0.0, 0.0), (2.0, 1.0), CIRCLE, 0.3, 1.0)) / (2, 1)).T
    np.testing.assert_allclose(x**2 + y**2, 1)
    np.testing.assert_allclose(np.abs(ring((0.0, 0.0), (1.0, 1.0), DIAMOND, 0.0, 1.0)).sum(axis=1), 1)


def test_a_ring_with_two_square_quarters_is_a_d() -> None:
    powers = np.array([2.0, 40.0, 40.0, 2.0])  # lower right, lower left, upper left, upper right
    path = ring((0.0, 0.0), (1.0, 1.0), powers, 0.0, 1.0)
    corner = np.abs(path + 1).sum(axis=1).min(), np.abs(path - (1, -1)).sum(axis=1).min()
    assert corner[0] < 0.1
    assert corner[1] > 0.5


def test_a_spiral_ends_nearer_to_its_middle() -> None:
    path = ring((0.0, 0.0), (1.0, 1.0), CIRCLE, 0.0, 2.0, 0.4)
    assert np.hypot(*path[-1]) == pytest.approx(0.4)


def test_corners_come_sharp_cut_round_and_apart() -> None:
    drawn = [draw_skeleton("0,0 100,0 100,100 0,100", np.random.default_rng(seed)) for seed in range(40)]
    assert {len(paths) for paths in drawn} == {1, 3}  # three lines by themselves, as a display has them
    assert {len(paths[0]) for paths in drawn if len(paths) == 1} == {4, 6, 12}


def test_most_rings_are_round(rng: np.random.Generator) -> None:
    powers = np.array([some_powers(rng) for _ in range(300)])
    assert (np.abs(powers - 2.15) < 0.5).all(axis=1).mean() > 0.45
    assert powers.max() > 8

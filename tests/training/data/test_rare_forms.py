import numpy as np
import pytest

from recognizer.imaging.strokes import MAX_STROKES
from training.data.augmentation import render_drawings, render_strokes
from training.data.digit_families import ring
from training.data.rare_forms import LINES, OWN_FORMS, draw_rare, is_blot, render_rare

Path = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("digit", range(10))
def test_rare_digits_are_varied_and_leave_ink(digit: int, rng: np.random.Generator) -> None:
    drawn = [draw_rare(digit, rng) for _ in range(40)]
    assert {drawing.label for drawing in drawn} == {digit}
    images, kept = render_drawings(drawn, rng)
    assert len(kept) == 40
    assert len({image.tobytes() for image in images}) == 40
    assert (images.sum(axis=(1, 2)) > 15 * 255).all()


@pytest.mark.parametrize("digit", OWN_FORMS)
def test_own_forms_stay_about_their_sheet(digit: int, rng: np.random.Generator) -> None:
    for make in OWN_FORMS[digit]:
        for _ in range(30):
            points = np.vstack(make(rng))
            assert np.isfinite(points).all()
            assert points.min() > -0.6
            assert points.max() < 1.6


@pytest.mark.parametrize("line", LINES)
def test_a_line_keeps_the_place_of_what_it_is_made_of(line: object, rng: np.random.Generator) -> None:
    assert callable(line)
    circle = [ring((0.5, 0.5), (0.4, 0.5), np.full(4, 2.0), 0.0, 1.0)]
    paths = line(circle, rng)
    assert 1 <= len(paths) <= MAX_STROKES
    points = np.vstack(paths)
    np.testing.assert_allclose((points.min(axis=0) + points.max(axis=0)) / 2, (0.5, 0.5), atol=0.16)


def test_an_outline_has_an_inside_where_the_digit_has_one(rng: np.random.Generator) -> None:
    circle = [ring((0.5, 0.5), (0.5, 0.5), np.full(4, 2.0), 0.0, 1.0)]
    sizes = sorted(float(np.ptp(path)) for path in LINES[0](circle, rng))
    assert len(sizes) == 2
    assert sizes[0] < 0.8 * sizes[1]


def test_a_balloon_is_a_ring_with_its_string_below_and_a_6_is_one_turned(rng: np.random.Generator) -> None:
    for _ in range(20):
        upright, turned = np.vstack(OWN_FORMS[9][0](rng)), np.vstack(OWN_FORMS[6][0](rng))
        assert np.ptp(upright[upright[:, 1] < 0.4], axis=0)[0] > 3 * np.ptp(upright[upright[:, 1] > 0.8], axis=0)[0]
        assert np.ptp(turned[turned[:, 1] > 0.6], axis=0)[0] > 3 * np.ptp(turned[turned[:, 1] < 0.2], axis=0)[0]


def test_blots_are_drawn_again(rng: np.random.Generator) -> None:
    once = [render_strokes(draw_rare(8, rng).strokes, rng) for _ in range(60)]
    again = [render_rare(8, rng) for _ in range(60)]
    assert sum(map(is_blot, once)) > 6
    assert sum(map(is_blot, again)) <= 3


def test_the_same_generator_draws_the_same() -> None:
    first, second = (draw_rare(9, np.random.default_rng(3)) for _ in range(2))
    assert first == second

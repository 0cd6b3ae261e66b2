from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes, bounding_box
from recognizer.labels import NOT_A_DIGIT
from training.data import stroke_templates
from training.data.augmentation import resample
from training.data.datasets import StrokeDrawing
from training.data.synthetic_digits import draw
from training.data.synthetic_negatives import (
    MAKERS,
    SINGLE_JAMO,
    TURNABLE,
    _arrow,
    _coil,
    _dial,
    _lying_bar,
    _pencil,
    _spiral,
    draw_negative,
)

BAR = [[[50.0, float(y)] for y in range(0, 101, 10)]]
RING = [[[np.cos(t), np.sin(t)] for t in np.linspace(0, 6.2, 40)]]
CORNER = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]

# What some hand means a digit by: no template of what is none may have the form
LOOK_ALIKES = {
    "a plain square": "10,10 90,10 / 90,90 / 10,90 / 10,10",
    "a plain triangle": "50,10 15,90 / 85,90 / 50,10",
    "C": "82,18 50,4 20,30 18,70 48,96 84,82",
    "c": "74,24 44,14 22,50 40,86 78,78",
    "L": "24,4 24,94 / 80,94",
    "J": "70,4 70,75 50,96 26,88 20,72",
    "O": "50,4 20,26 16,60 40,94 72,84 84,44 50,4",
    "D": "24,4 24,96 / 70,86 84,50 70,14 24,4",
    "I": "50,4 50,96",
    "Z": "16,6 84,6 / 16,94 / 84,94",
    "S": "80,16 50,4 24,24 50,48 78,72 50,96 20,84",
    "b": "26,4 26,96 / 66,92 76,70 60,52 26,60",
    "q": "74,96 74,40 / 44,36 24,60 44,82 74,70",
    "a bow and a bow": "76,14 40,6 30,30 62,46 / 24,62 32,94 82,88",
    "a circle": "50,0 85,15 100,50 85,85 50,100 15,85 0,50 15,15 50,0",
    "the Korean g, a 7": "10,10 90,10 / 86,90",
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_all_templates_of_things_can_be_drawn(rng: np.random.Generator) -> None:
    for template in (
        *stroke_templates.LETTERS,
        *stroke_templates.DOODLES,
        *stroke_templates.CONSONANTS,
        *stroke_templates.VOWELS_BESIDE,
        *stroke_templates.VOWELS_BELOW,
    ):
        assert draw(template, rng)


@pytest.mark.parametrize("maker", [maker for maker, _ in MAKERS])
def test_every_thing_can_be_drawn(maker: Callable[..., Any], rng: np.random.Generator) -> None:
    for _ in range(5):
        strokes = maker(rng, [StrokeDrawing(1, "someone", BAR)])
        assert np.isfinite(bounding_box(strokes)).all()


def test_a_thing_is_labelled_as_no_digit(rng: np.random.Generator) -> None:
    assert draw_negative(rng, []).label == NOT_A_DIGIT


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_no_template_of_what_is_none_could_be_meant_for_a_digit(name: str) -> None:
    form = unit(LOOK_ALIKES[name])
    things = (*stroke_templates.LETTERS, *stroke_templates.DOODLES, *SINGLE_JAMO)
    assert min((distance(form, unit(thing)), thing) for thing in things)[0] > 0.03


def test_single_korean_letters_are_none_of_a_bar_a_corner_a_ring_a_box_a_seven_and_a_two() -> None:
    left_out = {*stroke_templates.CONSONANTS, *stroke_templates.VOWELS_BESIDE, *stroke_templates.VOWELS_BELOW} - {
        *SINGLE_JAMO
    }
    assert {stroke_templates.CONSONANTS[index] for index in (0, 1, 3, 4, 7, 10)} <= left_out
    assert {stroke_templates.VOWELS_BESIDE[0], *stroke_templates.VOWELS_BELOW[:2]} <= left_out


def test_next_to_nothing_that_is_drawn_is_one_bar_one_ring_or_one_corner(rng: np.random.Generator) -> None:
    alike = [shape_of(draw_negative(rng, []).strokes) for _ in range(1500)]
    assert sum(shape in ("bar", "ring", "corner") for shape in alike) <= 3  # a scribble may be anything


def test_those_shapes_would_be_noticed() -> None:
    assert [shape_of(strokes) for strokes in (BAR, RING, CORNER)] == ["bar", "ring", "corner"]


def test_spirals_turn_further_than_a_spiral_nought(rng: np.random.Generator) -> None:
    for _ in range(40):
        (spiral,) = _spiral(rng, [])
        angles = np.unwrap(np.arctan2(*(np.diff(resample(np.array(spiral), 0.05), axis=0).T[::-1])))
        assert abs(angles[-1] - angles[0]) > 2.3 * 2 * np.pi


def test_cords_are_drawn_out(rng: np.random.Generator) -> None:
    for _ in range(40):
        left, top, right, bottom = bounding_box(_coil(rng, []))
        assert right - left > 0.4 * (bottom - top)


def test_a_dial_never_has_one_line_across(rng: np.random.Generator) -> None:
    whole = [strokes for strokes in (_dial(rng, []) for _ in range(60)) if len(strokes) < 12]  # not as dots
    assert all(len(strokes) >= 3 for strokes in whole)
    for strokes in whole:
        rays = [np.array(stroke[-1]) - stroke[0] for stroke in strokes[1:]]
        if len(rays) == 2:
            assert np.dot(*(ray / np.hypot(*ray) for ray in rays)) > -0.9


def test_arrows_and_lying_lines_do_not_stand(rng: np.random.Generator) -> None:
    for strokes in [maker(rng, []) for maker in (_arrow, _lying_bar) for _ in range(60)]:
        shaft = np.array(strokes[0])
        if len(shaft) > 1:  # not as dots
            assert np.ptp(shaft[:, 0]) > 0.6 * np.ptp(shaft[:, 1])


def test_a_quarter_turn_is_given_to_no_digit_that_stays_one() -> None:
    assert not {0, 1, 4, 6, 7, 8, 9} & set(TURNABLE)


def test_a_pencil_is_never_as_thin_as_a_one_that_stands(rng: np.random.Generator) -> None:
    for _ in range(100):
        left, top, right, bottom = bounding_box(_pencil(rng, []))
        assert max(right - left, bottom - top) / 12 < min(right - left, bottom - top) or right - left > bottom - top


def shape_of(strokes: Strokes) -> str:
    """ "bar", "ring" or "corner" where one line is nothing else; "" for all else."""
    path = resample(np.array([point[:2] for stroke in strokes for point in stroke]), 0.02)
    if len(strokes) > 1 or len(path) < 8:
        return ""
    path = resample(path, float(np.ptp(path, axis=0).max()) / 12)
    ways = np.diff(path, axis=0)
    turns = np.diff(np.unwrap(np.arctan2(ways[:, 1], ways[:, 0])))
    size, chord = np.ptp(path, axis=0).max(), path[-1] - path[0]
    turned, strayed = abs(turns.sum()), np.abs(turns).sum()
    if np.hypot(*chord) > 0.97 * np.hypot(*ways.T).sum() and abs(chord[1]) > abs(chord[0]):
        return "bar"
    if np.hypot(*chord) < 0.25 * size and 1.6 * np.pi < turned < 2.5 * np.pi and strayed < 1.15 * turned:
        return "ring"
    is_level_first = abs(ways[0, 0]) > 2 * abs(ways[0, 1]) and abs(ways[-1, 1]) > 2 * abs(ways[-1, 0])
    return "corner" if is_level_first and 1.2 < turned < 2.2 and strayed < 1.2 * turned else ""


def unit(template: str) -> NDArray[np.float64]:
    strokes = template.replace("/", " ").split(";")
    paths = [np.array([pair.split(",") for pair in stroke.split()], "float64") / 100 for stroke in strokes]
    points = np.vstack([resample(path, 0.02) for path in paths])
    size = np.ptp(points, axis=0).max()
    placed: NDArray[np.float64] = (points - points.min(axis=0) - np.ptp(points, axis=0) / 2) / size
    return placed


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How far the places of one are from the nearest of the other, on the mean, the worse way round."""
    apart = np.hypot(*(one[:, None] - other[None]).transpose(2, 0, 1))
    return float(max(apart.min(axis=0).mean(), apart.min(axis=1).mean()))

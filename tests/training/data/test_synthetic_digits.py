from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recognizer.imaging.strokes import bounding_box
from recognizer.labels import NOT_A_DIGIT
from training.data import stroke_templates
from training.data.augmentation import render_drawings
from training.data.datasets import StrokeDrawing
from training.data.synthetic_digits import add_habit, draw, draw_digit
from training.data.synthetic_negatives import MAKERS, _pencil, draw_negative

BAR = [[[50.0, float(y)] for y in range(0, 101, 10)]]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("digit", range(10))
def test_every_style_of_a_digit_can_be_drawn_and_read_as_ink(digit: int, rng: np.random.Generator) -> None:
    for template in stroke_templates.DIGITS[digit]:
        images, _ = render_drawings([StrokeDrawing(digit, "us", draw(template, rng))], rng)
        assert 20 < images[0].sum() / 255 < 350


def test_all_templates_of_things_can_be_drawn(rng: np.random.Generator) -> None:
    for template in (
        *stroke_templates.LETTERS,
        *stroke_templates.DOODLES,
        *stroke_templates.CONSONANTS,
        *stroke_templates.VOWELS_BESIDE,
        *stroke_templates.VOWELS_BELOW,
    ):
        assert draw(template, rng)


def test_a_drawn_digit_keeps_its_label_and_two_drawings_differ(rng: np.random.Generator) -> None:
    first, second = draw_digit(4, rng), draw_digit(4, rng)
    assert first.label == second.label == 4
    assert first.strokes != second.strokes


@pytest.mark.parametrize("maker", [maker for maker, _ in MAKERS])
def test_every_thing_can_be_drawn(maker: Callable[..., Any], rng: np.random.Generator) -> None:
    for _ in range(5):
        strokes = maker(rng, [StrokeDrawing(1, "someone", BAR)])
        assert np.isfinite(bounding_box(strokes)).all()


def test_a_thing_is_labelled_as_no_digit(rng: np.random.Generator) -> None:
    assert draw_negative(rng, []).label == NOT_A_DIGIT


def test_a_bare_one_gets_a_foot_or_a_flag(rng: np.random.Generator) -> None:
    for _ in range(10):
        changed = add_habit(StrokeDrawing(1, "someone", BAR), rng)
        assert changed.strokes[0][: len(BAR[0])] == BAR[0]
        left, _, right, _ = bounding_box(changed.strokes)
        assert right - left > 10


def test_some_hands_reach_the_bar_of_a_seven_without_lifting_the_pen(rng: np.random.Generator) -> None:
    seven = [[[0.0, 0.0], [60.0, 0.0], [30.0, 100.0]], [[15.0, 50.0], [55.0, 50.0]]]
    changed = [add_habit(StrokeDrawing(7, "someone", seven), rng).strokes for _ in range(100)]
    assert {len(strokes) for strokes in changed} == {1, 2}
    assert all(np.vstack(strokes).tolist() == np.vstack(seven).tolist() for strokes in changed)


def test_a_pencil_is_never_as_thin_as_a_one_that_stands(rng: np.random.Generator) -> None:
    for _ in range(100):
        left, top, right, bottom = bounding_box(_pencil(rng, []))
        assert max(right - left, bottom - top) / 12 < min(right - left, bottom - top) or right - left > bottom - top


def test_other_digits_keep_their_habits(rng: np.random.Generator) -> None:
    drawing = StrokeDrawing(5, "someone", BAR)
    assert add_habit(drawing, rng).strokes == drawing.strokes

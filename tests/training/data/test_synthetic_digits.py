import numpy as np
import pytest

from recognizer.imaging.strokes import bounding_box
from training.data import stroke_templates
from training.data.augmentation import render_drawings
from training.data.datasets import StrokeDrawing
from training.data.synthetic_digits import add_habit, draw, draw_digit, draw_reversed, draw_written

BAR = [[[50.0, float(y)] for y in range(0, 101, 10)]]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("digit", range(10))
def test_every_style_of_a_digit_can_be_drawn_and_read_as_ink(digit: int, rng: np.random.Generator) -> None:
    for template in stroke_templates.DIGITS[digit]:
        images, _ = render_drawings([StrokeDrawing(digit, "us", draw(template, rng))], rng)
        assert 20 < images[0].sum() / 255 < 350


def test_a_drawn_digit_keeps_its_label_and_two_drawings_differ(rng: np.random.Generator) -> None:
    first, second = draw_digit(4, rng), draw_digit(4, rng)
    assert first.label == second.label == 4
    assert first.strokes != second.strokes


@pytest.mark.parametrize("digit", range(10))
def test_a_third_and_more_of_the_drawings_are_as_a_template_has_them(digit: int) -> None:
    same = 0
    for seed in range(60):
        one, other, decides = (np.random.default_rng(seed) for _ in range(3))
        decides.random(), other.random()
        same += draw_digit(digit, one).strokes == draw_written(digit, other).strokes
    assert 15 <= same <= 36


def test_no_style_makes_a_drawing_without_ink(rng: np.random.Generator) -> None:
    drawings = [draw_digit(i % 10, rng) for i in range(400)]
    images, kept = render_drawings(drawings, rng)
    assert len(kept) == 400
    assert (images.sum(axis=(1, 2)) > 15 * 255).all()


@pytest.mark.parametrize("digit", [2, 3, 4, 6, 7, 9])
def test_a_reversed_digit_is_a_template_mirrored(digit: int) -> None:
    drawn = draw_reversed(digit, np.random.default_rng(2))
    plain = draw(
        stroke_templates.REVERSIBLE[digit][
            (rng := np.random.default_rng(2)).integers(len(stroke_templates.REVERSIBLE[digit]))
        ],
        rng,
    )
    assert drawn.label == digit
    assert drawn.strokes == [[[-x, y] for x, y in stroke] for stroke in plain]


def test_a_mirrored_five_is_too_near_to_a_two_to_be_drawn(rng: np.random.Generator) -> None:
    with pytest.raises(KeyError):
        draw_reversed(5, rng)


def test_what_may_not_be_restyled_is_a_template() -> None:
    assert {text for texts in stroke_templates.DIGITS.values() for text in texts} >= stroke_templates.WRITTEN_ONLY


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


def test_other_digits_keep_their_habits(rng: np.random.Generator) -> None:
    drawing = StrokeDrawing(5, "someone", BAR)
    assert add_habit(drawing, rng).strokes == drawing.strokes

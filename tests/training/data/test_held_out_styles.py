import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging.strokes import bounding_box, validate_strokes
from training.data import stroke_templates
from training.data.augmentation import resample
from training.data.datasets import StrokeDrawing
from training.data.held_out_styles import MATRICES, STYLES, dots, draw_held_out_styles, follow

TEMPLATES = {digit: (*stroke_templates.DIGITS[digit], *stroke_templates.SKELETONS[digit]) for digit in range(10)}
COINCIDE = 0.015  # of a drawing's size: mean distance below which two forms are one


@pytest.fixture(scope="module")
def drawings() -> list[StrokeDrawing]:
    return draw_held_out_styles(hands=3)


def test_there_are_more_than_thirty_styles_and_three_of_every_digit(drawings: list[StrokeDrawing]) -> None:
    styles = {(drawing.name, drawing.label) for drawing in drawings}
    assert len(styles) == len(STYLES) + len(MATRICES) >= 32
    assert min(sum(label == digit for _, label in styles) for digit in range(10)) >= 3
    assert len({drawing.name for drawing in drawings}) == len(styles)


def test_each_hand_draws_each_style_once(drawings: list[StrokeDrawing]) -> None:
    assert len({(drawing.name, drawing.writer) for drawing in drawings}) == len(drawings)
    assert len({drawing.writer for drawing in drawings}) == 3


def test_every_drawing_is_one_that_the_canvas_would_send(drawings: list[StrokeDrawing]) -> None:
    for drawing in drawings:
        strokes = validate_strokes(drawing.strokes, 280, 280)
        left, top, right, bottom = bounding_box(strokes)
        assert 100 < max(right - left, bottom - top) < 235


def test_the_same_seed_draws_the_same_and_another_does_not(drawings: list[StrokeDrawing]) -> None:
    assert draw_held_out_styles(hands=3) == drawings
    assert draw_held_out_styles(hands=3, seed=1) != drawings


def test_no_text_is_one_of_training() -> None:
    known = {text for texts in TEMPLATES.values() for text in texts}
    assert not known & {text for _, text in STYLES.values()}


@pytest.mark.parametrize("name", STYLES)
def test_no_form_is_a_template_of_training(name: str) -> None:
    digit, text = STYLES[name]
    form = unit([path / 100 for path in follow(text)])
    nearest = min(distance(form, unit(control_points(template))) for template in TEMPLATES[digit])
    assert nearest > COINCIDE


def test_a_template_written_again_would_be_found() -> None:
    text = "M 20,0 L 80,2 L 80,50 L 21,50 L 20,99 L 80,100"
    form = unit([path / 100 for path in follow(text)])
    assert min(distance(form, unit(control_points(template))) for template in TEMPLATES[2]) < COINCIDE


def test_a_matrix_has_a_dot_for_each_mark() -> None:
    assert [place.tolist() for place in dots(("#.", ".#"))] == [[[12, 0]], [[28, pytest.approx(16.667, abs=0.001)]]]
    assert all(len(dots(rows)) == sum(row.count("#") for row in rows) for rows in MATRICES.values())


def test_an_arc_runs_where_its_text_says() -> None:
    (path,) = follow("M 60,50 O 50,50 10,10 0,180")
    np.testing.assert_allclose(np.hypot(*(path - 50).T), 10, atol=0.1)
    assert path[len(path) // 2][1] > 58  # clockwise on a sheet whose y grows downwards


def control_points(template: str) -> list[NDArray[np.float64]]:
    strokes = template.replace("/", " ").split(";")
    return [np.array([pair.split(",") for pair in stroke.split()], "float64") / 100 for stroke in strokes]


def unit(paths: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    points = np.vstack([resample(path, 0.02) for path in paths])
    placed: NDArray[np.float64] = (points - points.min(axis=0)) / np.maximum(np.ptp(points, axis=0), 1e-6)
    return placed


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How far the places of one are from the nearest of the other, on the mean, the worse way round."""
    apart = np.hypot(*(one[:, None] - other[None]).transpose(2, 0, 1))
    return float(max(apart.min(axis=0).mean(), apart.min(axis=1).mean()))

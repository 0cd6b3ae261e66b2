import math
from typing import Any

import numpy as np
import pytest

from recognizer.errors import InvalidDrawing
from recognizer.imaging.strokes import (
    MAX_POINTS,
    MAX_STROKES,
    Strokes,
    bounding_box,
    ink_strokes,
    place_strokes,
    validate_strokes,
)

GOOD = [[[1, 2, 0], [3.5, 4, 10]], [[280, 0]]]


def test_strokes_come_back_as_floats() -> None:
    assert validate_strokes(GOOD, 280, 280) == [[[1.0, 2.0, 0.0], [3.5, 4.0, 10.0]], [[280.0, 0.0]]]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        "strokes",
        [],
        [[]],
        [[[1]]],
        [[[1, 2, 3, 4]]],
        [[["1", 2]]],
        [[[True, 2]]],
        [[[None, 2]]],
        [[[math.nan, 2]]],
        [[[math.inf, 2]]],
        [[[10**5000, 2]]],
        [[[1, 2, math.inf]]],
        [[[-0.1, 2]]],
        [[[1, 280.1]]],
        [[(1, 2)]],
        [[[1, 2]]] * (MAX_STROKES + 1),
        [[[1, 2]] * (MAX_POINTS + 1)],
    ],
)
def test_anything_else_is_refused_with_a_sentence(raw: dict[str, Any] | str | list[Any] | None) -> None:
    with pytest.raises(InvalidDrawing) as refusal:
        validate_strokes(raw, 280, 280)
    assert refusal.value.code == "invalid_strokes"
    assert refusal.value.detail.endswith(".")


def test_as_many_points_as_allowed_are_taken() -> None:
    assert len(validate_strokes([[[1, 2]] * MAX_POINTS], 280, 280)[0]) == MAX_POINTS


def test_a_tap_is_a_round_dot_of_the_pens_width() -> None:
    ink = ink_strokes([[[50, 50]]], side=100, pen=20).astype(float) / 255
    assert ink.sum() == pytest.approx(math.pi * 10**2, rel=0.03)
    assert np.allclose(ink, ink.T, atol=0.05)


def test_a_line_has_the_pens_width_and_round_ends() -> None:
    ink = ink_strokes([[[20, 50], [80, 50]]], side=100, pen=10).astype(float) / 255
    assert ink[:, 50].sum() == pytest.approx(10, abs=0.3)
    assert ink.sum() == pytest.approx(60 * 10 + math.pi * 5**2, rel=0.02)


def test_ink_lies_where_the_pen_went() -> None:
    ink = ink_strokes([[[30.5, 70.5]]], side=100, pen=4)
    y, x = np.argwhere(ink > 200).mean(axis=0)
    assert (x, y) == pytest.approx((30, 70), abs=0.6)


def test_placed_strokes_keep_their_shape() -> None:
    assert place_strokes([[[10, 20, 5], [30, 60, 9]]], 0.5, 1, 2) == [[[1, 2], [11, 22]]]


def refusal_of(raw: object, width: float = 300, height: float = 200) -> str | None:
    try:
        validate_strokes(raw, width, height)
    except InvalidDrawing as refusal:
        return refusal.detail
    return None


COUNT = "Strokes must be a list of 1 to 64 strokes."
NO_POINT = "Each stroke must be a list of at least one point."
POINTS = "At most 4096 points in a drawing."
SHAPE = "Each point must be [x, y] or [x, y, milliseconds]."
LEAVES = "A stroke leaves the canvas."
NUMBERS = "Coordinates must be numbers."
FINITE = "Coordinates must be finite numbers."


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ([[[1, 2]]] * 64, None),
        ([[[1, 2]]] * 65, COUNT),
        ([], COUNT),
        (([[1, 2]],), COUNT),
        ([[[1, 2]], []], NO_POINT),
        ([[[1, 2]], ([1, 2],)], NO_POINT),
        ([[[1, 2]] * 2048, [[1, 2]] * 2048], None),
        ([[[1, 2]] * 2048, [[1, 2]] * 2049], POINTS),
        ([[[1]]], SHAPE),
        ([[[1, 2, 3, 4]]], SHAPE),
        ([["12"]], SHAPE),
        ([[[0, 0]]], None),
        ([[[300, 200]]], None),
        ([[[300.01, 200]]], LEAVES),
        ([[[300, 200.01]]], LEAVES),
        ([[[-0.01, 0]]], LEAVES),
        ([[[0, -0.01]]], LEAVES),
        ([[[1, 2, -5]]], None),  # a time may be anything
        ([[[True, 2]]], NUMBERS),
        ([[[1, 2, "3"]]], NUMBERS),
        ([[[1, math.nan]]], FINITE),
        ([[[1, 2, -math.inf]]], FINITE),
        ([[[10**400, 2]]], FINITE),
    ],
)
def test_each_limit_has_its_sentence(raw: object, sentence: str | None) -> None:
    assert refusal_of(raw) == sentence


def covered(x: float, y: float, strokes: Strokes, pen: float) -> bool:
    """Is a point within half a pen of a path?"""
    for stroke in strokes:
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = max(0.0, min(1.0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length)) if length else 0.0
            if math.dist((x, y), (x0 + along * (x1 - x0), y0 + along * (y1 - y0))) <= pen / 2:
                return True
    return False


@pytest.mark.parametrize("supersample", [2, 4])
def test_ink_covers_what_is_within_half_a_pen_of_the_path(supersample: int) -> None:
    strokes: Strokes = [[[8.0, 9.0], [22.0, 9.0], [25.0, 30.0]], [[32.0, 12.5]]]
    ink = ink_strokes(strokes, side=40, pen=6, supersample=supersample)
    parts = [(part + 0.5) / 4 for part in range(4)]
    exact = np.array(
        [
            [np.mean([covered(x + dx, y + dy, strokes, 6) for dy in parts for dx in parts]) for x in range(40)]
            for y in range(40)
        ]
    )
    difference = ink / 255 - exact
    assert np.abs(difference).mean() < 0.012
    assert abs(difference.mean()) < 0.01  # Pillow's discs are a sample wider


def test_the_pages_canvas_and_pen_are_the_usual_ones() -> None:
    ink = ink_strokes([[[140.0, 140.0]]])
    assert ink.shape == (280, 280)
    assert (ink / 255).sum() == pytest.approx(math.pi * 11.2**2, rel=0.04)
    assert {0, 128, 255} < set(np.unique(ink).tolist())
    assert all(round(level * 16 / 255, 1).is_integer() for level in np.unique(ink).tolist())  # of 4 x 4


@pytest.mark.parametrize("supersample", [2, 4])
def test_a_dots_mass_lies_where_it_was_set(supersample: int) -> None:
    ink = ink_strokes([[[20.0, 17.5]]], side=40, pen=11, supersample=supersample).astype(float)
    middles = np.arange(40) + 0.5
    half = 0.5 / supersample  # of a sample: Pillow cuts off the fractions of a disc's corners
    assert ink.sum(axis=0) @ middles / ink.sum() == pytest.approx(20.0 - half, abs=half / 5)
    assert ink.sum(axis=1) @ middles / ink.sum() == pytest.approx(17.5 - half, abs=half / 5)


@pytest.mark.parametrize(("at", "mass"), [(20.125, 20.125), (20.12, 19.875), (20.375, 20.375), (20.37, 20.125)])
def test_a_dot_is_moved_by_whole_samples(at: float, mass: float) -> None:
    ink = ink_strokes([[[at, at]]], side=40, pen=11, supersample=4).astype(float)
    middles = np.arange(40) + 0.5
    for axis in (0, 1):
        assert ink.sum(axis=axis) @ middles / ink.sum() == pytest.approx(mass, abs=0.02)


def test_a_pen_thinner_than_a_pixel_still_draws_a_line() -> None:
    ink = ink_strokes([[[10.0, 20.0], [30.0, 20.0]]], side=40, pen=0.05)
    assert set(ink[:, 12:28].sum(axis=0).tolist()) == {64}  # one of the four samples that a pixel is high


def test_each_stroke_is_drawn_for_itself() -> None:
    two = ink_strokes([[[5.0, 5.0], [5.0, 35.0]], [[35.0, 5.0], [35.0, 35.0]]], side=40, pen=4)
    assert not two[:, 10:30].any()
    one = ink_strokes([[[5.0, 5.0], [5.0, 35.0]]], side=40, pen=4)
    np.testing.assert_array_equal(two[:, :20], one[:, :20])


def test_the_box_of_a_path_is_that_of_all_its_points() -> None:
    strokes: Strokes = [[[10, 20, 7], [30, 5, 9]], [[4, 60, 11]]]
    assert bounding_box(strokes) == (4, 5, 30, 60)
    assert place_strokes(strokes, 2, 100, 200) == [[[112, 230], [152, 200]], [[100, 310]]]

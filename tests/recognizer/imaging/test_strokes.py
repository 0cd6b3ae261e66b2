import math
from typing import Any

import numpy as np
import pytest

from recognizer.errors import InvalidDrawing
from recognizer.imaging.strokes import MAX_POINTS, MAX_STROKES, ink_strokes, place_strokes, validate_strokes

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

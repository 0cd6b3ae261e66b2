import itertools
import math
from typing import Any
from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.errors import InvalidDrawing
from recognizer.imaging.strokes import (
    MAX_POINTS,
    MAX_STROKES,
    Strokes,
    bounding_box,
    ink_strokes,
    place_strokes,
    rounded,
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
        [[["1", 2]]],
        [[[True, 2]]],
        [[[None, 2]]],
        [[[math.nan, 2]]],
        [[[math.inf, 2]]],
        [[[10**5000, 2]]],
        [[[1, 2, math.inf]]],
        [[[-28.1, 2]]],
        [[[1, 308.1]]],
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


@pytest.mark.parametrize("more", [[0.5], [0.5, 12, -3], ["a tilt", None, {}]])
def test_what_a_pen_tells_after_the_time_is_left_out(more: list[Any]) -> None:
    if all(isinstance(number, int | float) for number in more):
        assert validate_strokes([[[1, 2, 3, *more]]], 280, 280) == [[[1.0, 2.0, 3.0]]]
    else:
        assert refusal_of([[[1, 2, 3, *more]]]) == NUMBERS


def test_a_path_may_leave_the_canvas_by_a_tenth_of_its_longer_side_and_is_kept_as_it_went() -> None:
    path = [[[-0.4, 100.0], [-30.0, 230.0], [330.0, -30.0]]]
    assert validate_strokes(path, 300, 200) == path
    assert validate_strokes([[[-30.0, 230.0]]], 200, 300) == [[[-30.0, 230.0]]]


def test_what_lies_beyond_the_canvas_is_cut_off_and_the_way_back_is_inked() -> None:
    there_and_back: Strokes = [[[30.0, 20.0], [-6.0, 20.0], [-6.0, 30.0], [30.0, 30.0]]]
    ink = ink_strokes(there_and_back, side=40, pen=4.5)
    wider = ink_strokes([[[x + 10, y] for x, y in there_and_back[0]]], side=50, pen=4.5, height=40)
    np.testing.assert_array_equal(ink, wider[:, 10:])


def test_a_canvas_may_be_higher_than_wide() -> None:
    ink = ink_strokes([[[20.0, 70.0]]], side=40, pen=10.5, height=80)
    assert ink.shape == (80, 40)
    assert np.argwhere(ink == 255).mean(axis=0).tolist() == pytest.approx([69.5, 19.5])
    assert not ink[:60].any()


@pytest.mark.parametrize("far", [1e6, -1e6, 1e300])
def test_a_path_from_beyond_all_measure_is_inked_where_it_crosses(far: float) -> None:
    ink = ink_strokes([[[20.0, 20.0], [far, 20.0]]], side=40, pen=4.5)
    row = ink[20]
    assert (row[22:] if far > 0 else row[:18]).min() == 255
    assert not (row[:17] if far > 0 else row[23:]).any()


def test_as_many_points_as_allowed_are_taken() -> None:
    assert len(validate_strokes([[[1, 2]] * MAX_POINTS], 280, 280)[0]) == MAX_POINTS


@given(
    st.lists(st.floats(-2_000, 20_000) | st.integers(-2_000_000, 20_000_000).map(lambda n: n / 1000), min_size=1),
    st.integers(1, 5),
)
def test_coordinates_are_rounded_as_python_does_also_next_to_a_half(numbers: list[float], digits: int) -> None:
    assert rounded(np.array([numbers]), digits).tolist() == [[round(number, digits) for number in numbers]]


def test_points_with_and_without_a_time_may_stand_side_by_side() -> None:
    assert validate_strokes([[[1, 2], [1, 2, 3.6, 9]], [[5, 6]]], 280, 280) == [[[1, 2], [1, 2, 4]], [[5, 6]]]


def test_a_tap_is_a_round_dot_of_the_pens_width() -> None:
    ink = ink_strokes([[[50, 50]]], side=100, pen=20.5).astype(float) / 255
    assert ink.sum() == pytest.approx(math.pi * 10.25**2, rel=0.02)
    assert np.allclose(ink, ink.T, atol=0.05)


def test_a_line_has_the_pens_width_and_round_ends() -> None:
    ink = ink_strokes([[[20, 50], [80, 50]]], side=100, pen=10.5).astype(float) / 255
    assert ink[:, 50].sum() == pytest.approx(10.5, abs=0.05)
    assert ink.sum() == pytest.approx(60 * 10.5 + math.pi * 5.25**2, rel=0.01)


@pytest.mark.parametrize("supersample", [2, 3, 4])
def test_a_pen_is_an_odd_number_of_samples_wide(supersample: int) -> None:
    """One in the middle and as many on either side, so at most a sample wider or narrower than was asked for."""
    for pen in np.arange(1, 9, 0.25):
        ink = ink_strokes([[[0.0, 20.0], [40.0, 20.0]]], side=40, pen=float(pen), supersample=supersample)
        samples = ink[:, 20].sum() / 255 * supersample
        assert samples == pytest.approx(round(samples), abs=0.05)
        assert round(samples) % 2 == 1
        assert abs(samples - pen * supersample) <= 1.05


def test_ink_lies_where_the_pen_went() -> None:
    ink = ink_strokes([[[30.5, 70.5]]], side=100, pen=4)
    y, x = np.argwhere(ink > 200).mean(axis=0)
    assert (x + 0.5, y + 0.5) == pytest.approx((30.5, 70.5), abs=0.3)


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
        ([[[1, 2, 3, 4]]], None),
        ([["12"]], SHAPE),
        ([[[0, 0]]], None),
        ([[[300, 200]]], None),
        ([[[330, 230]]], None),  # 30 are a tenth of the longer side
        ([[[-30, -30]]], None),
        ([[[330.01, 200]]], LEAVES),
        ([[[300, 230.01]]], LEAVES),
        ([[[-30.01, 0]]], LEAVES),
        ([[[0, -30.01]]], LEAVES),
        ([[[1, 2, -5]]], None),  # a time may be anything
        ([[[True, 2]]], NUMBERS),
        ([[[1, 2, "3"]]], NUMBERS),
        ([[[1, 2, 3, "4"]]], NUMBERS),
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
    pen = 6 + 1 / supersample  # an odd number of samples
    ink = ink_strokes(strokes, side=40, pen=pen, supersample=supersample)
    parts = [(part + 0.5) / 4 for part in range(4)]
    exact = np.array(
        [
            [np.mean([covered(x + dx, y + dy, strokes, pen) for dy in parts for dx in parts]) for x in range(40)]
            for y in range(40)
        ]
    )
    difference = ink / 255 - exact
    assert np.abs(difference).mean() < 0.012
    assert abs(difference.mean()) < 0.003


def test_the_pages_canvas_and_pen_are_the_usual_ones() -> None:
    ink = ink_strokes([[[140.0, 140.0]]])
    assert ink.shape == (280, 280)
    assert (ink / 255).sum() == pytest.approx(math.pi * 11.2**2, rel=0.04)
    assert set(np.unique(ink).tolist()) == {0, 64, 128, 191, 255}  # of 2 x 2


@pytest.mark.parametrize("supersample", [2, 4])
@pytest.mark.parametrize("at", [17.5, 20.0, 20.125, 20.3125])
def test_a_dots_mass_lies_where_it_was_set(supersample: int, at: float) -> None:
    """As near as the edge of a disc of samples allows; half a sample would be 0.25 and 0.125."""
    ink = ink_strokes([[[20.0, at]]], side=40, pen=11, supersample=supersample).astype(float)
    middles = np.arange(40) + 0.5
    assert ink.sum(axis=0) @ middles / ink.sum() == pytest.approx(20.0, abs=0.1)
    assert ink.sum(axis=1) @ middles / ink.sum() == pytest.approx(at, abs=0.1)


def test_a_pen_thinner_than_a_pixel_still_draws_a_line() -> None:
    ink = ink_strokes([[[10.0, 20.0], [30.0, 20.0]]], side=40, pen=0.05)
    assert set(ink[:, 12:28].sum(axis=0).tolist()) == {128}  # one of the two samples that a pixel is high


def test_each_stroke_is_drawn_for_itself() -> None:
    two = ink_strokes([[[5.0, 5.0], [5.0, 35.0]], [[35.0, 5.0], [35.0, 35.0]]], side=40, pen=4)
    assert not two[:, 10:30].any()
    one = ink_strokes([[[5.0, 5.0], [5.0, 35.0]]], side=40, pen=4)
    np.testing.assert_array_equal(two[:, :20], one[:, :20])


def test_the_box_of_a_path_is_that_of_all_its_points() -> None:
    strokes: Strokes = [[[10, 20, 7], [30, 5, 9]], [[4, 60, 11]]]
    assert bounding_box(strokes) == (4, 5, 30, 60)
    assert place_strokes(strokes, 2, 100, 200) == [[[112, 230], [152, 200]], [[100, 310]]]


def test_a_scribble_is_inked_as_its_lines_are() -> None:
    rng = np.random.default_rng(5)
    strokes = [rng.uniform(60, 220, (64, 2)).tolist() for _ in range(8)] + [[[250.0, 250.0]]]
    scribbled, blank = ink_strokes(strokes), np.zeros((280, 280), "uint8")
    for stroke in strokes:  # each alone is too little for a scribble
        for start, end in itertools.pairwise([stroke[0], *stroke]):
            blank = np.maximum(blank, ink_strokes([[start, end]]))
    assert (scribbled > 0).mean() > 0.3
    assert scribbled[250, 250] == 255  # the tap beside it
    assert (scribbled != blank).mean() < 0.02
    assert abs(scribbled.mean() - blank.mean()) < 0.5


def test_a_scribble_is_inked_by_hairlines_that_cost_a_tenth_of_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    strokes = np.random.default_rng(6).uniform(20, 260, (64, 64, 2)).tolist()
    drawn = mock.Mock(wraps=cv2.polylines)
    monkeypatch.setattr(cv2, "polylines", drawn)
    ink_strokes(strokes)
    assert {call.args[4] for call in drawn.call_args_list} == {1}  # hairlines

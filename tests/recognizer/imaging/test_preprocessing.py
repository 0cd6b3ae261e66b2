import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from recognizer.errors import InvalidDrawing
from recognizer.imaging import preprocessing
from recognizer.imaging.denoising import remove_noise
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import (
    is_of_strokes,
    normalize_drawing,
    normalize_ink,
    normalize_strokes,
    preparation_steps,
)
from recognizer.imaging.strokes import Strokes, bounding_box, ink_strokes, place_strokes

# mean difference of two pictures of the same strokes (0.052 in 4,000 tries); a shift by a pixel makes 0.08
ANTIALIASING = 0.055
SEVEN = [[[0, 5], [60, 0], [25, 100]], [[15, 50], [50, 46]]]
FIVE = [[[60, 0], [10, 2], [8, 40], [40, 36], [62, 60], [50, 92], [20, 100], [0, 90]]]
WIDE_FOOT = [[[48, 0], [52, 100]], [[0, 100], [130, 100]]]


def drawn(
    strokes: list[Any], side: int = 280, size: float = 0.6, pen: float = 0.08, left: float = 0.2, top: float = 0.2
) -> tuple[NDArray[np.uint8], list[Any]]:
    """Ink strokes so that with the pen they fill `size` of the canvas; `left` and `top` share out the room that is left."""
    x0, y0, x1, y1 = bounding_box(strokes)
    pen *= side
    scale = (size * side - pen) / max(x1 - x0, y1 - y0)
    room = [side - (length * scale + pen) for length in (x1 - x0, y1 - y0)]
    placed = place_strokes(strokes, scale, left * room[0] + pen / 2, top * room[1] + pen / 2)
    return ink_strokes(placed, side, pen), placed


def difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).mean())


def plain_centre_of_mass(image: NDArray[Any]) -> tuple[float, float]:
    """The slow oracle: a sum over pixels, without NumPy."""
    total = y_sum = x_sum = 0.0
    for y, row in enumerate(image.tolist()):
        for x, value in enumerate(row):
            total, y_sum, x_sum = total + value, y_sum + y * value, x_sum + x * value
    return y_sum / total, x_sum / total


@settings(deadline=None, max_examples=40)
@given(
    strokes=st.sampled_from([SEVEN, FIVE]),
    size=st.floats(0.2, 1.0),
    side=st.integers(64, 1024),
    pen=st.floats(0.04, 0.12),
    left=st.floats(0, 1),
    top=st.floats(0, 1),
)
def test_place_size_canvas_and_pen_do_not_show(
    strokes: list[Any], size: float, side: int, pen: float, left: float, top: float
) -> None:
    """From the ink alone, as long as the pen is not so thick for the digit that its loops are filled."""
    assume(pen <= 0.2 * size and size * side >= 25)
    ink, _ = drawn(strokes, side, size, pen, left, top)
    assert difference(normalize_ink(ink), normalize_ink(drawn(strokes)[0])) < ANTIALIASING


@settings(deadline=None, max_examples=40)
@given(
    strokes=st.sampled_from([SEVEN, FIVE]),
    size=st.floats(0.2, 1.0),
    side=st.integers(64, 1024),
    pen=st.floats(0.04, 0.12),
    left=st.floats(0, 1),
    top=st.floats(0, 1),
)
def test_with_strokes_nothing_of_the_canvas_shows_at_all(
    strokes: list[Any], size: float, side: int, pen: float, left: float, top: float
) -> None:
    """The whole range: sizes of 0.2 to 1.0 of the canvas, 64 to 1024 px, pens of 4 % to 12 %."""
    given_ink, given_strokes = drawn(strokes, side, size, pen, left, top)
    usual_ink, usual_strokes = drawn(strokes)
    theirs, ours = normalize_drawing(given_ink, given_strokes), normalize_drawing(usual_ink, usual_strokes)
    assert difference(theirs, ours) < 0.002


def falsified(kind: str) -> NDArray[np.uint8]:
    """What a browser that guards its user's privacy lets a page read of its canvas, as ink."""
    rng = np.random.default_rng(0)
    if kind == "noise":
        return rng.integers(0, 256, (280, 280), "uint8")
    if kind == "32 bytes over and over":
        return np.resize(rng.integers(0, 256, 32, "uint8"), (280, 280))
    return np.full((280, 280), {"white": 0, "black": 255}[kind], "uint8")


@pytest.mark.parametrize("kind", ["32 bytes over and over", "white", "black", "noise"])
def test_a_path_is_believed_where_the_canvas_was_falsified(kind: str) -> None:
    ink, strokes = drawn(SEVEN)
    np.testing.assert_array_equal(normalize_drawing(falsified(kind), strokes), normalize_drawing(ink, strokes))
    assert not is_of_strokes(falsified(kind), strokes)
    assert [name for name, _ in preparation_steps(falsified(kind), strokes)][-1] == "centre"


@pytest.mark.parametrize("strokes", [drawn(FIVE)[1], drawn(SEVEN)[1][1:]], ids=["another drawing", "a part"])
def test_a_path_is_believed_where_the_picture_shows_something_else(strokes: Strokes) -> None:
    ink, _ = drawn(SEVEN)
    assert not is_of_strokes(ink, strokes)
    np.testing.assert_array_equal(normalize_drawing(ink, strokes), normalize_strokes(strokes))


@settings(deadline=None, max_examples=30)
@given(
    points=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=3, max_size=8, unique=True),
    side=st.integers(64, 400),
)
def test_the_mass_is_in_the_centre_or_the_shift_is_at_the_margin(points: list[Any], side: int) -> None:
    ink, _ = drawn([[list(p) for p in points]], side)
    frame = normalize_ink(ink)[..., 0]
    assert frame.shape == (28, 28)
    assert 0 <= frame.min() <= frame.max() <= 1
    rows, columns = np.flatnonzero((frame > 0.5).any(axis=1)), np.flatnonzero((frame > 0.5).any(axis=0))
    for middle, inked in zip(plain_centre_of_mass(frame), (rows, columns), strict=True):
        centred = abs(middle - 13.75) <= 0.5
        assert centred or inked[0] <= 1 or inked[-1] >= 26


def test_a_wide_foot_is_clamped_not_cut() -> None:
    frame = normalize_ink(drawn(WIDE_FOOT)[0])[..., 0]
    foot = (frame > 0.5).any(axis=0)
    assert foot.sum() == pytest.approx(20, abs=1)
    assert not frame[:, 0].any() or not frame[:, -1].any()


def test_the_longer_side_is_twenty_pixels() -> None:
    frame = normalize_ink(drawn(SEVEN)[0])[..., 0]
    rows = np.flatnonzero((frame > 0.4).any(axis=1))
    assert rows[-1] - rows[0] + 1 in (20, 21)


def test_faint_ink_is_as_good_as_black() -> None:
    ink, _ = drawn(SEVEN)
    faint = (ink * 0.3).round().astype("uint8")
    assert difference(normalize_ink(faint), normalize_ink(ink)) < 0.01


@pytest.mark.parametrize("corner", [(4, 4), (4, 270), (270, 4), (274, 274)])
def test_a_stray_dot_at_the_edge_does_not_shrink_the_digit(corner: tuple[int, int]) -> None:
    ink, _ = drawn(SEVEN, size=0.5, left=0.5, top=0.5)
    spotted = ink.copy()
    spotted[corner[0] : corner[0] + 5, corner[1] : corner[1] + 5] = 255
    np.testing.assert_array_equal(normalize_ink(spotted), normalize_ink(ink))


def test_the_dots_of_a_fast_mouse_are_all_kept() -> None:
    x0, y0 = 90.0, 40.0
    dots = [[[x0 + 10 * i, y0]] for i in range(9)] + [[[x0 + 80 - 5 * i, y0 + 25 * i]] for i in range(1, 8)]
    dotted = ink_strokes(dots, 280, 14)
    frame = normalize_ink(dotted)[..., 0]
    rows = np.flatnonzero((frame > 0.3).any(axis=1))
    assert rows[-1] - rows[0] >= 18
    np.testing.assert_array_equal(remove_noise(dotted), dotted)


def test_the_dot_far_below_is_noise_but_the_same_dot_near_the_ink_is_not() -> None:
    ink, strokes = drawn(SEVEN, size=0.5, left=0.5, top=0.0)
    bottom = max(p[1] for s in strokes for p in s)
    near, far = ink.copy(), ink.copy()
    near[int(bottom) + 14 : int(bottom) + 20, 130:136] = 255
    far[270:276, 130:136] = 255
    assert difference(normalize_ink(far), normalize_ink(ink)) == 0
    assert difference(normalize_ink(near), normalize_ink(ink)) > 0


@pytest.mark.parametrize("shade", [0, 10])
def test_paper_is_empty(shade: int) -> None:
    with pytest.raises(InvalidDrawing) as refusal:
        normalize_ink(np.full((100, 100), shade, "uint8"))
    assert refusal.value.code == "empty"


def test_a_dark_speck_beside_a_faint_drawing_does_not_hide_it() -> None:
    ink, _ = drawn(SEVEN, size=0.5, left=0.5, top=0.5)
    faint = (ink * (110 / 255)).round().astype("uint8")
    spotted = faint.copy()
    spotted[4:7, 4:7] = 255
    assert difference(normalize_ink(spotted), normalize_ink(faint)) < 0.01


def test_a_speck_is_refused_whatever_path_comes_with_it() -> None:
    ink = np.zeros((280, 280), "uint8")
    ink[100:104, 100:104] = 255
    for prepare in (normalize_drawing, preparation_steps):
        with pytest.raises(InvalidDrawing, match="bigger"):
            prepare(ink, [[[102.0, 102.0]]])


def test_a_hair_that_only_its_path_shows_is_read_and_has_its_one_step() -> None:
    hair, path = np.eye(1024, dtype="uint8") * 255, [[[0.0, 0.0], [1023.0, 1023.0]]]
    (step,) = preparation_steps(hair, path)
    assert step[0] == "centre"
    np.testing.assert_array_equal(step[1], (normalize_drawing(hair, path)[..., 0] * 255).round())
    with pytest.raises(InvalidDrawing, match="specks"):
        normalize_ink(hair)


def test_a_frame_that_is_read_as_it_is_has_its_one_step() -> None:
    frame = np.zeros((28, 28), "uint8")
    frame[4:24, 8:20] = 30
    frame[14, 14] = 255
    assert [name for name, _ in preparation_steps(frame, None)] == ["centre"]


def test_a_speck_asks_to_draw_bigger() -> None:
    ink = np.zeros((280, 280), "uint8")
    ink[100:105, 100:104] = 255
    with pytest.raises(InvalidDrawing, match="bigger") as refusal:
        normalize_ink(ink)
    assert refusal.value.code == "too_small"


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (28, 28), (64, 1024), (1024, 64), (280, 280)])
def test_all_black_and_noise_are_prepared_or_refused_never_an_error(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for ink in (np.full(shape, 255, "uint8"), rng.integers(0, 256, shape, "uint8")):
        try:
            frame = normalize_ink(ink)
        except InvalidDrawing:
            continue
        assert np.isfinite(frame).all()
        assert frame.shape == (28, 28, 1)
        assert frame.dtype == np.float32


def test_a_scaled_up_digit_normalized_again_stays_put() -> None:
    once = normalize_ink(drawn(FIVE)[0])
    big = np.asarray(Image.fromarray((once[..., 0] * 255).astype("uint8")).resize((280, 280), Image.Resampling.BICUBIC))
    assert difference(normalize_ink(big), once) < ANTIALIASING


def test_a_picture_made_like_mnists_is_read_as_it_is() -> None:
    rng = np.random.default_rng(0)
    frame = np.zeros((28, 28), "uint8")
    frame[4:24, 8:20] = rng.integers(1, 256, (20, 12))
    frame[14, 14] = 255
    np.testing.assert_array_equal(normalize_ink(frame)[..., 0], frame.astype("float32") / 255)


@pytest.mark.mnist
def test_every_mnist_test_digit_is_read_as_it_is() -> None:
    from training.data.datasets import load_mnist

    for digit in load_mnist().x_test:
        assert preprocessing._is_framed(digit)


def test_the_steps_are_shown_as_pictures() -> None:
    ink, strokes = drawn(SEVEN)
    steps = dict(preparation_steps(ink, strokes))
    assert list(steps) == ["crop", "fit", "centre"]
    assert all(image.dtype == np.uint8 for image in steps.values())
    assert max(steps["crop"].shape) == pytest.approx(0.6 * 280, abs=2)
    assert steps["centre"].shape == (28, 28)


@pytest.mark.parametrize("side", [280, 1024])
def test_a_hairline_is_read_as_the_same_drawing(side: int) -> None:
    thin = drawn(SEVEN, side, pen=1.5 / side)[0]
    assert difference(normalize_ink(thin), normalize_ink(drawn(SEVEN)[0])) < ANTIALIASING


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    share=st.floats(0, 1),
)
def test_no_picture_gives_anything_but_a_frame_or_a_refusal(seed: int, height: int, width: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    ink = ((rng.random((height, width)) < share) * rng.integers(0, 256, (height, width))).astype("uint8")
    try:
        frame = normalize_ink(ink)
    except InvalidDrawing:
        return
    assert frame.shape == (28, 28, 1)
    assert np.isfinite(frame).all()


@settings(deadline=None, max_examples=150)
@given(
    points=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 119)), min_size=1, max_size=5),
    level=st.integers(1, 255),
    pen=st.floats(1, 20),
    specks=st.lists(
        st.tuples(st.integers(0, 117), st.integers(0, 117), st.integers(1, 5), st.integers(1, 255)), max_size=4
    ),
    with_path=st.booleans(),
)
def test_no_stroke_with_any_specks_gives_anything_but_a_frame_or_a_refusal(
    points: list[Any], level: int, pen: float, specks: list[Any], with_path: bool
) -> None:
    strokes = [[list(map(float, point)) for point in points]]
    ink = (ink_strokes(strokes, 120, pen) * (level / 255)).round().astype("uint8")
    for x, y, side, shade in specks:
        ink[y : y + side, x : x + side] = shade
    given_strokes = strokes if with_path else None
    try:
        frame = normalize_drawing(ink, given_strokes)
    except InvalidDrawing:
        return
    assert frame.shape == (28, 28, 1)
    assert np.isfinite(frame).all()
    preparation_steps(ink, given_strokes)


def refusal_of(ink: NDArray[np.uint8]) -> tuple[str, str] | None:
    try:
        normalize_ink(ink)
    except InvalidDrawing as refusal:
        return refusal.code, refusal.detail
    return None


EMPTY = ("empty", "There is nothing drawn yet.")
SPECK = ("too_small", "That is only a speck. Draw a bit bigger.")


def block(height: int, width: int, shade: int = 255, side: int = 100) -> NDArray[np.uint8]:
    """A rectangle of one shade, well inside."""
    ink = np.zeros((side, side), "uint8")
    ink[30 : 30 + height, 40 : 40 + width] = shade
    return ink


@pytest.mark.parametrize(("shade", "refusal"), [(0, EMPTY), (23, EMPTY), (24, None), (255, None)])
def test_ink_fainter_than_24_is_paper(shade: int, refusal: tuple[str, str] | None) -> None:
    assert refusal_of(block(30, 8, shade)) == refusal
    assert refusal_of(np.full((28, 28), shade, "uint8")) == refusal


@pytest.mark.parametrize(
    ("height", "width", "side", "refusal"),
    [
        (5, 5, 100, SPECK),
        (6, 2, 100, None),
        (2, 6, 100, None),
        (6, 6, 121, SPECK),  # 5 % of the canvas is more
        (6, 6, 120, None),
        (20, 4, 401, SPECK),
        (20, 4, 400, None),
    ],
)
def test_a_speck_is_under_six_pixels_or_five_percent(
    height: int, width: int, side: int, refusal: tuple[str, str] | None
) -> None:
    assert refusal_of(block(height, width, side=side)) == refusal


def test_five_percent_are_of_the_shorter_side() -> None:
    assert refusal_of(block(6, 6, side=400)[:120]) is None
    assert refusal_of(block(6, 6, side=400)[:, :120]) is None


def framed(height: int = 20, width: int = 12, top: int = 4, left: int = 8, shade: int = 255) -> NDArray[np.uint8]:
    ink = np.zeros((28, 28), "uint8")
    ink[top : top + height, left : left + width] = shade
    return ink


@pytest.mark.parametrize(
    ("ink", "is_framed"),
    [
        (framed(), True),
        (framed(shade=24), True),
        (framed(shade=23), False),
        (framed(height=19, top=5), True),
        (framed(height=18, top=5), False),
        (framed(height=21), False),
        (framed(width=21, left=4), False),
        (framed(width=20, height=12, left=4, top=8), True),
        (framed(top=5), True),
        (framed(left=9), True),
        (framed(top=6), False),
        (framed(top=3), False),
        (framed(left=10), False),
        (framed(left=7), False),
        (np.pad(framed(), ((0, 1), (0, 0))), False),
        (np.pad(framed(), ((0, 0), (0, 1))), False),
    ],
)
def test_a_frame_is_28_by_28_with_20_pixels_about_its_middle(ink: NDArray[np.uint8], is_framed: bool) -> None:
    """MNIST's middle is 14.5: a block that begins at 4 has its own at 14, at 5 it is 15, and both are within 0.6."""
    assert bool(preprocessing._is_framed(ink)) is is_framed


@pytest.mark.parametrize(("more", "is_framed"), [(15, True), (28, False)])
def test_a_frames_mass_is_within_six_tenths_of_mnists_middle(more: int, is_framed: bool) -> None:
    """14 is half a pixel off; a first row darker by 15 of 2,000 moves the mass by 0.07, one by 28 by 0.13."""
    ink = framed(shade=100)
    ink[4, 8:20] += more
    assert bool(preprocessing._is_framed(ink)) is is_framed
    ink = framed(height=12, width=20, top=8, left=4, shade=100)
    ink[8:20, 4] += more
    assert bool(preprocessing._is_framed(ink)) is is_framed


def test_the_middle_of_the_ink_is_that_of_its_mass() -> None:
    ink = np.random.default_rng(0).integers(0, 256, (7, 11), "uint8")
    y, x = plain_centre_of_mass(ink)
    assert preprocessing._centre_of_mass(ink) == pytest.approx((y + 0.5, x + 0.5))
    with pytest.raises(InvalidDrawing) as refusal:
        preprocessing._centre_of_mass(np.zeros((3, 3), "uint8"))
    assert (refusal.value.code, refusal.value.detail) == EMPTY


@pytest.mark.parametrize(
    ("profile", "edges"),
    [
        ([0, 255, 255, 0], (1, 3)),
        ([255, 255], (0, 2)),
        ([255], (0, 1)),
        ([0, 51, 255, 255, 51, 0], (1.8, 4.2)),  # a fifth of a pixel more on each side
        ([0, 0, 204, 255, 153, 0], (2.2, 4.6)),  # four fifths of the first pixel, three of the last
        ([204, 255, 153], (0.2, 2.6)),
        ([102, 255, 0, 255, 51], (0.6, 4.2)),
        ([127, 128, 127], (1 - 127 / 255, 2 + 127 / 255)),
    ],
)
def test_an_edge_within_a_pixel_is_where_its_coverage_says(profile: list[int], edges: tuple[float, float]) -> None:
    assert preprocessing._crossings(np.array(profile, "uint8")) == pytest.approx(edges)


def test_a_box_is_left_top_right_bottom() -> None:
    assert preprocessing._box(block(30, 8)) == (40, 30, 48, 60)


@pytest.mark.parametrize(
    ("start", "low", "high", "clamped"),
    [(2, 5, 25, 2), (6, 5, 25, 5), (-4, 5, 25, -3), (-3, 5, 25, -3), (5, 5, 25, 5)],
)
def test_a_shift_ends_at_the_margin(start: float, low: float, high: float, clamped: float) -> None:
    assert preprocessing._clamped(start, low, high, 1) == clamped
    assert preprocessing._clamped(start * 3, low * 3, high * 3, 3) == clamped * 3


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0])
def test_a_cut_reaches_beyond_the_ink(scale: float) -> None:
    ink = np.full((8, 8), 255, "uint8")
    side = round(8 * scale)
    for corner, rows, columns in (
        ((-4.0, 0.0), slice(None), slice(side // 2, None)),
        ((0.0, -6.0), slice(side * 3 // 4, None), slice(None)),
        ((6.0, 4.0), slice(side // 2), slice(side // 4)),
        ((0.0, 0.0), slice(None), slice(None)),
    ):
        cut = preprocessing._enlarge(ink, scale, corner, (side, side))
        expected = np.zeros((side, side), "uint8")
        expected[rows, columns] = 255
        if scale <= 1:  # larger, an edge is soft
            np.testing.assert_array_equal(cut, expected)
        else:
            np.testing.assert_array_equal(cut >= 128, expected >= 128)


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.4, 0.7, 1.0, 1.3, 3.7])
@pytest.mark.parametrize("corner", [(0.0, 0.0), (-7.0, 3.0), (11.25, -2.5)])
def test_what_is_cut_out_stands_where_it_stood(scale: float, corner: tuple[float, float]) -> None:
    ink = np.zeros((90, 120), "uint8")
    ink[30:60, 40:100] = 255
    size = (int((130 - corner[0]) * scale) + 1, int((100 - corner[1]) * scale) + 1)
    cut = preprocessing._enlarge(ink, scale, corner, size)
    assert cut.shape == size[::-1]
    y, x = preprocessing._centre_of_mass(cut)
    assert (x, y) == pytest.approx(((70 - corner[0]) * scale, (45 - corner[1]) * scale), abs=0.15)
    assert cut.sum() / 255 == pytest.approx(30 * 60 * scale**2, rel=0.03)


@pytest.mark.parametrize(("level", "black"), [(199, 255), (200, 200), (255, 255), (30, 255), (24, 255)])
def test_lines_that_came_out_grey_are_made_black_again(level: int, black: int) -> None:
    work = np.zeros((20, 20), "uint8")
    work[5:15, 5:7] = level
    assert preprocessing._without_hairlines(work).max() == black


def test_three_quarters_of_the_ink_tell_a_hair_and_paper_does_not() -> None:
    work = np.zeros((10, 10), "uint8")
    work[0, :8] = [100, 100, 100, 100, 100, 100, 240, 240]
    work[1] = 23  # paper
    lighter = preprocessing._without_hairlines(work)
    assert lighter[0].tolist() == [255] * 8 + [0, 0]  # six of eight are no blacker than 100
    assert lighter[1].tolist() == [round(23 * 255 / 100)] * 10
    work[0, 5] = 200  # and now five are: three quarters reach up to 200
    np.testing.assert_array_equal(preprocessing._without_hairlines(work), work)
    with pytest.raises(InvalidDrawing) as refusal:
        preprocessing._without_hairlines(np.full((4, 4), 23, "uint8"))
    assert (refusal.value.code, refusal.value.detail) == ("empty", "There are only scattered specks, no line.")


def test_faint_ink_is_stretched_to_black_and_again_where_only_a_dot_was_black() -> None:
    faint = block(60, 8, shade=51)
    assert (preprocessing._stretch(faint) == block(60, 8)).all()
    spotted = faint.copy()
    spotted[97:99, 97:99] = 255
    np.testing.assert_array_equal(preprocessing._stretch(block(60, 8)), block(60, 8))
    spotted[30:90, 40:48] = 100  # dark enough beside a black dot to be ink, too pale to have a box
    np.testing.assert_array_equal(preprocessing._stretch(spotted), block(60, 8))


@pytest.mark.parametrize("pen", [2.1, 2.5, 3.3])
def test_a_pen_like_mnists_is_left_as_it_is(pen: float) -> None:
    line = ink_strokes([[[50.0, 50.0], [50.0, 50.0 + 200 * (1 - pen / 20)]]], 280, 10 * pen)
    frame = normalize_ink(line)[..., 0]
    assert frame[10:18].sum(axis=1).mean() == pytest.approx(pen, rel=0.06)


@pytest.mark.parametrize(("pen", "seen"), [(0.6, 1.93), (1.6, 2.1), (4.5, 3.75), (6.0, 4.3)])
def test_a_pen_unlike_mnists_is_made_more_like_it(pen: float, seen: float) -> None:
    """A short thick line is measured thinner than its pen, so it stays thicker than 3.3; with a thin one the whole box grows."""
    line = ink_strokes([[[50.0, 50.0], [50.0, 50.0 + 200 * (1 - pen / 20)]]], 280, 10 * pen)
    frame = normalize_ink(line)[..., 0]
    assert frame[10:18].sum(axis=1).mean() == pytest.approx(seen, rel=0.05)


LOOPS = [
    [[0, 0], [60, 0], [60, 50], [0, 50], [0, 0]],
    [[0, 50], [0, 100], [60, 100], [60, 50]],
]  # an 8 in straight lines


@pytest.mark.parametrize("pen", [0.16, 0.2, 0.24, 0.28])
def test_small_loops_of_a_fat_pen_stay_open(pen: float) -> None:
    """A drawing of a fifth of its canvas in a pen of up to 0.28 of its height: what is white of its loops is a pixel or two."""
    ink, _ = drawn(LOOPS, 200, 0.2, 0.2 * pen)
    frame, usual = normalize_ink(ink)[..., 0], normalize_ink(drawn(LOOPS)[0])[..., 0]
    for rows in (slice(7, 12), slice(16, 21)):
        assert frame[rows, 12:16].min() < 0.35 < 0.9 < frame[rows].max()
    assert difference(frame, usual) < 2 * ANTIALIASING


def test_a_line_of_dots_is_read_as_the_line() -> None:
    whole, strokes = drawn(SEVEN)
    spots = [
        [[x0 + (x1 - x0) * part, y0 + (y1 - y0) * part]]
        for stroke in strokes
        for (x0, y0), (x1, y1) in itertools.pairwise(stroke)
        for part in np.arange(0, 1.001, 24 / math.dist((x0, y0), (x1, y1)))
    ]
    dotted = normalize_ink(ink_strokes(spots, 280, 14))
    assert difference(dotted, normalize_ink(whole)) < ANTIALIASING
    assert difference(normalize_drawing(whole, spots), normalize_drawing(whole, strokes)) < ANTIALIASING


def believed(ink: NDArray[np.uint8], strokes: Strokes) -> bool:
    return is_of_strokes(ink, strokes)


def test_a_path_is_believed_where_nineteen_of_twenty_points_lie_on_ink() -> None:
    ink = block(40, 4)
    on: Strokes = [[[41.0, 30.0 + 2 * step] for step in range(19)] + [[41.0, 69.0]]]
    assert believed(ink, on)
    assert believed(ink, [[*on[0][:19], [46.0, 69.0]]])
    assert not believed(ink, [[*on[0][:18], [46.0, 60.0], [46.0, 69.0]]])


@pytest.mark.parametrize(("axis", "sign"), [(0, 1), (0, -1), (1, 1), (1, -1)])
def test_a_path_is_believed_where_all_ink_is_within_eight_percent_of_it(axis: int, sign: int) -> None:
    """On a canvas of 100 px the ink may reach 8 px beyond the path; here it reaches 8, then 9."""
    path: Strokes = [[[50.0, 50.0], [50.0, 50.0]]]
    for beyond, expected in ((8, True), (9, False)):
        ink = np.zeros((100, 100), "uint8")
        ink[50, 50] = 255
        near, far = sorted((50, 50 + sign * beyond - (1 if sign > 0 else 0)))
        where = [slice(50, 51), slice(50, 51)]
        where[axis] = slice(near, far + 1)
        ink[tuple(where)] = 255
        assert believed(ink, path) is expected


def test_eight_percent_are_of_the_longer_side() -> None:
    ink = np.zeros((60, 200), "uint8")
    ink[30, 90:106] = 255
    assert believed(ink, [[[90.0, 30.0]]])
    assert believed(ink.T, [[[30.0, 90.0]]])
    ink[30, 90:107] = 255
    assert not believed(ink, [[[90.0, 30.0]]])


def test_ink_counts_for_a_path_from_half_of_the_darkest_on() -> None:
    ink = block(40, 4, shade=200)
    ink[30:70, 42] = 100
    assert believed(ink, [[[42.5, 35.0], [42.5, 65.0]]])
    ink[30:70, 42] = 99
    assert not believed(ink, [[[42.5, 35.0], [42.5, 65.0]]])
    assert not believed(block(40, 4, shade=23), [[[41.0, 35.0], [41.0, 65.0]]])
    assert believed(block(40, 4, shade=24), [[[41.0, 35.0], [41.0, 65.0]]])


def test_a_path_along_the_canvass_last_edge_is_on_its_last_pixel() -> None:
    ink = np.zeros((50, 80), "uint8")
    ink[40:, 70:] = 255
    assert believed(ink, [[[80.0, 45.0], [75.0, 50.0]]])


def test_a_path_that_leaves_the_canvas_is_of_ink_that_ends_at_its_edge() -> None:
    strokes: Strokes = [[[40.0, 50.0], [-9.0, 60.0], [40.0, 80.0]]]
    assert believed(ink_strokes(strokes, 100, 8), strokes)


def test_the_steps_show_what_was_cut_out() -> None:
    ink = block(30, 8)
    steps = dict(preparation_steps(ink, None))
    np.testing.assert_array_equal(steps["crop"], np.full((30, 8), 255))
    assert steps["fit"].shape == (104, 45)  # 80 and 12 on either side; 21.3 wide
    np.testing.assert_array_equal(steps["centre"], to_grey(normalize_ink(ink)))


def test_a_path_is_inked_in_a_pen_of_two_and_a_half_pixels() -> None:
    line = normalize_strokes([[[10.0, 10.0], [10.0, 90.0]]])[..., 0]
    assert line[10:18].sum(axis=1) == pytest.approx(np.full(8, 2.5), abs=0.15)
    assert line.sum(axis=0).max() == pytest.approx(20, abs=0.3)
    wide = normalize_strokes([[[10.0, 10.0], [10.0, 90.0]]], pen_width=4)[..., 0]
    assert wide[10:18].sum(axis=1) == pytest.approx(np.full(8, 4), abs=0.2)
    dot = normalize_strokes([[[10.0, 10.0]]])[..., 0]
    assert dot.sum() == pytest.approx(math.pi * 10**2, rel=0.12)  # as large as the box


FRAMES = Path(__file__).with_name("frames_2.png")  # of PREPROCESSING_VERSION 2, one below the other


def drawings() -> list[tuple[NDArray[np.uint8], Strokes | None]]:
    """Drawings that take every road: thin, thick and fat pens, dots, faint and small ones, specks, wide feet, paths."""
    plain = [drawn(SEVEN)[0], drawn(FIVE)[0], drawn(WIDE_FOOT)[0], drawn(SEVEN, 64)[0], drawn(FIVE, 640, 0.3)[0]]
    pens = [drawn(SEVEN, pen=0.12)[0], drawn(FIVE, pen=0.02)[0], drawn(SEVEN, 500, pen=0.003)[0]]
    spotted = drawn(SEVEN, size=0.5)[0].copy()
    spotted[260:266, 10:15] = 255
    faint = (drawn(FIVE)[0] * 0.3).round().astype("uint8")
    dots = [[[70 + 12 * i, 60.0]] for i in range(9)] + [[[166 - 6 * i, 60 + 18 * i]] for i in range(1, 9)]
    fat = [drawn(LOOPS, 200, 0.2, 0.05)[0], ink_strokes(dots, 280, 8)]
    paths = [drawn(SEVEN), drawn(WIDE_FOOT, 400, 0.9), (drawn(FIVE)[0], dots)]
    return [*((ink, None) for ink in (*plain, *pens, *fat, spotted, faint)), *paths]


def test_the_frames_of_this_version_are_what_they_were() -> None:
    """What the network sees may change only with PREPROCESSING_VERSION: history is prepared again then."""
    assert preprocessing.PREPROCESSING_VERSION == 2
    kept = np.asarray(Image.open(FRAMES)).reshape(-1, 28, 28)
    frames = np.stack([to_grey(normalize_drawing(ink, strokes)) for ink, strokes in drawings()])
    assert kept.shape == frames.shape
    assert np.abs(kept.astype(int) - frames).max() <= 4  # levels of 255: another release of OpenCV may round otherwise

import math
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
from recognizer.imaging.preprocessing import normalize_drawing, normalize_ink, preparation_steps
from recognizer.imaging.strokes import bounding_box, ink_strokes, place_strokes

ANTIALIASING = (
    0.055  # mean difference of two pictures of the same strokes (0.052 in 4,000 tries); a shift by a pixel makes 0.08
)
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


def test_strokes_of_another_drawing_are_not_believed() -> None:
    ink, _ = drawn(SEVEN)
    _, others = drawn(FIVE)
    np.testing.assert_array_equal(normalize_drawing(ink, others), normalize_ink(ink))


def test_strokes_that_leave_out_a_part_are_not_believed() -> None:
    ink, strokes = drawn(SEVEN)
    np.testing.assert_array_equal(normalize_drawing(ink, strokes[1:]), normalize_ink(ink))


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


def test_a_round_pens_width_is_measured() -> None:
    from recognizer.imaging import stroke_width

    for width in (4, 6, 8, 11):
        ink = ink_strokes([[[20, 20], [80, 84]], [[50, 20], [20, 60]]], 104, width)
        assert 2 * stroke_width.measure_radius(ink) == pytest.approx(width, rel=0.08)


def test_a_grown_stroke_has_the_wider_pens_area() -> None:
    from recognizer.imaging import stroke_width

    thin = ink_strokes([[[20, 50], [80, 50]]], 100, 6)
    grown = stroke_width.grow(thin, 2).astype(float) / 255
    assert grown.sum() == pytest.approx(60 * 10 + math.pi * 25, rel=0.04)


def test_distances_agree_with_the_slow_way() -> None:
    from recognizer.imaging import stroke_width

    mask = np.random.default_rng(0).random((20, 30)) < 0.03
    targets = np.argwhere(mask)
    slow = np.array([[min(math.dist((y, x), t) for t in targets) for x in range(30)] for y in range(20)])
    np.testing.assert_allclose(stroke_width.distance_to(mask), slow, atol=1e-5)


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

"""What hands do, done to pictures and to strokes: slant, aspect, pen, tremor, a fast mouse's dots."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import FRAME, STROKE_PEN, normalize_ink, normalize_strokes
from recognizer.imaging.stroke_width import grow
from recognizer.imaging.strokes import MAX_STROKES, Strokes, bounding_box, ink_strokes, place_strokes
from training.data.datasets import StrokeDrawing

# Image augmentation; each a standard deviation unless it says otherwise
ROTATION = 6.0  # degrees
SHEAR = 0.12
STRETCH = 0.07  # of the logarithm of width and height
SHIFT = 0.7  # px; MNIST's own centring is good to 0.3 px
WARP = 0.65  # px at each of the warp's 7 x 7 knots
THICKEN = 0.6  # largest share of a pen made one pixel wider (or narrower) on each side
WARP_KNOTS = 7
MOST = 1.7  # each picture gets its own strength, 0 to this times the deviations above

# Stroke rendering
CANVAS_SIDES = (96, 220)  # px; the cheaper end of what browsers send, the pipeline hides the rest
PENS = (0.03, 0.12)  # of the canvas side
FILLS = (0.25, 0.95)  # of the canvas side, the drawing's longer side
THICKEST = 0.34  # pen to drawing; beyond, most digits are a blot
PATH_SHARE = 0.35  # of renderings that are inked from the path, as serving does when it is given one
DOTTED_SHARE = 0.05  # of drawings that come as a fast mouse's dots
STEPPED_SHARE = 0.04  # of drawings whose points lie on a coarse grid: stairs, as poor tablets and touch screens send
COARSE_SHARE = 0.3  # of drawings whose path has few points: long straight pieces

# Scans put on a canvas
SCAN_TIMES = (4, 9)  # times as large, from .. below
SCAN_PAPER = 2  # px of MNIST's, added around
SCAN_OTHER_PEN = 0.7  # share of those written with another pen
SCAN_PEN = 0.45  # px of MNIST's: standard deviation of how far that pen's edge is from where it was


def augment(images: NDArray[np.float32], rng: np.random.Generator, strength: float = 1.0) -> NDArray[np.float32]:
    """Return float32 (N, 28, 28, 1) pictures, each moved, slanted, warped and inked a little differently.

    Args:
        strength: times the usual deviations of what moves, slants and warps.
    """
    thick = _change_pen(images[..., 0], rng)
    return _sample(thick, *_source_grid(len(images), rng, strength))[..., np.newaxis].astype("float32")


def _source_grid(count: int, rng: np.random.Generator, most: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each pixel, the place (y, x) it is taken from: an affine map and a smooth warp. Each float32 (N, 28, 28)."""
    strength = rng.uniform(0, MOST * most, count).astype("float32")
    angle = np.radians(rng.normal(0, ROTATION, count) * strength)
    cos, sin, shear = np.cos(angle), np.sin(angle), rng.normal(0, SHEAR, count) * strength
    wide, tall = np.exp(rng.normal(0, STRETCH, (2, count)) * strength)
    matrix = np.array([[cos * tall, sin * tall], [wide * (shear * cos - sin), wide * (shear * sin + cos)]], "float32")
    centred = np.mgrid[:FRAME, :FRAME].astype("float32") - (FRAME - 1) / 2
    places = np.einsum("abn,bij->anij", matrix, centred) + (FRAME - 1) / 2
    places += rng.normal(0, SHIFT * most, (2, count, 1, 1)).astype("float32")
    knots = rng.normal(0, WARP, (2, count, WARP_KNOTS, WARP_KNOTS)).astype("float32") * strength[:, None, None]
    spread = _spread()
    places += spread @ knots @ spread.T
    return places[0], places[1]


def _spread() -> NDArray[np.float32]:
    """Weights (28, 7) that spread a value at each knot smoothly over the pixels."""
    knots = np.linspace(0, FRAME - 1, WARP_KNOTS)
    weights = np.exp(-(((np.arange(FRAME)[:, None] - knots) / (knots[1] * 0.8)) ** 2))
    spread: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
    return spread


def _sample(images: NDArray[np.float32], y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Read images (N, 28, 28) at fractional places, bilinear, black outside."""
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    side = FRAME + 3
    y, x = np.clip(y + 1, 0, FRAME + 1), np.clip(x + 1, 0, FRAME + 1)
    top, left = y.astype("int32"), x.astype("int32")
    down, right = y - top, x - left
    start = (np.arange(len(images), dtype="int32") * side * side)[:, None, None] + top * side + left
    flat = padded.ravel()
    upper = flat[start] * (1 - right) + flat[start + 1] * right
    lower = flat[start + side] * (1 - right) + flat[start + side + 1] * right
    between: NDArray[np.float64] = upper * (1 - down) + lower * down
    return between


def _change_pen(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mix each picture with itself grown or shrunk by a pixel; a third stay as they are."""
    kind = rng.integers(0, 3, len(images))
    share = rng.uniform(0, THICKEN, (len(images), 1, 1)).astype("float32")
    out = images.astype("float32", copy=True)
    for wanted, extreme in ((1, np.maximum), (2, np.minimum)):
        chosen = kind == wanted
        grown = out[chosen]
        for axis in (1, 2):
            for step in (-1, 1):
                grown = extreme(grown, np.roll(out[chosen], step, axis))
        mix = share[chosen] if wanted == 1 else share[chosen] * 0.6  # thin strokes vanish sooner than thick ones fill
        out[chosen] += mix * (grown - out[chosen])
    return out


def render_drawings(
    drawings: Iterable[StrokeDrawing], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Ink each drawing once, on a canvas of some size with some pen, and normalize it as serving does.

    Returns:
        uint8 (N, 28, 28) pictures, and which drawing each is of, int (N,): those too small to read are left out.
    """
    pictures, kept = [], []
    for index, drawing in enumerate(drawings):
        try:
            pictures.append(render_strokes(drawing.strokes, rng))
            kept.append(index)
        except InvalidDrawing:
            continue
    return np.array(pictures, "uint8").reshape(-1, FRAME, FRAME), np.array(kept, "int64")


def render_strokes(strokes: Strokes, rng: np.random.Generator, share_of_paths: float = PATH_SHARE) -> NDArray[np.uint8]:
    """Ink one drawing on a random canvas and normalize it. Returns uint8 (28, 28)."""
    if rng.random() < share_of_paths:
        pen = float(np.clip(rng.normal(STROKE_PEN, 0.25), 1.9, 3.4))
        return to_grey(normalize_strokes(strokes, pen))
    side = int(rng.integers(*CANVAS_SIDES))
    fill = rng.uniform(*FILLS)
    pen = min(rng.uniform(*PENS), THICKEST * fill)
    return to_grey(normalize_ink(ink_on_canvas(strokes, rng, side, pen, fill)))


def ink_on_canvas(strokes: Strokes, rng: np.random.Generator, side: int, pen: float, fill: float) -> NDArray[np.uint8]:
    """Ink strokes of any unit on a square canvas, at a random place. `pen` and `fill` are shares of the side."""
    left, top, right, bottom = bounding_box(strokes)
    longest = max(right - left, bottom - top, 1e-6)
    scale = max(fill - pen, pen) * side / longest
    room = pen * side / 2
    place = [rng.uniform(room, max(room, side - room - length * scale)) for length in (right - left, bottom - top)]
    return ink_strokes(place_strokes(strokes, scale, *place), side, pen * side, supersample=3)


def redraw_scan(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Enlarge an MNIST digit, write it with a somewhat other pen, and normalize it: what its writer would leave on a canvas.

    uint8 (28, 28) in and out. Raises InvalidDrawing where hardly any ink is left.
    """
    times = int(rng.integers(*SCAN_TIMES))
    side = (FRAME + 2 * SCAN_PAPER) * times
    paper = Image.fromarray(np.pad(image, SCAN_PAPER))
    ink = np.asarray(paper.resize((side, side), Image.Resampling.BICUBIC))
    if rng.random() < SCAN_OTHER_PEN:
        ink = grow(ink, rng.normal(0, SCAN_PEN) * times)
    return to_grey(normalize_ink(ink))


def vary_strokes(strokes: Strokes, rng: np.random.Generator, strength: float = 1.0) -> Strokes:
    """Draw the same with another hand: slant, aspect, a smooth warp, tremor, and another sampling of the path."""
    left, top, right, bottom = bounding_box(strokes)
    size = max(right - left, bottom - top, 1e-6)
    paths = [(np.array([p[:2] for p in stroke], "float64") - (left, top)) / size for stroke in strokes]
    matrix = _hand(rng, strength)
    warp = _smooth_warp(rng, 0.02 * strength)
    paths = [warp(path @ matrix.T) for path in paths]
    return [path.tolist() for path in _resample_paths(paths, rng)]


def _hand(rng: np.random.Generator, strength: float) -> NDArray[np.float64]:
    angle, shear = np.radians(rng.normal(0, 6 * strength)), rng.normal(0, 0.15 * strength)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    hand: NDArray[np.float64] = (
        turn @ np.array([[1, -shear], [0, 1]]) @ np.diag(np.exp(rng.normal(0, 0.12 * strength, 2)))
    )
    return hand


def _smooth_warp(rng: np.random.Generator, amplitude: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a function that bends (n, 2) unit-square points along a few long waves."""
    directions, phases = rng.normal(0, 1, (3, 2)) * 4, rng.uniform(0, 2 * np.pi, 3)
    amounts = rng.normal(0, amplitude, (3, 2))
    return lambda path: path + np.sin(path @ directions.T + phases) @ amounts


def _resample_paths(paths: list[NDArray[np.float64]], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    kind = rng.random()
    if kind < DOTTED_SHARE:
        spacing = rng.uniform(0.06, 0.12)
        dots = [dot[np.newaxis] for path in paths for dot in resample(path, spacing * rng.uniform(0.8, 1.25))]
        return dots if len(dots) <= MAX_STROKES else paths
    if kind < DOTTED_SHARE + STEPPED_SHARE:
        step = rng.uniform(0.04, 0.1)
        return [np.round(resample(path, 0.02) / step) * step for path in paths]
    if kind < DOTTED_SHARE + STEPPED_SHARE + COARSE_SHARE:
        paths = [resample(path, rng.uniform(0.08, 0.2)) for path in paths]
    tremor = abs(rng.normal(0, 0.006))
    return [path + rng.normal(0, tremor, path.shape) for path in paths]


def resample(path: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """Return points of (n, 2) at about even spacing along the path, both ends kept."""
    if len(path) < 2:
        return path
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    count = max(2, round(along[-1] / spacing) + 1)
    wanted = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(wanted, along, path[:, axis]) for axis in (0, 1)])

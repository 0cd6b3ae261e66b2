"""Forms that few hands use: balloons on a string, 0s wound up, bracketed 1s, digits in outline, in beads, hatched, underlined.

Each maker returns paths: float64 (n, 2) arrays on a sheet of about 1 x 1, y downwards.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import MAX_STROKES, ink_strokes, place_strokes
from training.data.augmentation import render_strokes, resample, vary_strokes
from training.data.datasets import StrokeDrawing
from training.data.digit_families import draw_family, ring, some_powers
from training.data.synthetic_digits import FAMILY_HAND, SYNTHETIC_WRITER, draw_digit

Path = NDArray[np.float64]

OWN_SHARE = 0.5  # of the 0s, 1s, 6s and 9s, that have a rare form of their own; the others are rare by their line
OUTLINE_SIDE = 160  # px on which an outline is found
DENSE = 0.02  # of the sheet: spacing of the points that beads and hatching follow
FULL = 0.52  # of the pixels of a drawing's box
TRIES = 4
UNDERLINED_SHARE = (
    0.5  # of the 6s and 9s that are marked, so that nobody turns them round; the others have a dot after them
)


def draw_rare(digit: int, rng: np.random.Generator) -> StrokeDrawing:
    """Draw a digit in a rare form, by an imagined hand."""
    if digit in OWN_FORMS and rng.random() < OWN_SHARE:
        makers = OWN_FORMS[digit]
        paths = makers[rng.integers(len(makers))](rng)
    else:
        line = LINES[rng.choice(len(LINES), p=LINE_SHARES)]
        paths = line(_plain(digit, rng), rng)
    return StrokeDrawing(digit, SYNTHETIC_WRITER, vary_strokes([path.tolist() for path in paths], rng, FAMILY_HAND))


def render_rare(digit: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw and ink a digit in a rare form, anew where pen and form leave a blot. Returns uint8 (28, 28)."""
    for _ in range(TRIES):
        picture = render_strokes(draw_rare(digit, rng).strokes, rng)
        if not is_blot(picture):
            break
    return picture


def is_blot(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture, uint8 (28, 28), has more ink than a form can show."""
    box = picture[np.ix_(picture.max(axis=1) > 0, picture.max(axis=0) > 0)]
    return bool(box.mean() >= FULL * 255)


def _plain(digit: int, rng: np.random.Generator) -> list[Path]:
    """A digit as it is drawn without its rarity, at most 1 high and wide."""
    if rng.random() < 0.5:
        paths = draw_family(digit, rng)
    else:
        paths = [np.array([point[:2] for point in stroke], "float64") for stroke in draw_digit(digit, rng).strokes]
    points = np.vstack(paths)
    low, size = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
    return [(path - low) / size for path in paths]


def _balloon(rng: np.random.Generator) -> list[Path]:
    """A ring on a string that hangs from its middle: the 9 of some hands; turned round, their 6."""
    wide, high = rng.uniform(0.18, 0.34), rng.uniform(0.18, 0.34)
    start = rng.normal(np.pi / 2, 0.3)
    bowl = ring((0.5, high), (wide, high), some_powers(rng), start, rng.choice((-1, 1)) * rng.uniform(0.96, 1.06))
    root = np.array([0.5 + rng.uniform(-0.5, 0.75) * wide, 2 * high])
    root[1] -= high * (1 - np.sqrt(1 - ((root[0] - 0.5) / wide) ** 2))
    foot = np.array([root[0] + rng.normal(0, 0.06), 1.0])
    t = np.linspace(0, 1, 12)[:, None]
    bend = np.array([rng.normal(0, 0.05), 0]) * np.sin(np.pi * t * rng.choice((1, 1, 2)))
    string = root + (foot - root) * t + bend
    if rng.random() < 0.4:
        return [np.vstack([bowl, string])]
    return [bowl, string + rng.normal(0, 0.02, 2)]


def _balloon_turned(rng: np.random.Generator) -> list[Path]:
    return [1 - path[::-1] for path in _balloon(rng)]


def _wound(rng: np.random.Generator) -> list[Path]:
    """A 0 whose ring is wound up from within, or runs on inwards: one turn all round, and half a turn more at least."""
    radii, way = (rng.uniform(0.34, 0.55), 0.5), rng.choice((-1, 1))
    start = rng.uniform(0, 2 * np.pi)
    outside = ring((0.5, 0.5), radii, np.full(4, rng.uniform(1.8, 2.4)), start, way)
    inside = ring((0.5, 0.5), radii, np.full(4, 2.0), start, way * rng.uniform(0.4, 1.4), rng.uniform(0.02, 0.7))
    return [np.vstack([outside, inside[1:]])]


def _bracketed(rng: np.random.Generator) -> list[Path]:
    """A 1 with a short level line at its head and another at its foot, each to one side."""
    head, foot = rng.uniform(0.08, 0.3), rng.uniform(0.08, 0.3)
    foot_side = (1, -1, 1)[rng.integers(3)]
    lean, droop = rng.normal(0, 0.04), rng.normal(0, 0.05, 2)
    top, bottom = np.array([0.5 + lean, 0.0]), np.array([0.5 - lean, 1.0])
    corners = [top + (-head, droop[0]), top, bottom, bottom + (foot_side * foot, droop[1])]
    if rng.random() < 0.25:
        return [np.array(corners[:3]), np.array(corners[2:])]
    return [np.array(corners)]


def _underlined(rng: np.random.Generator, digit: int) -> list[Path]:
    """A 6 or 9 with a line under it or a dot after it, as on what could be turned round."""
    paths = _plain(digit, rng)
    points = np.vstack(paths)
    low, high = points.min(axis=0), points.max(axis=0)
    if rng.random() < UNDERLINED_SHARE:
        left, right = low[0] - rng.uniform(-0.05, 0.15), high[0] + rng.uniform(-0.05, 0.15)
        y = high[1] + rng.uniform(0.05, 0.16)
        return [*paths, np.array([[left, y + rng.normal(0, 0.02)], [right, y + rng.normal(0, 0.02)]])]
    dot = np.array([high[0] + rng.uniform(0.06, 0.16), high[1] - rng.uniform(-0.02, 0.05)])
    return [*paths, dot + np.cumsum(rng.normal(0, 0.01, (int(rng.integers(2, 5)), 2)), axis=0)]


def _outlined(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """The border of a digit written with a broad pen, as on posters and balloons; what is enclosed keeps its border too."""
    pen = rng.uniform(0.1, 0.17)
    scale = OUTLINE_SIDE * (1 - 2 * pen)
    placed = place_strokes([path.tolist() for path in paths], scale, pen * OUTLINE_SIDE, pen * OUTLINE_SIDE)
    ink = ink_strokes(placed, OUTLINE_SIDE, pen * OUTLINE_SIDE, supersample=1)
    borders, _ = cv2.findContours((ink > 127).astype("uint8"), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found = []
    for border in borders:
        points = border[:, 0].astype("float64") / OUTLINE_SIDE
        if len(points) < 12:
            continue
        points = resample(np.vstack([points, points[:1]]), 0.05)
        points = np.roll(points[:-1], rng.integers(len(points)), axis=0)
        found.append(np.vstack([points, points[: int(rng.integers(0, 3))]]))
    return found or paths


def _doubled(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Each line twice, side by side."""
    apart = np.array([rng.uniform(0.06, 0.12), rng.normal(0, 0.02)])
    chosen = [path for path in paths if rng.random() < 0.85] or paths
    return paths + [path + apart for path in chosen]


def _beaded(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """A row of little rings, or of short strokes across the line."""
    step, is_ring, beads = rng.uniform(0.11, 0.17), rng.random() < 0.5, []
    for path in paths:
        for place in resample(path, step):
            size = step * rng.uniform(0.25, 0.42)
            if is_ring:
                beads.append(ring((place[0], place[1]), (size, size), np.full(4, 2.0), rng.uniform(0, 6), 1.0))
            else:
                slope = np.array([rng.uniform(0.3, 1.0), -rng.uniform(0.3, 1.0)]) * size * 1.6
                beads.append(np.array([place - slope, place + slope]))
    return beads if len(beads) <= MAX_STROKES else paths


def _hatched(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """A broad digit filled by a pen that goes to and fro along it."""
    wide, filled = rng.uniform(0.02, 0.05), []
    for path in paths:
        dense = resample(path, DENSE)
        if len(dense) < 4:
            filled.append(path)
            continue
        along = np.gradient(dense, axis=0)
        along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]])
        side = np.where(np.arange(len(dense)) % 2, 1.0, -1.0)[:, None]
        filled.append(dense + side * across * wide * rng.uniform(0.6, 1.2, (len(dense), 1)))
    return filled


OWN_FORMS: dict[int, tuple[Callable[[np.random.Generator], list[Path]], ...]] = {
    0: (_wound,),
    1: (_bracketed,),
    6: (_balloon_turned, lambda rng: _underlined(rng, 6)),
    9: (_balloon, _balloon, lambda rng: _underlined(rng, 9)),
}
LINES: tuple[Callable[[list[Path], np.random.Generator], list[Path]], ...] = (_outlined, _doubled, _beaded, _hatched)
LINE_SHARES = (0.45, 0.2, 0.15, 0.2)

"""Digits drawn by us: templates and families of forms bent by many imagined hands, and people's digits with habits added."""

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes
from training.data.augmentation import vary_strokes
from training.data.curves import curve_through
from training.data.datasets import StrokeDrawing
from training.data.digit_families import draw_family
from training.data.stroke_templates import DIGITS, REVERSIBLE, WRITTEN_ONLY
from training.data.style_transforms import restyle

POINTS_A_SEGMENT = 7  # of a curve between two control points
JITTER = 0.035  # of the sheet: how far a control point strays
WILD_SHARE = 0.25  # of drawings, by hands that stray twice as far
STROKE_SHIFT = 0.02  # of the sheet: how far a stroke is from where it should start
UNLIFTED_SHARE = 0.3  # of 1s, 4s and 7s of two strokes whose pen stays on the paper between them
WRITTEN_SHARE = 0.4  # of digits, that are a template as it stands
FAMILY_SHARE = 0.7  # of the others, that are of a family of forms; the rest are templates restyled
TRANSFORMS = (0.3, 0.45, 0.25)  # share of a family's drawings that get no, one or two transforms
FAMILY_HAND = 0.8  # how strongly a hand bends what is not a template: its own form is varied enough
SYNTHETIC_WRITER = "synthetic"


def draw_digit(digit: int, rng: np.random.Generator) -> StrokeDrawing:
    """Draw a digit by an imagined hand: as a template has it, in a style nobody wrote down, or both mixed."""
    if rng.random() < WRITTEN_SHARE:
        return draw_written(digit, rng)
    if rng.random() < FAMILY_SHARE:
        paths = draw_family(digit, rng)
        count = int(rng.choice(len(TRANSFORMS), p=TRANSFORMS))
    else:
        free = tuple(template for template in DIGITS[digit] if template not in WRITTEN_ONLY)
        paths, count = _paths(_pick(free, rng), rng, JITTER * 0.7), int(rng.integers(1, 3))
    paths = restyle(digit, paths, rng, count)
    return StrokeDrawing(digit, SYNTHETIC_WRITER, vary_strokes([path.tolist() for path in paths], rng, FAMILY_HAND))


def draw_written(digit: int, rng: np.random.Generator) -> StrokeDrawing:
    """Draw a digit as one of the templates has it, by an imagined hand."""
    return StrokeDrawing(digit, SYNTHETIC_WRITER, draw(_pick(DIGITS[digit], rng), rng))


def draw_reversed(digit: int, rng: np.random.Generator) -> StrokeDrawing:
    """Draw a digit the wrong way round, as children do; a label in doubt, for it is told from what it turns away from.

    Only the templates in REVERSIBLE are: of 2, 3, 4, 6, 7 and 9. A mirrored 5 could be a 2; 0, 1 and 8 have hardly another side.

    Raises:
        KeyError: nobody could tell this digit mirrored.
    """
    mirrored = [[[-p[0], *p[1:]] for p in stroke] for stroke in draw(_pick(REVERSIBLE[digit], rng), rng)]
    return StrokeDrawing(digit, SYNTHETIC_WRITER, mirrored)


def draw(template: str, rng: np.random.Generator, jitter: float = JITTER) -> Strokes:
    """Draw a template with every control point, proportion and slant somewhat off."""
    return vary_strokes([path.tolist() for path in _paths(template, rng, jitter)], rng, strength=1.2)


def _paths(template: str, rng: np.random.Generator, jitter: float) -> list[NDArray[np.float64]]:
    wild = 2.0 if rng.random() < WILD_SHARE else 1.0
    paths = [_draw_stroke(stroke, rng, jitter * wild) for stroke in template.split(";")]
    paths = [path + rng.normal(0, STROKE_SHIFT * wild, 2) for path in paths]
    aspect = np.exp(rng.normal(0, 0.18))
    return [path * (aspect, 1) for path in paths]


def _draw_stroke(stroke: str, rng: np.random.Generator, jitter: float) -> NDArray[np.float64]:
    pieces, corner = [], None
    for piece in stroke.split("/"):
        points = np.array([[float(v) for v in pair.split(",")] for pair in piece.split()]) / 100
        points += rng.normal(0, jitter, points.shape)
        if corner is not None:
            points = np.vstack([corner, points])
        corner = points[-1]
        pieces.append(_curve(points))
    return _overshoot(np.vstack(pieces), rng)


def _curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Run a curve through (n, 2) points as a moving hand does: it comes from afar and goes on."""
    if len(points) < 3:
        return np.linspace(points[0], points[-1], POINTS_A_SEGMENT)
    return curve_through(points, 2 * points[0] - points[1], 2 * points[-1] - points[-2], POINTS_A_SEGMENT)


def _overshoot(path: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Start or end a little later or earlier than meant."""
    drop = rng.integers(0, 2, 2)
    if len(path) > 8:
        path = path[drop[0] : len(path) - drop[1]]
    reach = np.maximum(rng.normal(0, 0.5, 2), 0)
    head = path[0] + (path[0] - path[1]) * reach[0]
    tail = path[-1] + (path[-1] - path[-2]) * reach[1]
    return np.vstack([head, path, tail])


def add_habit(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    """Give someone's digit a habit that few have: a foot or an upstroke to a 1, a bar to a 7, a slash to a 0.

    Some reach the second stroke of a 1, 4 or 7 without lifting the pen. Other digits come back as they are.
    """
    paths = [np.array([p[:2] for p in stroke], "float64") for stroke in drawing.strokes]
    corners = np.vstack(paths)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = float(max(high - low))
    if drawing.label == 1 and _is_a_bar(paths, size):
        paths += _feet_and_flags(paths, size, rng)
    elif drawing.label == 7 and len(paths) == 1:
        paths.append(_bar(low + (high - low) * (0.58, rng.uniform(0.42, 0.62)), size * rng.uniform(0.2, 0.4), rng))
    elif drawing.label == 0:
        reach = (high - low) * rng.uniform(0.3, 0.62, 2) * (1, rng.choice((-1, -1, -1, 1)))  # a few slash the other way
        middle = (low + high) / 2 + rng.normal(0, 0.03, 2) * size
        paths.append(np.array([middle + reach, middle - reach]))
    if drawing.label in (1, 4, 7) and len(paths) == 2 and rng.random() < UNLIFTED_SHARE:
        paths = [np.vstack(paths)]
    return StrokeDrawing(drawing.label, drawing.writer, [path.tolist() for path in paths])


def _is_a_bar(paths: list[NDArray[np.float64]], size: float) -> bool:
    width = np.vstack(paths)[:, 0]
    return len(paths) == 1 and width.max() - width.min() < 0.35 * size


def _feet_and_flags(
    paths: list[NDArray[np.float64]], size: float, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """A foot, an upstroke, or both, for a 1 that is a bar."""
    ends = paths[0][[0, -1]]
    top, bottom = ends[np.argsort(ends[:, 1])]
    kind, added = rng.integers(0, 3), []
    if kind != 1:
        added.append(_bar(bottom, size * rng.uniform(0.15, 0.4), rng))
    if kind != 0:
        start = top + size * np.array([-rng.uniform(0.15, 0.5), rng.uniform(0.12, 0.5)])
        bend = (start + top) / 2 + size * np.array([0, rng.uniform(-0.06, 0.06)])
        added.append(_curve(np.array([start, bend, top])))
    return added


def _bar(middle: NDArray[np.float64], reach: float, rng: np.random.Generator) -> NDArray[np.float64]:
    rise = reach * rng.normal(0, 0.2)
    return np.array([middle - (reach, -rise), middle, middle + (reach, -rise)])


def _pick(templates: tuple[str, ...], rng: np.random.Generator) -> str:
    return templates[rng.integers(len(templates))]

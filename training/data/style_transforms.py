"""What a style does to any digit: angular or round, on a grid, top-heavy, torn, joined, retraced, with serifs, waves or slant.

Each transform takes and returns paths: float64 (n, 2) arrays on a sheet of about 1 x 1, y downwards.
"""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.data.augmentation import resample

Path = NDArray[np.float64]
Transform = Callable[[list[Path], np.random.Generator], list[Path]]

FINE = 0.04  # of the sheet: spacing of points where a transform needs them dense
CLOSED = 0.08  # of the sheet: ends nearer than this belong to a ring, and get no serif
SHORT = 0.45  # of the sheet: shorter paths are dots and bars within or across a digit, which keep their form
MANY = 3  # strokes: what has more is in pieces already
HALVES = (2, 3, 5, 6, 8, 9)  # digits with something above and something below a waist


def restyle(digit: int, paths: list[Path], rng: np.random.Generator, count: int) -> list[Path]:
    """Apply `count` transforms that leave this digit what it is, chosen by their shares."""
    fitting = [(transform, share) for transform, share, digits in TRANSFORMS if digit in digits]
    shares = np.array([share for _, share in fitting])
    order = rng.choice(len(fitting), count, replace=False, p=shares / shares.sum())
    for index in sorted(order):  # of form before of line: the table's order
        paths = fitting[index][0](paths, rng)
    return paths


def make_angular(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Straight lines instead of curves, through the fewest points that stay near (Douglas & Peucker 1973)."""
    tolerance = rng.uniform(0.05, 0.1)
    return [simplify(path, tolerance) for path in paths]


def snap_to_grid(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Corners on a coarse grid, and so many lines level, upright or diagonal."""
    step = np.array([rng.uniform(0.14, 0.2), rng.uniform(0.12, 0.18)])
    origin = np.vstack(paths).min(axis=0)
    snapped = []
    for path in paths:
        corners = np.round((simplify(path, 0.05) - origin) / step) * step + origin
        apart = np.concatenate([[True], np.abs(np.diff(corners, axis=0)).sum(axis=1) > 0])
        snapped.append(corners[apart] if apart.sum() > 1 else path)
    return snapped


def make_round(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Corners become bends: each place is the mean of those around it along the path."""
    reach = int(rng.integers(2, 4))
    window = np.ones(2 * reach + 1) / (2 * reach + 1)
    smooth = []
    for path in paths:
        dense = resample(path, FINE)
        if len(dense) < 4 * reach:
            smooth.append(path)
            continue
        padded = np.vstack([np.repeat(dense[:1], reach, 0), dense, np.repeat(dense[-1:], reach, 0)])
        smooth.append(np.column_stack([np.convolve(padded[:, axis], window, "valid") for axis in (0, 1)]))
    return smooth


def square_bowls(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Press each half of the sheet towards its border: a circle there becomes a superellipse (Lame curve)."""
    return _press(_dense(paths), rng.uniform(0.5, 0.8), halves=True)


def square_whole(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """The same with the sheet as a whole, for digits that have no waist."""
    return _press(_dense(paths), rng.uniform(0.45, 0.8), halves=False)


def _press(paths: list[Path], power: float, halves: bool) -> list[Path]:
    low, size = _frame(paths)
    pressed = []
    for path in paths:
        if length(path) < SHORT:  # what stands in the middle stays there
            pressed.append(path)
            continue
        unit = (path - low) / size
        offset = 2 * unit - 1
        if halves:
            below = unit[:, 1] > 0.5
            offset[:, 1] = 4 * unit[:, 1] - np.where(below, 3, 1)
        offset = np.sign(offset) * np.abs(offset) ** power
        y = (offset[:, 1] + np.where(below, 3, 1)) / 4 if halves else (offset[:, 1] + 1) / 2
        pressed.append(np.column_stack([(offset[:, 0] + 1) / 2, y]) * size + low)
    return pressed


def shift_weight(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Top-heavy or bottom-heavy: the waist moves, and one half is wider than the other."""
    paths = _dense(paths)
    low, size = _frame(paths)
    power, taper = np.exp(rng.normal(0, 0.2)), rng.uniform(-0.3, 0.3)
    middle = low[0] + size[0] / 2
    shifted = []
    for path in paths:
        y = np.clip((path[:, 1] - low[1]) / size[1], 0, 1)
        x = middle + (path[:, 0] - middle) * (1 + taper * (2 * y - 1))
        shifted.append(np.column_stack([x, low[1] + size[1] * y**power]))
    return shifted


def change_width(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Narrow as in a crowded form, or wide as a child's."""
    return [path * (np.exp(rng.choice((-0.45, -0.3, 0.25)) + rng.normal(0, 0.08)), 1) for path in paths]


def lean(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Slant forwards far beyond the usual."""
    return _sheared(paths, -rng.uniform(0.2, 0.55))


def lean_back(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Slant the other way, as some left-handers do; less far, or else digits become others."""
    return _sheared(paths, rng.uniform(0.15, 0.35))


def _sheared(paths: list[Path], shear: float) -> list[Path]:
    return [np.column_stack([path[:, 0] + shear * path[:, 1], path[:, 1]]) for path in paths]


def overshoot_or_stop_short(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Loops overclosed or left open: every end goes on straight, or stops before it was meant to."""
    least = -0.07 if len(paths) == 1 else -0.02  # strokes that should meet must not stand far apart
    changed = []
    for path in paths:
        if length(path) < 0.35:
            changed.append(path)
            continue
        dense = resample(path, FINE)
        for _ in range(2):  # one end, then the other
            amount = rng.uniform(least, 0.1)
            if amount < 0:
                dense = dense[: max(2, len(dense) + round(amount / FINE))]
            else:
                ahead = dense[-1] - dense[max(-4, -len(dense))]
                dense = np.vstack([dense, dense[-1] + ahead * amount / max(float(np.hypot(*ahead)), 1e-6)])
            dense = dense[::-1]
        changed.append(dense)
    return changed


def break_apart(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Lift the pen at the sharpest bends, or anywhere, and start again a little further."""
    if len(paths) > MANY:
        return paths
    pieces = []
    for path in paths:
        dense = resample(path, FINE)
        if len(dense) < 12:
            pieces.append(path)
            continue
        ahead = dense[4:-2] - dense[2:-4]
        behind = dense[2:-4] - dense[: len(dense) - 6]
        bends = np.abs(ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0])
        ranked = np.argsort(-bends) + 3 if rng.random() < 0.7 else rng.permutation(np.arange(5, len(dense) - 4))
        cuts: list[int] = []
        for place in ranked.tolist():
            if len(cuts) < rng.integers(1, 4) and all(abs(place - cut) > 5 for cut in (*cuts, 0, len(dense))):
                cuts.append(place)
        gap = int(rng.integers(0, 2))
        edges = [0, *sorted(cuts), len(dense)]
        pieces += [dense[start + (gap if start else 0) : end + 1 - gap] for start, end in itertools.pairwise(edges)]
    return pieces


def join(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Reach the next stroke without lifting the pen."""
    return [np.vstack(paths)]


def retrace(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Go over it a second time, not quite in the same place."""
    drift = rng.uniform(0.01, 0.035)
    again = [path[::-1] + rng.normal(0, drift, 2) + rng.normal(0, drift / 2, path.shape) for path in paths]
    if rng.random() < 0.5:
        return [np.vstack(pair) for pair in zip(paths, again, strict=True)]
    return paths + again


def decorate_ends(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Serifs, balls or curls where the pen comes and goes; not where many strokes come and go."""
    if len(paths) > MANY:
        return paths
    kind, size = rng.integers(0, 3), rng.uniform(0.05, 0.11)
    added, changed = [], []
    for path in paths:
        if length(path) < 0.5 or np.hypot(*(path[0] - path[-1])) < CLOSED:
            changed.append(path)
            continue
        for _ in range(2):
            tangent = path[-1] - path[max(-3, -len(path))]
            tangent = tangent / max(float(np.hypot(*tangent)), 1e-6)
            across = np.array([-tangent[1], tangent[0]])
            if rng.random() < 0.75:
                if kind == 0:
                    added.append(np.array([path[-1] - across * size, path[-1] + across * size]))
                elif kind == 1:
                    turn = np.linspace(0, 2 * np.pi, 10)[:, None]
                    added.append(path[-1] + size * 0.55 * (np.cos(turn) * tangent + np.sin(turn) * across))
                else:
                    turn = np.linspace(0, rng.uniform(3.2, 5.5), 12)[:, None]
                    side = across * rng.choice((-1, 1))
                    radius = size * np.linspace(1, 0.5, 12)[:, None]
                    curl = np.sin(turn) * tangent * radius + (1 - np.cos(turn)) * side * radius
                    path = np.vstack([path, path[-1] + curl[1:]])
            path = path[::-1]
        changed.append(path)
    return changed + added


def tremble(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """Waves along the line, of a child's or an old hand."""
    amount, pace = rng.uniform(0.012, 0.028), rng.uniform(25, 60)
    waved = []
    for path in paths:
        dense = resample(path, FINE)
        along = np.arange(len(dense)) * FINE * pace
        phase = rng.uniform(0, 2 * np.pi, 2)
        waved.append(dense + amount * np.column_stack([np.sin(along + phase[0]), np.sin(along * 0.83 + phase[1])]))
    return waved


def dash(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    """A dashed line, where it is not in pieces yet."""
    if len(paths) > MANY:
        return paths
    on, off = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    pieces = []
    for path in paths:
        dense = resample(path, FINE)
        pieces += [dense[start : start + on + 1] for start in range(0, len(dense), on + off)]
    return pieces


def length(path: Path) -> float:
    """Return the way along (n, 2) points, in their unit."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def simplify(path: Path, tolerance: float) -> Path:
    """Keep the fewest points of (n, 2) whose straight lines stay within `tolerance` of the rest; rings keep a body."""
    if len(path) < 3:
        return path
    kept, spans = {0, len(path) - 1}, [(0, len(path) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        chord = path[last] - path[first]
        offset = path[first + 1 : last] - path[first]
        norm = float(np.hypot(*chord))
        if norm < tolerance:
            away = np.hypot(offset[:, 0], offset[:, 1])
        else:
            away = np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0]) / norm
        far = int(away.argmax())
        if away[far] > tolerance:
            kept.add(first + 1 + far)
            spans += [(first, first + 1 + far), (first + 1 + far, last)]
    return path[sorted(kept)]


def _dense(paths: list[Path]) -> list[Path]:
    return [resample(path, FINE) for path in paths]


def _frame(paths: list[Path]) -> tuple[Path, Path]:
    points = np.vstack(paths)
    low = points.min(axis=0)
    return low, np.maximum(points.max(axis=0) - low, 1e-6)


ALL = tuple(range(10))
# (what it does, its share, the digits that stay themselves): form first, then the line
TRANSFORMS: tuple[tuple[Transform, float, tuple[int, ...]], ...] = (
    (square_bowls, 8, HALVES),
    (square_whole, 5, (0,)),
    (make_round, 8, (2, 3, 5, 7, 8)),
    (make_angular, 14, (2, 3, 4, 5, 6, 7, 8, 9)),
    (snap_to_grid, 6, (2, 3, 5, 7, 8)),
    (shift_weight, 12, (2, 3, 4, 5, 6, 7, 8, 9)),
    (change_width, 8, (2, 3, 5, 6, 8, 9)),
    (overshoot_or_stop_short, 12, ALL),
    (decorate_ends, 8, (2, 3, 4, 5, 6, 7, 9)),
    (break_apart, 10, (0, 1, 2, 3, 4, 5, 7, 8)),  # a bowl and a stick apart are a 0 and a 1
    (join, 3, (4, 7)),
    (tremble, 8, ALL),
    (retrace, 8, ALL),
    (lean, 7, (0, 2, 3, 4, 5, 6, 7, 8, 9)),
    (lean_back, 3, (0, 2, 3, 5, 8)),
    (dash, 4, ALL),
)

"""Whole families of ways to write a digit, by their parameters: rings of any form, a stick and a bowl, corners cut or rounded.

Each maker returns paths: float64 (n, 2) arrays on a sheet of about 1 x 1, y downwards.
"""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.data.stroke_templates import SKELETONS

Path = NDArray[np.float64]

RING_STEPS = 32  # places of a full turn
CORNER_STEPS = 5  # places of a rounded corner
CORNER_JITTER = 0.022  # of the sheet
DEEPEST_CORNER = {4: 0.4, 8: 0.5}  # without corners a zigzag 4 is an integral sign, and a box with a bar is a theta
SKELETON_SHARE = 0.45  # of a family's drawings that are lines with corners


def draw_family(digit: int, rng: np.random.Generator) -> list[Path]:
    """Draw a digit of a family whose parameters are thrown anew for each drawing."""
    if rng.random() < SKELETON_SHARE:
        skeleton = SKELETONS[digit][rng.integers(len(SKELETONS[digit]))]
        return draw_skeleton(skeleton, rng, DEEPEST_CORNER.get(digit, 1.0))
    return FAMILIES[digit](rng)


def draw_skeleton(skeleton: str, rng: np.random.Generator, deepest: float = 1.0) -> list[Path]:
    """Straight lines whose corners are sharp, cut or rounded; some with a gap at each corner, as a display's segments have.

    Args:
        deepest: how much of a line a corner's cut or bend may take, 0 to 1.
    """
    strokes = [
        np.array([pair.split(",") for pair in stroke.split()], "float64") / 100 for stroke in skeleton.split(";")
    ]
    waist, wide = rng.uniform(0.4, 0.6), np.exp(rng.normal(0, 0.2))
    taste, depth = rng.choice(4, p=(0.4, 0.2, 0.25, 0.15)), rng.uniform(0.2, 1.0) * deepest
    jitter = CORNER_JITTER * rng.uniform(0, 1.6)
    paths = []
    for corners in strokes:
        x = 0.5 + (corners[:, 0] - 0.5) * wide
        y = np.interp(corners[:, 1], (0, 0.5, 1), (0, waist, 1))
        moved = np.column_stack([x, y]) + rng.normal(0, jitter, corners.shape)
        if np.array_equal(corners[0], corners[-1]) and rng.random() < 0.7:
            moved[-1] = moved[0]
        if taste == 3:
            paths += _segments(moved, rng.uniform(0.02, 0.065))
        else:
            paths.append(_turn_corners(moved, (0.0, depth * 0.6, depth)[taste], taste == 2))
    return paths


def _segments(corners: Path, gap: float) -> list[Path]:
    """Each line by itself, shortened at both ends."""
    pieces = []
    for start, end in itertools.pairwise(corners):
        way = end - start
        long = max(float(np.hypot(*way)), 1e-6)
        share = min(gap / long, 0.3)
        pieces.append(np.array([start + way * share, end - way * share]))
    return pieces


def _turn_corners(corners: Path, depth: float, is_round: bool) -> Path:
    """Replace each inner corner by a cut or a bend that takes `depth` (0 to 1) of the half of its shorter line."""
    if depth == 0 or len(corners) < 3:
        return corners
    ways = np.diff(corners, axis=0)
    longs = np.maximum(np.hypot(ways[:, 0], ways[:, 1]), 1e-6)
    reach = depth * np.minimum(longs[:-1], longs[1:])[:, None] / 2
    before = corners[1:-1] - ways[:-1] / longs[:-1, None] * reach
    after = corners[1:-1] + ways[1:] / longs[1:, None] * reach
    if not is_round:
        return np.vstack([corners[:1], np.stack([before, after], 1).reshape(-1, 2), corners[-1:]])
    t = np.linspace(0, 1, CORNER_STEPS)[None, :, None]
    bends = (1 - t) ** 2 * before[:, None] + 2 * t * (1 - t) * corners[1:-1, None] + t**2 * after[:, None]
    return np.vstack([corners[:1], bends.reshape(-1, 2), corners[-1:]])


def ring(
    centre: tuple[float, float],
    radii: tuple[float, float],
    powers: NDArray[np.float64],
    start: float,
    turns: float,
    end_scale: float = 1.0,
) -> Path:
    """Run along a superellipse (Lame 1818) whose quarters may each have a power of their own.

    Args:
        powers: (4,) exponents n of |x|^n + |y|^n = 1, of the quarters lower right, lower left, upper left, upper right:
            1 is a diamond's side, 2 a circle's, 8 nearly a box's corner.
        start: radians, clockwise on the sheet from the right.
        turns: how far round, negative for the other way.
        end_scale: the radii's share at the end, less than 1 for a spiral inwards.

    Returns:
        (n, 2) places, n about RING_STEPS a turn.
    """
    angles = start + np.linspace(0, turns * 2 * np.pi, max(8, round(abs(turns) * RING_STEPS)))
    cos, sin = np.cos(angles), np.sin(angles)
    power = 2 / powers[(np.floor(angles / (np.pi / 2)) % 4).astype("int64")]
    scale = np.linspace(1, end_scale, len(angles))
    x = centre[0] + radii[0] * scale * np.sign(cos) * np.abs(cos) ** power
    y = centre[1] + radii[1] * scale * np.sign(sin) * np.abs(sin) ** power
    return np.column_stack([x, y])


def some_powers(rng: np.random.Generator) -> NDArray[np.float64]:
    """Throw a ring's exponents: mostly round, at times a box, one-sided as a D, or each quarter another."""
    kind = rng.random()
    if kind < 0.5:
        return np.full(4, rng.uniform(1.7, 2.6))
    if kind < 0.7:
        return np.full(4, np.exp(rng.uniform(np.log(2.6), np.log(12))))
    if kind < 0.9:
        flat, bent = rng.uniform(4, 14), rng.uniform(1.6, 2.4)
        return np.roll([flat, flat, bent, bent], rng.integers(4))
    return np.exp(rng.normal(np.log(2.3), 0.35, 4))


def _line(*points: tuple[float, float]) -> Path:
    return np.array(points, "float64")


def _bow(start: Path, end: Path, sag: float, steps: int = 10) -> Path:
    """A line that sags to its right by a share of its length."""
    t = np.linspace(0, 1, steps)[:, None]
    way = end - start
    path: Path = start + way * t + 4 * t * (1 - t) * sag * np.array([-way[1], way[0]])
    return path


def _nought(rng: np.random.Generator) -> list[Path]:
    """A closed ring of any form; some with a slash, a dot, a short bar or a turn more inside."""
    wide, powers = rng.uniform(0.22, 0.52), some_powers(rng)
    if rng.random() < 0.08:
        powers = np.full(4, rng.uniform(1.0, 1.3))
    start = rng.normal(-np.pi / 2, 0.5) if rng.random() < 0.8 else rng.uniform(0, 2 * np.pi)
    way = rng.choice((-1, -1, -1, 1))
    inside = rng.random()
    if 0.14 < inside < 0.52:
        wide = max(wide, 0.3)  # room for what is inside
    if inside < 0.14:  # a spiral; with fewer turns or narrower it would be a 6
        turns, shrink = rng.uniform(1.5, 2.2), rng.uniform(0.4, 0.72)
        return [ring((0.5, 0.5), (max(wide, 0.32), 0.5), powers, start, way * turns, shrink)]
    if inside > 0.85:  # straight lines between five to eight corners
        corners = np.linspace(0, 2 * np.pi, int(rng.integers(5, 9)), endpoint=False) + start
        corners = np.append(corners, corners[0]) + rng.normal(0, 0.08, len(corners) + 1)
        return [0.5 + np.column_stack([max(wide, 0.3) * np.cos(corners), 0.5 * np.sin(corners)])]
    paths = [ring((0.5, 0.5), (wide, 0.5), powers, start, way * rng.uniform(0.94, 1.14), rng.uniform(0.92, 1.04))]
    middle = np.array([0.5, 0.5]) + rng.normal(0, 0.03, 2)
    if inside < 0.38:
        slope = np.arctan2(0.5, wide) + rng.normal(0, 0.22)
        ray = np.array([np.cos(slope), -np.sin(slope)]) * (rng.choice((-1, 1, 1)), 1)
        full = float(np.hypot(wide, 0.5)) * 0.85
        paths.append(
            _bow(
                middle - ray * full * rng.uniform(0.5, 1.5),
                middle + ray * full * rng.uniform(0.5, 1.5),
                rng.normal(0, 0.03),
            )
        )
    elif inside < 0.46:  # a dot
        paths.append(middle + np.cumsum(rng.normal(0, 0.012, (int(rng.integers(1, 5)), 2)), axis=0))
        if rng.random() < 0.4:
            paths[-1] = ring((middle[0], middle[1]), (0.05, 0.05), np.full(4, 2.0), 0, 1)
    elif inside < 0.52:  # a bar that does not reach the ring
        ray = (
            np.array([0, rng.uniform(0.1, 0.22)])
            if rng.random() < 0.7
            else np.array([wide * rng.uniform(0.25, 0.5), 0])
        )
        paths.append(np.array([middle - ray, middle + ray]))
    return paths


def _one(rng: np.random.Generator) -> list[Path]:
    """A stem; often a flag hanging to its left; often a foot."""
    top, foot = np.array([0.5, 0.0]), np.array([0.5 + rng.normal(0, 0.05), 1.0])
    stem = _bow(top, foot, rng.normal(0, 0.02))
    flagged, footed = rng.random() < 0.72, rng.random() < 0.4
    paths = [stem]
    if flagged:
        steep = rng.uniform(0.0, 1.25)  # radians below the level
        most = 0.16 if steep < 0.35 else 0.27 if steep < 0.75 else 0.5
        reach = rng.uniform(0.1, most)
        tip = top + reach * np.array([-np.cos(steep), np.sin(steep)])
        flag = _bow(tip, top, rng.normal(0, 0.08))
        paths = [np.vstack([flag, stem])] if rng.random() < 0.75 else [stem, flag + rng.normal(0, 0.015, 2)]
    elif rng.random() < 0.3:  # a serif at the top
        half = rng.uniform(0.06, 0.18)
        paths.append(_line((0.5 - half, 0), (0.5 + half, rng.normal(0, 0.02))))
    if footed:
        left, right = rng.uniform(0.1, 0.34), rng.uniform(0.1, 0.34) * (rng.random() < 0.85)
        if not flagged:
            left = right = (left + right) / 2  # a foot to the right alone would be an L
        ground = foot[1] + rng.normal(0, 0.02, 2)
        bar = np.array([[foot[0] - left, ground[0]], [foot[0] + right, ground[1]]])
        if rng.random() < 0.3:
            paths[0] = np.vstack([paths[0], bar]) if np.array_equal(paths[0][-1], foot) else paths[0]
        paths.append(bar)
    elif flagged and rng.random() < 0.15:  # a hook at the end
        turn = rng.choice((-1, 1)) * rng.uniform(0.05, 0.09)
        paths[0] = np.vstack([paths[0], foot + [turn * 0.5, 0.02], foot + [turn, -0.04]])
    return paths


def _two(rng: np.random.Generator) -> list[Path]:
    """A head that is part of a ring, a neck to the lower left, a foot that is straight, waved, looped or rising."""
    rx, ry = rng.uniform(0.24, 0.4), rng.uniform(0.2, 0.3)
    start, end = np.radians(rng.uniform(160, 215)), np.radians(rng.uniform(370, 420))
    powers = some_powers(rng)
    if rng.random() < 0.12:  # the head curls in
        start, powers = np.radians(rng.uniform(105, 145)), np.full(4, 2.0)
    head = ring((0.5, ry), (rx, ry), powers, start, (end - start) / (2 * np.pi))
    heel = np.array([0.5 - rng.uniform(0.2, 0.36), 1 - rng.uniform(0, 0.05)])
    neck = _bow(head[-1], heel, rng.uniform(-0.12, 0.1))[1:]
    toe = np.array([0.5 + rng.uniform(0.26, 0.5), heel[1] + rng.normal(0, 0.04)])
    kind, t = rng.random(), np.linspace(0, 1, 14)[1:, None]
    if kind < 0.45:
        foot = _bow(heel, toe, rng.normal(0, 0.03))[1:]
    elif kind < 0.7:  # a wave
        foot = heel + (toe - heel) * t - np.array([0, 1]) * rng.uniform(0.04, 0.09) * np.sin(2 * np.pi * t)
    else:  # a loop at the heel
        rx, ry = rng.uniform(0.06, 0.13), rng.uniform(0.05, 0.1)
        loop = ring((heel[0] - 0.02, heel[1] - ry), (rx, ry), np.full(4, 2.0), 0.3, 0.85)
        return [np.vstack([head, neck[:-1], loop, toe])]
    path = np.vstack([head, neck, foot])
    return [path] if rng.random() < 0.9 else [np.vstack([head, neck]), np.vstack([heel, foot])]


def _three(rng: np.random.Generator) -> list[Path]:
    """Two bows, or a flat top with a slant and one bow; a sharp, looped or separate waist."""
    waist = rng.uniform(0.4, 0.52)
    rx, ry = rng.uniform(0.22, 0.36), (waist / 2, (1 - waist) / 2)
    inlet = np.array([0.5 - rng.uniform(-0.02, 0.16), waist + rng.normal(0, 0.015)])
    powers = some_powers(rng)
    lower_start, lower_end = np.radians(rng.uniform(-95, -60)), np.radians(rng.uniform(120, 175))
    lower = ring(
        (0.5, 1 - ry[1]),
        (rx * rng.uniform(0.95, 1.3), ry[1]),
        powers,
        lower_start,
        (lower_end - lower_start) / (2 * np.pi),
    )
    if rng.random() < 0.28:  # flat-topped, as an Ezh
        upper = np.array(
            [[0.5 - rx * rng.uniform(0.8, 1.3), rng.uniform(0, 0.05)], [0.5 + rx * rng.uniform(0.8, 1.2), 0.0]]
        )
    else:
        start, end = np.radians(rng.uniform(185, 235)), np.radians(rng.uniform(410, 450))
        upper = ring((0.5, ry[0]), (rx, ry[0]), powers, start, (end - start) / (2 * np.pi))
    kind = rng.random()
    if kind < 0.15:  # a loop at the waist
        knot = ring((inlet[0], inlet[1]), (0.07, 0.045), np.full(4, 2.0), -0.6, 0.8 * rng.choice((-1, 1)))
        return [np.vstack([upper, knot, lower])]
    if kind < 0.3:
        return [np.vstack([upper, inlet]), np.vstack([inlet + rng.normal(0, 0.03, 2), lower])]
    return [np.vstack([upper, inlet, lower])]


def _four(rng: np.random.Generator) -> list[Path]:
    """An arm down to the left, a bar, a stem: closed or open, in one stroke or two, straight or bent."""
    stem_x, bar_y = rng.uniform(0.55, 0.75), rng.uniform(0.45, 0.68)
    left = np.array([rng.uniform(0.08, 0.26), bar_y + rng.normal(0, 0.03)])
    right = np.array([stem_x + rng.uniform(0.04, 0.28), bar_y + rng.normal(0, 0.04)])
    foot = np.array([stem_x + rng.normal(-0.03, 0.035), 1.0])
    is_closed = rng.random() < 0.4
    if is_closed:
        top = np.array([stem_x, 0.0])
        arm = _bow(top, left, rng.uniform(-0.06, 0.08))
    else:
        top = np.array([stem_x, rng.uniform(-0.06, 0.2)])
        arm = _bow(np.array([left[0] + rng.uniform(-0.02, 0.2), 0.0]), left, rng.uniform(-0.05, 0.1))
    bar = _bow(left, right, rng.normal(0, 0.04))
    stem = _bow(top, foot, rng.normal(0, 0.025))
    if rng.random() < 0.25 and not is_closed:  # without lifting, up and down again
        return [np.vstack([arm, _bow(left, np.array([stem_x, bar_y]), 0.0)[1:], stem])]
    if rng.random() < 0.3 and is_closed:
        return [np.vstack([stem[::-1], arm[1:], bar[1:]])]
    if rng.random() < 0.15:
        return [arm, bar, stem]
    return [np.vstack([arm, bar[1:]]), stem]


def _five(rng: np.random.Generator) -> list[Path]:
    """A hat, a neck and a belly; the hat in one stroke, in two, far off, or melted into an S."""
    rx, waist = rng.uniform(0.24, 0.38), rng.uniform(0.36, 0.46)
    ry = (1.06 - waist) / 2
    neck_top = np.array([0.5 - rx * rng.uniform(0.5, 0.95), rng.uniform(0, 0.05)])
    neck_end = np.array([0.5 - rx * rng.uniform(0.7, 1.05), waist + rng.uniform(0.02, 0.1)])
    start, end = np.radians(rng.uniform(205, 240)), np.radians(rng.uniform(475, 515))
    belly = ring((0.5, 1 - ry), (rx, ry), some_powers(rng), start, (end - start) / (2 * np.pi))
    hat_end = np.array([0.5 + rng.uniform(0.18, 0.42), neck_top[1] + rng.normal(-0.01, 0.04)])
    hat = _bow(neck_top, hat_end, rng.normal(0, 0.05))
    kind = rng.random()
    if kind < 0.2:  # one line as an S
        head = ring(
            (0.52, 0.23),
            (0.26, 0.23),
            np.full(4, rng.uniform(1.8, 3)),
            np.radians(rng.uniform(-75, -40)),
            -rng.uniform(0.4, 0.5),
        )
        return [np.vstack([head, _bow(head[-1], belly[8], 0.03)[1:], belly[9:]])]
    body = np.vstack([_bow(neck_top, neck_end, rng.normal(0, 0.03)), belly])
    if kind < 0.55:
        return [np.vstack([hat[::-1], body[1:]])]
    away = np.array([rng.uniform(-0.02, 0.1), -rng.uniform(0.0, 0.1)]) if kind > 0.75 else rng.normal(0, 0.015, 2)
    return [body, hat + away]


def _stick_and_bowl(rng: np.random.Generator) -> list[Path]:
    """A 6; turned by half a turn, a 9. The stick goes up from the bowl's left, straight or bent, hooked or not."""
    rx, ry = rng.uniform(0.2, 0.34), rng.uniform(0.19, 0.31)
    powers = some_powers(rng)
    joint = np.radians(rng.uniform(170, 222))  # on the bowl, from its left to its upper left
    turns = rng.uniform(0.9, 1.12)
    bowl = ring((0.5, 1 - ry), (rx, ry), powers, joint, -turns, rng.uniform(0.85, 1.0))
    kind = rng.random()
    root = bowl[0]
    if kind < 0.35:  # straight: upright as a b's, or leaning right
        top = np.array([root[0] + rng.uniform(0, 0.5 if joint < np.radians(195) else 0.2), 0.0])
        stick = _bow(top, root, rng.normal(0, 0.02))
    elif kind < 0.75:  # bent as an arc
        top = np.array([root[0] + rng.uniform(0.18, 0.5), rng.uniform(0, 0.05)])
        stick = _bow(top, root, -rng.uniform(0.05, 0.2))
    else:  # over the top and a hook down
        head = (root[0] + rng.uniform(0.2, 0.3), rng.uniform(0.2, 0.26))
        arc = ring(head, (head[0] - root[0], head[1]), some_powers(rng), np.radians(rng.uniform(-60, -15)), -0.4)
        stick = np.vstack([arc[arc[:, 0] > root[0] - 0.02], root])
    if rng.random() < 0.22:  # a circle and a stick apart
        return [stick, bowl + rng.normal(0, 0.02, 2)]
    return [np.vstack([stick, bowl[1:]])]


def _six(rng: np.random.Generator) -> list[Path]:
    return _stick_and_bowl(rng)


def _nine(rng: np.random.Generator) -> list[Path]:
    """A 6 turned, the pen going the other way; some with a tail curled as a g's, or a flick as a q's."""
    paths = [1 - path[::-1] for path in _stick_and_bowl(rng)]
    kind = rng.random()
    tail = min(range(len(paths)), key=lambda i: -float(paths[i][:, 1].max()))
    end = paths[tail][-1]
    if kind < 0.14:  # a g's tail
        rx, ry = rng.uniform(0.14, 0.24), rng.uniform(0.08, 0.16)
        curl = ring((end[0] - rx, end[1]), (rx, ry), np.full(4, 2.0), 0.0, rng.uniform(0.35, 0.65))
        paths[tail] = np.vstack([paths[tail], curl[1:]])
    elif kind < 0.2:
        paths[tail] = np.vstack([paths[tail], end + (rng.uniform(0.05, 0.1), -rng.uniform(0.02, 0.08))])
    return paths


def _seven(rng: np.random.Generator) -> list[Path]:
    """A bar, straight, waved or with a serif; a stem, straight or bent; none, one or two strokes across it."""
    right = np.array([rng.uniform(0.72, 0.92), rng.uniform(0, 0.06)])
    left = np.array([rng.uniform(0.06, 0.22), rng.uniform(0, 0.1)])
    foot = np.array([rng.uniform(0.28, 0.72), 1.0])
    t = np.linspace(0, 1, 12)[:, None]
    bar = left + (right - left) * t + np.array([0, 1]) * rng.choice((0, 0, 0.05)) * np.sin(2 * np.pi * t)
    if rng.random() < 0.3:
        bar = np.vstack([left + [rng.uniform(-0.04, 0.04), rng.uniform(0.1, 0.26)], bar])
    stem = _bow(right, foot, rng.uniform(-0.04, 0.14))
    if rng.random() < 0.12:  # a curl where the bar begins
        curl = ring((left[0] + 0.07, left[1] + 0.07), (0.07, 0.07), np.full(4, 2.0), np.radians(30), 0.65)
        bar = np.vstack([curl, bar[1:]])
    paths = [np.vstack([bar, stem[1:]])] if rng.random() < 0.9 else [bar, stem]
    bars = rng.choice(3, p=(0.55, 0.33, 0.12))
    for index in range(bars):
        place = len(stem) * (0.42 + 0.16 * index if bars == 2 else rng.uniform(0.4, 0.58))
        middle = stem[min(int(place), len(stem) - 2)]
        half, rise = rng.uniform(0.12, 0.27), rng.normal(0, 0.05)
        paths.append(np.array([middle - (half, -rise), middle + (half * rng.uniform(0.7, 1.1), -rise)]))
    return paths


def _eight(rng: np.random.Generator) -> list[Path]:
    """Two rings of any form, touching, apart or run into each other; or one line that crosses itself, closed or left open."""
    waist = rng.uniform(0.36, 0.54)
    top = rng.uniform(0.19, 0.34)
    below = top * rng.uniform(0.85, 1.5)
    if rng.random() < 0.5:
        apart, aside = rng.uniform(-0.03, 0.035), rng.normal(0, 0.02)
        upper = ring((0.5 + aside, (waist - apart) / 2), (top, (waist - apart) / 2), some_powers(rng), *_anywhere(rng))
        middle = (1 + waist + apart) / 2
        lower = ring((0.5, middle), (below, 1 - middle), some_powers(rng), *_anywhere(rng))
        return [upper, lower]
    t = np.linspace(0, 2 * np.pi * rng.choice((1.0, rng.uniform(0.86, 1.08))), 48)
    t += rng.normal(0.35, 0.35)  # begun at the top, a little to one side
    is_top = np.cos(t) > 0
    power = rng.uniform(0.55, 1.1)
    lobe = np.sin(2 * t)
    x = 0.5 - np.sign(lobe) * np.abs(lobe) ** power * np.where(is_top, top, below) * rng.choice((-1, 1))
    y = waist - np.cos(t) * np.where(is_top, waist, 1 - waist)
    return [np.column_stack([x, y])]


def _anywhere(rng: np.random.Generator) -> tuple[float, float]:
    """Where a ring begins and how far it goes round."""
    start = rng.normal(-np.pi / 2, 0.6) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi)
    return start, float(rng.choice((-1, 1)) * rng.uniform(0.95, 1.1))


FAMILIES: tuple[Callable[[np.random.Generator], list[Path]], ...] = (
    *(_nought, _one, _two, _three, _four),
    *(_five, _six, _seven, _eight, _nine),
)

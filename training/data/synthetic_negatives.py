"""What is no digit and may train the refusal: letters, doodles, scribbles, blocks of Korean, broken or doubled digits.

Nothing here could be meant for a digit. A ring, a box, a bar, a corner, an arc, a spiral of two turns, a ring with one line
across it and the letters near to digits are drawn by no maker: refusing them refuses people's 0s, 1s, 7s and 8s.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes, bounding_box
from recognizer.labels import NOT_A_DIGIT
from training.data.augmentation import vary_strokes
from training.data.datasets import StrokeDrawing
from training.data.stroke_templates import CONSONANTS, DOODLES, LETTERS, VOWELS_BELOW, VOWELS_BESIDE
from training.data.synthetic_digits import draw, draw_digit, draw_written

TURNABLE = (2, 3, 5)  # a quarter turn makes these no digit; the others stay too near to one
SINGLE_JAMO = (  # without a bar, a corner, a ring, a box, a 7, a 2, a footed bar: what is a digit in some hand
    *(CONSONANTS[2], CONSONANTS[5], CONSONANTS[6], CONSONANTS[8], CONSONANTS[9], *CONSONANTS[11:]),
    *VOWELS_BESIDE[1:],
    *VOWELS_BELOW[2:],
)


def draw_negative(rng: np.random.Generator, digits: list[StrokeDrawing]) -> StrokeDrawing:
    """Draw something that is no digit; some are made from `digits`, drawings of people."""
    makers, shares = zip(*MAKERS, strict=True)
    make = makers[rng.choice(len(makers), p=np.array(shares) / sum(shares))]
    return StrokeDrawing(NOT_A_DIGIT, "synthetic", make(rng, digits))


def _letter(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    return draw(_pick(LETTERS, rng), rng)


def _word(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    letters = [draw(_pick(LETTERS, rng), rng) for _ in range(rng.integers(2, 4))]
    return [s for i, letter in enumerate(letters) for s in _placed(letter, i * 1.0, 0, 0.8, rng.uniform(0.7, 1))]


def _doodle(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    return draw(_pick(DOODLES, rng), rng)


def _syllable(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A Korean block: a consonant, a vowel beside or below it, often a consonant under both.

    Never a plain bar below: a ring, a bar and a ring are an 8.
    """
    height = 0.55 if rng.random() < 0.6 else 1.0
    if rng.random() < 0.6:
        parts = _placed(_jamo(CONSONANTS, rng), 0, 0, 0.5, height) + _placed(
            _jamo(VOWELS_BESIDE, rng), 0.6, 0, 0.4, height
        )
    else:
        parts = _placed(_jamo(CONSONANTS, rng), 0.2, 0, 0.6, height * 0.55)
        parts += _placed(_jamo(VOWELS_BELOW[1:], rng), 0, height * 0.62, 1, height * 0.35)
    if height < 1:
        parts += _placed(_jamo(CONSONANTS, rng), 0.15, 0.65, 0.7, 0.35)
    return vary_strokes(parts, rng)


def _single_jamo(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """One Korean letter by itself, of those that are no digit's shape."""
    return draw(_pick(SINGLE_JAMO, rng), rng)


def _pencil(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A long thin pointed outline with a band: pencils, knives. What stands has both ends marked, or it were a 0 or a thick 1."""
    lean = rng.uniform(-np.pi / 2, np.pi / 2)
    stands = abs(lean) < np.radians(50)
    slimmest = 0.16 if stands else 0.07
    half, tip, band = rng.uniform(slimmest, 0.32) / 2, rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.2)
    outline = [[half, 0], [half, 1 - tip], [rng.normal(0, 0.02), 1], [-half, 1 - tip], [-half, 0], [half, 0]]
    parts = [outline, [[-half, band], [half, band]]]
    if stands or rng.random() < 0.4:
        parts.append([[-half, 1 - tip], [half, 1 - tip]])
    if rng.random() < 0.2:
        parts.append([[half * rng.uniform(-0.4, 0.4), band], [half * rng.uniform(-0.4, 0.4), 1 - tip]])
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]]) * rng.choice((-1, 1))
    return vary_strokes([(np.array(part) @ turn.T).tolist() for part in parts], rng)


def _lying_bar(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A line that lies rather than stands: no hand leans a 1 so far."""
    lean = rng.uniform(-0.25, 0.25)
    bend = rng.normal(0, 0.06)
    return vary_strokes([[[0, 0], [0.5, np.sin(lean) / 2 + bend], [1, np.sin(lean)]]], rng, 0.7)


def _jamo(choices: tuple[str, ...], rng: np.random.Generator) -> Strokes:
    if choices is CONSONANTS and rng.random() < 0.12:
        return [_arc(rng, turns=1.0).tolist()]  # the round one
    return draw(_pick(choices, rng), rng)


def _scribble(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A walk without a plan: round or jagged, short or long."""
    points = (
        np.cumsum(rng.normal(0, 1, (rng.integers(8, 40), 2)), axis=0)
        if rng.random() < 0.5
        else rng.random((rng.integers(8, 20), 2))
    )
    text = " ".join(f"{x * 100:.1f},{y * 100:.1f}" for x, y in points / max(1e-6, np.ptp(points)))
    return draw(text if rng.random() < 0.6 else text.replace(" ", " / "), rng)


def _spiral(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Of more turns than a 0 that somebody went on with has."""
    spiral = [_arc(rng, turns=rng.uniform(2.7, 4.2), shrink=rng.uniform(0.02, 0.25)).tolist()]
    while len(varied := vary_strokes(spiral, rng)) > 1:  # as dots it would end early, with fewer turns
        pass
    return varied


def _coil(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Hatching, waves and telephone cords, drawn out far enough not to be a ring gone over again and again."""
    t = np.linspace(0, rng.uniform(3, 10) * 2 * np.pi, 140)
    across = rng.uniform(0.12, 0.3)
    path = np.column_stack([t * across / 2 + rng.uniform(0, 1) * np.cos(t), np.sin(t)])
    return vary_strokes([path.tolist()], rng)


def _composition(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Three to eight simple parts, as a face, a flower or a machine has."""
    parts: Strokes = []
    for _ in range(rng.integers(3, 9)):
        x, y, w, h = (*rng.uniform(0, 0.75, 2), *rng.uniform(0.1, 0.8, 2))
        parts += _placed(_part(rng), x, y, w, h)
    return vary_strokes(parts, rng)


def _part(rng: np.random.Generator) -> Strokes:
    kind = rng.integers(0, 5)
    if kind == 0:
        return [_arc(rng, turns=1.0).tolist()]
    if kind == 1:
        return [_arc(rng, turns=rng.uniform(0.2, 0.6)).tolist()]
    if kind == 2:
        return [rng.random((2, 2)).tolist()]
    if kind == 3:
        return [rng.random((rng.integers(3, 6), 2)).tolist()]
    return [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]


def _face(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    eye, mouth = rng.uniform(0.05, 0.2), rng.uniform(0.15, 0.5)
    parts = [_arc(rng, turns=1.0).tolist()]
    for x in (0.3, 0.7):
        parts += _placed([_arc(rng, turns=1.0).tolist()], x - eye / 2, 0.3, eye, eye)
    parts += _placed([_arc(rng, turns=rng.uniform(0.3, 1)).tolist()], 0.5 - mouth / 2, 0.65, mouth, 0.15)
    return vary_strokes(parts, rng)


def _sun(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    parts = [_arc(rng, turns=1.0).tolist()]
    for angle in np.linspace(0, 2 * np.pi, rng.integers(5, 12), endpoint=False):
        ray = np.array([np.cos(angle), np.sin(angle)])
        parts.append((0.5 + np.outer(rng.uniform(0.5, 0.7) + np.array([0, rng.uniform(0.2, 0.5)]), ray)).tolist())
    return vary_strokes(parts, rng)


def _dial(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A clock or a wheel: a circle with hands or spokes. Never one line across it, which would be a slashed 0."""
    first, middle = rng.uniform(0, 2 * np.pi), np.array([0.5, 0.5])
    if rng.random() < 0.7:
        angles = first + np.array([0, rng.uniform(0.7, 2.0) * rng.choice((-1, 1))])
    else:
        angles = first + np.linspace(0, 2 * np.pi, rng.integers(3, 9), endpoint=False)
    parts = [_arc(rng, turns=rng.uniform(0.95, 1.05)).tolist()]
    for angle in angles:
        parts.append(
            [middle.tolist(), (middle + rng.uniform(0.2, 0.5) * np.array([np.cos(angle), np.sin(angle)])).tolist()]
        )
    return vary_strokes(parts, rng)


def _arc(rng: np.random.Generator, turns: float, shrink: float = 1.0) -> NDArray[np.float64]:
    """Part of an ellipse in the unit square, or a spiral when it shrinks."""
    t = np.linspace(0, turns, max(8, round(turns * 24))) * 2 * np.pi
    radius = 0.5 * np.linspace(1, shrink, len(t))
    start = rng.uniform(0, 2 * np.pi)
    path: NDArray[np.float64] = 0.5 + radius[:, None] * np.column_stack([np.cos(t + start), np.sin(t + start)])
    return path


def _two_digits(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    pair = [_digit(rng, digits) for _ in range(2 if rng.random() < 0.8 else 3)]
    widths = [float(np.clip(_aspect(digit), 0.15, 1.2)) * rng.uniform(0.85, 1.15) for digit in pair]
    parts, x = [], 0.0
    for digit, width in zip(pair, widths, strict=True):
        parts += _placed(digit, x, rng.normal(0, 0.06), width, rng.uniform(0.85, 1.15))
        x += width + rng.uniform(0.1, 0.35)
    return parts


def _turned_digit(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    wanted = TURNABLE[rng.integers(len(TURNABLE))]
    sign = rng.choice((-1, 1))
    return [[[sign * p[1], -sign * p[0]] for p in stroke] for stroke in draw_written(wanted, rng).strokes]


def _crossed_out_digit(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    strike = _coil(rng, digits) if rng.random() < 0.5 else draw("0,20 100,80 ; 100,20 0,80", rng)
    return _placed(_digit(rng, digits), 0.1, 0, 0.7, 1) + _placed(strike, -0.1, 0.1, 1.1, 0.8)


def _mixed_digits(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Two digits on top of each other, of different kinds and none a 1: that were a 0 with a slash, or a 7 with a bar."""
    pair = rng.choice((0, 2, 3, 4, 5, 6, 7, 8, 9), 2, replace=False).tolist()
    below, above = (draw_digit(digit, rng).strokes for digit in pair)
    x, y = rng.uniform(0.05, 0.35, 2)
    return _placed(below, 0, 0, 0.7, 1) + _placed(above, x, y, 0.7, 1)


def _blot(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A filled spot, or a few dots."""
    if rng.random() < 0.5:
        return [[point.tolist()] for point in rng.random((rng.integers(1, 5), 2))]
    t = np.linspace(0, 40 * np.pi, 400)
    spot = np.column_stack([t * np.cos(t), t * np.sin(t) * rng.uniform(0.4, 1)])
    return [spot.tolist()]


def _arrow(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Never one that points up or down, which would be a 1 with a flag on either side."""
    angle = rng.choice((0, np.pi)) + rng.uniform(-0.65, 0.65)
    ray = np.array([np.cos(angle), np.sin(angle)])
    across, barb = np.array([-ray[1], ray[0]]), rng.uniform(0.15, 0.4)
    bow = rng.normal(0, 0.08)
    shaft = [t * ray + 4 * t * (1 - t) * bow * across for t in np.linspace(0, 1, 8)]
    parts = [shaft, [ray * (1 - barb) + across * barb * 0.8, ray, ray * (1 - barb) - across * barb * 0.8]]
    if rng.random() < 0.25:
        parts.append([ray * barb + across * barb * 0.8, ray * 0, ray * barb - across * barb * 0.8])
    return vary_strokes([np.array(part).tolist() for part in parts], rng, 0.7)


def _heart(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    t = np.linspace(0, 2 * np.pi, 40)
    dip, wide = rng.uniform(4, 7), rng.uniform(12, 19)
    y = -13 * np.cos(t) + dip * np.cos(2 * t) + 2 * np.cos(3 * t) + np.cos(4 * t)
    parts = [np.column_stack([wide * np.sin(t) ** 3, y]).tolist()]
    if rng.random() < 0.2:  # shot through
        parts.append([[-24, 6], [24, -8]])
    return vary_strokes(parts, rng)


def _stick_figure(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    hip, reach, stride = rng.uniform(0.5, 0.68), rng.uniform(0.12, 0.34), rng.uniform(0.1, 0.28)
    neck, head = rng.uniform(0.22, 0.3), rng.uniform(0.16, 0.26)
    shoulder, lift = neck + rng.uniform(0.02, 0.12), rng.uniform(-0.25, 0.25)
    parts = _placed([_arc(rng, turns=1.0).tolist()], 0.5 - head / 2, neck - head, head, head)
    parts += [
        [[0.5, neck], [0.5, hip]],
        [[0.5 - reach, shoulder + lift], [0.5, shoulder], [0.5 + reach, shoulder + lift * rng.choice((-1, 1))]],
        [[0.5 - stride, 1], [0.5, hip], [0.5 + stride, 1]],
    ]
    return vary_strokes(parts, rng, 0.7)


def _tick(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A check mark: its second leg is long, leans far to the right, and so is no flag of a 1."""
    down, up = rng.uniform(0.25, 0.4), rng.uniform(0.7, 1.0)
    return vary_strokes([[[0, 1 - down], [down * rng.uniform(0.6, 1), 1], [down + up, rng.uniform(0, 0.3)]]], rng, 0.6)


def _notes(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Two or three heads under one beam, or two."""
    count, step, head = int(rng.integers(2, 4)), rng.uniform(0.35, 0.6), rng.uniform(0.16, 0.26)
    rise = rng.uniform(-0.2, 0.2)
    tops = [(i * step, i * step * rise) for i in range(count)]
    parts: Strokes = []
    for x, y in tops:
        foot = y + rng.uniform(0.7, 0.8)
        parts.append([[x, y], [x, foot]])
        parts += _placed(
            [_arc(rng, turns=1.0 if rng.random() < 0.4 else 3.0, shrink=0.2).tolist()],
            x - head,
            foot - head / 3,
            head,
            head * 0.75,
        )
    for beam in range(rng.integers(1, 3)):
        parts.append([[tops[0][0], tops[0][1] + 0.12 * beam], [tops[-1][0], tops[-1][1] + 0.12 * beam]])
    return vary_strokes(parts, rng, 0.7)


def _star(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Five to eight rays around, or a pentagram in one line."""
    points = int(rng.integers(5, 9))
    start = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.4:
        angles, radii = start + np.arange(6) * 4 * np.pi / 5, np.ones(6)
    else:
        angles = start + np.arange(2 * points + 1) * np.pi / points
        radii = np.where(np.arange(2 * points + 1) % 2, rng.uniform(0.3, 0.55), 1.0)
    return vary_strokes([(radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])).tolist()], rng)


def _flower(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    petals, heart = int(rng.integers(4, 9)), rng.uniform(0.2, 0.35)
    parts = _placed([_arc(rng, turns=1.0).tolist()], -heart / 2, -heart / 2, heart, heart)
    for angle in np.arange(petals) * 2 * np.pi / petals:
        middle, size = np.array([np.cos(angle), np.sin(angle)]) * heart, heart * rng.uniform(0.8, 1.1)
        parts += _placed([_arc(rng, turns=1.0).tolist()], middle[0] - size / 2, middle[1] - size / 2, size, size)
    if rng.random() < 0.7:
        parts.append([[0, heart * 1.6], [rng.normal(0, 0.05), 1.2]])
        if rng.random() < 0.5:
            parts.append([[0, 1.0], [0.3, 0.8], [0.28, 0.95], [0, 1.0]])
    return vary_strokes(parts, rng)


def _fir(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Two to four triangles on a trunk."""
    tiers = int(rng.integers(2, 5))
    parts: Strokes = []
    for tier in range(tiers):
        half, top = 0.18 + 0.12 * tier + rng.uniform(0, 0.06), 0.24 * tier - 0.06 * (tier > 0)
        parts.append([[0, top], [-half, top + 0.3], [half, top + 0.3], [0, top]])
    foot = 0.24 * tiers + 0.06
    parts.append([[-0.07, foot], [-0.07, foot + 0.2], [0.07, foot + 0.2], [0.07, foot]])
    return vary_strokes(parts, rng)


def _house(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    wide, roof = rng.uniform(0.6, 1.2), rng.uniform(0.25, 0.5)
    parts: Strokes = [[[0, roof], [0, 1], [wide, 1], [wide, roof], [0, roof], [wide / 2, 0], [wide, roof]]]
    door = wide * rng.uniform(0.15, 0.6)
    parts.append([[door, 1], [door, 0.68], [door + 0.15, 0.68], [door + 0.15, 1]])
    if rng.random() < 0.5:
        parts += _placed([[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]], wide * 0.62, roof + 0.12, 0.18, 0.18)
    return vary_strokes(parts, rng)


def _animal(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A head with two ears, eyes, a nose and whiskers."""
    ear, eye = rng.uniform(0.15, 0.45), rng.uniform(0.04, 0.1)
    parts = [_arc(rng, turns=1.0).tolist()]
    for side in (-1, 1):
        parts.append([[0.5 + side * 0.42, 0.24], [0.5 + side * 0.4, -ear], [0.5 + side * 0.12, 0.04]])
        parts += _placed([_arc(rng, turns=1.0).tolist()], 0.5 + side * 0.2 - eye / 2, 0.36, eye, eye)
        for rise in (-0.06, 0.06) if rng.random() < 0.6 else ():
            parts.append([[0.5 + side * 0.14, 0.66 + rise / 2], [0.5 + side * 0.62, 0.66 + rise * 2]])
    parts.append([[0.45, 0.58], [0.55, 0.58], [0.5, 0.65], [0.45, 0.58]])
    return vary_strokes(parts, rng)


def _lattice(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Ladders, fences, boards: lines across lines, more of them than an 8 has."""
    across, down = int(rng.integers(2, 6)), int(rng.integers(3, 7))
    wide, tall, over = rng.uniform(0.3, 1), 1.0, rng.uniform(0, 0.15)
    parts = [[[x, -over], [x, tall + over]] for x in np.linspace(0, wide, across)]
    parts += [[[-over, y], [wide + over, y]] for y in np.linspace(0.1, 0.9, down)]
    turned = rng.random() < 0.4
    return vary_strokes([[p[::-1] for p in part] if turned else part for part in parts], rng)


def _digit(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    if digits and rng.random() < 0.5:
        return vary_strokes(digits[rng.integers(len(digits))].strokes, rng, 0.7)
    return draw_digit(int(rng.integers(10)), rng).strokes


def _aspect(strokes: Strokes) -> float:
    left, top, right, bottom = bounding_box(strokes)
    return (right - left) / max(bottom - top, 1e-6)


def _placed(strokes: Strokes, x: float, y: float, width: float, height: float) -> Strokes:
    """Stretch strokes into a box."""
    left, top, right, bottom = bounding_box(strokes)
    across, down = width / max(right - left, 1e-6), height / max(bottom - top, 1e-6)
    if right - left < 0.05 * (bottom - top):
        across = down  # an upright line has no width to stretch
    if bottom - top < 0.05 * (right - left):
        down = across
    return [[[x + (p[0] - left) * across, y + (p[1] - top) * down] for p in stroke] for stroke in strokes]


def _pick(templates: tuple[str, ...], rng: np.random.Generator) -> str:
    return templates[rng.integers(len(templates))]


MAKERS: tuple[tuple[Callable[[np.random.Generator, list[StrokeDrawing]], Strokes], float], ...] = (
    (_letter, 24),
    (_word, 3),
    (_doodle, 18),
    *((maker, 2) for maker in (_arrow, _heart, _stick_figure, _notes, _star, _flower, _fir, _house, _animal, _lattice)),
    (_tick, 1),
    (_syllable, 12),
    (_single_jamo, 9),
    (_pencil, 9),
    (_lying_bar, 2),
    (_scribble, 8),
    (_spiral, 3),
    (_coil, 4),
    (_composition, 10),
    (_face, 4),
    (_sun, 3),
    (_dial, 5),
    (_two_digits, 8),
    (_turned_digit, 4),
    (_crossed_out_digit, 3),
    (_mixed_digits, 2),
    (_blot, 1),
)

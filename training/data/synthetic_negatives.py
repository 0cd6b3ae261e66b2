"""What is no digit and may train the refusal: letters, doodles, scribbles, blocks of Korean, broken or doubled digits."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes, bounding_box
from recognizer.labels import NOT_A_DIGIT
from training.data.augmentation import vary_strokes
from training.data.datasets import StrokeDrawing
from training.data.stroke_templates import CONSONANTS, DOODLES, LETTERS, VOWELS_BELOW, VOWELS_BESIDE
from training.data.synthetic_digits import draw, draw_digit

TURNABLE = (2, 3, 4, 5, 7)  # a quarter turn makes these no digit; 0, 1, 6, 8 and 9 stay too near to one


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
    """A Korean block: a consonant, a vowel beside or below it, often a consonant under both."""
    height = 0.55 if rng.random() < 0.6 else 1.0
    if rng.random() < 0.6:
        parts = _placed(_jamo(CONSONANTS, rng), 0, 0, 0.5, height) + _placed(
            _jamo(VOWELS_BESIDE, rng), 0.6, 0, 0.4, height
        )
    else:
        parts = _placed(_jamo(CONSONANTS, rng), 0.2, 0, 0.6, height * 0.55)
        parts += _placed(_jamo(VOWELS_BELOW, rng), 0, height * 0.62, 1, height * 0.35)
    if height < 1:
        parts += _placed(_jamo(CONSONANTS, rng), 0.15, 0.65, 0.7, 0.35)
    return vary_strokes(parts, rng)


def _single_jamo(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """One Korean letter by itself, of those that are no digit's shape; a bar, a corner and a ring are."""
    return draw(
        _pick(CONSONANTS[1:3] + CONSONANTS[4:7] + CONSONANTS[8:] + VOWELS_BESIDE[1:] + VOWELS_BELOW[1:], rng), rng
    )


def _pencil(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A long thin outline, pointed or not: pencils, knives, sticks. Upright ones are wide enough not to be a thick 1."""
    lean = rng.uniform(-np.pi / 2, np.pi / 2)
    slimmest = 0.14 if abs(lean) < np.radians(35) else 0.07
    half, tip, band = rng.uniform(slimmest, 0.32) / 2, rng.uniform(0, 0.3), rng.uniform(0.03, 0.2)
    outline = [[half, 0], [half, 1 - tip], [rng.normal(0, 0.02), 1], [-half, 1 - tip], [-half, 0], [half, 0]]
    parts = [outline]
    if rng.random() < 0.5:
        parts.append([[-half, band], [half, band]])
    if rng.random() < 0.4:
        parts.append([[-half, 1 - tip], [half, 1 - tip]])
    if rng.random() < 0.2:
        parts.append([[half * rng.uniform(-0.4, 0.4), band], [half * rng.uniform(-0.4, 0.4), 1 - tip]])
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]]) * rng.choice((-1, 1))
    return vary_strokes([(np.array(part) @ turn.T).tolist() for part in parts], rng)


def _lying_bar(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A line that lies rather than stands: no hand leans a 1 so far."""
    lean = rng.uniform(-0.35, 0.35)
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
        else rng.random((rng.integers(6, 20), 2))
    )
    text = " ".join(f"{x * 100:.1f},{y * 100:.1f}" for x, y in points / max(1e-6, np.ptp(points)))
    return draw(text if rng.random() < 0.6 else text.replace(" ", " / "), rng)


def _spiral(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    return vary_strokes([_arc(rng, turns=rng.uniform(1.6, 3.2), shrink=rng.uniform(0.02, 0.3)).tolist()], rng)


def _coil(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Hatching, waves and telephone cords."""
    t = np.linspace(0, rng.uniform(3, 10) * 2 * np.pi, 140)
    across = rng.uniform(0.02, 0.3)
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
        angles = first + np.array([0, rng.uniform(0.7, 2.4) * rng.choice((-1, 1))])
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
    return [[[sign * p[1], -sign * p[0]] for p in stroke] for stroke in draw_digit(wanted, rng).strokes]


def _crossed_out_digit(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    strike = _coil(rng, digits) if rng.random() < 0.5 else draw("0,20 100,80 ; 100,20 0,80", rng)
    return _placed(_digit(rng, digits), 0.1, 0, 0.7, 1) + _placed(strike, -0.1, 0.1, 1.1, 0.8)


def _mixed_digits(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """Two digits on top of each other."""
    below, above = _digit(rng, digits), _digit(rng, digits)
    x, y = rng.uniform(0.05, 0.35, 2)
    return _placed(below, 0, 0, 0.7, 1) + _placed(above, x, y, 0.7, 1)


def _blot(rng: np.random.Generator, digits: list[StrokeDrawing]) -> Strokes:
    """A filled spot, or a few dots."""
    if rng.random() < 0.5:
        return [[point.tolist()] for point in rng.random((rng.integers(1, 5), 2))]
    t = np.linspace(0, 40 * np.pi, 400)
    spot = np.column_stack([t * np.cos(t), t * np.sin(t) * rng.uniform(0.4, 1)])
    return [spot.tolist()]


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
    (_doodle, 20),
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

"""Styles that no template and no family of training draws, by hands simulated another way: what the baseline is chosen by.

They are held out by kind: dots on a printer's grid, lines that overrun each corner, spirals in bowls and heads, loops at corners,
pennants, brackets. None may become a template once results were seen; a new idea for training is a new style there.

A style is a text: "M x,y" puts the pen down on a sheet of 100 x 100, y downwards; "L x,y" draws a line, "Q cx,cy x,y" a
quadratic Bezier curve, "O cx,cy rx,ry start,sweep" an arc of an ellipse in degrees, clockwise from the right, with a line to
where it begins, "S cx,cy r0,r1 start,sweep" a spiral likewise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes
from training.data.datasets import StrokeDrawing

Path = NDArray[np.float64]

SIDE = 280.0  # px of the canvas
MARGIN = 16.0  # px that stay free around a drawing
STEP = 2.0  # of the sheet's 100: spacing at which a meant path is followed

# Rows of five dots, as printers and tickers have them
MATRICES: dict[int, tuple[str, ...]] = {
    2: (".###.", "#...#", "....#", "...#.", "..#..", ".#...", "#####"),
    3: ("#####", "...#.", "..#..", "...#.", "....#", "#...#", ".###."),
    5: ("#####", "#....", "####.", "....#", "....#", "#...#", ".###."),
    7: ("#####", "....#", "...#.", "..#..", ".#...", ".#...", ".#..."),
    9: (".###.", "#...#", "#...#", ".####", "....#", "...#.", ".##.."),
}

STYLES: dict[str, tuple[int, str]] = {
    "zero of two parentheses": (0, "M 36,0 Q -2,50 36,100 M 64,0 Q 102,50 64,100"),
    "zero of two brackets": (0, "M 36,0 L 20,0 L 20,100 L 36,100 M 64,0 L 80,0 L 80,100 L 64,100"),
    "zero of two rings": (0, "M 50,0 O 50,50 36,50 270,360 M 50,22 O 50,50 17,28 270,360"),
    "zero overrun": (0, "M 14,8 L 86,8 M 78,0 L 78,100 M 86,92 L 14,92 M 22,100 L 22,0"),
    "one on two lines": (1, "M 28,26 L 54,0 L 54,88 M 24,87 L 84,87 M 24,100 L 84,100"),
    "one on a wave": (1, "M 34,24 L 54,0 L 54,92 M 20,96 Q 37,82 54,94 Q 70,106 86,92"),
    "one with a loop in its flag": (1, "M 56,0 L 56,100 M 56,1 Q 44,16 30,27 O 25,23 6,6 45,300"),
    "two with a spiral head": (2, "M 42,28 S 46,24 7,24 300,420 L 18,98 L 84,98"),
    "two with a ball": (2, "M 22,22 O 24,22 6,6 0,360 O 50,28 28,26 200,205 L 18,98 L 84,98"),
    "three with spiral ends": (
        3,
        "M 34,20 S 36,18 3,14 60,200 O 50,24 26,24 220,200 L 44,48 O 50,74 30,26 280,200 S 38,84 12,3 150,-260",
    ),
    "three under a wave": (3, "M 14,10 Q 30,-8 46,6 Q 64,18 82,2 L 46,42 O 50,72 32,28 275,235"),
    "three with a long waist": (3, "M 26,10 O 46,24 30,24 215,235 L 6,48 L 50,48 O 48,74 34,26 275,240"),
    "three overrun": (3, "M 18,6 L 88,6 M 80,-2 L 80,102 M 30,50 L 90,50 M 18,94 L 88,94"),
    "four with a loop": (4, "M 60,0 L 26,58 O 20,64 8,8 320,-320 L 90,62 M 66,34 L 66,100"),
    "four as a sail": (4, "M 66,0 L 66,100 M 60,6 L 14,60 L 60,60"),
    "four with a tick": (4, "M 30,0 L 18,56 L 88,56 L 94,42 M 66,22 L 66,100 L 54,92"),
    "four overrun": (4, "M 26,-4 L 18,64 M 10,56 L 94,56 M 68,0 L 68,104"),
    "five under a wave": (5, "M 28,10 L 26,46 O 48,70 30,30 222,255 M 28,10 Q 42,-8 58,6 Q 72,18 88,2"),
    "five with a spiral belly": (5, "M 80,0 L 28,0 L 26,42 S 50,70 32,10 222,480"),
    "five with a loop": (5, "M 82,4 L 36,6 O 28,8 8,8 340,-300 L 26,46 O 48,70 32,30 222,260"),
    "five overrun": (5, "M 14,6 L 86,6 M 22,-2 L 22,56 M 14,48 L 86,48 M 78,40 L 78,102 M 86,94 L 14,94"),
    "six with a spiral": (6, "M 70,0 Q 16,30 20,70 S 50,70 30,5 180,-640"),
    "six crossed": (6, "M 66,0 Q 18,36 20,72 O 50,72 30,28 180,-300 L 4,66"),
    "six with a bar on top": (6, "M 48,0 L 84,0 M 64,0 Q 18,30 20,70 O 50,70 30,30 180,-350"),
    "seven with a loop": (7, "M 14,10 L 74,8 O 78,12 9,9 250,300 L 42,100"),
    "seven with a pennant": (7, "M 14,0 L 86,8 L 14,22 L 14,0 M 86,8 L 44,100"),
    "seven on a foot": (7, "M 14,4 L 82,4 L 46,98 M 28,100 L 66,100 M 14,-4 L 14,20"),
    "eight of two threes": (
        8,
        "M 47,4 O 44,25 24,22 280,-200 O 44,74 28,25 260,-200 M 53,4 O 56,25 24,22 260,200 O 56,74 28,25 280,200",
    ),
    "eight as a curved glass": (8, "M 22,4 Q 66,50 22,96 M 78,4 Q 34,50 78,96 M 20,4 L 80,4 M 20,96 L 80,96"),
    "eight with a belt": (8, "M 50,0 O 50,23 24,23 270,360 M 50,50 O 50,75 29,25 270,360 M 8,48 L 92,48"),
    "nine with a spiral": (9, "M 52,30 S 50,30 4,28 60,660 L 74,100"),
    "nine crossed": (9, "M 96,34 L 70,36 O 48,28 26,28 40,320 L 66,100"),
    "nine overrun": (9, "M 84,50 L 16,50 M 24,58 L 24,-2 M 16,6 L 86,6 M 78,-2 L 78,104"),
}


@dataclass(frozen=True)
class Hand:
    """How somebody writes, whatever the digit: chosen once for each of the hands."""

    frame: Path  # (2, 2, 2): how far the sheet's corners are from a square's, shares of the sheet
    slant: float  # width moved left for each height down
    aspect: float
    lag: float  # 0.35 to 1: how much of the way to where it should be the pen makes in a step
    unsteadiness: float  # of the sheet's 100
    pace: int  # steps between two points that the canvas reports
    size: float  # px of the longer side


def draw_held_out_styles(hands: int = 20, seed: int = 41) -> list[StrokeDrawing]:
    """Draw each held-out style once by each hand, on a canvas of 280 x 280 px. `name` is the style, `writer` the hand."""
    meant = {name: (digit, follow(text)) for name, (digit, text) in STYLES.items()}
    meant |= {f"{digit} as a dot matrix": (digit, dots(rows)) for digit, rows in MATRICES.items()}
    drawings = []
    for number in range(hands):
        rng = np.random.default_rng((seed, number))
        hand = some_hand(rng)
        for name, (digit, paths) in meant.items():
            drawings.append(StrokeDrawing(digit, f"hand {number}", _write(paths, hand, rng), name))
    return drawings


def some_hand(rng: np.random.Generator) -> Hand:
    return Hand(
        frame=rng.normal(0, 0.045, (2, 2, 2)),
        slant=rng.normal(0.08, 0.12),
        aspect=float(np.exp(rng.normal(-0.15, 0.16))),
        lag=rng.uniform(0.45, 1),
        unsteadiness=abs(rng.normal(0.6, 0.5)),
        pace=int(rng.integers(1, 5)),
        size=rng.uniform(110, 230),
    )


def follow(text: str) -> list[Path]:
    """Return each stroke of a style's text as (n, 2) places, STEP apart."""
    strokes: list[list[Path]] = []
    words = text.split()
    while words:
        order, numbers = words.pop(0), []
        while words and not words[0].isalpha():
            numbers.append([float(number) for number in words.pop(0).split(",")])
        values = np.array(numbers)
        if order == "M":
            strokes.append([values])
            continue
        here = strokes[-1][-1][-1]
        strokes[-1].append(_piece(order, here, values))
    return [_even(np.vstack(stroke)) for stroke in strokes]


def _piece(order: str, here: Path, values: Path) -> Path:
    t = np.linspace(0, 1, 24)[1:, None]
    if order == "L":
        return values
    if order == "Q":
        curve: Path = (1 - t) ** 2 * here + 2 * t * (1 - t) * values[0] + t**2 * values[1]
        return curve
    centre, radii, (start, sweep) = values
    t = np.linspace(0, 1, 48)[:, None]
    angles = np.radians(start + sweep * t)
    scale = radii if order == "O" else radii[0] + (radii[1] - radii[0]) * t
    arc: Path = centre + scale * np.hstack([np.cos(angles), np.sin(angles)])
    return arc


def _even(path: Path) -> Path:
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    places = np.arange(0, along[-1] + STEP / 2, STEP)
    return np.column_stack([np.interp(places, along, path[:, axis]) for axis in (0, 1)])


def dots(rows: tuple[str, ...]) -> list[Path]:
    """Return the places of a matrix' dots as strokes of one point, (1, 2) each."""
    return [
        np.array([[12.0 + 16 * column, 100 / 6 * row]])
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark == "#"
    ]


def _write(paths: list[Path], hand: Hand, rng: np.random.Generator) -> Strokes:
    written = [_move(_bend(path, hand), hand, rng) for path in paths]
    points = np.vstack(written)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = hand.size / extent.max()
    room = SIDE - 2 * MARGIN - extent * scale
    corner = MARGIN + room * rng.uniform(0.2, 0.8, 2)
    return [(np.round((path - low) * scale + corner, 1)).tolist() for path in written]


def _bend(path: Path, hand: Hand) -> Path:
    """See the sheet askew: its corners are moved, and all between them bilinearly; then slant it."""
    u, v = path.T[:, :, None] / 100
    (top_left, top_right), (low_left, low_right) = hand.frame
    moved = (1 - v) * ((1 - u) * top_left + u * top_right) + v * ((1 - u) * low_left + u * low_right)
    bent = path + 100 * moved
    return np.column_stack([(bent[:, 0] - hand.slant * bent[:, 1]) * hand.aspect, bent[:, 1]])


def _move(path: Path, hand: Hand, rng: np.random.Generator) -> Path:
    """Follow the path with a pen that lags behind, drifts slowly to and fro, and is asked for its place now and then."""
    start = rng.normal(0, 1.2, 2)
    if len(path) == 1:
        return path + start
    pen, places = path[0], []
    for place in np.vstack([path, np.repeat(path[-1:], 2, 0)]):
        pen = pen + hand.lag * (place - pen)
        places.append(pen)
    t = np.linspace(0, 1, len(places))[:, None]
    waves = np.sin(2 * np.pi * (t * rng.uniform(0.5, 4, (1, 3)) + rng.random((1, 3))))
    drift = waves @ rng.normal(0, hand.unsteadiness, (3, 2))
    kept = np.unique(np.append(np.arange(0, len(places), hand.pace), len(places) - 1))
    written: Path = np.array(places)[kept] + drift[kept] + start
    return written

"""Characters of six alphabets, each turned by quarters into four forms, so that the features tell apart what is no digit."""

from collections.abc import Iterable
from pathlib import Path

from recognizer.imaging.strokes import Strokes
from recognizer.labels import NOT_A_DIGIT
from training.data.datasets import UNDECIDED, StrokeDrawing

QUARTERS = 4
# Our digits grew beside the letters of these, and many hands write some of both alike: none of them teaches the refusal.
RELATED_ALPHABETS = frozenset(("Latin", "Greek"))
LOOK_ALIKES = Path(__file__).parent / "sources" / "character_look_alikes.txt"  # found with the baseline before


def turn_characters(drawings: Iterable[StrokeDrawing]) -> list[StrokeDrawing]:
    """Turn each character (its `name` is "Alphabet/character07") by no, one, two and three quarters.

    Returns:
        Four drawings for each, named "Alphabet/character07/0" to "/3"; UNDECIDED where the turned character could be a digit.
    """
    alike = set(LOOK_ALIKES.read_text(encoding="utf-8").splitlines())
    return [_turned(drawing, quarters, alike) for drawing in drawings for quarters in range(QUARTERS)]


def _turned(drawing: StrokeDrawing, quarters: int, alike: set[str]) -> StrokeDrawing:
    name = f"{drawing.name}/{quarters}"
    could_be_a_digit = name in alike or drawing.name.split("/")[0] in RELATED_ALPHABETS
    strokes = turn(drawing.strokes, quarters)
    return StrokeDrawing(UNDECIDED if could_be_a_digit else NOT_A_DIGIT, drawing.writer, strokes, name)


def turn(strokes: Strokes, quarters: int) -> Strokes:
    """Turn strokes clockwise about the origin, y growing downwards; only the places of their points are kept."""
    for _ in range(quarters):
        strokes = [[[-point[1], point[0]] for point in stroke] for stroke in strokes]
    return [[list(point[:2]) for point in stroke] for stroke in strokes]

"""What a refusal says it saw: two digits side by side are told from what is none."""

from collections.abc import Sequence

import numpy as np

from recognizer.errors import InvalidDrawing
from recognizer.imaging.preprocessing import normalize_strokes
from recognizer.imaging.strokes import Strokes, points_of
from recognizer.inference.answers import Answer, Kind
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.sentences import Sentence

MOST_AT_ONCE = 3  # digits that are read one by one; more are not counted either
LEAST_HEIGHT = 0.5  # of the whole: lower ones are dots and bars


def message(answer: Answer, strokes: Strokes | None, model: CalibratedModel) -> Sentence:
    """Return the answer's own sentence, or for a refusal of several digits which they are and that one is enough."""
    digits = digits_side_by_side(strokes, model) if answer.kind is Kind.REFUSED and strokes else []
    if not digits:
        return answer.message
    values = dict(zip(("first", "second", "third"), digits, strict=False))
    if len(digits) == 2:
        return Sentence("Two digits? I see {a_first} and {a_second}. One at a time.", **values)
    return Sentence("Three digits? I see {a_first} and {a_second} and {a_third}. One at a time.", **values)


def digits_side_by_side(strokes: Strokes, model: CalibratedModel) -> list[int]:
    """Read the groups of strokes that stand side by side, left to right; [] where not each of them is a digit."""
    groups = side_by_side(strokes)
    if not 2 <= len(groups) <= MOST_AT_ONCE:
        return []
    try:
        answers = [model.answer(normalize_strokes(group)) for group in groups]
    except InvalidDrawing:
        return []
    digits = [answer.digit for answer in answers if answer.digit is not None]
    return digits if len(digits) == len(groups) else []


def side_by_side(strokes: Strokes) -> list[Strokes]:
    """Part strokes where a vertical line fits between them; [] where a part is too low to be one of several digits."""
    points, counts = points_of(strokes)
    starts = np.cumsum([0, *counts[:-1]])
    low, high = np.minimum.reduceat(points, starts).tolist(), np.maximum.reduceat(points, starts).tolist()

    def height(numbers: Sequence[int]) -> float:
        return float(max(high[number][1] for number in numbers) - min(low[number][1] for number in numbers))

    groups: list[list[int]] = []
    right = float("-inf")
    for number in sorted(range(len(strokes)), key=lambda number: low[number][0]):
        if low[number][0] > right:
            groups.append([])
        groups[-1].append(number)
        right = max(right, high[number][0])
    least = LEAST_HEIGHT * height(range(len(strokes)))
    if any(height(group) < least for group in groups):
        return []
    return [[strokes[number] for number in group] for group in groups]

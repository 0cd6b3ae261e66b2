"""What a refusal says it saw: two digits side by side are told from what is none."""

from collections.abc import Sequence

from recognizer.errors import InvalidDrawing
from recognizer.imaging.preprocessing import normalize_strokes
from recognizer.imaging.strokes import Strokes
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
    groups: list[Strokes] = []
    right = float("-inf")
    for stroke in sorted(strokes, key=lambda stroke: min(point[0] for point in stroke)):
        if not groups or min(point[0] for point in stroke) > right:
            groups.append([])
        groups[-1].append(stroke)
        right = max(right, *(point[0] for point in stroke))
    whole = _height(strokes)
    return groups if all(_height(group) >= LEAST_HEIGHT * whole for group in groups) else []


def _height(strokes: Sequence[list[list[float]]]) -> float:
    ys = [point[1] for stroke in strokes for point in stroke]
    return max(ys) - min(ys)

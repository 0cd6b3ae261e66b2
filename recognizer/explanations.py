"""Why this answer? Leave out one part of the drawing after another and read what is left."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.preprocessing import normalize_strokes
from recognizer.imaging.strokes import Strokes
from recognizer.inference.answers import Answer, Kind
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.sentences import Sentence, marked

MAX_PARTS = 11  # left out in turn; with the whole drawing a dozen passes, one batch
PIECES = 6  # that a long stroke is cut into: about a bar, a corner or half a bowl each
LONG_SHARE = 0.4  # of all ink: a stroke this long is also taken apart
LEAST_LEFT = 0.3  # of all ink must remain, or the rest is no drawing to ask about
MOST_POINTS = 600  # of a path that is taken apart; a longer one, far longer than a hand's, is thinned out for it
NOTICEABLE_DROP = 0.01  # of probability; less is not worth pointing at
STRAIGHT = 2.5  # longer side to shorter: a bar, lying or standing
CLOSED = 0.2  # of its length between its ends: a loop

# whole sentences: other languages bend what stands around the part to it
MATTERS = {
    "loop": marked("This loop matters most, but without it I would still say {digit}."),
    "bar": marked("This bar matters most, but without it I would still say {digit}."),
    "line": marked("This line matters most, but without it I would still say {digit}."),
    "part": marked("This part matters most, but without it I would still say {digit}."),
}
UNREAD_WITHOUT = {
    "loop": marked("Without this loop I would not call it a digit."),
    "bar": marked("Without this bar I would not call it a digit."),
    "line": marked("Without this line I would not call it a digit."),
    "part": marked("Without this part I would not call it a digit."),
}
OTHER_WITHOUT = {
    "loop": marked("Without this loop I would say {digit}."),
    "bar": marked("Without this bar I would say {digit}."),
    "line": marked("Without this line I would say {digit}."),
    "part": marked("Without this part I would say {digit}."),
}


@dataclass(frozen=True)
class Span:
    """A stretch of one stroke, from point `start` to point `end`, both included."""

    stroke: int
    start: int
    end: int


@dataclass(frozen=True)
class Part:
    """What the network says without a span. `drop` is how much of the probability of the first answer goes with it."""

    span: Span
    digit: int | None
    probability_without: float
    drop: float


@dataclass(frozen=True)
class Explanation:
    kind: Kind
    digit: int | None
    probability: float
    parts: list[Part]
    strongest: Part | None
    sentence: Sentence


def explain(strokes: Strokes, model: CalibratedModel) -> Explanation:
    """Find the stroke, or the part of a long one, on which the answer rests most."""
    thin, kept = thinned(strokes)
    spans = candidate_spans(thin)
    pictures = [normalize_strokes(strokes), *(normalize_strokes(without(thin, span)) for span in spans)]
    prediction = model.predict(np.stack(pictures))
    whole, *rest = (model.interpret(prediction, row) for row in range(len(pictures)))
    as_sent = [Span(span.stroke, kept[span.stroke][span.start], kept[span.stroke][span.end]) for span in spans]
    parts = [_part(whole, left, span) for span, left in zip(as_sent, rest, strict=True)]
    key = strongest_part(whole.digit, parts)
    if key and not _decides(whole.digit, key):
        key = None  # a part that is marked is one that the sentence speaks of
    return Explanation(whole.kind, whole.digit, whole.confidence, parts, key, _sentence(strokes, whole.digit, key))


def thinned(strokes: Strokes) -> tuple[Strokes, list[list[int]]]:
    """Return the strokes with MOST_POINTS or a few more, evenly, and which points of each these are: its ends are among them."""
    share = min(1.0, MOST_POINTS / sum(map(len, strokes)))
    kept = [_evenly(len(stroke), max(2, round(share * len(stroke)))) for stroke in strokes]
    return [[stroke[i] for i in points] for stroke, points in zip(strokes, kept, strict=True)], kept


def _evenly(count: int, wanted: int) -> list[int]:
    """Choose `wanted` of so many points, both ends included; all where there are no more."""
    if count <= wanted:
        return list(range(count))
    indices: list[int] = np.linspace(0, count - 1, wanted).round().astype(int).tolist()
    return indices


def candidate_spans(strokes: Strokes) -> list[Span]:
    """Choose at most MAX_PARTS spans: whole strokes first, then pieces of the long ones, alone and in pairs."""
    runs = [_run(stroke) for stroke in strokes]
    lengths = [float(run[-1]) for run in runs]
    total = sum(lengths)
    longest_first = sorted(range(len(strokes)), key=lambda i: -lengths[i])
    spans = [Span(i, 0, len(strokes[i]) - 1) for i in longest_first] if len(strokes) > 1 else []
    for i in longest_first:
        if total and lengths[i] >= LONG_SHARE * total:
            cuts = _cuts(runs[i])
            spans += [Span(i, start, end) for start, end in pairwise(cuts)]
            spans += [Span(i, start, end) for start, end in zip(cuts, cuts[2:], strict=False)]
    return [span for span in spans if _leaves_enough(strokes, span, runs[span.stroke], total)][:MAX_PARTS]


def without(strokes: Strokes, span: Span) -> Strokes:
    """Leave out a span; a stroke that loses its middle becomes two."""
    stroke = strokes[span.stroke]
    before = stroke[: span.start + 1] if span.start > 0 else []
    after = stroke[span.end :] if span.end < len(stroke) - 1 else []
    return [*strokes[: span.stroke], *filter(None, [before, after]), *strokes[span.stroke + 1 :]]


def credit_memory(explanation: Explanation, digit: int | None, corrections: int) -> Explanation:
    """Say that it was not the network but this person's corrections that made the answer `digit`."""
    alone = explanation.digit
    if digit is None:
        sentence = Sentence.counted(
            "The network alone reads {a_alone}; your last correction makes it no digit.",
            "The network alone reads {a_alone}; your last {count} corrections make it no digit.",
            corrections, alone=alone,
        )  # fmt: skip
    elif alone is None:
        sentence = Sentence.counted(
            "The network alone reads no digit; your last correction makes it {a_digit}.",
            "The network alone reads no digit; your last {count} corrections make it {a_digit}.",
            corrections, digit=digit,
        )  # fmt: skip
    else:
        sentence = Sentence.counted(
            "The network alone reads {a_alone}; your last correction makes it {a_digit}.",
            "The network alone reads {a_alone}; your last {count} corrections make it {a_digit}.",
            corrections, alone=alone, digit=digit,
        )  # fmt: skip
    return replace(explanation, strongest=None, sentence=sentence)


def _part(whole: Answer, left: Answer, span: Span) -> Part:
    remaining = left.probabilities[whole.likely_digit]
    return Part(span, left.digit, remaining, whole.probabilities[whole.likely_digit] - remaining)


def strongest_part(whole_digit: int | None, parts: list[Part]) -> Part | None:
    """Return the part that matters most.

    One without which another digit is read says more than one without which nothing is, and both more than the others.
    """
    refused = [part for part in parts if part.digit != whole_digit]
    misread = [part for part in refused if part.digit is not None]
    return max(misread or refused or parts, key=lambda part: part.drop, default=None)


def _decides(digit: int | None, part: Part) -> bool:
    return part.digit != digit or (digit is not None and part.drop >= NOTICEABLE_DROP)


def _sentence(strokes: Strokes, digit: int | None, part: Part | None) -> Sentence:
    if part is None:
        if digit is None:
            return Sentence("I find no digit in it, with or without any one part.")
        return Sentence("No single part decides it: leave out any one and I would still say {digit}.", digit=digit)
    name = _name(strokes[part.span.stroke][part.span.start : part.span.end + 1])
    if part.digit == digit:
        return Sentence(MATTERS[name], digit=digit)
    if part.digit is None:
        return Sentence(UNREAD_WITHOUT[name])
    return Sentence(OTHER_WITHOUT[name], digit=part.digit)


def _name(points: list[list[float]]) -> str:
    width = max(p[0] for p in points) - min(p[0] for p in points)
    height = max(p[1] for p in points) - min(p[1] for p in points)
    length = _length(points)
    if length and math.dist(points[0][:2], points[-1][:2]) < CLOSED * length:
        return "loop"
    if width > STRAIGHT * height:
        return "bar"
    return "line" if height > STRAIGHT * width else "part"


def _run(stroke: list[list[float]]) -> NDArray[np.float64]:
    """Return how far the pen had gone at each point."""
    steps = np.diff(np.array([point[:2] for point in stroke], "float64"), axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(*steps.T))])


def _cuts(run: NDArray[np.float64]) -> list[int]:
    """Return point indices that cut a stroke into about PIECES equally long pieces, both ends included."""
    nearest = {int(np.abs(run - run[-1] * k / PIECES).argmin()) for k in range(PIECES + 1)}
    return sorted(nearest)


def _leaves_enough(strokes: Strokes, span: Span, run: NDArray[np.float64], total: float) -> bool:
    is_all = len(strokes) == 1 and span.start == 0 and span.end == len(run) - 1
    return not is_all and total - (run[span.end] - run[span.start]) >= LEAST_LEFT * total


def _length(stroke: list[list[float]]) -> float:
    return float(_run(stroke)[-1])

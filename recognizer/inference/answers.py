"""Raw outputs -> what we say: calibrated probabilities, a refusal, or a close call. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.prediction import Prediction
from recognizer.sentences import Sentence

REFUSAL = Sentence("Huh... You call that a digit?")  # the 2017 original's words, of what is plainly none
UNREAD = Sentence("I cannot read it. Which digit is it?")
PEOPLES = "people here draw it like this"  # instead of how sure the network is: it did not read that
CERTAINTIES = {  # the words of the API, which never change, and what people read
    PEOPLES: Sentence("People here draw it like this."),
    "very sure": Sentence("Very sure."),
    "pretty sure": Sentence("Pretty sure."),
    "not sure": Sentence("Not sure."),
}
PLAINLY_NONE = 0.0  # digitness below which it is likelier none than one
GUESSABLE = 0.5  # probability of one digit from which there is something to ask about
VERY_SURE = 0.98
PRETTY_SURE = 0.80
CLOSE_CALL_MARGIN = 0.5  # top minus second probability; below, people are shown the pair
ALTERNATIVE_MIN_PROBABILITY = 0.05  # of a second choice worth a button


@dataclass(frozen=True)
class Calibration:
    """How one model version's raw outputs become words; fitted on drawings it was not trained on.

    Attributes:
        temperature: logits are divided by it before the softmax.
        refusal_threshold: drawings whose digitness is lower are refused.
    """

    temperature: float = 1.0
    refusal_threshold: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0 and np.isfinite(self.refusal_threshold)):
            raise ValueError(f"Expected a positive temperature and a finite threshold, got {self}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Read what `to_dict` wrote; keys of later versions are ignored.

        Raises:
            ValueError: a key is missing or is not a usable number.
        """
        try:
            return cls(float(values["temperature"]), float(values["refusal_threshold"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"Not a calibration: {values!r}") from error

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class Kind(StrEnum):
    """What sort of answer it is: what a page offers depends on it."""

    DIGIT = "digit"
    PAIR = "pair"  # too close to call: the digit or the first alternative
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What the page says about one drawing. `digit` is None when it is refused; `likely_digit` is always there."""

    kind: Kind
    digit: int | None
    message: Sentence
    confidence: float
    probabilities: list[float]
    alternatives: list[tuple[int, float]]
    margin: float
    certainty: str
    likely_digit: int

    @property
    def refused(self) -> bool:
        return self.kind is Kind.REFUSED


def calibrated_probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Softmax of logits (N, 10) at a temperature: float64 (N, 10), rows sum to 1."""
    scaled = logits.astype("float64") / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return probabilities


def answer(prediction: Prediction, calibration: Calibration, row: int = 0) -> Answer:
    """Say what one drawing of a batch is.

    Raises:
        ValueError: the model's output is not finite.
    """
    logits, digitness = prediction.logits[row : row + 1], float(prediction.digitness[row])
    if not (np.isfinite(logits).all() and np.isfinite(digitness)):
        raise ValueError("The model's output is not finite")
    probabilities = calibrated_probabilities(logits, calibration.temperature)[0]
    ranking = np.argsort(-probabilities, kind="stable")
    top, second = int(ranking[0]), int(ranking[1])
    confidence, margin = float(probabilities[top]), float(probabilities[top] - probabilities[second])
    kind = _kind(digitness < calibration.refusal_threshold, margin)
    alternatives = [(int(d), float(probabilities[d])) for d in ranking[1:3]]
    return Answer(
        kind=kind,
        digit=None if kind is Kind.REFUSED else top,
        message=_refusal(digitness, confidence) if kind is Kind.REFUSED else _message(kind, top, second, confidence),
        confidence=confidence,
        probabilities=probabilities.tolist(),
        alternatives=[a for a in alternatives if a[1] >= ALTERNATIVE_MIN_PROBABILITY],
        margin=margin,
        certainty=_certainty(kind, confidence),
        likely_digit=top,
    )


def credit_people(said: Answer) -> Answer:
    """Say that an answer comes from what other people drew."""
    if said.kind is Kind.REFUSED:
        return said
    text = said.message if said.kind is Kind.PAIR else _i_read(said.likely_digit, PEOPLES)
    return replace(said, message=text, certainty=PEOPLES)


def _kind(refused: bool, margin: float) -> Kind:
    if refused:
        return Kind.REFUSED
    return Kind.PAIR if margin < CLOSE_CALL_MARGIN else Kind.DIGIT


def _certainty(kind: Kind, confidence: float) -> str:
    if kind is Kind.REFUSED:
        return "no digit"
    if confidence >= VERY_SURE:
        return "very sure"
    return "pretty sure" if confidence >= PRETTY_SURE else "not sure"


def _refusal(digitness: float, confidence: float) -> Sentence:
    return REFUSAL if digitness < PLAINLY_NONE and confidence < GUESSABLE else UNREAD


def _message(kind: Kind, top: int, second: int, confidence: float) -> Sentence:
    if kind is Kind.PAIR:
        return Sentence("{digit} or {other}?", digit=top, other=second)
    return _i_read(top, _certainty(kind, confidence))


def _i_read(digit: int, certainty: str) -> Sentence:
    return Sentence("I read {a_digit}.", digit=digit).then(CERTAINTIES[certainty])

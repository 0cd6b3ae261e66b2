import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import floats
from numpy.typing import NDArray

from recognizer.inference import answers
from recognizer.inference.answers import (
    CLOSE_CALL_MARGIN,
    REFUSAL,
    UNREAD,
    Calibration,
    Kind,
    answer,
    calibrated_probabilities,
)
from recognizer.inference.prediction import Prediction

CALIBRATION = Calibration(temperature=1.0, refusal_threshold=0.0)


def predicted(*probabilities: float, digitness: float = 5.0) -> Prediction:
    missing = 10 - len(probabilities)
    full = [*probabilities, *[(1 - sum(probabilities)) / max(1, missing)] * missing]
    return Prediction(
        np.log(np.array([full], "float32")), np.array([digitness], "float32"), np.zeros((1, 4), "float32")
    )


def test_a_clear_digit_is_named_with_how_sure() -> None:
    said = answer(predicted(0.001, 0.99), CALIBRATION)
    assert (said.kind, said.digit, said.likely_digit, said.refused) == (Kind.DIGIT, 1, 1, False)
    assert said.certainty == "very sure"
    assert said.message == "I read a 1. Very sure."
    assert said.confidence == pytest.approx(0.99, abs=1e-4)


def test_an_eight_takes_an_an() -> None:
    assert answer(predicted(*[0.001] * 8, 0.99), CALIBRATION).message.startswith("I read an 8.")


def test_probabilities_sum_to_one_and_top_is_the_confidence() -> None:
    said = answer(predicted(0.3, 0.2), CALIBRATION)
    assert sum(said.probabilities) == pytest.approx(1)
    assert max(said.probabilities) == said.confidence


def test_a_close_call_offers_the_pair_likelier_first() -> None:
    said = answer(predicted(0.0493, 0.0001, 0.0001, 0.0001, 0.45, 0.0001, 0.0001, 0.0001, 0.0001, 0.5), CALIBRATION)
    assert (said.kind, said.digit, said.refused) == (Kind.PAIR, 9, False)
    assert said.message == "9 or 4?"
    assert said.alternatives[0][0] == 4
    assert said.certainty == "not sure"


def test_a_clear_digit_offers_no_alternative() -> None:
    assert answer(predicted(0.995), CALIBRATION).alternatives == []


def test_below_the_threshold_it_refuses_but_remembers_the_likeliest() -> None:
    said = answer(predicted(0.001, 0.99, digitness=-0.1), CALIBRATION)
    assert (said.digit, said.refused, said.likely_digit) == (None, True, 1)
    assert (said.kind, said.message, said.certainty) == (Kind.REFUSED, UNREAD, "no digit")


@pytest.mark.parametrize(
    ("digitness", "top", "message"),
    [(-0.1, 0.1, REFUSAL), (-0.1, 0.49, REFUSAL), (-0.1, 0.6, UNREAD), (0.1, 0.1, UNREAD)],
    ids=["a scribble", "no likely digit", "likely one digit", "likelier a digit than none"],
)
def test_only_what_is_plainly_none_is_teased(digitness: float, top: float, message: str) -> None:
    said = answer(predicted(top, digitness=digitness), Calibration(1.0, 0.5))
    assert (said.kind, said.message) == (Kind.REFUSED, message)


def test_a_refusal_is_no_pair_however_close_it_was() -> None:
    assert answer(predicted(0.45, 0.44, digitness=-0.1), CALIBRATION).kind is Kind.REFUSED


@pytest.mark.parametrize(("ahead", "kind"), [(-0.001, Kind.PAIR), (0.001, Kind.DIGIT)])
def test_a_pair_is_a_margin_below_the_close_call(ahead: float, kind: str) -> None:
    second = (0.98 - CLOSE_CALL_MARGIN - ahead) / 2
    said = answer(predicted(0.98 - second, second), CALIBRATION)
    assert said.margin == pytest.approx(CLOSE_CALL_MARGIN + ahead, abs=1e-4)
    assert said.kind is kind


@settings(deadline=None)  # the first example of a busy machine takes longer than the next hundred
@given(arrays("float32", (1, 10), elements=floats(-20, 20, width=32)))
def test_a_pair_has_a_second_digit_to_offer(logits: NDArray[np.float32]) -> None:
    said = answer(Prediction(logits, np.array([5.0], "float32"), np.zeros((1, 4), "float32")), CALIBRATION)
    assert said.alternatives or said.kind is not Kind.PAIR


def test_at_the_threshold_it_answers() -> None:
    assert not answer(predicted(0.99, digitness=0.0), CALIBRATION).refused


def test_a_higher_temperature_is_less_sure_of_the_same_digit() -> None:
    warm = answer(predicted(0.9), Calibration(2.0, 0.0))
    assert warm.digit == 0
    assert warm.confidence < 0.9


def test_enormous_logits_do_not_overflow() -> None:
    probabilities = calibrated_probabilities(np.array([[1e4] + [0.0] * 9], "float32"), 0.5)
    assert probabilities[0].tolist() == [1.0] + [0.0] * 9


def test_a_prediction_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(ValueError, match="not finite"):
        answer(predicted(0.9, digitness=float("nan")), CALIBRATION)


def test_a_calibration_survives_its_json() -> None:
    calibration = Calibration(1.3, -0.7)
    assert Calibration.from_dict({**calibration.to_dict(), "later": 1}) == calibration


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"temperature": 1},
        {"temperature": 0, "refusal_threshold": 0},
        {"temperature": None, "refusal_threshold": 0},
        {"temperature": float("nan"), "refusal_threshold": 0},
    ],
)
def test_a_calibration_that_makes_no_sense_is_an_error(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Calibration.from_dict(values)


@pytest.fixture
def exactly(monkeypatch: pytest.MonkeyPatch) -> Callable[..., answers.Answer]:
    """Answer from probabilities as they stand: a softmax of logarithms is a little beside them."""

    def say(*probabilities: float) -> answers.Answer:
        full = np.array([[*probabilities, *[0.0] * (10 - len(probabilities))]])
        monkeypatch.setattr(answers, "calibrated_probabilities", lambda logits, temperature: full)
        return answer(predicted(0.9), CALIBRATION)

    return say


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (1.0, "very sure"),
        (0.98, "very sure"),
        (0.979, "pretty sure"),
        (0.8, "pretty sure"),
        (0.799, "not sure"),
        (0.1, "not sure"),
    ],
)
def test_how_sure_changes_at_98_and_at_80_percent(
    exactly: Callable[..., answers.Answer], confidence: float, words: str
) -> None:
    said = exactly(0.0, confidence)
    assert said.certainty == words
    assert said.message == (f"I read a 1. {words.capitalize()}." if confidence >= 0.5 else "1 or 0?")


def test_a_close_call_is_one_by_less_than_a_half(exactly: Callable[..., answers.Answer]) -> None:
    assert exactly(0.25, 0.75).message == "I read a 1. Not sure."
    assert exactly(0.25, 0.749).message == "1 or 0?"
    assert exactly(0.25, 0.75).margin == 0.5


def test_only_an_eight_takes_an_an(exactly: Callable[..., answers.Answer]) -> None:
    said = [exactly(*[0.0] * digit, 1.0).message for digit in range(10)]
    assert said == [f"I read {'an' if digit == 8 else 'a'} {digit}. Very sure." for digit in range(10)]


def test_the_next_two_are_alternatives_from_five_percent_on(exactly: Callable[..., answers.Answer]) -> None:
    assert exactly(0.1, 0.4, 0.3, 0.2).alternatives == [(2, 0.3), (3, 0.2)]
    assert exactly(0.9, 0.05, 0.05).alternatives == [(1, 0.05), (2, 0.05)]
    assert exactly(0.9, 0.06, 0.049).alternatives == [(1, 0.06)]
    assert exactly(0.9, 0.0499, 0.0499).alternatives == []


def test_just_under_the_threshold_it_refuses() -> None:
    calibration = Calibration(1.0, 2.5)
    assert answer(predicted(0.99, digitness=2.4999), calibration).refused
    assert not answer(predicted(0.99, digitness=2.5), calibration).refused


def test_of_a_batch_the_row_that_is_asked_for_answers() -> None:
    logits = np.zeros((3, 10), "float32")
    logits[1, 4], logits[2, 6] = 9.0, math.nan
    batch = Prediction(logits, np.array([math.nan, 1.0, 1.0], "float32"), np.zeros((3, 4), "float32"))
    assert answer(batch, CALIBRATION, 1).digit == 4
    for row in (0, 2):
        with pytest.raises(ValueError, match="not finite"):
            answer(batch, CALIBRATION, row)


def test_the_first_row_answers_where_none_is_asked_for() -> None:
    logits = np.eye(10, dtype="float32")[[3, 5]]
    assert answer(Prediction(logits, np.ones(2, "float32"), np.zeros((2, 4), "float32")), CALIBRATION).digit == 3


def test_probabilities_are_a_softmax_at_a_temperature() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 3):
        logits = rng.normal(0, 3, (count, 10)).astype("float32")
        for row, raw in zip(calibrated_probabilities(logits, 1.7), logits.tolist(), strict=True):
            powers = [math.exp(logit / 1.7) for logit in raw]
            assert row.tolist() == pytest.approx([power / sum(powers) for power in powers])


@pytest.mark.parametrize(
    ("temperature", "threshold"), [(0.0, 0.0), (-1.0, 0.0), (math.inf, 0.0), (1.0, math.nan), (1.0, math.inf)]
)
def test_a_calibration_is_made_of_a_positive_temperature_and_a_finite_threshold(
    temperature: float, threshold: float
) -> None:
    with pytest.raises(ValueError, match="Expected a positive temperature and a finite threshold"):
        Calibration(temperature, threshold)


def test_a_calibration_says_what_it_could_not_read() -> None:
    for values in ({"temperature": 1.0}, {"temperature": None, "refusal_threshold": 0.0}):
        with pytest.raises(ValueError, match="Not a calibration"):
            Calibration.from_dict(values)


def test_a_calibration_that_was_never_fitted_changes_and_refuses_nothing() -> None:
    assert Calibration().to_dict() == {"temperature": 1.0, "refusal_threshold": 0.0}
    assert Calibration(0.5, -1.0).temperature == 0.5


def test_calibrations_and_answers_cannot_be_changed() -> None:
    for fixed, name in ((CALIBRATION, "temperature"), (answer(predicted(0.9), CALIBRATION), "digit")):
        with pytest.raises(FrozenInstanceError):
            setattr(fixed, name, 2)

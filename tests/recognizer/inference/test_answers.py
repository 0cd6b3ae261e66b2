from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import floats
from numpy.typing import NDArray

from recognizer.inference.answers import CLOSE_CALL_MARGIN, REFUSAL, Calibration, Kind, answer, calibrated_probabilities
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
    assert (said.kind, said.message, said.certainty) == (Kind.REFUSED, REFUSAL, "no digit")


def test_a_refusal_is_no_pair_however_close_it_was() -> None:
    assert answer(predicted(0.45, 0.44, digitness=-0.1), CALIBRATION).kind is Kind.REFUSED


@pytest.mark.parametrize(("ahead", "kind"), [(-0.001, Kind.PAIR), (0.001, Kind.DIGIT)])
def test_a_pair_is_a_margin_below_the_close_call(ahead: float, kind: str) -> None:
    second = (0.98 - CLOSE_CALL_MARGIN - ahead) / 2
    said = answer(predicted(0.98 - second, second), CALIBRATION)
    assert said.margin == pytest.approx(CLOSE_CALL_MARGIN + ahead, abs=1e-4)
    assert said.kind is kind


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

"""The challenger's threshold: on digits that neither model was trained on, it refuses no more than the baseline but by luck."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from training.config import FineTuneConfig
from training.learning.calibration import Unseen, recalibrate

BASELINE = Calibration(temperature=0.7, refusal_threshold=0.5)
CONFIG = FineTuneConfig(enough_to_calibrate=100, digits_refused=0.01)
NOBODY = np.zeros(0, "int64")


def said(digitness: NDArray[Any], labels: NDArray[Any] | None = None) -> Prediction:
    labels = np.zeros(len(digitness), "int64") if labels is None else labels
    logits = np.full((len(digitness), 10), 0.0, "float32")
    logits[np.arange(len(digitness)), np.minimum(labels, 9)] = 5.0
    return Prediction(logits, digitness.astype("float32"), np.zeros((len(digitness), 4), "float32"))


def spread(low: float, high: float, count: int = 1000) -> NDArray[Any]:
    return np.linspace(low, high, count)


def unseen(digits: NDArray[Any], others: NDArray[Any] | None = None) -> Unseen:
    return Unseen(said(digits), said(spread(-8, 0.4) if others is None else others))


@pytest.mark.parametrize("drift", [0.0, 0.5, 3.0])
def test_threshold_does_not_rise_for_the_sake_of_digits(drift: float) -> None:
    """A challenger that is surer of every digit would refuse other people's digits for the sake of an old share."""
    before = spread(0.4, 8)
    after = recalibrate(BASELINE, unseen(before), unseen(before + drift), said(NOBODY), NOBODY, CONFIG)
    assert after == BASELINE


def test_threshold_falls_until_no_more_is_refused_than_luck_explains() -> None:
    before = spread(0.4, 8)
    challenger = unseen(before - 1.0)
    after = recalibrate(BASELINE, unseen(before), challenger, said(NOBODY), NOBODY, CONFIG)
    refused = (before < BASELINE.refusal_threshold).sum()
    assert refused == 14
    assert (challenger.digits.digitness < after.refusal_threshold).sum() == refused + 7  # 1.64 times the root of 14


def test_a_few_more_refused_by_luck_leave_the_threshold() -> None:
    """It fell from -0.30 to -0.86 for less, and as many other things passed again as a new script had let pass."""
    before = spread(0.4, 8)
    after = recalibrate(BASELINE, unseen(before), unseen(before - 0.04), said(NOBODY), NOBODY, CONFIG)
    assert (before - 0.04 < BASELINE.refusal_threshold).sum() > (before < BASELINE.refusal_threshold).sum()
    assert after == BASELINE


def test_threshold_rises_until_as_many_others_are_refused_as_before() -> None:
    """After a run on a new script 17 of 896 other things passed that had been refused, and it was held for that."""
    others = spread(-8, 2)
    refused = (others < BASELINE.refusal_threshold).sum()
    challenger = unseen(spread(2, 9), others + 1)
    after = recalibrate(BASELINE, unseen(spread(0.6, 8), others), challenger, said(NOBODY), NOBODY, CONFIG)
    assert after.refusal_threshold > BASELINE.refusal_threshold
    assert (challenger.others.digitness < after.refusal_threshold).sum() == refused


def test_threshold_rises_no_further_than_digits_allow() -> None:
    others = spread(-8, 2)
    challenger = unseen(spread(0.4, 8), others + 3)
    after = recalibrate(BASELINE, unseen(spread(0.4, 8), others), challenger, said(NOBODY), NOBODY, CONFIG)
    refused = (spread(0.4, 8) < BASELINE.refusal_threshold).sum()
    assert (challenger.digits.digitness < after.refusal_threshold).sum() == refused


def test_threshold_falls_for_held_out_people() -> None:
    labels = np.arange(1000) % 10
    held = said(spread(-2, 8), labels)
    after = recalibrate(BASELINE, unseen(spread(1, 8)), unseen(spread(1, 8)), held, labels, CONFIG)
    assert (held.digitness < after.refusal_threshold).mean() == pytest.approx(0.01, abs=0.001)


def test_few_held_out_digits_leave_the_baselines_temperature() -> None:
    labels = np.array([3] * 99 + [NOT_A_DIGIT] * 50)
    held = said(spread(-2, 8, 149), labels)
    assert recalibrate(BASELINE, unseen(spread(1, 8)), unseen(spread(1, 8)), held, labels, CONFIG) == BASELINE


def test_a_challenger_that_refuses_nothing_keeps_the_threshold() -> None:
    everything_refused = unseen(spread(-3, 0))
    assert recalibrate(BASELINE, everything_refused, everything_refused, said(NOBODY), NOBODY, CONFIG) == BASELINE


def test_where_no_others_are_replayed_the_threshold_stays() -> None:
    none = unseen(spread(1, 8), np.zeros(0))
    assert recalibrate(BASELINE, none, none, said(NOBODY), NOBODY, CONFIG) == BASELINE

"""The challenger's calibration: the baseline's, moved as far as the evidence goes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from training.config import FineTuneConfig
from training.evaluation.paired_tests import Z90
from training.evaluation.reports import fit_temperature


@dataclass(frozen=True)
class Unseen:
    """What a model says of unseen replay: of digits, and of what is none."""

    digits: Prediction
    others: Prediction


def recalibrate(
    before: Calibration,
    baseline: Unseen,
    challenger: Unseen,
    held: Prediction,
    held_labels: NDArray[np.int64],
    config: FineTuneConfig,
) -> Calibration:
    """Give the challenger a temperature and a refusal threshold.

    The threshold was fitted on more digits of strangers than a run has, and a share of a few in a thousand is too rare to fit
    again. It falls where the challenger would refuse more digits than the baseline does, by more than luck explains, and rises
    where it would let more pass that are none, as far as it refuses no more digits: who is taught a new script says yes to
    other scripts as well.

    Args:
        before: the baseline's.
        baseline, challenger: what both models say of the same unseen replay.
        held, held_labels: the challenger's outputs for drawings of contributors it did not learn from.
    """
    digits_refused, others_refused = (
        int((said.digitness < before.refusal_threshold).sum()) for said in (baseline.digits, baseline.others)
    )
    rising = min(
        _lowest_refusing(others_refused, challenger.others.digitness),
        _highest_refusing(digits_refused, challenger.digits.digitness),
    )
    most = _highest_refusing(digits_refused + _luck(digits_refused), challenger.digits.digitness)
    threshold = min(max(before.refusal_threshold, rising), most)
    digits = held_labels != NOT_A_DIGIT
    if digits.sum() < config.enough_to_calibrate:
        return Calibration(before.temperature, threshold)
    threshold = min(threshold, float(np.quantile(held.digitness[digits], config.digits_refused)))
    temperature = fit_temperature(held.logits[digits], held_labels[digits])
    # as many held-out drawings as were enough weigh as much as the baseline's own fit
    trust = digits.sum() / (digits.sum() + config.enough_to_calibrate)
    return Calibration(float(before.temperature ** (1 - trust) * temperature**trust), threshold)


def _luck(count: int) -> int:
    """How many more than so many rare events luck explains, one-sided at 5 % (of a Poisson count, by its normal limit)."""
    return math.ceil(Z90 * math.sqrt(max(count, 1)))


def _highest_refusing(count: int, digitness: NDArray[np.float32]) -> float:
    """The highest threshold under which no more than `count` of the pictures lie; infinite where any would do."""
    return float(np.sort(digitness)[count]) if count < len(digitness) else float("inf")


def _lowest_refusing(count: int, digitness: NDArray[np.float32]) -> float:
    """The lowest threshold under which `count` of the pictures lie; minus infinite where any would do."""
    lowest = np.sort(digitness)[: min(count, len(digitness))]
    return float(np.nextafter(lowest[-1], np.float32(np.inf))) if len(lowest) else float("-inf")

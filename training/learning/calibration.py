"""The challenger's calibration: the baseline's, moved as far as the evidence goes."""

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from training.config import FineTuneConfig
from training.evaluation.reports import fit_temperature


def recalibrate(
    before: Calibration,
    baseline: Prediction,
    challenger: Prediction,
    held: Prediction,
    held_labels: NDArray[np.int64],
    config: FineTuneConfig,
) -> Calibration:
    """Give the challenger a temperature and a refusal threshold.

    The threshold never rises above the baseline's: it was fitted on more digits of strangers than a run has, and a share of a few
    in a thousand is too rare to fit again. It falls where the challenger would refuse more digits than the baseline does.

    Args:
        before: the baseline's.
        baseline, challenger: both models' outputs for the same replayed digits, which the challenger was not trained on.
        held, held_labels: the challenger's outputs for drawings of contributors it did not learn from.
    """
    refused = int((baseline.digitness < before.refusal_threshold).sum())
    threshold = min(before.refusal_threshold, _threshold_refusing(refused, challenger.digitness))
    digits = held_labels != NOT_A_DIGIT
    if digits.sum() < config.enough_to_calibrate:
        return Calibration(before.temperature, threshold)
    threshold = min(threshold, float(np.quantile(held.digitness[digits], config.digits_refused)))
    temperature = fit_temperature(held.logits[digits], held_labels[digits])
    # as many held-out drawings as were enough weigh as much as the baseline's own fit
    trust = digits.sum() / (digits.sum() + config.enough_to_calibrate)
    return Calibration(float(before.temperature ** (1 - trust) * temperature**trust), threshold)


def _threshold_refusing(count: int, digitness: NDArray[np.float32]) -> float:
    """The highest threshold under which no more than `count` of the pictures lie; infinite where any would do."""
    return float(np.sort(digitness)[count]) if count < len(digitness) else float("inf")

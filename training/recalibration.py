"""The challenger's calibration: the baseline's, moved as far as the evidence goes."""

import numpy as np

from recognizer.answers import NOT_A_DIGIT, Calibration
from recognizer.classifier import Prediction
from training.config import FineTuneConfig
from training.evaluation import fit_temperature


def recalibrate(
    before: Calibration,
    baseline: Prediction,
    challenger: Prediction,
    held: Prediction,
    held_labels: np.ndarray,
    config: FineTuneConfig,
) -> Calibration:
    """Give the challenger a temperature and a refusal threshold.

    Args:
        before: the baseline's.
        baseline, challenger: both models' outputs for the same replayed digits: the challenger refuses the same share of them.
        held, held_labels: the challenger's outputs for drawings of contributors it did not learn from.
    """
    share = float((baseline.digitness < before.refusal_threshold).mean())
    threshold = float(np.quantile(challenger.digitness, share))
    digits = held_labels != NOT_A_DIGIT
    if digits.sum() >= config.enough_to_calibrate:
        threshold = min(threshold, float(np.quantile(held.digitness[digits], config.digits_refused)))
        temperature = fit_temperature(held.logits[digits], held_labels[digits])
        # as many held-out drawings as were enough weigh as much as the baseline's own fit
        trust = digits.sum() / (digits.sum() + config.enough_to_calibrate)
        return Calibration(float(before.temperature ** (1 - trust) * temperature**trust), threshold)
    return Calibration(before.temperature, threshold)

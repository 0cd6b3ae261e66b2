"""Have one model answer every exam, and time it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import Prediction
from training.evaluation.exam_sets import ExamSet
from training.evaluation.reports import Report, examine

if TYPE_CHECKING:
    from recognizer.inference.classifier import Classifier

LATENCY_ROUNDS = 200  # drawings that are timed one by one


@dataclass(frozen=True)
class Evaluation:
    """A model's reports, exam by exam, and what it costs to serve."""

    reports: dict[str, Report]
    latency_ms: float
    artifact_bytes: int
    is_finite: bool


def evaluate(
    model: CalibratedModel,
    exam_set: ExamSet,
    on_batch: Callable[[], None] = lambda: None,
    rounds: int = LATENCY_ROUNDS,
) -> Evaluation:
    """Ask a model every question of every exam; `on_batch` is called after each batch of them.

    Args:
        rounds: drawings that are timed one by one.
    """
    watch = _Watch(model.classifier, on_batch)
    reports = {name: examine(watch.predict, exam, model.calibration) for name, exam in exam_set.exams.items()}
    return Evaluation(reports, _latency(model.classifier, rounds), len(model.tflite), watch.is_finite)


class _Watch:
    """Looks at what passes: outputs that are no number are a finding, not a crash."""

    def __init__(self, classifier: "Classifier", on_batch: Callable[[], None]) -> None:
        self._classifier, self._on_batch, self.is_finite = classifier, on_batch, True

    def predict(self, batch: NDArray[np.float32]) -> Prediction:
        prediction = self._classifier.predict(batch)
        self._on_batch()
        if all(np.isfinite(values).all() for values in (prediction.logits, prediction.digitness)):
            return prediction
        self.is_finite = False
        no_digit = np.full(len(batch), -1e9, "float32")
        return Prediction(np.nan_to_num(prediction.logits), no_digit, prediction.features)


def _latency(classifier: "Classifier", rounds: int) -> float:
    """Median milliseconds of one drawing, by the processor's clock: beside other work the wall's says how busy the machine is."""
    image = np.zeros((1, 28, 28, 1), "float32")
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        classifier.predict(image)
        times.append(time.thread_time() - start)
    return float(np.median(times) * 1000)

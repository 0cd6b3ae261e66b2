"""What a model version's row says of itself, in the order a reader wants it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import ExamSpec, exam_spec
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import ModelVersion

MOST_CONFUSED = 5


@dataclass(frozen=True)
class ExamResult:
    """One exam; shares are 0..1, `low` and `high` bound the accuracy with 95 % confidence where that was measured."""

    exam: ExamSpec
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
    results: list[ExamResult] = field(default_factory=list)
    confused: list[tuple[int, int, int]] = field(default_factory=list)  # drawn, read as, how often

    @classmethod
    def of(cls, version: ModelVersion) -> Self:
        reports = read_reports(version.metrics)
        return cls(
            version.number,
            version.promoted_at,
            version.created_at,
            version.origin,
            exam_results(reports),
            most_confused(reports.values())[:MOST_CONFUSED],
        )


@dataclass(frozen=True)
class VersionProgress:
    """A version beside the others: what it learned from, how it did, and whether the gate let it answer.

    Attributes:
        held: by the gate, and never promoted since; `reasons` say why.
        drawings: how many it learned from.
    """

    number: int
    exams: list[ExamResult]
    promoted_at: datetime | None = None
    is_champion: bool = False
    held: bool = False
    reasons: list[str] = field(default_factory=list)
    drawings: int | None = None


def exam_results(reports: dict[str, ExamReport]) -> list[ExamResult]:
    return [
        ExamResult(exam_spec(name), report.n, report.accuracy, *(report.interval or (None, None)))
        for name, report in reports.items()
    ]


def most_confused(reports: Iterable[ExamReport]) -> list[tuple[int, int, int]]:
    """Return (drawn, read as, how often) over all exams, the commonest mistake first."""
    counts: dict[tuple[int, int], int] = {}
    for report in reports:
        for drawn, row in enumerate(report.confusion[:NOT_A_DIGIT]):
            for read, count in enumerate(row[:NOT_A_DIGIT]):
                if read != drawn and count:
                    counts[drawn, read] = counts.get((drawn, read), 0) + count
    return sorted(((drawn, read, count) for (drawn, read), count in counts.items()), key=lambda mistake: -mistake[2])

"""What a version's row keeps of each exam it has taken: counts and shares, without the questions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self, TypedDict

from recognizer.labels import NOT_A_DIGIT


class ReliabilityBin(TypedDict):
    """Answers of about the same confidence: how sure they were on average, the share that was right, how many they are."""

    confidence: float
    accuracy: float
    n: int


@dataclass(frozen=True, kw_only=True)
class ExamReport:
    """How one version did in one exam. The exam's name is the key it is stored under; shares are 0..1.

    A refused digit is a wrong answer, and so is a digit answered where there is none. What a report of an
    older release lacks is None or empty.

    Attributes:
        interval: 95 % confidence interval of `accuracy`.
        recall: share of each digit answered rightly; None where the exam has none of it.
        accuracy_top1: share right if nothing had been refused.
        ece: expected calibration error of the digits; None where there are none.
        confusion: (11, 11): rows are labels, columns answers, the last of each "not a digit".
        questions: digest of what was asked: reports of the same questions can be compared one by one.
        missed: places of the questions answered wrongly, by label; None where they are too many to name.
    """

    n: int = 0
    correct: int | None = None
    accuracy: float
    interval: tuple[float, float] | None = None
    recall: list[float | None] = field(default_factory=list)
    accuracy_top1: float | None = None
    refusal_rate: float | None = None
    ece: float | None = None
    confusion: list[list[int]] = field(default_factory=list)
    bins: list[ReliabilityBin] = field(default_factory=list)
    questions: str = ""
    missed: dict[str, list[int]] | None = None

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote, or an older release; what this one no longer knows is left out."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**known | {"interval": tuple(stored.get("interval") or ()) or None})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def of_digits(self) -> tuple[int, int] | None:
        """How many digits were answered rightly, and how many there were: what the gate counts by. None: it is not known."""
        rows = self.confusion[:NOT_A_DIGIT]
        digits = sum(map(sum, rows))
        return (sum(row[digit] for digit, row in enumerate(rows)), digits) if digits else None

    @property
    def digits_refused(self) -> float | None:
        """The share of the exam's digits that were refused; its other questions should be."""
        rows = [row for row in self.confusion[:NOT_A_DIGIT] if len(row) > NOT_A_DIGIT]
        digits = sum(map(sum, rows))
        return sum(row[NOT_A_DIGIT] for row in rows) / digits if digits else None


def read_reports(stored: Mapping[str, Any]) -> dict[str, ExamReport]:
    """Read the reports out of a version's metrics, by exam. What is no report is left out."""
    return {
        name: ExamReport.from_dict(report)
        for name, report in stored.items()
        if isinstance(report, dict) and "accuracy" in report
    }

"""Should the challenger speak? Pure: numbers in, a decision with its reasons out."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from recognizer.exams import DRAWINGS, EXAMS, MNIST, PEN, exam_spec
from recognizer.formatting import percent
from training.config import GatePolicy

CHAMPION, BASELINE = "champion", "baseline"
# compared question by question; MNIST has a rule of its own
COMPARED = sorted(
    (exam for exam in EXAMS if exam.is_gated and exam.name != MNIST), key=lambda exam: not exam.is_growing
)


@dataclass(frozen=True)
class Score:
    """How one candidate did on one exam, as counts.

    Attributes:
        digits, right: how many questions are digits, and how many of these were answered rightly (a refusal is wrong).
        refused: digits that were refused.
        others, others_refused: questions that are no digit, and how many of these were refused.
        digit_count, digit_right: `digits` and `right` for each digit 0-9.
        calibration_error: expected calibration error, 0..1; None where there are no digits.
    """

    digits: int
    right: int
    refused: int = 0
    others: int = 0
    others_refused: int = 0
    digit_count: tuple[int, ...] = (0,) * 10
    digit_right: tuple[int, ...] = (0,) * 10
    calibration_error: float | None = None

    @property
    def accuracy(self) -> float:
        return self.right / self.digits if self.digits else math.nan


@dataclass(frozen=True)
class Paired:
    """The same questions, two candidates: answers that the challenger fixed and that it broke, also for each digit."""

    fixed: int
    broken: int
    digit_fixed: tuple[int, ...] = (0,) * 10
    digit_broken: tuple[int, ...] = (0,) * 10


@dataclass(frozen=True)
class Candidate:
    """A model as the gate sees it.

    Attributes:
        agreement: largest difference between a Keras and a LiteRT probability; None where it was not measured.
        latency_ms: median time of one drawing, measured beside the other candidates.
        is_finite: no output was NaN or infinite.
    """

    scores: dict[str, Score]
    agreement: float | None = None
    latency_ms: float | None = None
    artifact_bytes: int = 0
    is_finite: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the gate's table, in words and figures for people.

    `key` is what a row is found by, whatever its words are: a rule ("size"), or an exam and a rule ("mnist.champion").
    Rows of older releases have none.
    """

    key: str
    metric: str
    champion: str
    challenger: str
    limit: str
    verdict: str
    passed: bool

    @property
    def exam(self) -> str:
        """The name of the exam that the row is about; "" for what is about none, or adds all up."""
        return self.key.rpartition(".")[0]

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored.get(name, "") for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Decision:
    promote: bool
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self | None:
        """Read what a run's row keeps; None where the gate has not been asked."""
        if not stored:
            return None
        rows = [Row.from_dict(row) for row in stored.get("rows", [])]
        return cls(stored.get("promote", False), stored.get("reasons", []), stored.get("notes", []), rows)


def decide(
    champion: Candidate,
    challenger: Candidate,
    baseline: Candidate,
    paired: dict[str, Paired],
    paired_baseline: dict[str, Paired],
    policy: GatePolicy,
) -> Decision:
    """Compare a challenger with the champion and the shipped baseline on the same exams.

    Args:
        paired, paired_baseline: exam name to what the challenger fixed and broke, against each of the two.

    Returns:
        To promote or not; `reasons` say why in either case, `notes` what the decision rests on, `rows` the whole table.
    """
    rows = [
        *_sound(champion, challenger, policy),
        *_mnist(champion, challenger, baseline, policy),
        *_exams(champion, challenger, paired, policy, CHAMPION),
        *_exams(baseline, challenger, paired_baseline, policy, BASELINE),
        *_recalls(champion, challenger, paired, policy),
        *_refusals(champion, challenger, policy),
        *_calibrations(champion, challenger, policy),
    ]
    failed = [row for row in rows if not row.passed]
    reasons = [f"{row.metric}: {row.verdict}" for row in failed] or [_gain(challenger, paired)]
    return Decision(not failed, reasons, _notes(challenger, policy), rows)


def chance_of_falling(fixed: int, broken: int) -> float:
    """One-sided exact McNemar: how likely equal candidates break at least `broken` of the answers they differ on."""
    differing = fixed + broken
    if differing == 0:
        return 1.0
    if differing > 1000:  # the normal approximation, with continuity, before the powers of two grow absurd
        z = (broken - 0.5 - differing / 2) / math.sqrt(differing / 4)
        return 0.5 * math.erfc(z / math.sqrt(2))
    return float(sum(math.comb(differing, k) for k in range(broken, differing + 1)) / 2**differing)


def _sound(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = [_finite(challenger), _size(champion, challenger, policy)]
    if challenger.agreement is not None:
        rows.append(_agreement(challenger.agreement, policy))
    if challenger.latency_ms is not None and champion.latency_ms is not None:
        rows.append(_speed(champion.latency_ms, challenger.latency_ms, policy))
    return rows


def _finite(challenger: Candidate) -> Row:
    if challenger.is_finite:
        return Row("outputs", "outputs", "finite", "finite", "finite", "sound", True)
    verdict = "the challenger answers with something that is no number"
    return Row("outputs", "outputs", "finite", "NaN or infinite", "finite", verdict, False)


def _size(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> Row:
    passed = challenger.artifact_bytes <= policy.artifact_bytes
    verdict = "within the budget" if passed else "the served file is too large"
    before, after = _bytes(champion.artifact_bytes), _bytes(challenger.artifact_bytes)
    return Row("size", "size", before, after, _bytes(policy.artifact_bytes), verdict, passed)


def _agreement(difference: float, policy: GatePolicy) -> Row:
    passed = difference <= policy.agreement  # NaN does not
    verdict = "the same" if passed else "what is served is not what was trained"
    return Row("agreement", "Keras and LiteRT", "-", f"{difference:.1e}", f"{policy.agreement:.0e}", verdict, passed)


def _speed(before: float, after: float, policy: GatePolicy) -> Row:
    limit = max(policy.latency_ms, policy.latency_rise * before)
    passed = after <= limit
    verdict = "within the budget" if passed else "answers too slowly"
    return Row("latency", "time a drawing", f"{before:.2f} ms", f"{after:.2f} ms", f"{limit:.2f} ms", verdict, passed)


def _mnist(champion: Candidate, challenger: Candidate, baseline: Candidate, policy: GatePolicy) -> list[Row]:
    rows = []
    for name, other, fall in (
        (CHAMPION, champion, policy.mnist_fall_champion),
        (BASELINE, baseline, policy.mnist_fall_baseline),
    ):
        before, after = other.scores.get(MNIST), challenger.scores.get(MNIST)
        if before is None or after is None or not after.digits:
            continue
        allowed = max(round(fall * after.digits), policy.mnist_fall_digits)
        passed = before.right - after.right <= allowed
        limit = (before.right - allowed) / after.digits
        verdict = "kept" if passed else f"falls by {_points(before.accuracy - after.accuracy)} below the {name}"
        rows.append(_accuracies(MNIST, name, before, after, _percent(limit), verdict, passed))
    return rows


def _exams(
    other: Candidate, challenger: Candidate, paired: dict[str, Paired], policy: GatePolicy, name: str
) -> list[Row]:
    """The exams beside MNIST: worse is what is worse on the same questions, beyond luck."""
    rows = []
    for exam in COMPARED:
        before, after, pair = other.scores.get(exam.name), challenger.scores.get(exam.name), paired.get(exam.name)
        if before is None or after is None or pair is None or not after.digits:
            continue
        if not exam.is_growing:
            rows.append(_compared(exam.name, before, after, pair, policy, name, policy.frozen_fall))
        elif after.digits >= policy.drawings_enough:
            rows.append(_compared(exam.name, before, after, pair, policy, name, 0.0))
        elif name == CHAMPION:
            rows.append(_too_few(exam.name, before, after, pair, policy))
    return rows


def _compared(
    exam: str, before: Score, after: Score, pair: Paired, policy: GatePolicy, name: str, tolerated: float
) -> Row:
    chance = chance_of_falling(pair.fixed, pair.broken)
    fall = (pair.broken - pair.fixed) / after.digits
    passed = chance > policy.significance or fall <= tolerated
    verdict = f"fixes {pair.fixed}, breaks {pair.broken}"
    if not passed:
        verdict += f": worse than the {name}, and not by chance (p = {chance:.2g})"
    limit = (
        f"not worse (p > {policy.significance:g})"
        if not tolerated
        else f"-{_points(tolerated)}, p > {policy.significance:g}"
    )
    return _accuracies(exam, name, before, after, limit, verdict, passed)


def _too_few(exam: str, before: Score, after: Score, pair: Paired, policy: GatePolicy) -> Row:
    verdict = f"fixes {pair.fixed}, breaks {pair.broken}: too few to tell"
    return _accuracies(exam, CHAMPION, before, after, f"from {policy.drawings_enough} drawings on", verdict, True)


def _accuracies(exam: str, name: str, before: Score, after: Score, limit: str, verdict: str, passed: bool) -> Row:
    title = exam_spec(exam).title + ("" if name == CHAMPION else ", against the baseline")
    return Row(f"{exam}.{name}", title, _percent(before.accuracy), _percent(after.accuracy), limit, verdict, passed)


def _recalls(champion: Candidate, challenger: Candidate, paired: dict[str, Paired], policy: GatePolicy) -> list[Row]:
    """One row an exam: the digit that lost most, if any lost more than the limit beyond luck."""
    rows = []
    for exam, pair in paired.items():
        before, after = champion.scores[exam], challenger.scores[exam]
        too_few = exam_spec(exam).is_growing and after.digits < policy.drawings_enough
        if not too_few and any(after.digit_count):
            rows.append(_recall(exam, before, after, pair, policy))
    return rows


def _recall(exam: str, before: Score, after: Score, pair: Paired, policy: GatePolicy) -> Row:
    falls = {
        digit: (pair.digit_broken[digit] - pair.digit_fixed[digit]) / count
        for digit, count in enumerate(after.digit_count)
        if count
    }
    beyond_luck = {
        digit
        for digit, fall in falls.items()
        if fall > policy.recall_fall
        and chance_of_falling(pair.digit_fixed[digit], pair.digit_broken[digit]) <= policy.significance
    }
    worst = max(beyond_luck or falls, key=falls.__getitem__)
    verdict = f"the {worst}s fall by {_points(falls[worst])}" if beyond_luck else "no digit falls beyond noise"
    return Row(
        f"{exam}.recall",
        f"each digit, {exam_spec(exam).title}",
        f"{worst}: {_percent(before.digit_right[worst] / before.digit_count[worst])}",
        f"{worst}: {_percent(after.digit_right[worst] / after.digit_count[worst])}",
        f"-{_points(policy.recall_fall)}",
        verdict,
        not beyond_luck,
    )


def _refusals(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    """What is refused in all exams together: in any one of them it is too rare to tell."""
    before, after = _total(champion), _total(challenger)
    rows = []
    if before.digits and after.digits:
        rows.append(_digits_refused(before, after, policy))
    if before.others and after.others:
        rows.append(_others_refused(before, after, policy))
    return rows


def _digits_refused(before: Score, after: Score, policy: GatePolicy) -> Row:
    was, share = before.refused / before.digits, after.refused / after.digits
    limit = max(policy.digits_refused, was + policy.digits_refused_rise)
    passed = share <= limit
    verdict = "within the limit" if passed else "refuses too many digits"
    return Row("digits_refused", "digits refused", _percent(was), _percent(share), _percent(limit), verdict, passed)


def _others_refused(before: Score, after: Score, policy: GatePolicy) -> Row:
    was, share = before.others_refused / before.others, after.others_refused / after.others
    limit = was - max(policy.others_refused_fall, 1.0 / after.others)
    passed = share >= limit
    verdict = "within the limit" if passed else "takes too many other things for digits"
    limit_text = _percent(max(limit, 0.0))
    return Row("others_refused", "non-digits refused", _percent(was), _percent(share), limit_text, verdict, passed)


def _calibrations(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = []
    for exam, after in challenger.scores.items():
        before = champion.scores.get(exam)
        few = after.digits < policy.drawings_enough
        if before is None or few or after.calibration_error is None or before.calibration_error is None:
            continue
        rows.append(_calibration(exam, before.calibration_error, after.calibration_error, policy))
    return rows


def _calibration(exam: str, before: float, after: float, policy: GatePolicy) -> Row:
    limit = max(policy.calibration_error, before + policy.calibration_rise)
    passed = after <= limit
    verdict = "within the limit" if passed else "is less honest about how sure it is"
    title = f"calibration error, {exam_spec(exam).title}"
    return Row(f"{exam}.calibration", title, _percent(before), _percent(after), _percent(limit), verdict, passed)


def _total(candidate: Candidate) -> Score:
    """Add up all exams, for what is too rare in any one of them."""
    scores = candidate.scores.values()
    return Score(
        digits=sum(score.digits for score in scores),
        right=sum(score.right for score in scores),
        refused=sum(score.refused for score in scores),
        others=sum(score.others for score in scores),
        others_refused=sum(score.others_refused for score in scores),
    )


def _gain(challenger: Candidate, paired: dict[str, Paired]) -> str:
    exam = DRAWINGS if challenger.scores.get(DRAWINGS, Score(0, 0)).digits else PEN
    pair = paired.get(exam)
    if pair is None:
        return "every limit is kept"
    return f"every limit is kept; on {exam_spec(exam).title} it fixes {pair.fixed} answers and breaks {pair.broken}"


def _notes(challenger: Candidate, policy: GatePolicy) -> list[str]:
    notes = []
    drawings = challenger.scores.get(DRAWINGS, Score(0, 0)).digits
    if drawings < policy.drawings_enough:
        notes.append(
            f"Decided on little: {drawings} exam drawings, and it takes {policy.drawings_enough} to tell. "
            "The frozen exams decided."
        )
    missing = [exam for exam in EXAMS if exam.is_gated and exam.file and exam.name not in challenger.scores]
    return [*notes, *(f"There was no {exam.title} exam here." for exam in missing)]


def _percent(share: float) -> str:
    return percent(share, 2)


def _points(value: float) -> str:
    return f"{100 * value:.2f} points"


def _bytes(count: int) -> str:
    return f"{count / 1024:.0f} KB"

"""Should the challenger speak? Pure: numbers in, a decision with its reasons out.

It may if it is measurably better somewhere and nowhere worse by more than a margin. A large gain for people widens the margins of
the frozen exams. Every comparison is of the same questions, so what counts is which answers changed, not two shares.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from recognizer.exams import DRAWINGS, EXAMS, MNIST, TAUGHT, exam_spec
from recognizer.formatting import percent
from training.config import GatePolicy
from training.evaluation.paired_tests import Z90, chance_of_falling, chance_of_rising, paired_interval

CHAMPION, BASELINE = "champion", "baseline"
GAINED, KEPT, FELL, HELD = "gained", "kept", "fell", "held"
PEOPLES = (TAUGHT, DRAWINGS)  # exams of what people here drew: their gain is what the others' margins may be spent on
# in the table's order: what the run was for, then what it must not cost
COMPARED = (*PEOPLES, *(exam.name for exam in EXAMS if exam.is_gated and exam.name not in PEOPLES))
SHOWN_FROM = 1.05  # a margin that is widened by less is not worth the words
LIKELY = 0.05  # one-sided: from here on a change is called better in words; a gain that counts takes less luck
ROUNDING = 1e-9  # of a question: a margin of 0.0012 of 10,000 is 12 of them, whatever floating point makes of it
GAIN = "gain"  # the key of the row that asks for one
RULES = 1  # raised whenever the same numbers may come to another decision, or to other words: history is judged by its own rules


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

    def with_others(self) -> "Score":
        """Count what is no digit among the questions, as people's labels do: to refuse it is right."""
        return replace(self, digits=self.digits + self.others, right=self.right + self.others_refused)


@dataclass(frozen=True)
class Paired:
    """The same questions, two candidates: answers that the challenger fixed and that it broke.

    Attributes:
        fixed, broken: among the digits; `digit_fixed` and `digit_broken` of each digit.
        others_fixed, others_broken: among what is no digit, where to refuse is right.
    """

    fixed: int
    broken: int
    digit_fixed: tuple[int, ...] = (0,) * 10
    digit_broken: tuple[int, ...] = (0,) * 10
    others_fixed: int = 0
    others_broken: int = 0

    def with_others(self) -> "Paired":
        """Count what is no digit among the answers, as people's labels do."""
        return replace(self, fixed=self.fixed + self.others_fixed, broken=self.broken + self.others_broken)


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
    `standing` is GAINED, FELL (beyond luck, and yet allowed), KEPT or HELD. Rows of older releases have neither.
    """

    key: str
    metric: str
    champion: str
    challenger: str
    limit: str
    verdict: str
    passed: bool
    standing: str = ""

    @property
    def exam(self) -> str:
        """The name of the exam that the row is about; "" for what is about none, or adds all up."""
        return self.key.rpartition(".")[0]

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored.get(name, "") for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class HeldOut:
    """Whose drawings the exam of what was taught asks for: so many contributors', who taught nothing if `is_by_contributor`."""

    contributors: int
    is_by_contributor: bool


@dataclass(frozen=True)
class Decision:
    """What the gate decided: `reasons` say why, `notes` what it rests on, `findings` what was learned and lost."""

    promote: bool
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self | None:
        """Read what a run's row keeps; None where the gate has not been asked."""
        if not stored:
            return None
        rows = [Row.from_dict(row) for row in stored.get("rows", [])]
        sentences = [stored.get(name, []) for name in ("reasons", "notes", "findings")]
        return cls(stored.get("promote", False), sentences[0], sentences[1], rows, sentences[2])


def decide(
    champion: Candidate,
    challenger: Candidate,
    baseline: Candidate,
    paired: dict[str, Paired],
    paired_baseline: dict[str, Paired],
    policy: GatePolicy,
    held_out: HeldOut | None = None,
    needs_gain: bool = True,
) -> Decision:
    """Compare a challenger with the champion and the shipped baseline on the same exams.

    Args:
        paired, paired_baseline: exam name to what the challenger fixed and broke, against each of the two.
        held_out: whose drawings the exam of what was taught is made of.
        needs_gain: False where a person wants it to speak, and asks only what it would cost.

    Returns:
        To promote or not; `reasons` say why in either case, `notes` what the decision rests on, `rows` the whole table.
    """
    against_champion = _Comparison(CHAMPION, champion, challenger, paired, policy, held_out)
    against_baseline = _Comparison(BASELINE, baseline, challenger, paired_baseline, policy, held_out)
    compared = against_champion.exams()
    refusals = _refusals(against_champion)
    rows = [
        *([_gain([*compared, *refusals])] if needs_gain else []),
        *compared,
        *against_baseline.exams(),
        *against_champion.each_digit(),
        *refusals,
        *_calibrations(champion, challenger, policy),
        *_sound(champion, challenger, policy),
    ]
    failed = [row for row in rows if not row.passed]
    gains = [_said(row) for row in rows if row.standing == GAINED and row.key != GAIN]
    return Decision(
        not failed, [_said(row) for row in failed] or gains or ["every limit is kept"], _notes(challenger), rows
    )


def _said(row: Row) -> str:
    return row.verdict if row.key == GAIN else f"{row.metric}: {row.verdict}"


def _gain(compared: list[Row]) -> Row:
    """A version that is better nowhere replaces nobody."""
    better = [row.metric for row in compared if row.standing == GAINED]
    verdict = "better beyond luck" if better else "no better, no worse beyond luck: the champion stays"
    if not better and any(row.standing in (FELL, HELD) for row in compared):
        verdict = "better nowhere beyond luck: the champion stays"
    limit, where = "better on one exam, beyond luck", ", ".join(better) or "nowhere"
    return Row(GAIN, "better somewhere", "-", where, limit, verdict, bool(better), GAINED if better else HELD)


@dataclass(frozen=True)
class _Comparison:
    """The challenger beside one other, exam by exam: worse is what is worse on the same questions, beyond luck and a margin."""

    name: str
    other: Candidate
    challenger: Candidate
    paired: dict[str, Paired]
    policy: GatePolicy
    held_out: HeldOut | None

    def exams(self) -> list[Row]:
        """One row an exam. That the shipped baseline reads less of what is new is no news, and gets none."""
        exams = [exam for exam in COMPARED if self.name == CHAMPION or exam != TAUGHT]
        return [self._exam(exam) for exam in exams if self._is_comparable(exam)]

    def each_digit(self) -> list[Row]:
        """One row an exam: the digit that lost most, if any lost more than the limit beyond luck."""
        exams = [exam for exam in self.paired if exam != TAUGHT and self._is_comparable(exam)]
        return [self._recall(exam) for exam in exams if any(self.challenger.scores[exam].digit_count)]

    def _is_comparable(self, exam: str) -> bool:
        if exam not in self.paired or exam not in self.other.scores or exam not in self.challenger.scores:
            return False
        return self._scores(exam)[1].digits > 0

    def _scores(self, exam: str) -> tuple[Score, Score]:
        before, after = self.other.scores[exam], self.challenger.scores[exam]
        return (before.with_others(), after.with_others()) if exam == TAUGHT else (before, after)

    def _pair(self, exam: str) -> Paired:
        return self.paired[exam].with_others() if exam == TAUGHT else self.paired[exam]

    @property
    def widening(self) -> float:
        """By what factor a gain for people widens the frozen exams' margins, 1 or more.

        The gain that counts is the one that is certain: the lower bound (95 %, one-sided) of the larger one.
        """
        gain = max([0.0, *(self._certain_gain(exam) for exam in PEOPLES if self._is_comparable(exam))])
        allowed = self.policy.mnist_fall + 100 * gain * self.policy.mnist_fall_for_a_point
        most = max(self.policy.mnist_fall_at_most, self.policy.mnist_fall)
        return min(allowed, most) / self.policy.mnist_fall if self.policy.mnist_fall else 1.0

    def _certain_gain(self, exam: str) -> float:
        pair = self._pair(exam)
        return paired_interval(pair.fixed, pair.broken, self._scores(exam)[1].digits, Z90)[0]

    @property
    def _ratchet(self) -> float:
        return 1.0 if self.name == CHAMPION else self.policy.ratchet

    def _margin(self, exam: str) -> float:
        if exam in PEOPLES:
            return 0.0
        fall = self.policy.mnist_fall if exam == MNIST else self.policy.frozen_fall
        return fall * self._ratchet * self.widening

    def _exam(self, exam: str) -> Row:
        (before, after), pair, margin = self._scores(exam), self._pair(exam), self._margin(exam)
        is_gain = self.name == CHAMPION and self._is_gain(exam)
        standing = (
            GAINED if is_gain else _standing(pair.fixed, pair.broken, after.digits, margin, self.policy.significance)
        )
        verdict = f"{_changes(pair.fixed, pair.broken, after.digits)}{_meaning(standing, pair, self.name)}"
        return Row(
            f"{exam}.{self.name}",
            self._title(exam),
            _percent(before.accuracy),
            _percent(after.accuracy),
            _limit(margin, self.widening if exam not in PEOPLES else 1.0),
            verdict,
            standing != HELD,
            standing,
        )

    def _is_gain(self, exam: str) -> bool:
        """Whether an exam shows one: better beyond the luck that this exam may have and, of what was taught, by enough."""
        before, pair = self._scores(exam)[0], self._pair(exam)
        luck = {TAUGHT: self.policy.taught_luck, DRAWINGS: self.policy.drawings_luck}.get(exam, self.policy.frozen_luck)
        net, misread = pair.fixed - pair.broken, before.digits - before.right
        is_enough = exam != TAUGHT or net >= self.policy.taught_gain * misread
        return is_enough and net > 0 and chance_of_rising(pair.fixed, pair.broken) <= luck

    def _title(self, exam: str) -> str:
        title = exam_spec(exam).title
        if exam == TAUGHT and self.held_out is not None:
            by = "by contributor" if self.held_out.is_by_contributor else "by drawing"
            title += f", {by}"
        return title + ("" if self.name == CHAMPION else ", against the baseline")

    def _recall(self, exam: str) -> Row:
        before, after, pair = self.other.scores[exam], self.challenger.scores[exam], self.paired[exam]
        margin = self.policy.recall_fall * self.widening
        falls = {
            digit: (pair.digit_broken[digit] - pair.digit_fixed[digit]) / count
            for digit, count in enumerate(after.digit_count)
            if count
        }
        beyond_luck = {
            digit
            for digit, fall in falls.items()
            if fall > margin
            and chance_of_falling(pair.digit_fixed[digit], pair.digit_broken[digit]) <= self.policy.significance / 10
        }
        worst = max(beyond_luck or falls, key=falls.__getitem__)
        verdict = f"the {worst}s fall by {_points(falls[worst])}" if beyond_luck else "no digit falls beyond luck"
        return Row(
            f"{exam}.recall",
            f"each digit, {exam_spec(exam).title}",
            f"{worst}: {_percent(before.digit_right[worst] / before.digit_count[worst])}",
            f"{worst}: {_percent(after.digit_right[worst] / after.digit_count[worst])}",
            _limit(margin, self.widening),
            verdict,
            not beyond_luck,
            HELD if beyond_luck else KEPT,
        )


def _standing(fixed: int, broken: int, count: int, margin: float, significance: float) -> str:
    """What a change that is no gain is: KEPT (luck explains it), FELL (within the margin, a share of `count`) or HELD."""
    if broken <= fixed or chance_of_falling(fixed, broken) > significance:
        return KEPT
    return FELL if broken - fixed <= margin * count + ROUNDING else HELD


def _changes(fixed: int, broken: int, count: int) -> str:
    """ "fixes 12, breaks 4: +2.00 points (95 %: +0.01 to +3.97)" """
    low, high = (f"{100 * bound:+.2f}" for bound in paired_interval(fixed, broken, count))
    return f"fixes {fixed}, breaks {broken}: {100 * (fixed - broken) / count:+.2f} points (95 %: {low} to {high})"


def _meaning(standing: str, pair: Paired, name: str) -> str:
    if standing == GAINED:
        return "; better, and not by luck"
    if standing == FELL:
        return "; a fall that is no luck, and that the margin allows"
    if standing == HELD:
        return f"; worse than the {name}, and not by luck (p = {chance_of_falling(pair.fixed, pair.broken):.2g})"
    if pair.fixed > pair.broken and chance_of_rising(pair.fixed, pair.broken) <= LIKELY:
        return "; better, but it may be luck" if name == CHAMPION else "; better"
    return "; no change beyond luck" if pair.fixed or pair.broken else "; no change"


def _limit(margin: float, widening: float) -> str:
    if not margin:
        return "no fall but by luck"
    paid = f" ({_points(margin / widening)}, widened by what people gain)" if widening >= SHOWN_FROM else ""
    return f"may fall by {_points(margin)}{paid}, or by more if luck explains it"


def _refusals(comparison: _Comparison) -> list[Row]:
    """What is refused in all exams together: in any one of them it is too rare to tell."""
    before, after = _total(comparison.other), _total(comparison.challenger)
    rows = []
    if before.digits and after.digits:
        rows.append(_digits_refused(before, after, comparison.policy))
    if before.others and after.others:
        rows.append(_others_refused(before, after, comparison))
    return rows


def _digits_refused(before: Score, after: Score, policy: GatePolicy) -> Row:
    was, share = before.refused / before.digits, after.refused / after.digits
    limit = max(policy.digits_refused, was + policy.digits_refused_rise)
    passed = share <= limit
    verdict = "within the limit" if passed else "refuses too many digits"
    return _checked(
        "digits_refused", "digits refused", _percent(was), _percent(share), _percent(limit), verdict, passed
    )


def _others_refused(before: Score, after: Score, comparison: _Comparison) -> Row:
    pairs = [pair for exam, pair in comparison.paired.items() if exam != TAUGHT]
    pair = Paired(sum(pair.others_fixed for pair in pairs), sum(pair.others_broken for pair in pairs))
    policy, margin = comparison.policy, comparison.policy.others_refused_fall * comparison.widening
    standing = _standing(pair.fixed, pair.broken, after.others, margin, policy.significance)
    if pair.fixed > pair.broken and chance_of_rising(pair.fixed, pair.broken) <= policy.frozen_luck:
        standing = GAINED
    verdict = "takes too many other things for digits: " if standing == HELD else ""
    verdict += _changes(pair.fixed, pair.broken, after.others) + _meaning(standing, pair, CHAMPION)
    return Row(
        "others_refused",
        f"non-digits refused, {after.others:,}",
        _percent(before.others_refused / before.others),
        _percent(after.others_refused / after.others),
        _limit(margin, comparison.widening),
        verdict,
        standing != HELD,
        standing,
    )


def _calibrations(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = []
    for exam, after in challenger.scores.items():
        before = champion.scores.get(exam)
        few = exam == TAUGHT or after.digits < policy.calibration_digits
        if before is None or few or after.calibration_error is None or before.calibration_error is None:
            continue
        rows.append(_calibration(exam, before.calibration_error, after.calibration_error, policy))
    return rows


def _calibration(exam: str, before: float, after: float, policy: GatePolicy) -> Row:
    limit = max(policy.calibration_error, before + policy.calibration_rise)
    passed = after <= limit
    verdict = "within the limit" if passed else "is less honest about how sure it is"
    title = f"calibration error, {exam_spec(exam).title}"
    return _checked(f"{exam}.calibration", title, _percent(before), _percent(after), _percent(limit), verdict, passed)


def _sound(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = [_finite(challenger), _size(champion, challenger, policy)]
    if challenger.agreement is not None:
        rows.append(_agreement(challenger.agreement, policy))
    if challenger.latency_ms is not None and champion.latency_ms is not None:
        rows.append(_speed(champion.latency_ms, challenger.latency_ms, policy))
    return rows


def _finite(challenger: Candidate) -> Row:
    if challenger.is_finite:
        return _checked("outputs", "outputs", "finite", "finite", "finite", "sound", True)
    verdict = "the challenger answers with something that is no number"
    return _checked("outputs", "outputs", "finite", "NaN or infinite", "finite", verdict, False)


def _size(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> Row:
    passed = challenger.artifact_bytes <= policy.artifact_bytes
    verdict = "within the budget" if passed else "the served file is too large"
    before, after = _bytes(champion.artifact_bytes), _bytes(challenger.artifact_bytes)
    return _checked("size", "size", before, after, _bytes(policy.artifact_bytes), verdict, passed)


def _agreement(difference: float, policy: GatePolicy) -> Row:
    passed = difference <= policy.agreement  # NaN does not
    verdict = "the same" if passed else "what is served is not what was trained"
    return _checked(
        "agreement", "Keras and LiteRT", "-", f"{difference:.1e}", f"{policy.agreement:.0e}", verdict, passed
    )


def _speed(before: float, after: float, policy: GatePolicy) -> Row:
    limit = max(policy.latency_ms, policy.latency_rise * before)
    passed = after <= limit
    verdict = "within the budget" if passed else "answers too slowly"
    return _checked(
        "latency", "time a drawing", f"{before:.2f} ms", f"{after:.2f} ms", f"{limit:.2f} ms", verdict, passed
    )


def _total(candidate: Candidate) -> Score:
    """Add up all exams but that of what was taught, which is asked of one version alone."""
    scores = [score for exam, score in candidate.scores.items() if exam != TAUGHT]
    return Score(
        digits=sum(score.digits for score in scores),
        right=sum(score.right for score in scores),
        refused=sum(score.refused for score in scores),
        others=sum(score.others for score in scores),
        others_refused=sum(score.others_refused for score in scores),
    )


def _checked(key: str, metric: str, champion: str, challenger: str, limit: str, verdict: str, passed: bool) -> Row:
    """A row of what has a limit and no luck in it."""
    return Row(key, metric, champion, challenger, limit, verdict, passed, KEPT if passed else HELD)


def _notes(challenger: Candidate) -> list[str]:
    drawings = challenger.scores.get(DRAWINGS, Score(0, 0)).digits
    notes = [] if drawings else ["There are no exam drawings by people yet: what is new and the frozen exams decided."]
    missing = [exam for exam in EXAMS if exam.is_gated and exam.file and exam.name not in challenger.scores]
    return [*notes, *(f"There was no {exam.title} exam here." for exam in missing)]


def _percent(share: float) -> str:
    return percent(share, 2)


def _points(value: float) -> str:
    return f"{100 * value:.2f} points"


def _bytes(count: int) -> str:
    return f"{count / 1024:.0f} KB"

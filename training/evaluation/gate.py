"""Should the challenger speak? Pure: numbers in, a decision with its reasons out."""

import math
from dataclasses import asdict, dataclass, field

from training.config import GatePolicy

MNIST, PEN, DRAWINGS, GOLDEN = "mnist", "pen_digits", "drawings", "golden"
EXAM_TITLES = {
    MNIST: "MNIST test",
    PEN: "UCI pen digits",
    DRAWINGS: "people's drawings",
    GOLDEN: "golden set",
    # the shipped baseline sat these as well; the gate asks none of them
    "canvas_a": "tablet writers",
    "canvas_b": "tablet writers elsewhere",
    "not_digits": "letters and doodles",
}


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
    """One line of the gate's table, in words and figures for people."""

    metric: str
    champion: str
    challenger: str
    limit: str
    verdict: str
    passed: bool


@dataclass(frozen=True)
class Decision:
    promote: bool
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def to_dict(self) -> dict:
        return asdict(self)


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
        *_exams(champion, challenger, paired, policy, "champion"),
        *_exams(baseline, challenger, paired_baseline, policy, "baseline"),
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
    return sum(math.comb(differing, k) for k in range(broken, differing + 1)) / 2**differing


def _sound(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = [_finite(challenger), _size(champion, challenger, policy)]
    if challenger.agreement is not None:
        rows.append(_agreement(challenger.agreement, policy))
    if challenger.latency_ms is not None and champion.latency_ms is not None:
        rows.append(_speed(champion.latency_ms, challenger.latency_ms, policy))
    return rows


def _finite(challenger: Candidate) -> Row:
    if challenger.is_finite:
        return Row("outputs", "finite", "finite", "finite", "sound", True)
    verdict = "the challenger answers with something that is no number"
    return Row("outputs", "finite", "NaN or infinite", "finite", verdict, False)


def _size(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> Row:
    passed = challenger.artifact_bytes <= policy.artifact_bytes
    verdict = "within the budget" if passed else "the served file is too large"
    before, after = _bytes(champion.artifact_bytes), _bytes(challenger.artifact_bytes)
    return Row("size", before, after, _bytes(policy.artifact_bytes), verdict, passed)


def _agreement(difference: float, policy: GatePolicy) -> Row:
    passed = difference <= policy.agreement  # NaN does not
    verdict = "the same" if passed else "what is served is not what was trained"
    return Row("Keras and LiteRT", "-", f"{difference:.1e}", f"{policy.agreement:.0e}", verdict, passed)


def _speed(before: float, after: float, policy: GatePolicy) -> Row:
    limit = max(policy.latency_ms, policy.latency_rise * before)
    passed = after <= limit
    verdict = "within the budget" if passed else "answers too slowly"
    return Row("time a drawing", f"{before:.2f} ms", f"{after:.2f} ms", f"{limit:.2f} ms", verdict, passed)


def _mnist(champion: Candidate, challenger: Candidate, baseline: Candidate, policy: GatePolicy) -> list[Row]:
    rows = []
    for name, other, fall in (
        ("champion", champion, policy.mnist_fall_champion),
        ("baseline", baseline, policy.mnist_fall_baseline),
    ):
        before, after = other.scores.get(MNIST), challenger.scores.get(MNIST)
        if before is None or after is None or not after.digits:
            continue
        allowed = max(round(fall * after.digits), policy.mnist_fall_digits)
        passed = before.right - after.right <= allowed
        limit = (before.right - allowed) / after.digits
        verdict = "kept" if passed else f"falls by {_points(before.accuracy - after.accuracy)} below the {name}"
        title = EXAM_TITLES[MNIST] + ("" if name == "champion" else ", against the baseline")
        rows.append(Row(title, _share(before.accuracy), _share(after.accuracy), _share(limit), verdict, passed))
    return rows


def _exams(
    other: Candidate, challenger: Candidate, paired: dict[str, Paired], policy: GatePolicy, name: str
) -> list[Row]:
    """The exams beside MNIST: worse is what is worse on the same questions, beyond luck."""
    rows = []
    for exam in (DRAWINGS, PEN, GOLDEN):
        before, after, pair = other.scores.get(exam), challenger.scores.get(exam), paired.get(exam)
        if before is None or after is None or pair is None or not after.digits:
            continue
        if exam == DRAWINGS and after.digits < policy.drawings_enough:
            if name == "champion":
                rows.append(_too_few(before, after, pair, policy))
            continue
        chance = chance_of_falling(pair.fixed, pair.broken)
        fall = (pair.broken - pair.fixed) / after.digits
        tolerated = 0.0 if exam == DRAWINGS else policy.frozen_fall
        passed = chance > policy.significance or fall <= tolerated
        verdict = f"fixes {pair.fixed}, breaks {pair.broken}"
        title = EXAM_TITLES[exam] + ("" if name == "champion" else ", against the baseline")
        limit = (
            f"not worse (p > {policy.significance:g})"
            if not tolerated
            else f"-{_points(tolerated)}, p > {policy.significance:g}"
        )
        worse = "" if passed else f": worse than the {name}, and not by chance (p = {chance:.2g})"
        rows.append(Row(title, _share(before.accuracy), _share(after.accuracy), limit, verdict + worse, passed))
    return rows


def _too_few(before: Score, after: Score, pair: Paired, policy: GatePolicy) -> Row:
    verdict = f"fixes {pair.fixed}, breaks {pair.broken}: too few to tell"
    limit = f"from {policy.drawings_enough} drawings on"
    return Row(EXAM_TITLES[DRAWINGS], _share(before.accuracy), _share(after.accuracy), limit, verdict, True)


def _recalls(champion: Candidate, challenger: Candidate, paired: dict[str, Paired], policy: GatePolicy) -> list[Row]:
    """One row an exam: the digit that lost most, if any lost more than the limit beyond luck."""
    rows = []
    for exam, pair in paired.items():
        before, after = champion.scores[exam], challenger.scores[exam]
        if exam == DRAWINGS and after.digits < policy.drawings_enough:
            continue
        falls = {
            digit: (pair.digit_broken[digit] - pair.digit_fixed[digit]) / count
            for digit, count in enumerate(after.digit_count)
            if count
        }
        if not falls:
            continue
        worst = max(falls, key=falls.__getitem__)
        beyond_luck = {
            digit
            for digit, fall in falls.items()
            if fall > policy.recall_fall
            and chance_of_falling(pair.digit_fixed[digit], pair.digit_broken[digit]) <= policy.significance
        }
        if beyond_luck:
            worst = max(beyond_luck, key=falls.__getitem__)
        verdict = f"the {worst}s fall by {_points(falls[worst])}" if beyond_luck else "no digit falls beyond noise"
        rows.append(
            Row(
                f"each digit, {EXAM_TITLES.get(exam, exam)}",
                f"{worst}: {_share(before.digit_right[worst] / before.digit_count[worst])}",
                f"{worst}: {_share(after.digit_right[worst] / after.digit_count[worst])}",
                f"-{_points(policy.recall_fall)}",
                verdict,
                not beyond_luck,
            )
        )
    return rows


def _refusals(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    before, after = _total(champion), _total(challenger)
    rows = []
    if after.digits:
        limit = max(policy.digits_refused, before.refused / before.digits + policy.digits_refused_rise)
        share = after.refused / after.digits
        verdict = "within the limit" if share <= limit else "refuses too many digits"
        rows.append(
            Row(
                "digits refused",
                _share(before.refused / before.digits),
                _share(share),
                _share(limit),
                verdict,
                share <= limit,
            )
        )
    if after.others:
        was, share = before.others_refused / before.others, after.others_refused / after.others
        limit = was - max(policy.others_refused_fall, 1.0 / after.others)
        verdict = "within the limit" if share >= limit else "takes too many other things for digits"
        rows.append(
            Row("non-digits refused", _share(was), _share(share), _share(max(limit, 0.0)), verdict, share >= limit)
        )
    return rows


def _calibrations(champion: Candidate, challenger: Candidate, policy: GatePolicy) -> list[Row]:
    rows = []
    for exam, after in challenger.scores.items():
        before = champion.scores.get(exam)
        few = after.digits < policy.drawings_enough
        if before is None or few or after.calibration_error is None or before.calibration_error is None:
            continue
        limit = max(policy.calibration_error, before.calibration_error + policy.calibration_rise)
        passed = after.calibration_error <= limit
        verdict = "within the limit" if passed else "is less honest about how sure it is"
        rows.append(
            Row(
                f"calibration error, {EXAM_TITLES.get(exam, exam)}",
                _share(before.calibration_error),
                _share(after.calibration_error),
                _share(limit),
                verdict,
                passed,
            )
        )
    return rows


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
    return f"every limit is kept; on {EXAM_TITLES[exam]} it fixes {pair.fixed} answers and breaks {pair.broken}"


def _notes(challenger: Candidate, policy: GatePolicy) -> list[str]:
    notes = []
    drawings = challenger.scores.get(DRAWINGS, Score(0, 0)).digits
    if drawings < policy.drawings_enough:
        notes.append(
            f"Decided on little: {drawings} exam drawings, and it takes {policy.drawings_enough} to tell. "
            "The frozen exams decided."
        )
    notes += [f"There was no {EXAM_TITLES[exam]} exam here." for exam in (MNIST, PEN) if exam not in challenger.scores]
    return notes


def _share(value: float) -> str:
    return f"{100 * value:.2f} %"


def _points(value: float) -> str:
    return f"{100 * value:.2f} points"


def _bytes(count: int) -> str:
    return f"{count / 1024:.0f} KB"

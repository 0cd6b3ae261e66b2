"""Each limit of the gate at, just below and just above it, and every word of its table."""

import math
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from recognizer.exams import DRAWINGS, GOLDEN, MNIST, PEN, TAUGHT
from training.config import GatePolicy
from training.evaluation import gate
from training.evaluation.gate import FELL, GAINED, HELD, KEPT, Candidate, Decision, Paired, Row, Score

POLICY = GatePolicy(
    significance=0.05,
    mnist_fall=0.001,
    frozen_fall=0.003,
    others_refused_fall=0.03,
    recall_fall=0.01,
    ratchet=2.0,
    mnist_fall_for_a_point=0.0001,
    mnist_fall_at_most=0.002,
    taught_luck=0.032,
    drawings_luck=0.01,
    frozen_luck=0.002,
    taught_gain=0.25,
    digits_refused=0.01,
    digits_refused_rise=0.005,
    calibration_digits=200,
    calibration_error=0.02,
    calibration_rise=0.01,
    agreement=1e-3,
    artifact_bytes=2048,
    latency_ms=1.0,
    latency_rise=2.0,
)
NONE = (0,) * 10


def one_digit(digit: int, count: int) -> tuple[int, ...]:
    return tuple(count if each == digit else 0 for each in range(10))


def candidate(exams: dict[str, Score] | None = None, **facts: Any) -> Candidate:
    return Candidate(exams or {}, **facts)


def decide(
    champion: Candidate,
    challenger: Candidate,
    baseline: Candidate | None = None,
    paired: dict[str, Paired] | None = None,
    paired_baseline: dict[str, Paired] | None = None,
    policy: GatePolicy = POLICY,
    needs_gain: bool = False,
) -> Decision:
    return gate.decide(
        champion, challenger, baseline or candidate(), paired or {}, paired_baseline or {}, policy, None, needs_gain
    )


def row_of(decision: Decision, key: str) -> Row | None:
    rows = [row for row in decision.rows if row.key == key]
    assert len(rows) <= 1
    return rows[0] if rows else None


def passes(decision: Decision, key: str) -> bool:
    row = row_of(decision, key)
    assert row is not None
    assert decision.promote is all(each.passed for each in decision.rows)
    return row.passed


def words(decision: Decision, key: str) -> tuple[str, ...]:
    """Metric, champion, challenger, limit and verdict of a row."""
    row = row_of(decision, key)
    assert row is not None
    return row.metric, row.champion, row.challenger, row.limit, row.verdict


def test_the_whole_table_in_its_order() -> None:
    champion = candidate(
        {
            MNIST: Score(10_000, 9_950, 20, digit_count=(1000,) * 10, digit_right=(995,) * 10, calibration_error=0.003),
            PEN: Score(3000, 2940, 15, digit_count=(300,) * 10, digit_right=(294,) * 10, calibration_error=0.012),
            GOLDEN: Score(200, 190, 2, 100, 96, (20,) * 10, (19,) * 10, 0.031),
            DRAWINGS: Score(400, 380, 3, digit_count=(40,) * 10, digit_right=(38,) * 10, calibration_error=0.015),
        },
        agreement=0.5,
        latency_ms=0.41,
        artifact_bytes=1024,
    )
    challenger = candidate(
        {
            MNIST: Score(10_000, 9_945, 25, digit_count=(1000,) * 10, digit_right=(994,) * 10, calibration_error=0.004),
            PEN: Score(3000, 2943, 12, digit_count=(300,) * 10, digit_right=(295,) * 10, calibration_error=0.011),
            GOLDEN: Score(200, 192, 1, 100, 95, (20,) * 10, (18,) * 10, 0.033),
            DRAWINGS: Score(400, 388, 4, digit_count=(40,) * 10, digit_right=(37,) * 10, calibration_error=0.016),
        },
        agreement=2e-5,
        latency_ms=0.52,
        artifact_bytes=1536,
    )
    baseline = candidate({MNIST: Score(10_000, 9_940), PEN: Score(3000, 2900), DRAWINGS: Score(400, 360)})
    paired = {
        MNIST: Paired(10, 15, NONE, one_digit(4, 3)),
        DRAWINGS: Paired(12, 4, one_digit(1, 2), one_digit(7, 1)),
    } | {PEN: Paired(5, 2), GOLDEN: Paired(3, 1, others_fixed=1, others_broken=2)}
    paired_baseline = {
        MNIST: Paired(20, 15),
        PEN: Paired(50, 7),
        GOLDEN: Paired(0, 9),
        DRAWINGS: Paired(30, 2),
        TAUGHT: Paired(9, 0),
    }
    decision = decide(champion, challenger, baseline, paired, paired_baseline, needs_gain=True)
    table = [(row.key, row.metric, row.champion, row.challenger, row.limit, row.verdict) for row in decision.rows]
    beyond = "no digit falls beyond luck"
    within = "within the limit"
    people, luck = "no fall but by luck", "or by more if luck explains it"
    assert table == [
        (
            "gain", "better somewhere", "-", "nowhere", "better on one exam, beyond luck",
            "no better, no worse beyond luck: the champion stays",
        ),
        (
            "drawings.champion", "people's drawings", "95.00 %", "97.00 %", people,
            "fixes 12, breaks 4: +2.00 points (95 %: -0.01 to +3.99); better, but it may be luck",
        ),
        (
            "mnist.champion", "MNIST test", "99.50 %", "99.45 %",
            f"may fall by 0.10 points, {luck}",
            "fixes 10, breaks 15: -0.05 points (95 %: -0.15 to +0.05); no change beyond luck",
        ),
        (
            "pen_digits.champion", "UCI pen digits", "98.00 %", "98.10 %",
            f"may fall by 0.31 points, {luck}",
            "fixes 5, breaks 2: +0.10 points (95 %: -0.08 to +0.28); no change beyond luck",
        ),
        (
            "golden.champion", "golden set", "95.00 %", "96.00 %",
            f"may fall by 0.31 points, {luck}",
            "fixes 3, breaks 1: +1.00 points (95 %: -1.18 to +3.16); no change beyond luck",
        ),
        (
            "drawings.baseline", "people's drawings, against the baseline", "90.00 %", "97.00 %", people,
            "fixes 30, breaks 2: +7.00 points (95 %: +4.25 to +9.68); better",
        ),
        (
            "mnist.baseline", "MNIST test, against the baseline", "99.40 %", "99.45 %",
            f"may fall by 0.29 points (0.20 points, widened by what people gain), {luck}",
            "fixes 20, breaks 15: +0.05 points (95 %: -0.07 to +0.17); no change beyond luck",
        ),
        (
            "pen_digits.baseline", "UCI pen digits, against the baseline", "96.67 %", "98.10 %",
            f"may fall by 0.88 points (0.60 points, widened by what people gain), {luck}",
            "fixes 50, breaks 7: +1.43 points (95 %: +0.94 to +1.93); better",
        ),
        (
            "mnist.recall", "each digit, MNIST test", "4: 99.50 %", "4: 99.40 %",
            f"may fall by 1.03 points, {luck}", beyond,
        ),
        (
            "drawings.recall", "each digit, people's drawings", "7: 95.00 %", "7: 92.50 %",
            f"may fall by 1.03 points, {luck}", beyond,
        ),
        (
            "pen_digits.recall", "each digit, UCI pen digits", "0: 98.00 %", "0: 98.33 %",
            f"may fall by 1.03 points, {luck}", beyond,
        ),
        (
            "golden.recall", "each digit, golden set", "0: 95.00 %", "0: 90.00 %",
            f"may fall by 1.03 points, {luck}", beyond,
        ),
        ("digits_refused", "digits refused", "0.29 %", "0.31 %", "1.00 %", within),
        (
            "others_refused", "non-digits refused, 100", "96.00 %", "95.00 %",
            f"may fall by 3.09 points, {luck}",
            "fixes 1, breaks 2: -1.00 points (95 %: -4.82 to +2.86); no change beyond luck",
        ),
        ("mnist.calibration", "calibration error, MNIST test", "0.30 %", "0.40 %", "2.00 %", within),
        ("pen_digits.calibration", "calibration error, UCI pen digits", "1.20 %", "1.10 %", "2.20 %", within),
        ("golden.calibration", "calibration error, golden set", "3.10 %", "3.30 %", "4.10 %", within),
        ("drawings.calibration", "calibration error, people's drawings", "1.50 %", "1.60 %", "2.50 %", within),
        ("outputs", "outputs", "finite", "finite", "finite", "sound"),
        ("size", "size", "1 KB", "2 KB", "2 KB", "within the budget"),
        ("agreement", "Keras and LiteRT", "-", "2.0e-05", "1e-03", "the same"),
        ("latency", "time a drawing", "0.41 ms", "0.52 ms", "1.00 ms", "within the budget"),
    ]  # fmt: skip
    assert not decision.promote
    assert decision.reasons == ["no better, no worse beyond luck: the champion stays"]
    assert decision.notes == []


def test_with_nothing_to_compare_only_what_is_served_is_looked_at() -> None:
    decision = decide(candidate(), candidate())
    assert [row.key for row in decision.rows] == ["outputs", "size"]
    assert decision.promote
    assert decision.reasons == ["every limit is kept"]
    assert decision.notes == [
        "There are no exam drawings by people yet: what is new and the frozen exams decided.",
        "There was no MNIST test exam here.",
        "There was no UCI pen digits exam here.",
    ]


def test_every_limit_that_is_broken_is_a_reason() -> None:
    decision = decide(candidate(), candidate(artifact_bytes=2049, agreement=0.002, is_finite=False))
    assert not decision.promote
    assert decision.reasons == [
        "outputs: the challenger answers with something that is no number",
        "size: the served file is too large",
        "Keras and LiteRT: what is served is not what was trained",
    ]
    assert words(decision, "outputs")[1:4] == ("finite", "NaN or infinite", "finite")


@pytest.mark.parametrize(("size", "passed"), [(2047, True), (2048, True), (2049, False)])
def test_the_served_file_may_be_as_large_as_the_budget(size: int, passed: bool) -> None:
    decision = decide(candidate(artifact_bytes=512 * 1024), candidate(artifact_bytes=size))
    assert passes(decision, "size") is passed
    assert words(decision, "size")[1:4] == ("512 KB", "2 KB", "2 KB")


@pytest.mark.parametrize(("difference", "passed"), [(0.0, True), (0.001, True), (0.00101, False), (math.nan, False)])
def test_what_is_served_may_differ_by_a_thousandth(difference: float, passed: bool) -> None:
    assert passes(decide(candidate(), candidate(agreement=difference)), "agreement") is passed


@pytest.mark.parametrize(
    ("before", "after", "limit", "passed"),
    [
        (0.2, 1.0, "1.00 ms", True),
        (0.2, 1.01, "1.00 ms", False),
        (0.5, 1.0, "1.00 ms", True),
        (0.75, 1.5, "1.50 ms", True),
        (0.75, 1.51, "1.50 ms", False),
    ],
)
def test_an_answer_may_take_a_millisecond_or_twice_the_champions_time(
    before: float, after: float, limit: str, passed: bool
) -> None:
    decision = decide(candidate(latency_ms=before), candidate(latency_ms=after))
    assert passes(decision, "latency") is passed
    assert words(decision, "latency")[3:] == (limit, "within the budget" if passed else "answers too slowly")


def test_what_was_not_measured_has_no_row() -> None:
    for champion, challenger in ((None, 5.0), (5.0, None)):
        decision = decide(candidate(latency_ms=champion), candidate(latency_ms=challenger))
        assert row_of(decision, "latency") is None
    assert row_of(decide(candidate(agreement=0.5), candidate()), "agreement") is None


def fell(exam: str, fixed: int, broken: int, digits: int, policy: GatePolicy = POLICY) -> Decision:
    both = candidate({exam: Score(digits, digits // 2)})
    return decide(both, both, both, {exam: Paired(fixed, broken)}, {exam: Paired(fixed, broken)}, policy)


@pytest.mark.parametrize(
    ("exam", "fixed", "broken", "digits", "standing", "by_baseline"),
    [
        (DRAWINGS, 0, 4, 40, KEPT, KEPT),  # one in sixteen by chance
        (DRAWINGS, 0, 5, 40, HELD, HELD),  # one in thirty-two
        (DRAWINGS, 5, 0, 40, KEPT, KEPT),
        (MNIST, 0, 4, 500, KEPT, KEPT),
        (MNIST, 0, 5, 500, HELD, HELD),
        (MNIST, 0, 10, 10_000, FELL, FELL),
        (MNIST, 0, 11, 10_000, HELD, FELL),
        (MNIST, 0, 20, 10_000, HELD, FELL),
        (MNIST, 0, 21, 10_000, HELD, HELD),
        (MNIST, 70, 89, 10_000, KEPT, KEPT),  # luck explains more than the margin
        (PEN, 0, 4, 200, KEPT, KEPT),
        (PEN, 0, 5, 200, HELD, HELD),
        (PEN, 0, 9, 3000, FELL, FELL),  # 0.3 points
        (PEN, 0, 10, 3000, HELD, FELL),
        (PEN, 1, 10, 3000, FELL, FELL),
        (PEN, 1, 11, 3000, HELD, FELL),
        (PEN, 0, 19, 3000, HELD, HELD),
        (GOLDEN, 0, 9, 3000, FELL, FELL),
        (GOLDEN, 0, 10, 3000, HELD, FELL),
    ],
)
def test_worse_is_beyond_luck_and_on_a_frozen_exam_beyond_its_margin(
    exam: str, fixed: int, broken: int, digits: int, standing: str, by_baseline: str
) -> None:
    decision = fell(exam, fixed, broken, digits)
    for name, expected in (("champion", standing), ("baseline", by_baseline)):
        row = row_of(decision, f"{exam}.{name}")
        assert row is not None
        assert (row.standing, row.passed) == (expected, expected != HELD)


def test_a_chance_as_small_as_the_limit_is_beyond_luck() -> None:
    assert not passes(fell(PEN, 0, 5, 200, replace(POLICY, significance=1 / 32)), "pen_digits.champion")
    assert passes(fell(PEN, 0, 5, 200, replace(POLICY, significance=1 / 33)), "pen_digits.champion")


def test_a_fall_beyond_luck_says_whom_it_is_below() -> None:
    decision = fell(DRAWINGS, 1, 9, 300)
    said = "fixes 1, breaks 9: -2.67 points (95 %: -4.78 to -0.52); worse than the {}, and not by luck (p = 0.011)"
    assert words(decision, "drawings.champion")[4] == said.format("champion")
    assert words(decision, "drawings.baseline")[4] == said.format("baseline")


@pytest.mark.parametrize(
    ("gained", "lost", "worth", "most", "allowed"),
    [
        (0, 0, 0.0001, 0.002, 10),
        (45, 15, 0.0001, 0.002, 15),  # 10 points, of which 5.75 are certain
        (300, 0, 0.0001, 0.002, 20),
        (300, 0, 0.0001, 0.1, 108),
        (300, 0, 0.0, 0.1, 10),
        (300, 0, 0.0001, 0.0, 10),  # a bound below the margin takes none of it away
    ],
)
def test_a_gain_for_people_widens_the_margins(gained: int, lost: int, worth: float, most: float, allowed: int) -> None:
    policy = replace(POLICY, mnist_fall_for_a_point=worth, mnist_fall_at_most=most)
    both = candidate({MNIST: Score(10_000, 9_900), DRAWINGS: Score(300, 0)})
    for broken, is_kept in ((allowed, True), (allowed + 1, False)):
        paired = {DRAWINGS: Paired(gained, lost), MNIST: Paired(0, broken)}
        assert passes(decide(both, both, None, paired, None, policy), "mnist.champion") is is_kept


@pytest.mark.parametrize("lacks", ["champion", "challenger", "pair", "digits"])
def test_an_exam_that_one_of_them_lacks_is_not_compared(lacks: str) -> None:
    taken = candidate({PEN: Score(0 if lacks == "digits" else 300, 0)})
    champion = candidate() if lacks == "champion" else taken
    challenger = candidate() if lacks == "challenger" else taken
    paired = {} if lacks == "pair" else {PEN: Paired(0, 9)}
    decision = decide(candidate(), challenger, champion, paired_baseline=paired)
    assert row_of(decision, "pen_digits.baseline") is None


def each_digit(
    broken: tuple[int, ...], fixed: tuple[int, ...] = NONE, counts: tuple[int, ...] = (1000,) * 10, exam: str = MNIST
) -> Decision:
    score = Score(sum(counts), sum(counts), digit_count=counts, digit_right=counts)
    both = candidate({exam: score})
    return decide(both, both, candidate(), {exam: Paired(0, 0, fixed, broken)})


@pytest.mark.parametrize(
    ("broken", "fixed", "passed"), [(10, 0, True), (11, 0, False), (12, 2, True), (16, 3, False), (14, 3, True)]
)
def test_one_digit_may_fall_by_a_point(broken: int, fixed: int, passed: bool) -> None:
    decision = each_digit(one_digit(6, broken), one_digit(6, fixed))
    assert passes(decision, "mnist.recall") is passed
    fall = f"the 6s fall by {(broken - fixed) / 10:.2f} points"
    assert words(decision, "mnist.recall")[4] == ("no digit falls beyond luck" if passed else fall)


def test_the_fall_of_few_is_noise_however_large() -> None:
    few = (1000, 1000, 1000, 20, *[1000] * 6)
    decision = each_digit(one_digit(3, 7), counts=few)  # 35 points, one in 128 by chance, and there are ten digits
    assert passes(decision, "mnist.recall")
    assert words(decision, "mnist.recall")[1] == "3: 100.00 %"
    assert not passes(each_digit(one_digit(3, 8), counts=few), "mnist.recall")


def test_the_digit_that_fell_beyond_luck_is_named_and_not_the_one_that_fell_furthest() -> None:
    counts = (1000, 1000, 1000, 20, 1000, 1000, 1000, 1000, 1000, 1000)
    broken = (0, 0, 0, 4, 0, 30, 0, 40, 0, 0)
    decision = each_digit(broken, counts=counts)
    assert words(decision, "mnist.recall")[4] == "the 7s fall by 4.00 points"


def test_a_digit_that_no_question_has_is_left_out() -> None:
    counts = (0, 1000, *[0] * 8)
    decision = each_digit(one_digit(0, 50), counts=counts)
    assert words(decision, "mnist.recall")[1:3] == ("1: 100.00 %", "1: 100.00 %")
    assert row_of(each_digit(NONE, counts=NONE), "mnist.recall") is None


def test_each_digit_is_looked_at_however_few_but_not_of_what_was_taught() -> None:
    for exam in (DRAWINGS, GOLDEN):
        assert row_of(each_digit(NONE, counts=(2,) * 10, exam=exam), f"{exam}.recall") is not None
    assert row_of(each_digit(NONE, counts=(2,) * 10, exam=TAUGHT), "taught.recall") is None


@pytest.mark.parametrize(
    ("before", "after", "limit", "passed"),
    [
        (0, 10, "1.00 %", True),
        (0, 11, "1.00 %", False),
        (5, 10, "1.00 %", True),
        (20, 25, "2.50 %", True),
        (20, 26, "2.50 %", False),
    ],
)
def test_one_digit_in_a_hundred_may_be_refused_or_half_a_point_more_than_by_the_champion(
    before: int, after: int, limit: str, passed: bool
) -> None:
    champion = candidate({MNIST: Score(600, 500, before), PEN: Score(400, 300)})
    challenger = candidate({MNIST: Score(400, 500, after), PEN: Score(600, 300)})
    decision = decide(champion, challenger)
    assert passes(decision, "digits_refused") is passed
    assert words(decision, "digits_refused")[1:] == (
        f"{before / 10:.2f} %",
        f"{after / 10:.2f} %",
        limit,
        "within the limit" if passed else "refuses too many digits",
    )


@pytest.mark.parametrize(
    ("others", "fixed", "broken", "standing"),
    [
        (1000, 0, 4, KEPT),
        (1000, 0, 30, FELL),
        (1000, 0, 31, HELD),
        (100, 0, 5, HELD),
        (1000, 200, 232, KEPT),
        (1000, 9, 0, GAINED),
        (1000, 8, 0, KEPT),
    ],
)
def test_other_things_may_no_longer_be_refused_by_luck_or_within_three_points(
    others: int, fixed: int, broken: int, standing: str
) -> None:
    both = candidate({GOLDEN: Score(10, 10, others=others, others_refused=others // 2)})
    paired = {GOLDEN: Paired(0, 0, others_fixed=fixed, others_broken=broken)}
    row = row_of(decide(both, both, paired=paired), "others_refused")
    assert row is not None
    assert (row.standing, row.passed) == (standing, standing != HELD)
    assert row.verdict.startswith("takes too many other things for digits: ") is (standing == HELD)


def test_refusals_of_all_exams_are_counted_together() -> None:
    exams = {
        GOLDEN: Score(100, 90, 3, 40, 38),
        PEN: Score(300, 280, 5, 60, 50),
    }
    decision = decide(candidate(exams), candidate(exams))
    assert words(decision, "digits_refused")[1:3] == ("2.00 %", "2.00 %")
    assert words(decision, "others_refused")[1:3] == ("88.00 %", "88.00 %")


def test_refusals_are_not_compared_with_a_champion_that_was_never_asked() -> None:
    digits, both = Score(9, 9), Score(9, 9, 0, 5, 5)
    cases: list[tuple[dict[str, Score], Score]] = [
        ({}, digits),
        ({}, both),
        ({MNIST: digits}, both),
        ({GOLDEN: Score(0, 0, 0, 5, 5)}, both),
    ]
    for before, after in cases:
        decision = decide(candidate(before), candidate({GOLDEN: after}))
        assert (row_of(decision, "digits_refused") is not None) is (MNIST in before)
        assert (row_of(decision, "others_refused") is not None) is (GOLDEN in before)


def test_an_exam_of_digits_alone_has_no_others_and_the_other_way_round() -> None:
    only_digits = candidate({MNIST: Score(10, 10)})
    only_others = candidate({GOLDEN: Score(0, 0, others=10, others_refused=10)})
    assert row_of(decide(only_digits, only_digits), "others_refused") is None
    assert row_of(decide(only_others, only_others), "digits_refused") is None


@pytest.mark.parametrize(
    ("before", "after", "limit", "passed"),
    [
        (0.004, 0.02, "2.00 %", True),
        (0.004, 0.0201, "2.00 %", False),
        (0.03, 0.04, "4.00 %", True),
        (0.03, 0.0401, "4.00 %", False),
    ],
)
def test_two_points_of_calibration_error_or_one_more_than_the_champions(
    before: float, after: float, limit: str, passed: bool
) -> None:
    champion = candidate({PEN: Score(200, 190, calibration_error=before)})
    challenger = candidate({PEN: Score(200, 190, calibration_error=after)})
    decision = decide(champion, challenger)
    assert passes(decision, "pen_digits.calibration") is passed
    assert words(decision, "pen_digits.calibration")[3:] == (
        limit,
        "within the limit" if passed else "is less honest about how sure it is",
    )


def test_calibration_is_looked_at_from_two_hundred_digits_on_and_where_both_have_one() -> None:
    for before, after, looked_at in (
        (Score(200, 0, calibration_error=0.1), Score(200, 0, calibration_error=0.5), True),
        (Score(200, 0, calibration_error=0.1), Score(199, 0, calibration_error=0.5), False),
        (Score(200, 0), Score(200, 0, calibration_error=0.5), False),
        (Score(200, 0, calibration_error=0.1), Score(200, 0), False),
        (None, Score(200, 0, calibration_error=0.5), False),
    ):
        champion = candidate({} if before is None else {MNIST: before, PEN: before})
        decision = decide(champion, candidate({MNIST: after, PEN: after}))
        for key in ("mnist.calibration", "pen_digits.calibration"):
            assert (row_of(decision, key) is not None) is looked_at


def test_what_is_not_said_is_nothing() -> None:
    assert math.isnan(Score(0, 0).accuracy)
    assert Score(4, 3).accuracy == 0.75
    score = Score(4, 3)
    assert (score.refused, score.others, score.others_refused, score.calibration_error) == (0, 0, 0, None)
    assert score.digit_count == score.digit_right == Paired(1, 1).digit_fixed == Paired(1, 1).digit_broken == NONE
    sitting = Candidate({})
    assert (sitting.agreement, sitting.latency_ms, sitting.artifact_bytes, sitting.is_finite) == (None, None, 0, True)
    assert Decision(True) == Decision(True, [], [], [])


def test_what_was_counted_cannot_be_changed() -> None:
    row = decide(candidate(), candidate()).rows[0]
    for fixed, name in (
        (Score(1, 1), "right"),
        (Paired(1, 1), "fixed"),
        (candidate(), "scores"),
        (row, "passed"),
        (Decision(True), "promote"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(fixed, name, 7)


def test_an_old_record_without_a_verdict_holds() -> None:
    assert Decision.from_dict({"reasons": ["old"]}) == Decision(False, ["old"], [], [])
    assert Row.from_dict({"key": "size"}).exam == ""
    assert Row.from_dict({"key": "mnist.recall", "passed": True}).exam == MNIST

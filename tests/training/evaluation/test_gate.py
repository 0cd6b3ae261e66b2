"""Every refusal of the gate, and what it says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from recognizer.exams import DRAWINGS, GOLDEN, MNIST, PEN, TAUGHT, THINGS
from training.config import GatePolicy
from training.evaluation import gate
from training.evaluation.gate import FELL, GAINED, HELD, KEPT, Candidate, Decision, HeldOut, Paired, Row, Score
from training.evaluation.gate_table import gate_table

POLICY = GatePolicy()


def score(digits: int, right: int, **other: Any) -> Score:
    each = digits // 10
    counts: dict[str, Any] = {"digit_count": (each,) * 10, "digit_right": (each,) * 10, "calibration_error": 0.004}
    return Score(digits, right, **counts | other)


SCORES = {
    MNIST: score(10_000, 9_970),
    PEN: score(3_498, 3_430),
    GOLDEN: score(204, 196, others=96, others_refused=95),
    THINGS: Score(0, 0, others=800, others_refused=790),
    DRAWINGS: score(500, 480),
    TAUGHT: Score(40, 25),
}
CANDIDATE = Candidate(SCORES, agreement=1e-5, latency_ms=0.4, artifact_bytes=1_700_000)
EQUAL = {exam: Paired(0, 0) for exam in SCORES}
LEARNED = {TAUGHT: Paired(12, 0)}  # of 15 that the champion misreads
BY_CONTRIBUTOR = HeldOut(contributors=3, is_by_contributor=True)


def with_exam(exam: str, **columns: Any) -> Candidate:
    return replace(CANDIDATE, scores=SCORES | {exam: replace(SCORES[exam], **columns)})


def decide(
    challenger: Candidate = CANDIDATE,
    *,
    champion: Candidate = CANDIDATE,
    baseline: Candidate = CANDIDATE,
    paired: dict[str, Paired] | None = None,
    paired_baseline: dict[str, Paired] | None = None,
    policy: GatePolicy = POLICY,
    needs_gain: bool = True,
) -> Decision:
    """Let the gate decide about a challenger that has learned what it was taught, unless `paired` says otherwise."""
    pairs, baseline_pairs = EQUAL | LEARNED | (paired or {}), EQUAL | (paired_baseline or {})
    return gate.decide(champion, challenger, baseline, pairs, baseline_pairs, policy, BY_CONTRIBUTOR, needs_gain)


def row(decision: Decision, key: str) -> Row:
    (found,) = [row for row in decision.rows if row.key == key]
    return found


def held_for(decision: Decision) -> str:
    assert not decision.promote
    assert len(decision.reasons) == 1, decision.reasons
    return decision.reasons[0]


# a gain is needed


def test_what_was_learned_is_promoted_and_the_gain_is_said() -> None:
    decision = decide()
    assert decision.promote
    assert all(each.passed for each in decision.rows)
    (reason,) = decision.reasons
    assert reason.startswith("new drawings held out, by contributor: fixes 12, breaks 0: +30.00 points (95 %: +1")
    assert reason.endswith("; better, and not by luck")
    assert row(decision, "gain").challenger == "new drawings held out, by contributor"
    assert row(decision, "taught.champion").standing == GAINED


def test_no_better_and_no_worse_keeps_the_champion_and_says_so() -> None:
    decision = decide(paired={TAUGHT: Paired(0, 0)})
    assert held_for(decision) == "no better, no worse beyond luck: the champion stays"
    assert row(decision, "gain").standing == HELD
    assert {each.standing for each in decision.rows if each.key != "gain"} == {KEPT}


def test_where_something_fell_a_lack_of_gain_is_not_called_no_worse() -> None:
    decision = decide(paired={TAUGHT: Paired(0, 0), PEN: Paired(3, 13)})
    assert held_for(decision) == "better nowhere beyond luck: the champion stays"


def test_a_person_who_promotes_needs_no_gain() -> None:
    decision = decide(paired={TAUGHT: Paired(0, 0)}, needs_gain=False)
    assert decision.promote
    assert decision.reasons == ["every limit is kept"]
    assert not [each for each in decision.rows if each.key == "gain"]


@pytest.mark.parametrize(
    ("exam", "fixed", "broken", "is_gain"),
    [
        (TAUGHT, 5, 0, True),  # by luck once in 32
        (TAUGHT, 4, 0, False),
        (DRAWINGS, 7, 0, True),  # once in 128
        (DRAWINGS, 6, 0, False),
        (MNIST, 9, 0, True),  # once in 512
        (MNIST, 8, 0, False),
        (GOLDEN, 9, 0, True),
        (PEN, 16, 4, False),
        (PEN, 20, 4, True),
    ],
)
def test_a_gain_is_one_beyond_the_luck_that_its_exam_may_have(
    exam: str, fixed: int, broken: int, is_gain: bool
) -> None:
    champion = with_exam(TAUGHT, right=30)
    decision = decide(champion=champion, paired={TAUGHT: Paired(0, 0)} | {exam: Paired(fixed, broken)})
    assert decision.promote is is_gain
    assert row(decision, f"{exam}.champion").standing == (GAINED if is_gain else KEPT)


def test_of_what_was_misread_a_quarter_must_be_read_or_it_is_regression_to_the_mean() -> None:
    misread = with_exam(TAUGHT, right=0)  # nothing but corrections
    assert not decide(champion=misread, paired={TAUGHT: Paired(9, 0)}).promote
    assert decide(champion=misread, paired={TAUGHT: Paired(10, 0)}).promote


def test_a_better_refusal_is_a_gain_too() -> None:
    decision = decide(paired={TAUGHT: Paired(0, 0), THINGS: Paired(0, 0, others_fixed=9)})
    assert decision.promote
    assert row(decision, "others_refused").standing == GAINED


def test_what_is_no_digit_counts_among_what_was_taught() -> None:
    champion = replace(CANDIDATE, scores=SCORES | {TAUGHT: Score(6, 6, others=10, others_refused=0)})
    challenger = replace(CANDIDATE, scores=SCORES | {TAUGHT: Score(6, 5, others=10, others_refused=9)})
    decision = decide(challenger, champion=champion, paired={TAUGHT: Paired(0, 1, others_fixed=9)})
    assert decision.promote
    taught = row(decision, "taught.champion")
    assert (taught.champion, taught.challenger) == ("37.50 %", "87.50 %")
    assert taught.verdict.startswith("fixes 9, breaks 1")


def test_few_contributors_are_held_out_by_drawing_and_the_row_says_so() -> None:
    few = HeldOut(contributors=2, is_by_contributor=False)
    decision = gate.decide(CANDIDATE, CANDIDATE, CANDIDATE, EQUAL | LEARNED, EQUAL, POLICY, few)
    assert row(decision, "taught.champion").metric == "new drawings held out, by drawing"


# what it may cost


def test_worse_on_peoples_drawings_is_held_whatever_was_learned() -> None:
    decision = decide(with_exam(DRAWINGS, right=470), paired={DRAWINGS: Paired(2, 12)})
    assert held_for(decision).startswith("people's drawings: fixes 2, breaks 12: -2.00 points")
    assert held_for(decision).endswith("worse than the champion, and not by luck (p = 0.0065)")


def test_worse_on_peoples_drawings_by_luck_is_not_held() -> None:
    decision = decide(with_exam(DRAWINGS, right=479), paired={DRAWINGS: Paired(4, 5)})
    assert decision.promote
    assert row(decision, "drawings.champion").standing == KEPT


def test_few_exam_drawings_decide_what_they_can() -> None:
    few = {DRAWINGS: score(40, 38)}
    champion = replace(CANDIDATE, scores=SCORES | few)
    challenger = replace(CANDIDATE, scores=SCORES | {DRAWINGS: score(40, 30)})
    decision = decide(challenger, champion=champion, paired={DRAWINGS: Paired(0, 8)})
    assert "people's drawings: fixes 0, breaks 8" in held_for(decision)
    by_luck = decide(challenger, champion=champion, paired={DRAWINGS: Paired(0, 4)})
    assert by_luck.promote
    assert "-10.00 points (95 %: -19.55 to +0.51); no change beyond luck" in row(by_luck, "drawings.champion").verdict


def test_slow_ratchet_is_held_by_the_baseline() -> None:
    for exam, broken in ((DRAWINGS, 11), (MNIST, 30), (PEN, 40)):
        decision = decide(paired={TAUGHT: Paired(5, 0)}, paired_baseline={exam: Paired(1, broken)})
        assert "against the baseline" in held_for(decision)
    assert decide(paired={TAUGHT: Paired(5, 0)}, paired_baseline={MNIST: Paired(1, 25)}).promote


@pytest.mark.parametrize(("exam", "lost"), [(MNIST, 30), (PEN, 35), (GOLDEN, 20)])
def test_worse_on_a_frozen_exam_beyond_its_margin_is_held(exam: str, lost: int) -> None:
    decision = decide(with_exam(exam, right=SCORES[exam].right - lost), paired={exam: Paired(2, lost + 2)})
    assert "worse than the champion" in decision.reasons[0]
    assert not decision.promote


def test_a_fall_beyond_luck_within_the_margin_is_allowed_and_not_called_fine() -> None:
    decision = decide(paired={PEN: Paired(3, 13)})
    assert decision.promote
    pen = row(decision, "pen_digits.champion")
    assert (pen.passed, pen.standing) == (True, FELL)
    assert pen.verdict.endswith("a fall that is no luck, and that the margin allows")


def test_five_4s_of_364_are_luck_among_ten_digits() -> None:
    broken = (0, 0, 0, 0, 5, 0, 0, 0, 0, 0)
    assert decide(paired={PEN: Paired(6, 5, (6, *[0] * 9), broken)}).promote


def test_one_digit_that_falls_is_held_and_named() -> None:
    broken = (0, 0, 0, 0, 60, 0, 0, 0, 0, 0)
    fixed = (60, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    decision = decide(paired={MNIST: Paired(60, 60, fixed, broken)})
    assert "the 4s fall by 6.00 points" in held_for(decision)


# what people gain is worth something of the frozen exams


def test_thirteen_of_mnist_are_little_for_a_hundred_and_thirty_four_of_peoples_drawings() -> None:
    people = {DRAWINGS: Score(192, 58)}
    champion = replace(CANDIDATE, scores=SCORES | people)
    challenger = replace(CANDIDATE, scores=SCORES | {DRAWINGS: Score(192, 192), MNIST: score(10_000, 9_957)})
    decision = decide(challenger, champion=champion, paired={DRAWINGS: Paired(134, 0), MNIST: Paired(4, 17)})
    assert decision.promote
    assert row(decision, "mnist.champion").standing == FELL
    assert row(decision, "mnist.champion").limit == (
        "may fall by 0.20 points (0.12 points, widened by what people gain), or by more if luck explains it"
    )


def test_the_same_thirteen_without_a_gain_are_held() -> None:
    challenger = with_exam(MNIST, right=9_957)
    decision = decide(challenger, paired={TAUGHT: Paired(0, 0), MNIST: Paired(4, 17)})
    assert [reason.partition(":")[0] for reason in decision.reasons] == ["better nowhere beyond luck", "MNIST test"]


def test_the_operator_says_what_a_point_for_people_is_worth_and_where_it_ends() -> None:
    lost = {MNIST: Paired(0, 20)}
    for policy, is_promoted in (
        (replace(POLICY, mnist_fall_for_a_point=0.0), False),
        (replace(POLICY, mnist_fall_for_a_point=0.0001), True),  # 18 points are certain: 12 + 18 digits
        (replace(POLICY, mnist_fall_at_most=0.0019), False),
        (replace(POLICY, mnist_fall_at_most=0.0), False),
    ):
        assert decide(paired=lost, policy=policy).promote is is_promoted


def test_no_margin_is_widened_by_nothing() -> None:
    strict = replace(POLICY, mnist_fall=0.0)
    assert not decide(paired={MNIST: Paired(0, 5)}, policy=strict).promote
    assert decide(paired={MNIST: Paired(0, 4)}, policy=strict).promote


def test_other_margins_widen_by_the_same_factor() -> None:
    lost = {PEN: Paired(0, 22)}
    assert decide(paired=lost).promote
    assert not decide(paired=lost | {TAUGHT: Paired(5, 0)}).promote


# what is no digit, and what is served


def test_a_point_of_other_things_taken_for_digits_is_held() -> None:
    decision = decide(
        with_exam(THINGS, others_refused=774), paired={THINGS: Paired(0, 0, others_fixed=4, others_broken=33)}
    )
    assert "takes too many other things for digits" in held_for(decision)
    assert "worse than the champion, and not by luck" in held_for(decision)


def test_what_is_no_digit_is_counted_in_all_exams_together() -> None:
    things = {GOLDEN: Paired(0, 0, others_broken=3), THINGS: Paired(0, 0, others_fixed=1, others_broken=5)}
    refused = row(decide(paired=things), "others_refused")
    assert refused.metric == "non-digits refused, 896"
    assert refused.verdict.startswith("fixes 1, breaks 8: -0.78 points")
    assert refused.standing == FELL


def test_too_many_digits_refused_is_held() -> None:
    assert "refuses too many digits" in held_for(decide(with_exam(MNIST, refused=160)))


def test_what_was_taught_may_be_refused_before_and_is_not_in_the_share() -> None:
    refused = with_exam(TAUGHT, refused=15)
    assert row(decide(champion=refused), "digits_refused").champion == "0.00 %"


def test_worse_calibration_is_held() -> None:
    decision = decide(with_exam(DRAWINGS, calibration_error=0.03))
    assert "less honest about how sure it is" in held_for(decision)


def test_keras_and_litert_disagreeing_is_held() -> None:
    assert "what is served is not what was trained" in held_for(decide(replace(CANDIDATE, agreement=2e-3)))


def test_disagreement_that_is_no_number_is_held() -> None:
    assert not decide(replace(CANDIDATE, agreement=float("nan"))).promote


def test_nan_is_held() -> None:
    assert "something that is no number" in held_for(decide(replace(CANDIDATE, is_finite=False)))


def test_slow_model_is_held() -> None:
    assert "answers too slowly" in held_for(decide(replace(CANDIDATE, latency_ms=1.2)))


def test_slow_machine_is_not_held_against_the_challenger() -> None:
    slow = replace(CANDIDATE, latency_ms=4.0)
    assert decide(slow, champion=slow).promote


def test_large_file_is_held() -> None:
    assert "too large" in held_for(decide(replace(CANDIDATE, artifact_bytes=3_000_000)))


def test_model_that_knows_one_class_is_held() -> None:
    ones = {exam: replace(each, right=each.digits // 10) for exam, each in SCORES.items()}
    broken = {
        exam: Paired(0, each.right - each.digits // 10, (0,) * 10, (0, *(each.digits // 10,) * 9))
        for exam, each in SCORES.items()
    }
    assert not decide(replace(CANDIDATE, scores=ones), paired=broken).promote


def test_missing_exams_are_said() -> None:
    scores = {GOLDEN: SCORES[GOLDEN]}
    only_golden = replace(CANDIDATE, scores=scores)
    decision = gate.decide(only_golden, only_golden, only_golden, {GOLDEN: Paired(0, 0)}, {}, POLICY)
    assert decision.notes == [
        "There are no exam drawings by people yet: what is new and the frozen exams decided.",
        "There was no MNIST test exam here.",
        "There was no UCI pen digits exam here.",
    ]


# the table


def test_every_row_is_found_by_a_key_of_its_own() -> None:
    rows = decide().rows
    assert len({row.key for row in rows}) == len(rows)
    by_key = {row.key: row for row in rows}
    assert by_key["mnist.champion"].metric == "MNIST test"
    assert by_key["mnist.baseline"].metric == "MNIST test, against the baseline"
    assert by_key["drawings.recall"].exam == DRAWINGS
    assert by_key["taught.champion"].exam == TAUGHT
    assert by_key["pen_digits.calibration"].exam == PEN
    assert [by_key[key].exam for key in ("gain", "size", "latency", "agreement", "digits_refused")] == [""] * 5


def test_decision_is_read_back_as_it_was_kept() -> None:
    decision = decide(with_exam(MNIST, right=9_900))
    assert Decision.from_dict(json.loads(json.dumps(decision.to_dict()))) == decision
    assert Decision.from_dict({}) is None


def test_rows_of_older_releases_have_no_key_and_are_shown_all_the_same() -> None:
    kept = decide().to_dict()
    for row in kept["rows"]:
        del row["key"]
    read = Decision.from_dict(kept)
    assert read is not None
    assert {row.key for row in read.rows} == {""}
    assert [row.metric for row in read.rows] == [row.metric for row in decide().rows]
    assert gate_table(read.rows) == gate_table(decide().rows)


def test_a_champion_that_was_never_asked_a_digit_is_no_error() -> None:
    champion = replace(CANDIDATE, scores={})
    assert gate.decide(champion, CANDIDATE, CANDIDATE, {}, EQUAL, POLICY, needs_gain=False).promote

"""Every refusal of the gate, and what it says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from recognizer.exams import DRAWINGS, GOLDEN, MNIST, PEN
from training.config import GatePolicy
from training.evaluation import gate
from training.evaluation.gate import Candidate, Decision, Paired, Score
from training.evaluation.gate_table import gate_table

POLICY = GatePolicy()


def score(digits: int, right: int, **other: Any) -> Score:
    each = digits // 10
    counts: dict[str, Any] = {"digit_count": (each,) * 10, "digit_right": (each,) * 10, "calibration_error": 0.004}
    return Score(digits, right, **counts | other)


SCORES = {
    MNIST: score(10_000, 9_970),
    PEN: score(3_000, 2_950),
    GOLDEN: score(200, 196, others=100, others_refused=95),
    DRAWINGS: score(500, 480),
}
CANDIDATE = Candidate(SCORES, agreement=1e-5, latency_ms=0.4, artifact_bytes=1_700_000)
EQUAL = {exam: Paired(0, 0) for exam in SCORES}


def with_exam(exam: str, **columns: Any) -> Candidate:
    return replace(CANDIDATE, scores=SCORES | {exam: replace(SCORES[exam], **columns)})


def decide(
    challenger: Candidate = CANDIDATE,
    *,
    champion: Candidate = CANDIDATE,
    baseline: Candidate = CANDIDATE,
    paired: dict[str, Paired] | None = None,
    paired_baseline: dict[str, Paired] | None = None,
) -> gate.Decision:
    return gate.decide(champion, challenger, baseline, EQUAL | (paired or {}), EQUAL | (paired_baseline or {}), POLICY)


def held_for(decision: gate.Decision) -> str:
    assert not decision.promote
    assert len(decision.reasons) == 1, decision.reasons
    return decision.reasons[0]


def test_equal_challenger_is_promoted() -> None:
    decision = decide()
    assert decision.promote
    assert all(row.passed for row in decision.rows)
    assert decision.reasons == ["every limit is kept; on people's drawings it fixes 0 answers and breaks 0"]


def test_better_challenger_is_promoted_and_the_gain_is_said() -> None:
    decision = decide(with_exam(DRAWINGS, right=495), paired={DRAWINGS: Paired(17, 2)})
    assert decision.promote
    assert "fixes 17 answers and breaks 2" in decision.reasons[0]


def test_loss_on_mnist_below_the_champion_is_held() -> None:
    assert "MNIST test: falls by 0.11 points" in held_for(decide(with_exam(MNIST, right=9_959)))


def test_loss_on_mnist_of_a_tenth_of_a_point_is_allowed() -> None:
    assert decide(with_exam(MNIST, right=9_960)).promote


def test_slow_ratchet_on_mnist_is_held_by_the_baseline() -> None:
    champion, challenger = with_exam(MNIST, right=9_955), with_exam(MNIST, right=9_949)
    assert "against the baseline" in held_for(decide(challenger, champion=champion))


def test_worse_on_peoples_drawings_is_held() -> None:
    decision = decide(with_exam(DRAWINGS, right=470), paired={DRAWINGS: Paired(2, 12)})
    assert "people's drawings: fixes 2, breaks 12: worse than the champion" in held_for(decision)


def test_worse_on_peoples_drawings_by_chance_is_not_held() -> None:
    assert decide(with_exam(DRAWINGS, right=479), paired={DRAWINGS: Paired(4, 5)}).promote


def test_slow_ratchet_on_peoples_drawings_is_held_by_the_baseline() -> None:
    decision = decide(with_exam(DRAWINGS, right=470), paired_baseline={DRAWINGS: Paired(1, 11)})
    assert "people's drawings, against the baseline" in held_for(decision)


@pytest.mark.parametrize("exam", [PEN, GOLDEN])
def test_worse_on_a_frozen_exam_is_held(exam: str) -> None:
    decision = decide(with_exam(exam, right=SCORES[exam].right - 20), paired={exam: Paired(2, 22)})
    assert "worse than the champion" in held_for(decision)


def test_one_digit_that_falls_is_held_and_named() -> None:
    broken = (0, 0, 0, 0, 30, 0, 0, 0, 0, 0)
    fixed = (30, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    decision = decide(paired={MNIST: Paired(30, 30, fixed, broken)})
    assert "the 4s fall by 3.00 points" in held_for(decision)


def test_one_digit_that_falls_within_noise_is_not_held() -> None:
    broken = (0, 0, 0, 0, 2, 0, 0, 0, 0, 0)
    assert decide(paired={DRAWINGS: Paired(2, 2, (0,) * 10, broken)}).promote


def test_too_many_digits_refused_is_held() -> None:
    assert "refuses too many digits" in held_for(decide(with_exam(MNIST, refused=140)))


def test_too_few_other_things_refused_is_held() -> None:
    decision = decide(with_exam(GOLDEN, others_refused=90))
    assert "takes too many other things for digits" in held_for(decision)


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


def test_few_exam_drawings_decide_nothing_and_that_is_said() -> None:
    few = {DRAWINGS: score(40, 38)}
    champion = replace(CANDIDATE, scores=SCORES | few)
    challenger = replace(CANDIDATE, scores=SCORES | {DRAWINGS: score(40, 30)})
    decision = decide(challenger, champion=champion, paired={DRAWINGS: Paired(0, 8)})
    assert decision.promote
    assert decision.notes[0].startswith("Decided on little: 40 exam drawings")
    assert any("too few to tell" in row.verdict for row in decision.rows)


def test_few_exam_drawings_do_not_excuse_the_frozen_exams() -> None:
    few = {DRAWINGS: score(40, 40)}
    challenger = replace(CANDIDATE, scores=SCORES | few | {MNIST: score(10_000, 9_900)})
    assert "MNIST" in decide(challenger, champion=replace(CANDIDATE, scores=SCORES | few)).reasons[0]


def test_missing_exams_are_said() -> None:
    scores = {GOLDEN: SCORES[GOLDEN]}
    only_golden = replace(CANDIDATE, scores=scores)
    decision = gate.decide(only_golden, only_golden, only_golden, {GOLDEN: Paired(0, 0)}, {}, POLICY)
    assert "There was no UCI pen digits exam here." in decision.notes


@pytest.mark.parametrize(
    ("fixed", "broken", "chance"),
    [(0, 0, 1.0), (0, 1, 0.5), (1, 1, 0.75), (0, 5, 1 / 32), (5, 0, 1.0), (2, 8, 56 / 1024)],
)
def test_chance_is_the_binomial_tail(fixed: int, broken: int, chance: float) -> None:
    assert gate.chance_of_falling(fixed, broken) == pytest.approx(chance)


def test_chance_of_many_agrees_with_the_exact_one() -> None:
    assert gate.chance_of_falling(480, 521) == pytest.approx(gate.chance_of_falling(480, 520), abs=0.02)


def test_every_row_is_found_by_a_key_of_its_own() -> None:
    rows = decide().rows
    assert len({row.key for row in rows}) == len(rows)
    by_key = {row.key: row for row in rows}
    assert by_key["mnist.champion"].metric == "MNIST test"
    assert by_key["mnist.baseline"].metric == "MNIST test, against the baseline"
    assert by_key["drawings.recall"].exam == DRAWINGS
    assert by_key["pen_digits.calibration"].exam == PEN
    assert [by_key[key].exam for key in ("size", "latency", "agreement", "digits_refused")] == [""] * 4


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
    assert gate.decide(champion, CANDIDATE, CANDIDATE, {}, EQUAL, POLICY).promote

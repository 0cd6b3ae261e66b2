"""How often the gate decides rightly: random answers of equal, better and worse challengers, judged by the gate itself.

    python bench/gate_power.py                 # 2,000 challengers of each kind: half a minute
    python bench/gate_power.py --draws 200

Nothing is trained: each exam's answers that differ are drawn with the shares that a kind of challenger has. Ends with 1 where an
equal challenger is promoted, or one that is worse by twice a margin, more often than 5 times in 100. docs/gate.md has the table.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recognizer.exams import DRAWINGS, GOLDEN, MNIST, PEN, TAUGHT, THINGS
from training.config import GatePolicy
from training.evaluation import gate
from training.evaluation.gate import Candidate, Decision, Paired, Score
from training.evaluation.paired_tests import Z90, paired_interval

SEED, DRAWS = 20, 2_000
DIGITS = {MNIST: 10_000, PEN: 3_498, GOLDEN: 204}
OTHERS = {GOLDEN: 96, THINGS: 800}
RIGHT = {MNIST: 0.996, PEN: 0.98, GOLDEN: 0.97, THINGS: 0.97, DRAWINGS: 0.93}
# share of the answers, either way, on which two equal models differ: two trainings with other seeds
NOISE = {MNIST: 0.001, PEN: 0.005, GOLDEN: 0.01, THINGS: 0.005, DRAWINGS: 0.01}
MOST_WRONG = 0.05  # what may go wrong at most, in shares of the challengers


@dataclass(frozen=True)
class Kind:
    """A kind of challenger.

    Attributes:
        drawings: how many of people's drawings are asked; of `taught` held-out ones the champion misreads `misread`.
        reads: share of the misread ones among these that it reads; `loses`: share that it no longer reads of the others.
        net: exam to the share of its answers that it loses more (gains, if negative) than an equal one.
        noise: exam to the share of answers that differ by luck, either way; NOISE where it says nothing.
        expected: whether it should be promoted; None where either is right.
    """

    name: str
    drawings: int = 200
    taught: int = 60
    misread: float = 0.3
    reads: float = 0.1
    loses: float = 0.02
    net: Mapping[str, float] = field(default_factory=dict)
    noise: Mapping[str, float] = field(default_factory=dict)
    expected: bool | None = False


def kinds(policy: GatePolicy) -> list[Kind]:
    widest = policy.mnist_fall_at_most / policy.mnist_fall
    learns = Kind("learns: reads 9 of 10 of what was misread", reads=0.9, net={DRAWINGS: -0.05}, expected=True)
    return [
        Kind("equal"),
        Kind("equal, twice as noisy on MNIST and UCI", noise={MNIST: 0.002, PEN: 0.01}),
        Kind("equal, nothing but corrections were labelled", misread=1.0),
        Kind("equal, 12 corrections held out", misread=1.0, taught=12),
        Kind("equal, no exam drawings, nothing held out", drawings=0, taught=0),
        Kind("learned by heart: nothing that was held out", reads=0.0, net={MNIST: 0.0005}),
        learns,
        replace(learns, name="learns, twice as noisy on MNIST and UCI", noise={MNIST: 0.002, PEN: 0.01}),
        replace(learns, name="learns, no exam drawings, 12 held out", drawings=0, taught=12, misread=0.9),
        replace(learns, name="learns half of it", reads=0.5, net={DRAWINGS: -0.02}, expected=None),
        replace(learns, name="learns, loses a margin of MNIST", net={MNIST: policy.mnist_fall}, expected=None),
        replace(
            learns, name="learns little, loses two margins of MNIST", taught=20, misread=0.5, reads=0.6, drawings=0,
            net={MNIST: 2 * policy.mnist_fall * _widening_of(policy, 20, 6)}, expected=False,
        ),
        replace(learns, name="learns, loses two widest margins of MNIST", expected=False,
                net={MNIST: 2 * policy.mnist_fall * widest}),
        replace(learns, name="learns, loses two widest margins of UCI", expected=False,
                net={PEN: 2 * policy.frozen_fall * widest}),
        replace(learns, name="learns, takes two widest margins of other things", expected=False,
                net={THINGS: 2 * policy.others_refused_fall * widest * 896 / 800}),
        replace(learns, name="learns the new, loses 5 points of 200 of people's drawings", net={DRAWINGS: 0.05}, expected=None),
        replace(learns, name="the same, 500 of people's drawings", net={DRAWINGS: 0.05}, drawings=500, expected=False),
        Kind("learns nothing, loses a margin of MNIST", net={MNIST: policy.mnist_fall}),
    ]  # fmt: skip


def _widening_of(policy: GatePolicy, count: int, fixed: int) -> float:
    """The factor by which so many fixed of `count` held-out drawings, and none broken, widen the margins."""
    gain = paired_interval(fixed, 0, count, Z90)[0]
    return (
        min(policy.mnist_fall + 100 * gain * policy.mnist_fall_for_a_point, policy.mnist_fall_at_most)
        / policy.mnist_fall
    )


def judged(kind: Kind, policy: GatePolicy, rng: np.random.Generator) -> Decision:
    """Draw one challenger's answers and let the gate decide."""
    before: dict[str, Score] = {}
    after: dict[str, Score] = {}
    paired: dict[str, Paired] = {}
    for exam in (*DIGITS, THINGS, DRAWINGS):
        count = kind.drawings if exam == DRAWINGS else DIGITS.get(exam, 0)
        noise, net = kind.noise.get(exam, NOISE[exam]), kind.net.get(exam, 0.0)
        right = round(RIGHT[exam] * count)
        fixed = _by_digit(min(rng.binomial(count, noise + max(-net, 0)), count - right), rng)
        broken = _by_digit(min(rng.binomial(count, noise + max(net, 0)), right), rng)
        others = OTHERS.get(exam, 0)
        refused = round(RIGHT[THINGS] * others)
        more = min(rng.binomial(others, NOISE[THINGS]), others - refused)
        fewer = min(rng.binomial(others, NOISE[THINGS] + (max(net, 0) if exam == THINGS else 0)), refused)
        if not count + others:
            continue
        each = (count // 10,) * 10
        before[exam] = Score(count, right, 0, others, refused, each, each)
        after[exam] = replace(
            before[exam], right=right + sum(fixed) - sum(broken), others_refused=refused + more - fewer
        )
        paired[exam] = Paired(sum(fixed), sum(broken), fixed, broken, more, fewer)
    if kind.taught:
        misread = round(kind.misread * kind.taught)
        read, lost = int(rng.binomial(misread, kind.reads)), int(rng.binomial(kind.taught - misread, kind.loses))
        before[TAUGHT] = Score(kind.taught, kind.taught - misread)
        after[TAUGHT] = Score(kind.taught, kind.taught - misread + read - lost)
        paired[TAUGHT] = Paired(read, lost)
    champion = Candidate(before)
    return gate.decide(champion, Candidate(after), champion, paired, paired, policy)


def _by_digit(count: int, rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(rng.multinomial(count, [0.1] * 10).tolist())


def share_promoted(kind: Kind, policy: GatePolicy, draws: int) -> float:
    rng = np.random.default_rng(SEED)
    return sum(judged(kind, policy, rng).promote for _ in range(draws)) / draws


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=DRAWS)
    draws, policy = parser.parse_args().draws, GatePolicy()
    print("| challenger | promoted | should be |\n| --- | --- | --- |")
    failed = False
    for kind in kinds(policy):
        share = share_promoted(kind, policy, draws)
        wrong = 0.0 if kind.expected is None else (1 - share if kind.expected else share)
        failed |= wrong > MOST_WRONG
        should = {True: "yes", False: "no", None: "-"}[kind.expected]
        print(f"| {kind.name} | {100 * share:.1f} % | {should}{' **wrong too often**' if wrong > MOST_WRONG else ''} |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

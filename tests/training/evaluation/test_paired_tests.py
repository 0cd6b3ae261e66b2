"""The statistics of paired answers, against exact fractions and against intervals that are drawn anew."""

import math
from fractions import Fraction

import numpy as np
import pytest

from recognizer.intervals import Z_95
from training.evaluation.paired_tests import Z90, chance_of_falling, chance_of_rising, paired_interval


def exact_chance(fixed: int, broken: int) -> float:
    """The tail of the binomial, in fractions."""
    differing = fixed + broken
    ways = sum(Fraction(math.comb(differing, k)) for k in range(broken, differing + 1))
    return float(ways / Fraction(2) ** differing)


@pytest.mark.parametrize(
    ("fixed", "broken", "chance"),
    [(0, 0, 1.0), (0, 1, 0.5), (1, 1, 0.75), (0, 5, 1 / 32), (5, 0, 1.0), (2, 8, 56 / 1024)],
)
def test_chance_is_the_binomial_tail(fixed: int, broken: int, chance: float) -> None:
    assert chance_of_falling(fixed, broken) == pytest.approx(chance)
    assert chance_of_rising(broken, fixed) == pytest.approx(chance)


@pytest.mark.parametrize(
    ("fixed", "broken"), [(0, 1), (1, 0), (3, 4), (20, 31), (499, 501), (450, 550), (0, 1000), (1000, 0)]
)
def test_chance_is_exact_up_to_a_thousand(fixed: int, broken: int) -> None:
    assert chance_of_falling(fixed, broken) == pytest.approx(exact_chance(fixed, broken), rel=1e-12)


@pytest.mark.parametrize(("fixed", "broken"), [(500, 501), (470, 531), (440, 561), (531, 470), (900, 1010)])
def test_chance_of_more_is_near_the_exact_one(fixed: int, broken: int) -> None:
    chance = chance_of_falling(fixed, broken)
    assert chance == pytest.approx(exact_chance(fixed, broken), rel=0.02)
    assert chance == 0.5 or chance != exact_chance(fixed, broken)


def test_interval_by_hand() -> None:
    """Half an observation in each cell: 12.5 and 4.5 discordant ones of 402."""
    difference, variance = 8 / 402, (17 - 64 / 402) / 402**2
    low, high = paired_interval(12, 4, 400)
    assert low == pytest.approx(difference - Z_95 * math.sqrt(variance))
    assert high == pytest.approx(difference + Z_95 * math.sqrt(variance))
    assert paired_interval(12, 4, 400, Z90)[0] > low


def test_interval_of_nothing_that_differs_is_no_certainty() -> None:
    low, high = paired_interval(0, 0, 10)
    assert low == -high
    assert high == pytest.approx(Z_95 / 12)
    low, high = paired_interval(1, 0, 1)
    assert low == pytest.approx(1 / 3 - Z_95 * math.sqrt(2 - 1 / 3) / 3)
    assert high == 1.0


@pytest.mark.parametrize(("count", "gain", "loss"), [(40, 0.1, 0.1), (200, 0.3, 0.02), (10_000, 0.002, 0.001)])
def test_interval_holds_the_true_difference_as_often_as_it_says(count: int, gain: float, loss: float) -> None:
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(count, [gain, loss, 1 - gain - loss], 2_000).tolist()
    intervals = [paired_interval(fixed, broken, count) for fixed, broken, _ in drawn]
    held = np.mean([low <= gain - loss <= high for low, high in intervals])
    assert 0.93 <= held <= 0.98

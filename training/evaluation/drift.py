"""Accuracy without labels, and whether what is drawn now is still what was examined. Pure; NumPy only.

Accuracy: a calibrated answer is right as often as it is sure (average confidence, Garg et al. 2022, "Leveraging unlabeled data to
predict out-of-distribution performance"). How sure answers were is first put through the exam's reliability bins, so that a model
that was too sure in its exam is not believed here either. Drift: Pearson's chi-squared test of homogeneity, of two samples over
the same classes or bins; p is the chance of such differences or greater where nothing has changed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.exam_reports import ReliabilityBin
from recognizer.intervals import Z_95

PRIOR = 20.0  # answers that the model's own word counts for in a bin
FEWEST_EXPECTED = 5.0  # in a cell, for the test to hold (Cochran 1954); smaller ones are put together


@dataclass(frozen=True)
class Estimate:
    accuracy: float
    low: float
    high: float
    n: int


def accuracy_without_labels(confidences: NDArray[np.floating], bins: Sequence[ReliabilityBin]) -> Estimate | None:
    """Estimate the share of answers float (N,) that are right, with a 95 % interval.

    The interval holds the luck of these N and of the exam's answers in each bin; that people draw now what they drew then is
    assumed, which the tests of drift look into.
    """
    if not len(confidences):
        return None
    sure = np.asarray(confidences, "float64")
    expected, variance, of_bins = sure.copy(), np.zeros(len(sure)), 0.0
    if bins:
        centres = np.array([one["confidence"] for one in bins])
        nearest = np.abs(sure[:, None] - centres[None, :]).argmin(axis=1)
        for place, one in enumerate(bins):
            here = nearest == place
            hits = one["accuracy"] * one["n"]
            # as sure as it says, until an exam's many answers say otherwise: a bin of few counts for little
            expected[here] = (hits + PRIOR * sure[here]) / (one["n"] + PRIOR)
            share = (hits + PRIOR * one["confidence"]) / (one["n"] + PRIOR)
            variance[here] = share * (1 - share) / (one["n"] + PRIOR)
        of_bins = sum(float((nearest == p).mean() ** 2 * variance[nearest == p][0]) for p in np.unique(nearest))
    mean = float(expected.mean())
    reach = Z_95 * math.sqrt(float((expected * (1 - expected)).sum()) / len(sure) ** 2 + of_bins)
    return Estimate(mean, max(0.0, mean - reach), min(1.0, mean + reach), len(sure))


def homogeneity(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Return p of the chi-squared test that two rows of counts come from the same shares; None where there are too few."""
    table = _with_enough(np.array([before, after], "float64"))
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return chi_squared_tail(statistic, table.shape[1] - 1)


def _with_enough(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put columns together, the smallest first, until each cell expects enough."""
    table = table[:, table.sum(axis=0) > 0]
    while table.shape[1] > 1:
        order = table.sum(axis=0).argsort(kind="stable")
        table = table[:, order]
        fewest = table[:, 0].sum() * table.sum(axis=1).min() / table.sum()
        if fewest >= FEWEST_EXPECTED:
            break
        table = np.column_stack([table[:, 0] + table[:, 1], table[:, 2:]])
    return table


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """Return the chance of a chi-squared variable above `statistic`: the finite sums for whole and for half degrees."""
    half = statistic / 2
    if half <= 0:
        return 1.0
    if degrees % 2:
        total, term = math.erfc(math.sqrt(half)), math.exp(-half) * math.sqrt(half / math.pi) * 2
        for k in range(1, degrees // 2 + 1):
            total += term
            term *= half / (k + 0.5)
        return min(1.0, total)
    total = term = math.exp(-half)
    for k in range(1, degrees // 2):
        term *= half / k
        total += term
    return min(1.0, total)


def largest_shift(before: Sequence[int], after: Sequence[int]) -> tuple[int, float, float]:
    """Return the class whose share changed most, with its shares before and after."""
    shares = [np.array(counts, "float64") / max(1, sum(counts)) for counts in (before, after)]
    place = int(np.abs(shares[1] - shares[0]).argmax())
    return place, float(shares[0][place]), float(shares[1][place])

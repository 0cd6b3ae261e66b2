"""Statistics of two candidates who answered the same questions: is one better, and by how much? Pure numbers."""

import math

from recognizer.intervals import Z_95

Z90 = 1.644854  # 5 % lie above it: a one-sided bound at 95 %
EXACT_MOST = 1000  # discordant pairs; beyond, the powers of two grow absurd and the normal tail is near enough


def chance_of_falling(fixed: int, broken: int) -> float:
    """One-sided exact McNemar: how likely equal candidates break at least `broken` of the answers they differ on."""
    differing = fixed + broken
    if differing == 0:
        return 1.0
    if differing > EXACT_MOST:
        z = (broken - 0.5 - differing / 2) / math.sqrt(differing / 4)  # with continuity correction
        return 0.5 * math.erfc(z / math.sqrt(2))
    return float(sum(math.comb(differing, k) for k in range(broken, differing + 1)) / 2**differing)


def chance_of_rising(fixed: int, broken: int) -> float:
    """One-sided exact McNemar: how likely equal candidates fix at least `fixed` of the answers they differ on."""
    return chance_of_falling(broken, fixed)


def paired_interval(fixed: int, broken: int, count: int, z: float = Z_95) -> tuple[float, float]:
    """Return the confidence interval of the difference of two paired shares, (fixed - broken) / count, each in -1..1.

    Args:
        count: questions, at least `fixed` + `broken`.
        z: standard normal quantile; Z_95 gives a two-sided interval of 95 %.

    Method: Wald with half an observation added to each of the four cells (Agresti & Min 2005, "Simple improved
    confidence intervals for comparing matched proportions"), so that no discordant pair does not mean no doubt.
    """
    total = count + 2
    difference = (fixed - broken) / total
    spread = z * math.sqrt(max(fixed + broken + 1 - (fixed - broken) ** 2 / total, 0.0)) / total
    return max(-1.0, difference - spread), min(1.0, difference + spread)

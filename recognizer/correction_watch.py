"""Is a version corrected more than the one before, and not by luck? Counts alone; imports nothing of Django.

The labels that people give after a promotion are looked at LOOKS times, the last time after WATCHED of them. At each look the
share that was corrected is held against that of the version before by Fisher's exact test, one-sided, at a level of which all
looks together spend FALSE_ALARM: so a version that is as good is sent back less than once in 10,000 times, however often people
correct the one before. Most is spent on the last look, where most is known.
"""

import math
from dataclasses import dataclass

WATCHED = 200  # labels after a promotion; who is worse by half has been found out by then, or cannot be
LOOKS = tuple(range(20, WATCHED + 1, 20))
# What the looks spend together. Exact tests of counts spend less than they are given, and looks fall together: at this, under
# 1e-4 of all watches of a version that is as good end in a return (bench/retreat.py)
FALSE_ALARM = 1.8e-4
LATE = 5  # how much of it is kept for the late looks: an early one needs no permission to see a disaster
RISE = 1.5  # times the share before: what rose by less has not doubled, however sure it is


@dataclass(frozen=True)
class Counted:
    """`corrected` of `labels` that people gave were not what a version had answered."""

    corrected: int
    labels: int

    @property
    def share(self) -> float:
        return self.corrected / self.labels if self.labels else 0.0


def level(labels: int) -> float:
    """Return what a look after so many labels may spend: in proportion to a power of how many there are."""
    return FALSE_ALARM * (labels / WATCHED) ** LATE / sum((look / WATCHED) ** LATE for look in LOOKS)


def is_alarm(before: Counted, after: Counted) -> bool:
    """Whether what was corrected at a look is more than luck and harder days explain.

    Args:
        after: the first LOOKS[i] labels since the promotion.
    """
    if not before.labels or after.labels not in LOOKS or after.share < RISE * before.share:
        return False
    return chance_of_so_many(before, after) <= level(after.labels)


def chance_of_so_many(before: Counted, after: Counted) -> float:
    """Return Fisher's exact probability of as many corrections or more, were both versions corrected equally often."""
    corrected, labels = before.corrected + after.corrected, before.labels + after.labels
    whole = _log_ways(labels, corrected)
    most = min(corrected, after.labels)
    return sum(
        math.exp(_log_ways(after.labels, k) + _log_ways(before.labels, corrected - k) - whole)
        for k in range(after.corrected, most + 1)
        if corrected - k <= before.labels
    )


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

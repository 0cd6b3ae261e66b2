"""How often the site goes back without a reason, and how often and how soon with one: the automatic return, simulated.

    python bench/retreat.py [watches]

For each share that people corrected before (of BEFORE labels), so many promotions of a version that is as good and of one that is
corrected twice as often. Ends with 1 where a version that is as good is sent back once in 10,000 times or more.
"""

import sys
from functools import cache

import numpy as np

from recognizer.correction_watch import LOOKS, Counted, is_alarm

BEFORE = 2000
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
LIMIT = 1e-4


@cache
def fewest(corrected_before: int, look: int) -> int:
    """The fewest corrections at a look that are an alarm; one more than there can be where none is."""
    before = Counted(corrected_before, BEFORE)
    low, high = 0, look + 1
    while low < high:
        middle = (low + high) // 2
        if middle <= look and is_alarm(before, Counted(middle, look)):
            high = middle
        else:
            low = middle + 1
    return low


def first_alarm(share: float, factor: float, watches: int, rng: np.random.Generator) -> np.ndarray:
    """After how many labels each of so many watches ends in an alarm; 0 where it does not."""
    before = rng.binomial(BEFORE, share, watches)
    corrected = np.zeros(watches, "int64")
    at = np.zeros(watches, "int64")
    for last, look in zip((0, *LOOKS), LOOKS, strict=False):
        corrected += rng.binomial(look - last, min(1.0, factor * share), watches)
        limits = np.array([fewest(int(k), look) for k in range(before.max() + 1)])
        at[(at == 0) & (corrected >= limits[before])] = look
    return at


def main() -> int:
    watches = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = np.random.default_rng(1)
    worst = 0.0
    print(f"{'corrected before':>17} {'false alarms':>14} {'found when doubled':>20} {'after, median':>14}")
    for share in SHARES:
        false = float((first_alarm(share, 1.0, watches, rng) > 0).mean())
        doubled = first_alarm(share, 2.0, min(watches, 100_000), rng)
        found = doubled[doubled > 0]
        worst = max(worst, false)
        median = f"{np.median(found):.0f}" if len(found) else "-"
        print(f"{share:17.0%} {false:14.1e} {len(found) / len(doubled):20.1%} {median:>14}")
    print(f"\nworst: {worst:.1e} false alarms a promotion, where {LIMIT:.0e} are allowed")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

"""How far a share that was counted on few may be from the truth."""

import math
from dataclasses import dataclass
from typing import Self

Z_95 = 1.959964  # of the normal distribution: 95 % lie within


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of Wilson (1927) for `hits` of `total`: it holds for few, and at 100 % it still admits doubt."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    middle = (share + Z_95 * Z_95 / (2 * total)) / (1 + Z_95 * Z_95 / total)
    reach = (
        Z_95 / (1 + Z_95 * Z_95 / total) * math.sqrt(share * (1 - share) / total + Z_95 * Z_95 / (4 * total * total))
    )
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with its 95 % interval."""

    hits: int
    total: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, total: int) -> Self | None:
        """Return the share, or None where nothing was counted."""
        return cls(hits, total, hits / total, *wilson(hits, total)) if total else None

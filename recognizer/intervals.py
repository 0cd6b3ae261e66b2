"""How far a share that was counted on few may be from the truth."""

import math
from dataclasses import dataclass
from typing import Self

Z_95 = 1.959964  # of the normal distribution: 95 % lie within


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with the 95 % interval of Wilson (1927), which holds for few and for shares near 0 and 1."""

    hits: int
    total: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, total: int) -> Self | None:
        """Return the share, or None where nothing was counted."""
        if not total:
            return None
        share, spread = hits / total, Z_95**2 / total
        centre = (share + spread / 2) / (1 + spread)
        half = Z_95 * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
        return cls(hits, total, share, max(0.0, centre - half), min(1.0, centre + half))

"""Shares as people read them: the one place that writes a percentage. Imports nothing."""

NOTHING = "-"  # where there is no number to show


def percent(share: float | None, digits: int) -> str:
    """Say 0.9874 as "98.74 %", with so many digits behind the point."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def percent_range(low: float, high: float, digits: int) -> str:
    """Say "97.10 to 98.74 %"."""
    return f"{100 * low:.{digits}f} to {percent(high, digits)}"


def brief_percent(share: float | None) -> str:
    """Say "62 %", or "99.7 %" near the ends, where a tenth matters."""
    digits = 0 if share is not None and 0.02 <= share <= 0.98 else 1
    return percent(share, digits)

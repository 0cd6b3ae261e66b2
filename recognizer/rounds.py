"""A round of ten: which digits to ask for, so that what people draw teaches the most."""

import random

from django.core.cache import cache
from django.db.models import Count

from recognizer.exam_reports import read_reports
from recognizer.models import Drawing, ModelVersion
from recognizer.version_card import most_confused

ROUND_LENGTH = 10
MOST_OF_ONE = 2  # a round of ten sevens is no game
CONFUSION_WEIGHT = 4.0  # against 1 for any digit: what the champion mixes up is asked for most
RARITY_WEIGHT = 2.0
COUNTS_SECONDS = 300  # a count over all drawings is dear at a million rows, and a round does not need the newest


def prompts(version: ModelVersion, rng: random.Random) -> list[int]:
    """Draw the digits of one round: likelier where the version errs and where drawings are rare, never twice in a row."""
    weights = weigh(most_confused(read_reports(version.metrics).values()), drawing_counts())
    asked: list[int] = []
    while len(asked) < ROUND_LENGTH:
        open_digits = [d for d in range(10) if asked.count(d) < MOST_OF_ONE and asked[-1:] != [d]]
        asked += rng.choices(open_digits, [weights[d] for d in open_digits])
    return asked


def weigh(confused: list[tuple[int, int, int]], counts: dict[int, int]) -> list[float]:
    """Return a weight for each digit from (drawn, read as, how often) and the drawings held of each."""
    mistakes = [sum(often for drawn, read, often in confused if digit in (drawn, read)) for digit in range(10)]
    most_mistakes, most_drawings = max(mistakes) or 1, max(counts.values(), default=0) or 1
    return [
        1
        + CONFUSION_WEIGHT * mistakes[digit] / most_mistakes
        + RARITY_WEIGHT * (1 - counts.get(digit, 0) / most_drawings)
        for digit in range(10)
    ]


def drawing_counts() -> dict[int, int]:
    """Return how many drawings people confirmed as each digit, a few minutes old at most."""
    return cache.get_or_set("rounds:drawing-counts", _count_drawings, COUNTS_SECONDS)  # type: ignore[return-value]


def _count_drawings() -> dict[int, int]:
    rows = Drawing.objects.confirmed().values_list("confirmed_label").annotate(Count("pk")).order_by()
    return {label: count for label, count in rows if label <= 9}

"""How reviewers work, one by one and by pairs: for whoever runs the site, and for nobody beside."""

import itertools
import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from recognizer.intervals import Share
from recognizer.models import LabelEvent, Look
from recognizer.review.queue import DECISIONS, RATE_WINDOW

WEEKS = 4
DECISIONS_LOOKED_AT = 20_000  # the latest of all reviewers
PAUSE = timedelta(minutes=2)  # a longer gap between two decisions is no time spent on one


@dataclass(frozen=True)
class ReviewerFigures:
    """One reviewer's latest weeks. `seconds` is the median time for a decision; None where there are too few."""

    user: str
    decided: int
    bulk: int
    seconds: float | None
    errors: Share | None


@dataclass(frozen=True)
class PairFigures:
    """How often the second of two said, blind, what the first had said."""

    first: str
    second: str
    agreed: Share


def figures() -> list[ReviewerFigures]:
    """Return the figures of everybody who decided on anything of late, the busiest first."""
    since = timezone.now() - timedelta(weeks=WEEKS)
    mine = LabelEvent.objects.filter(user__isnull=False, action__in=DECISIONS).order_by("-id")
    times: dict[int, list[datetime]] = defaultdict(list)
    bulk: dict[int, int] = defaultdict(int)
    for user_id, at, batch_id in mine.values_list("user_id", "at", "batch_id")[:DECISIONS_LOOKED_AT]:
        if user_id is None or at < since:
            continue
        if batch_id is None:
            times[user_id].append(at)
        else:
            bulk[user_id] += 1
    names, errors = _names({*times, *bulk}), error_rates()
    found = [
        ReviewerFigures(name, len(times[pk]) + bulk[pk], bulk[pk], _seconds_each(times[pk]), errors.get(pk))
        for pk, name in names.items()
    ]
    return sorted(found, key=lambda one: -one.decided)


def error_rates() -> dict[int, Share]:
    """Return, by reviewer, the share of wrong words on drawings whose answer is known, with its interval."""
    last: dict[tuple[UUID, int], tuple[str, bool]] = {}
    tests = LabelEvent.objects.filter(look=Look.KNOWN, user__isnull=False).order_by("-id")
    columns = ("drawing_id", "user_id", "action", "label", "previous_label")
    for drawing_id, user_id, action, label, known in tests.values_list(*columns)[:RATE_WINDOW]:
        if user_id is not None:
            last.setdefault((drawing_id, user_id), (action, label != known))
    counted: dict[int, list[bool]] = defaultdict(list)
    for (_, user_id), (action, is_wrong) in last.items():
        if action != LabelEvent.Action.UNDONE:
            counted[user_id].append(is_wrong)
    rates = {user_id: Share.of(sum(wrong), len(wrong)) for user_id, wrong in counted.items()}
    return {user_id: share for user_id, share in rates.items() if share is not None}


def pairs() -> list[PairFigures]:
    """Return, for each two reviewers of whom one judged the other's drawings blind, how often they agreed."""
    seconds = LabelEvent.objects.filter(look=Look.SECOND, action=LabelEvent.Action.SECONDED).order_by("-id")
    columns = ("id", "drawing_id", "user_id", "label", "previous_label")
    words = list(seconds.values_list(*columns)[:RATE_WINDOW])
    firsts = _first_reviewers([drawing_id for _, drawing_id, *_ in words])
    agreed: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for event_id, drawing_id, second, label, previous in words:
        before = [(pk, user_id) for pk, user_id in firsts.get(drawing_id, []) if pk < event_id]
        if before and second is not None:
            agreed[before[-1][1], second].append(label == previous)
    names = _names({pk for pair in agreed for pk in pair})
    found = []
    for (first, second), same in agreed.items():
        share = Share.of(sum(same), len(same))
        if share is not None and first in names and second in names:
            found.append(PairFigures(names[first], names[second], share))
    return sorted(found, key=lambda pair: -pair.agreed.total)


def _first_reviewers(drawing_ids: list[UUID]) -> dict[UUID, list[tuple[int, int]]]:
    """Who decided on drawings, by event: [(event, user)], the oldest first."""
    decided = LabelEvent.objects.filter(
        drawing_id__in=drawing_ids,
        user__isnull=False,
        action__in=[LabelEvent.Action.APPROVED, LabelEvent.Action.REJECTED],
    ).order_by("id")
    found: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for pk, drawing_id, user_id in decided.values_list("id", "drawing_id", "user_id"):
        if user_id is not None:
            found[drawing_id].append((pk, user_id))
    return found


def _seconds_each(latest_first: list[datetime]) -> float | None:
    gaps = [later - earlier for later, earlier in itertools.pairwise(latest_first)]
    worked = [gap.total_seconds() for gap in gaps if gap <= PAUSE]
    return statistics.median(worked) if worked else None


def _names(ids: set[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))

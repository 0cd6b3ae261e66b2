"""Going back by itself: where people correct a new champion far more than the one before, that one speaks again.

Nobody has to look: it is asked with each correction, in the process that takes it, and by the worker, which may be busy learning.
"""

import logging
from collections import Counter

from django.core.cache import cache
from django.db.models.functions import Coalesce

from recognizer import registry
from recognizer.correction_watch import LOOKS, WATCHED, Counted, is_alarm
from recognizer.errors import CorruptArtifact
from recognizer.formatting import percent
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingQuerySet, PromotionEvent

logger = logging.getLogger(__name__)
COMPARED = 2000  # latest labels of the version before: its share is then known within a point or two
EACH = 10  # labels of one contributor that count, where MANY drew: one who corrects whatever is said sends nobody back
MANY = 10  # contributors; a museum's one tablet is one contributor, and counts in full
BEFORE_SECONDS = 300  # that a process remembers what was corrected before
NOT_COUNTED = (Drawing.Status.REJECTED, Drawing.Status.QUARANTINED)


def step_back_if_worse() -> PromotionEvent | None:
    """Look at what people corrected since the last promotion. Returns the promotion of the version before, if it had to be."""
    event = (
        PromotionEvent.objects.select_related("version", "previous")
        .defer("version__metrics", "previous__metrics")
        .first()
    )
    if event is None or event.previous is None or event.is_return or event.watch_ended:
        return None
    since = _labelled(Drawing.objects.filter(model_version=event.version, created_at__gte=event.at))
    after = _corrections(since.order_by("created_at", "id"), 2 * WATCHED)[:WATCHED]
    if len(after) < LOOKS[0]:
        return None
    before = cache.get_or_set(f"retreat.before.{event.pk}", lambda: _before(event), BEFORE_SECONDS) or Counted(0, 0)
    for look in LOOKS:
        if look <= len(after) and is_alarm(before, count(after[:look])):
            return _step_back(event, before, count(after[:look]))
    if len(after) == WATCHED:
        _end(event, f"{_told(before, count(after))}: nothing to go back for")
    return None


def _before(event: PromotionEvent) -> Counted:
    """What was corrected of the version before: it answers no longer, so this is read once in a while only."""
    earlier = _labelled(Drawing.objects.filter(model_version=event.previous)).order_by("-created_at", "id")
    return count(_corrections(earlier, COMPARED))


def count(is_corrected: list[bool]) -> Counted:
    return Counted(sum(is_corrected), len(is_corrected))


def _labelled(drawings: DrawingQuerySet) -> DrawingQuerySet:
    """Drawings with a label that counts: of nobody blocked, and not rejected."""
    told = drawings.filter(confirmed_label__isnull=False, contributor__blocked_at__isnull=True)
    return told.exclude(status__in=NOT_COUNTED)


def _corrections(drawings: DrawingQuerySet, most: int) -> list[bool]:
    """Say of each labelled drawing, in their order, whether its answer was corrected: of nobody more than EACH."""
    rows = list(
        drawings.annotate(told=Coalesce("reviewed_label", "confirmed_label")).values_list(
            "contributor_id", "told", "predicted_label"
        )[:most]
    )
    is_capped = len({contributor for contributor, _, _ in rows}) >= MANY
    taken: Counter[int] = Counter()
    found = []
    for contributor, told, predicted in rows:
        taken[contributor] += 1
        if not is_capped or taken[contributor] <= EACH:
            found.append(told != (NOT_A_DIGIT if predicted is None else predicted))
    return found


def _step_back(event: PromotionEvent, before: Counted, after: Counted) -> PromotionEvent | None:
    assert event.previous is not None
    reason = f"automatic return: {_told(before, after)}"
    if event.previous.preprocessing_version != PREPROCESSING_VERSION:
        _end(event, f"{reason}, but the version before reads ink as an earlier release prepared it")
        return None
    try:
        promotion = registry.step_back(event, reason)
    except CorruptArtifact as error:
        _end(event, f"{reason}, but the version before cannot be served: {error}")
        return None
    if promotion is not None:
        logger.error("%s steps down for %s: %s", event.version, event.previous, reason)
    return promotion


def _told(before: Counted, after: Counted) -> str:
    return (
        f"of {after.labels} labels since the promotion {percent(after.share, 1)} corrected the answer, "
        f"of {before.labels:,} before it {percent(before.share, 1)}"
    )


def _end(event: PromotionEvent, why: str) -> None:
    PromotionEvent.objects.filter(pk=event.pk).update(watch_ended=why[:300])

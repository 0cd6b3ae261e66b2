"""Deciding on many drawings at once, and taking all of it back as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from recognizer.models import Drawing, LabelEvent, ReviewBatch
from recognizer.review.priority import is_contradicted

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Apply = Callable[[Drawing, ReviewBatch], bool]  # decides on a drawing; False where it could not
AT_ONCE = 100  # drawings in one transaction: visitors of a SQLite site wait for each


@dataclass(frozen=True)
class Outcome:
    """What became of a bulk decision: how many it decided on, could not, and left because somebody had decided meanwhile."""

    batch: ReviewBatch | None
    done: int
    left: int
    overtaken: int


def latest_event() -> int:
    """The newest event there is: what a sheet shows is as old as this."""
    return LabelEvent.objects.aggregate(last=Max("id"))["last"] or 0


def decide_together(user: "User", ids: Sequence[UUID], title: str, apply: Apply, seen: int | None = None) -> Outcome:
    """Decide on drawings in one batch.

    Args:
        seen: the newest event when they were looked at: on what a reviewer decided since, their word stands. None: do not ask.
    """
    batch = ReviewBatch.objects.create(user=user, title=title[:100])
    done = left = overtaken = contradicted = 0
    for start in range(0, len(ids), AT_ONCE):
        chunk = ids[start : start + AT_ONCE]
        with transaction.atomic():
            decided_since = _decided_since(chunk, seen)
            for drawing in Drawing.objects.without_pixels().select_for_update(of=("self",)).filter(pk__in=chunk):
                if drawing.pk in decided_since:
                    overtaken += 1
                elif apply(drawing, batch):
                    done += 1
                    contradicted += is_read_otherwise(drawing)
                else:
                    left += 1
    if not done:
        batch.delete()
        return Outcome(None, done, left, overtaken)
    batch.drawings, batch.contradicted = done, contradicted
    batch.save(update_fields=["drawings", "contradicted"])
    return Outcome(batch, done, left, overtaken)


def undo_together(user: "User", batch: ReviewBatch) -> tuple[int, int]:
    """Take a batch back. Returns on how many drawings, and on how many others something was said since, which stands."""
    undone = kept = 0
    ids = list(batch.events.values_list("drawing_id", flat=True).distinct())
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            chunk = Drawing.objects.without_pixels().filter(pk__in=ids[start : start + AT_ONCE])
            for drawing in chunk.select_for_update(of=("self",)):
                if drawing.undo(user, batch):
                    undone += 1
                else:
                    kept += 1
    batch.undone_at = timezone.now()
    batch.save(update_fields=["undone_at"])
    return undone, kept


def is_read_otherwise(drawing: Drawing) -> bool:
    """Whether the model's answer is not the label that the drawing has now."""
    return drawing.label is not None and is_contradicted(
        drawing.label, drawing.predicted_label, drawing.top_label, None, None
    )


def _decided_since(ids: Sequence[UUID], seen: int | None) -> set[UUID]:
    if seen is None:
        return set()
    later = LabelEvent.objects.filter(drawing_id__in=ids, id__gt=seen, actor=LabelEvent.Actor.REVIEWER)
    return set(later.exclude(action=LabelEvent.Action.NOTED).values_list("drawing_id", flat=True))

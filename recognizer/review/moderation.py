"""Shutting a contributor out, with everything they drew, and letting them in again."""

from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils import timezone

from recognizer.models import Contributor, Drawing, LabelEvent
from recognizer.sentences import marked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BLOCKED = marked("contributor blocked")
BATCH = 1000  # rows a statement: a flood of a hundred thousand drawings must not become one giant insert


def block(contributor: Contributor, *, by: "User", reason: str) -> int:
    """Reject all drawings of a contributor and count nothing they send from now on. Returns how many were rejected."""
    status_reason = f"{BLOCKED}: {reason}"[:300]
    with transaction.atomic():
        contributor.block()
        drawings = Drawing.objects.of(contributor).exclude(status=Drawing.Status.REJECTED)
        noted = _note(drawings, LabelEvent.Action.REJECTED, by, status_reason)
        drawings.update(
            status=Drawing.Status.REJECTED,
            status_reason=status_reason,
            reviewed_label=None,
            reviewed_at=timezone.now(),
            reviewed_by=by,
            check_due="",
            claimed_by=None,
            claimed_until=None,
        )
    return noted


def unblock(contributor: Contributor, *, by: "User", reason: str) -> int:
    """Let a contributor in again; what was rejected by blocking them waits for review. Returns how many drawings that were."""
    with transaction.atomic():
        contributor.unblock()
        rejected = Drawing.objects.of(contributor).filter(
            status=Drawing.Status.REJECTED, status_reason__startswith=BLOCKED
        )
        noted = _note(rejected, LabelEvent.Action.PUT_BACK, by, reason)
        undecided = {"status_reason": "", "reviewed_at": None, "reviewed_by": None}
        rejected.filter(confirmed_label__isnull=True).update(status=Drawing.Status.UNCONFIRMED, **undecided)
        rejected.filter(confirmed_label__isnull=False).update(status=Drawing.Status.WAITING, **undecided)
    return noted


def _note(drawings: models.QuerySet[Drawing], action: str, by: "User", reason: str) -> int:
    events = [
        LabelEvent(
            drawing=drawing,
            actor=LabelEvent.Actor.REVIEWER,
            user=by,
            action=action,
            previous_label=drawing.label,
            reason=reason,
        )
        for drawing in drawings.only("id", "confirmed_label", "reviewed_label")
    ]
    LabelEvent.objects.bulk_create(events, batch_size=BATCH)
    return len(events)

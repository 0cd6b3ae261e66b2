"""Who reviews what now: claims that no two reviewers share, decisions that may be sent twice, and what checks the checkers."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recognizer.intervals import Share
from recognizer.models import CLAIM_TIMEOUT, Campaign, Drawing, DrawingQuerySet, LabelEvent, Look

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHECK_EVERY = 10  # of the drawings handed to one reviewer, one in so many is a check, if any is due
RATE_WINDOW = 2000  # latest checks that a rate counts: more would not narrow its interval visibly


class Taken(RuntimeError):
    """Another reviewer holds the drawing, or has decided on it; the sentence says which."""


def claim(
    user: "User",
    count: int,
    *,
    blind: bool = False,
    without: Collection[UUID] = (),
    served: int = 0,
    campaign: Campaign | None = None,
) -> list[Drawing]:
    """Hand out up to `count` drawings that nobody else will be handed until the claim times out.

    Args:
        without: drawings not to hand out: those the reviewer has in hand, and those skipped.
        served: how many this reviewer was handed before, so that every CHECK_EVERY-th is a check.
        campaign: hand out drawings of this one alone.
    """
    claimed: list[Drawing] = []
    for place in range(served + 1, served + count + 1):
        taken = [*without, *(drawing.pk for drawing in claimed)]
        pools = pools_for(user, blind=blind, check_first=place % CHECK_EVERY == 0, campaign=campaign)
        drawing = next(filter(None, (_take(pool, user, taken) for pool in pools)), None)
        if drawing is None:
            break
        claimed.append(drawing)
    return claimed


def pools_for(
    user: "User", *, blind: bool, check_first: bool, campaign: Campaign | None = None
) -> list[DrawingQuerySet]:
    """Return where to look for the next drawing, in order."""
    drawings = Drawing.objects.in_campaign(campaign)
    wanted = wanted_of(campaign)
    checks = [drawings.filter(check_due=Look.AUDIT).order_by("id")]
    if blind:
        seconds = drawings.filter(check_due=Look.SECOND).exclude(reviewed_by=user)
        checks.insert(0, seconds.order_by("id"))
    quarantined = drawings.filter(status=Drawing.Status.QUARANTINED).order_by("-review_priority", "id")
    return [*checks, *wanted, quarantined] if check_first else [*wanted, *checks, quarantined]


def wanted_of(campaign: Campaign | None) -> list[DrawingQuerySet]:
    """What a reviewer is wanted for: what waits, and for a campaign's wall also what a rule approved and nobody has looked at."""
    drawings = Drawing.objects.in_campaign(campaign)
    if campaign is None or not campaign.wall:
        return [drawings.waiting()]
    return [drawings.waiting(), drawings.approved().filter(reviewed_at__isnull=True).order_by("-review_priority", "id")]


def renew(user: "User", drawing_ids: Collection[UUID]) -> None:
    """Prolong the claims of drawings that a reviewer still has in hand."""
    held = Drawing.objects.filter(pk__in=drawing_ids, claimed_by=user)
    held.update(claimed_until=timezone.now() + CLAIM_TIMEOUT)


def release(user: "User", drawing_ids: Collection[UUID]) -> None:
    """Give drawings back, so that the next reviewer need not wait for the claims to time out."""
    Drawing.objects.filter(pk__in=drawing_ids, claimed_by=user).update(claimed_by=None, claimed_until=None)


def decide(user: "User", drawing_id: UUID, label: int | None, *, blind: bool = False, reason: str = "") -> Drawing:
    """Record a reviewer's decision (None: reject). Sending the same decision again changes nothing.

    Raises:
        Taken: another reviewer holds the drawing, or was quicker.
        Drawing.DoesNotExist: it was deleted meanwhile.
    """
    with transaction.atomic():
        drawing = Drawing.objects.without_pixels().select_for_update(of=("self",)).get(pk=drawing_id)
        if is_repeated(drawing, user, label):
            return drawing
        check_free(drawing, user, timezone.now())
        if drawing.check_due == Look.SECOND and drawing.reviewed_by_id != user.pk:
            drawing.second_opinion(label, user)
            return drawing
        look = drawing.check_due if drawing.check_due == Look.AUDIT else Look.BLIND if blind else Look.OPEN
        if label is None:
            drawing.reject(reason, user, look=look)
        else:
            drawing.approve(label, user, reason, look=look)
    return drawing


def undo(user: "User", drawing_id: UUID) -> Drawing:
    """Take back the reviewer's last word on a drawing and hand it to them again.

    Raises:
        Taken: another reviewer holds it now.
    """
    with transaction.atomic():
        drawing = hold(user, drawing_id)
        drawing.undo(user)
        _claim_row(drawing, user)  # undoing gives a drawing back to the queue
    return drawing


def hold(user: "User", drawing_id: UUID) -> Drawing:
    """Claim one drawing by name.

    Raises:
        Taken: another reviewer holds it now.
    """
    with transaction.atomic():
        drawing = Drawing.objects.without_pixels().select_for_update(of=("self",)).get(pk=drawing_id)
        if not _claim_row(drawing, user):
            raise Taken("Another reviewer has it now.")
    return drawing


def is_repeated(drawing: Drawing, user: "User", label: int | None) -> bool:
    """Whether the last thing said of the drawing is this very decision of this very reviewer: a retry after a lost answer."""
    last = drawing.events.order_by("-id").first()
    decisions = {LabelEvent.Action.APPROVED, LabelEvent.Action.REJECTED, LabelEvent.Action.SECONDED}
    if last is None or last.user_id != user.pk or last.action not in decisions:
        return False
    return last.label == label


def check_free(drawing: Drawing, user: "User", now: datetime) -> None:
    held = drawing.claimed_until is not None and drawing.claimed_until > now
    if held and drawing.claimed_by_id != user.pk:
        raise Taken("Another reviewer has it now.")
    is_due = drawing.check_due in (Look.AUDIT, Look.SECOND)
    if drawing.is_reviewed and drawing.reviewed_by_id != user.pk and not is_due:
        raise Taken("Another reviewer has decided on it.")


def error_rate() -> Share | None:
    """Return the share of the rule's approvals, among those checked blind, that a reviewer would not have made."""
    return _differing(Look.AUDIT)


def agreement_rate() -> Share | None:
    """Return the share of blind second opinions that say what the first reviewer said."""
    differing = _differing(Look.SECOND)
    return differing and Share.of(differing.total - differing.hits, differing.total)


def _differing(look: str) -> Share | None:
    """Count, over the latest checks of one kind, how many differ from what they checked. Undone ones do not count."""
    latest = LabelEvent.objects.filter(look=look).order_by("-id")
    last_words: dict[UUID, tuple[str, int | None, int | None]] = {}
    for drawing_id, action, label, previous in latest.values_list("drawing_id", "action", "label", "previous_label")[
        :RATE_WINDOW
    ]:
        last_words.setdefault(drawing_id, (action, label, previous))
    counted = [word for word in last_words.values() if word[0] != LabelEvent.Action.UNDONE]
    return Share.of(sum(label != previous for _, label, previous in counted), len(counted))


def _free(user: "User") -> Q:
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=timezone.now()) | Q(claimed_by=user)


def _take(pool: DrawingQuerySet, user: "User", without: Collection[UUID]) -> Drawing | None:
    """Claim the first free drawing of a pool.

    PostgreSQL skips rows that another reviewer is claiming at this moment; SQLite lets one writer in at a time.
    """
    with transaction.atomic():
        free = pool.filter(_free(user)).exclude(pk__in=without).select_related("model_version")
        free = free.defer("strokes", "model_version__metrics")
        drawing = free.select_for_update(skip_locked=True, of=("self",)).first()
        return drawing if drawing is not None and _claim_row(drawing, user) else None


def _claim_row(drawing: Drawing, user: "User") -> bool:
    until = timezone.now() + CLAIM_TIMEOUT
    row = Drawing.objects.filter(_free(user), pk=drawing.pk)
    return bool(row.update(claimed_by=user, claimed_until=until))

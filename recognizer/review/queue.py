"""Who reviews what now: claims that no two reviewers share, decisions that may be sent twice, and what checks the checkers."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from recognizer.intervals import Share
from recognizer.models import CLAIM_TIMEOUT, IMPORTED, Drawing, DrawingQuerySet, LabelEvent, Look

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHECK_EVERY = 10  # of the drawings handed to one reviewer, one in so many is a check, if any is due
COUNTED_MOST = 10_000  # beyond, nobody needs the exact number, and the database need not count
KNOWN_EVERY = 20  # and one in so many a test of the reviewer; to them it looks like any other check
RATE_WINDOW = 2000  # latest checks that a rate counts: more would not narrow its interval visibly
DECISIONS = (LabelEvent.Action.APPROVED, LabelEvent.Action.REJECTED, LabelEvent.Action.SECONDED)

ORDERS: dict[str, tuple[str, tuple[str, ...]]] = {  # each has an index of the drawings that wait
    "suspicious": ("most suspicious first", ("-suspicion", "id")),
    "telling": ("most telling first", ("-review_priority", "id")),
    "unsure": ("least certain first", ("margin", "id")),
    "rare": ("rarest forms first", ("-rarity", "id")),
    "oldest": ("oldest first", ("created_at", "id")),
}
DEFAULT_ORDER = "suspicious"
IS_IMPORTED = Q(Exists(LabelEvent.objects.filter(drawing=OuterRef("pk"), actor="rule", reason=IMPORTED)))
HAS_PATH = Q(strokes__isnull=False)
SOURCES: dict[str, tuple[str, Q]] = {
    "page": ("drawn freely", Q(prompted_label__isnull=True) & HAS_PATH & ~IS_IMPORTED),
    "round": ("asked for in a round", Q(prompted_label__isnull=False)),
    "picture": ("a picture without a path", ~HAS_PATH & ~IS_IMPORTED),
    "import": ("imported", IS_IMPORTED),
}


class Taken(RuntimeError):
    """Another reviewer holds the drawing, or another window does, or somebody has decided; the sentence says which."""


@dataclass(frozen=True)
class Wanted:
    """What a reviewer chose to see: in which order (a key of ORDERS), and whose, what, of which version, from where.

    `campaign` is the code of one.
    """

    order: str = DEFAULT_ORDER
    contributor: int | None = None
    label: int | None = None
    version: int | None = None
    source: str = ""
    campaign: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self != Wanted(order=self.order)

    def narrow(self, drawings: DrawingQuerySet) -> DrawingQuerySet:
        """Leave the drawings that were asked for, in the order that was asked for."""
        chosen = {"contributor_id": self.contributor, "confirmed_label": self.label, "model_version_id": self.version}
        drawings = drawings.filter(**{column: value for column, value in chosen.items() if value is not None})
        if self.campaign:
            drawings = drawings.filter(campaign__code=self.campaign)
        if self.source:
            drawings = drawings.filter(SOURCES[self.source][1])
        return drawings.order_by(*ORDERS[self.order][1])


EVERYTHING = Wanted()


def claim(
    user: "User",
    count: int,
    *,
    blind: bool = False,
    without: Collection[UUID] = (),
    served: int = 0,
    window: str = "",
    wanted: Wanted = EVERYTHING,
) -> list[Drawing]:
    """Hand out up to `count` drawings that nobody else will be handed until the claim times out.

    Args:
        without: drawings not to hand out: those the reviewer has in hand, and those skipped.
        served: how many this reviewer was handed before, so that every CHECK_EVERY-th is a check.
        window: which of the reviewer's windows asks: two of them get different drawings.
    """
    claimed: list[Drawing] = []
    for place in range(served + 1, served + count + 1):
        taken = [*without, *(drawing.pk for drawing in claimed)]
        drawing = None
        if place % KNOWN_EVERY == 0:
            drawing = _take_known(user, taken, window)
        if drawing is None:
            pools = pools_for(user, blind=blind, check_first=place % CHECK_EVERY == 0, wanted=wanted)
            drawing = next(filter(None, (_take(pool, user, taken, window) for pool in pools)), None)
        if drawing is None:
            break
        claimed.append(drawing)
    return claimed


def pools_for(user: "User", *, blind: bool, check_first: bool, wanted: Wanted = EVERYTHING) -> list[DrawingQuerySet]:
    """Return where to look for the next drawing, in order."""
    waiting = waiting_for(user, wanted)
    checked = Drawing.objects.filter(campaign__code=wanted.campaign) if wanted.campaign else Drawing.objects.all()
    checks = [checked.filter(check_due=Look.AUDIT).order_by("id")]
    if blind:
        seconds = checked.filter(check_due=Look.SECOND).exclude(reviewed_by=user)
        checks.insert(0, seconds.order_by("id"))
    set_aside = Drawing.objects.filter(status=Drawing.Status.QUARANTINED)
    on_walls = unseen_on_walls(wanted)
    if wanted.is_narrowed:  # checks come now and then, but what was asked for is not followed by what was not
        return [*(checks if check_first else []), waiting, *on_walls, wanted.narrow(set_aside)]
    quarantined = set_aside.order_by("-review_priority", "id")
    disputed = waiting.filter(check_due=Look.THIRD)
    return [*checks, disputed, waiting, quarantined] if check_first else [disputed, waiting, *checks, quarantined]


def unseen_on_walls(wanted: Wanted) -> list[DrawingQuerySet]:
    """What a campaign's wall wants seen besides what waits: what a rule approved and nobody has looked at."""
    if not wanted.campaign:
        return []
    unseen = wanted.narrow(Drawing.objects.approved()).filter(reviewed_at__isnull=True, campaign__wall=True)
    return [unseen.order_by("-review_priority", "id")]


def waiting_for(user: "User", wanted: Wanted = EVERYTHING) -> DrawingQuerySet:
    """Drawings that wait for this reviewer: all that wait, but those on which they differed with another one."""
    waiting = wanted.narrow(Drawing.objects.filter(status=Drawing.Status.WAITING))
    return waiting.filter(~Q(check_due=Look.THIRD) | ~_has_spoken(user))


def renew(user: "User", drawing_ids: Collection[UUID], window: str = "") -> None:
    """Prolong the claims of drawings that a reviewer still has in hand."""
    held = Drawing.objects.filter(pk__in=drawing_ids, claimed_by=user, claimed_window=window)
    held.update(claimed_until=timezone.now() + CLAIM_TIMEOUT)


def release(user: "User", drawing_ids: Collection[UUID], window: str = "") -> None:
    """Give drawings back, so that the next reviewer need not wait for the claims to time out."""
    held = Drawing.objects.filter(pk__in=drawing_ids, claimed_by=user, claimed_window=window)
    held.update(claimed_by=None, claimed_until=None)


def decide(
    user: "User", drawing_id: UUID, label: int | None, *, blind: bool = False, reason: str = "", window: str = ""
) -> Drawing:
    """Record a reviewer's decision (None: reject). Sending the same decision again changes nothing.

    Raises:
        Taken: another reviewer, or another window, holds the drawing or was quicker.
        Drawing.DoesNotExist: it was deleted meanwhile.
    """
    with transaction.atomic():
        drawing = Drawing.objects.without_pixels().select_for_update(of=("self",)).get(pk=drawing_id)
        if is_repeated(drawing, user, label):
            return drawing
        if drawing.is_known and drawing.claimed_look == Look.KNOWN and drawing.claimed_by_id == user.pk:
            drawing.test_answer(label, user)
            return drawing
        check_free(drawing, user, timezone.now(), window)
        if drawing.check_due == Look.SECOND and drawing.reviewed_by_id != user.pk:
            drawing.second_opinion(label, user)
            return drawing
        due = drawing.check_due if drawing.check_due in (Look.AUDIT, Look.THIRD) else ""
        look = due or (Look.BLIND if blind else Look.OPEN)
        if label is None:
            drawing.reject(reason, user, look=look)
        else:
            drawing.approve(label, user, reason, look=look)
    return drawing


def undo(user: "User", drawing_id: UUID, window: str = "") -> Drawing:
    """Take back the reviewer's last word on a drawing and hand it to them again.

    Raises:
        Taken: another reviewer holds it now.
    """
    with transaction.atomic():
        drawing = hold(user, drawing_id, window)
        drawing.undo(user)
        _claim_row(drawing, user, window)  # undoing gives a drawing back to the queue
    return drawing


def hold(user: "User", drawing_id: UUID, window: str = "") -> Drawing:
    """Claim one drawing by name.

    Raises:
        Taken: another reviewer holds it now, or another window.
    """
    with transaction.atomic():
        drawing = Drawing.objects.without_pixels().select_for_update(of=("self",)).get(pk=drawing_id)
        if not _claim_row(drawing, user, window):
            check_held(drawing, user, timezone.now(), window)
            raise Taken("Another reviewer has it now.")
    return drawing


def count_waiting() -> int:
    """How many drawings wait for review, up to COUNTED_MOST."""
    return count_up_to_most(Drawing.objects.filter(status=Drawing.Status.WAITING))


def count_up_to_most(drawings: QuerySet[Drawing]) -> int:
    """Count rows, up to COUNTED_MOST: the cost stays the same when the table grows."""
    return drawings.order_by()[:COUNTED_MOST].count()


def is_check(drawing: Drawing, user: "User") -> bool:
    """Whether this reviewer is to look at a drawing that was decided already, without seeing how."""
    is_others = drawing.check_due == Look.SECOND and drawing.reviewed_by_id != user.pk
    return is_others or drawing.check_due == Look.AUDIT or drawing.claimed_look == Look.KNOWN


def note(user: "User", drawing_id: UUID, text: str) -> None:
    """Leave a sentence on a drawing.

    Raises:
        Drawing.DoesNotExist: it was deleted meanwhile.
    """
    with transaction.atomic():
        Drawing.objects.without_pixels().select_for_update(of=("self",)).get(pk=drawing_id).note(user, text)


def is_repeated(drawing: Drawing, user: "User", label: int | None) -> bool:
    """Whether the last thing said of the drawing is this very decision of this very reviewer: a retry after a lost answer."""
    last = drawing.events.exclude(action=LabelEvent.Action.NOTED).order_by("-id").first()
    if last is None or last.user_id != user.pk or last.action not in DECISIONS:
        return False
    return last.label == label


def check_free(drawing: Drawing, user: "User", now: datetime, window: str = "") -> None:
    """Raise Taken if somebody else has the drawing, or has decided: the same reviewer in another window, too."""
    check_held(drawing, user, now, window)
    is_due = drawing.check_due == Look.AUDIT or (drawing.check_due == Look.SECOND and drawing.reviewed_by_id != user.pk)
    if drawing.is_reviewed and not is_due:
        is_mine = drawing.reviewed_by_id == user.pk
        raise Taken(
            "You have decided on it elsewhere; undo that first." if is_mine else "Another reviewer has decided on it."
        )
    if drawing.check_due == Look.THIRD and LabelEvent.objects.filter(_spoke(user), drawing=drawing).exists():
        raise Taken("You have said what you think of it; a third reviewer decides.")


def check_held(drawing: Drawing, user: "User", now: datetime, window: str = "") -> None:
    if drawing.claimed_until is None or drawing.claimed_until <= now:
        return
    if drawing.claimed_by_id != user.pk:
        raise Taken("Another reviewer has it now.")
    if drawing.claimed_window != window:
        raise Taken("Another window of yours has it now.")


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


def _spoke(user: "User") -> Q:
    return Q(user=user, action__in=DECISIONS)


def _has_spoken(user: "User") -> Exists:
    """Whether this reviewer has said what a drawing is."""
    return Exists(LabelEvent.objects.filter(_spoke(user), drawing=OuterRef("pk")))


def _free(user: "User", window: str) -> Q:
    is_mine = Q(claimed_by=user, claimed_window=window)
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=timezone.now()) | is_mine


def _take(
    pool: DrawingQuerySet, user: "User", without: Collection[UUID], window: str, look: str = Look.OPEN
) -> Drawing | None:
    """Claim the first free drawing of a pool.

    PostgreSQL skips rows that another reviewer is claiming at this moment; SQLite lets one writer in at a time.
    """
    with transaction.atomic():
        free = pool.filter(_free(user, window)).exclude(pk__in=without).select_related("model_version", "contributor")
        free = free.defer("strokes", "model_version__metrics")
        drawing = free.select_for_update(skip_locked=True, of=("self",)).first()
        return drawing if drawing is not None and _claim_row(drawing, user, window, look) else None


def _take_known(user: "User", without: Collection[UUID], window: str) -> Drawing | None:
    """Claim a drawing whose answer is known, any of those on which this reviewer has not spoken yet."""
    known = Drawing.objects.filter(is_known=True, status=Drawing.Status.APPROVED).filter(~_has_spoken(user))
    start = UUID(int=random.getrandbits(128))
    pools = (known.filter(id__gte=start).order_by("id"), known.filter(id__lt=start).order_by("id"))
    return next(filter(None, (_take(pool, user, without, window, Look.KNOWN) for pool in pools)), None)


def _claim_row(drawing: Drawing, user: "User", window: str, look: str | None = None) -> bool:
    columns: dict[str, object] = {
        "claimed_by": user,
        "claimed_window": window,
        "claimed_until": timezone.now() + CLAIM_TIMEOUT,
    }
    if look is not None:
        columns["claimed_look"] = look
    if not Drawing.objects.filter(_free(user, window), pk=drawing.pk).update(**columns):
        return False
    for name, value in columns.items():
        setattr(drawing, name, value)
    return True

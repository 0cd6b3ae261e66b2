"""Who may draw in a campaign, and how one is deleted with all its people and drawings."""

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from recognizer import personalization
from recognizer.campaign_cookie import Membership
from recognizer.errors import NotAdmitted
from recognizer.models import (
    Admission,
    Campaign,
    CampaignReceipt,
    Contributor,
    Drawing,
    LabelEvent,
    Stage,
    Tombstone,
    normalized_code,
)
from recognizer.ttl_cache import TtlCache

if TYPE_CHECKING:
    from django.contrib.auth.models import User

KNOWN_SECONDS = 5  # that a process goes by what it read of a campaign: who ends one, waits so long
DELETED_AT_ONCE = 20  # people
DRAWINGS_AT_ONCE = 200  # in one transaction: visitors of a SQLite site wait for each

CLOSED: dict[Stage, str | Promise] = {
    Stage.EARLY: gettext_lazy("This campaign has not begun yet."),
    Stage.UNCONFIRMED: gettext_lazy("This campaign is not open yet: a teacher has to confirm first."),
    Stage.OVER: gettext_lazy("This campaign has ended. Thank you to everybody who drew."),
}
GONE = gettext_lazy("This campaign is over and was deleted. Press Next person to draw outside of it.")
OVER_FOR_DRAWINGS = gettext_lazy(
    "This campaign takes no drawings now, so this one is not kept. Press Next person to draw outside of it."
)
CONSENT_MISSING = gettext_lazy("This campaign asks each person first. Open /j/%(code)s/ and read what it asks.")

known: TtlCache[int, Campaign] = TtlCache(64, KNOWN_SECONDS)


def by_code(text: str) -> Campaign | None:
    """Find a campaign by its code, however somebody typed it; what can be no code is not asked for."""
    code = normalized_code(text)
    return Campaign.objects.filter(code=code).first() if code else None


def by_id(pk: int) -> Campaign | None:
    """A campaign as this process read it within KNOWN_SECONDS."""
    campaign = known.get(pk) or Campaign.objects.filter(pk=pk).first()
    if campaign is not None:
        known.put(pk, campaign)
    return campaign


def check_open(campaign_id: int) -> Campaign:
    """Return a campaign that takes drawings.

    Raises:
        NotAdmitted: it takes none now, or there is no such campaign any more.
    """
    campaign = by_id(campaign_id)
    if campaign is None:
        raise NotAdmitted("campaign_gone", str(GONE))
    if campaign.stage() is not Stage.OPEN:
        raise NotAdmitted("campaign_closed", str(OVER_FOR_DRAWINGS))
    return campaign


def admission(membership: Membership | None) -> Admission | None:
    """In which campaign a device's new contributor is, and with whose consent; None for a device that has joined none.

    Raises:
        NotAdmitted: that campaign takes no drawings now, or asks for a consent that was not given.
    """
    if membership is None:
        return None
    campaign = check_open(membership.campaign_id)
    if not campaign.asks_consent:
        return Admission(campaign)
    if campaign.minors:  # open, so a teacher has confirmed
        return Admission(campaign, campaign.consent_version, campaign.confirmed_at)
    if membership.version != campaign.consent_version:
        raise NotAdmitted("consent_missing", str(CONSENT_MISSING) % {"code": campaign.code})
    return Admission(campaign, membership.version, membership.moment)


def join(admission: Admission | None) -> Contributor:
    """Make a contributor.

    Raises:
        NotAdmitted: the campaign was deleted a moment ago.
    """
    try:
        return Contributor.join(admission)
    except Campaign.DoesNotExist as error:
        raise NotAdmitted("campaign_gone", str(GONE)) from error


def is_open(membership: Membership) -> bool:
    """Whether a device that joined still has a campaign to draw in."""
    campaign = by_id(membership.campaign_id)
    return campaign is not None and campaign.stage() is not Stage.OVER


def delete(campaign: Campaign, by: "User | None") -> CampaignReceipt:
    """Delete a campaign with its people, their drawings and all that was said of them. Returns the receipt.

    Some at a time, so that nobody waits long for the database; nobody joins meanwhile. If it is cut off, doing it again goes on
    with the same receipt. No export brings a drawing of it back.
    """
    receipt = CampaignReceipt.begin(campaign, by)
    Campaign.objects.filter(pk=campaign.pk).update(ends_at=timezone.now())
    known.drop(campaign.pk)
    while people := list(campaign.contributors.order_by("pk").values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        _delete_people(receipt, people)
    try:
        with transaction.atomic():
            Campaign.objects.filter(pk=campaign.pk).delete()
            CampaignReceipt.objects.filter(pk=receipt.pk).update(finished_at=timezone.now())
    except ProtectedError:  # somebody joined by a process that had not heard that it is over
        return delete(campaign, by)
    receipt.refresh_from_db()
    return receipt


def _delete_people(receipt: CampaignReceipt, people: list[int]) -> None:
    """Delete some people: their drawings first, some in each transaction, and the people with what is left of them."""
    theirs = Drawing.objects.filter(contributor__in=people).order_by("pk")
    is_more = True
    while is_more:
        with transaction.atomic():
            doomed = list(theirs.values_list("pk", "content_hash")[:DRAWINGS_AT_ONCE])
            is_more = len(doomed) == DRAWINGS_AT_ONCE
            ids = [pk for pk, _ in doomed]
            Tombstone.objects.bury(doomed)
            if is_more:
                _, counts = Drawing.objects.filter(pk__in=ids).only("pk").delete()
            else:
                _, counts = Contributor.objects.filter(pk__in=people).delete()
            digest = _digest(receipt.digest, ids)
            CampaignReceipt.objects.filter(pk=receipt.pk).update(
                people=F("people") + counts.get(Contributor._meta.label, 0),
                drawings=F("drawings") + counts.get(Drawing._meta.label, 0),
                events=F("events") + counts.get(LabelEvent._meta.label, 0),
                digest=digest,
            )
        receipt.digest = digest
    for pk in people:
        personalization.forget(pk)


def _digest(before: str, drawings: list[UUID]) -> str:
    ids = sorted(map(str, drawings))
    return hashlib.sha256("\n".join([before, *ids]).encode()).hexdigest() if ids else before

"""Who drew."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from recognizer.models.campaigns import Campaign

EXAM_EVERY = 5  # one in five new contributors is examined and never taught, for ever


def is_examined(number: int, among: str = "") -> bool:
    """Whether who came as number 1, 2, 3, ... is examined: one of each five in a row, by lot.

    The lots depend on the site's secret, so that nobody can foresee them, and on nothing else that comes and goes: people who
    take turns with others, or with rows that were rolled back, are examined as often as all. Of the first five it is the
    fifth: who tries the site alone shall see it learn.

    Args:
        among: whose numbers these are; each such group has lots of its own.
    """
    five, place = divmod(number - 1, EXAM_EVERY)
    if five == 0:
        return place == EXAM_EVERY - 1
    lot = salted_hmac("recognizer.exam", f"{among} {five}", algorithm="sha256").digest()
    return int.from_bytes(lot) % EXAM_EVERY == place


@dataclass(frozen=True)
class Admission:
    """In which campaign somebody draws, and what they, or a teacher for them, consented to: a version and when, or nothing."""

    campaign: Campaign
    consent_version: int | None = None
    consented_at: datetime | None = None


class Contributor(models.Model):
    """A visitor who stored at least one drawing. No name, no address: a random token in a signed cookie."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    is_exam = models.BooleanField(default=False, help_text="Their drawings are exam questions and never train.")
    blocked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When their device was handed to the next person: its cookie is nobody's since.",
    )
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="contributors"
    )
    consented_at = models.DateTimeField(null=True, blank=True, editable=False)
    consent_version = models.PositiveIntegerField(
        null=True, editable=False, help_text="Of the campaign's text; empty where nobody was asked."
    )
    returned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the cookie first came back: until then its answer may have got lost."
    )

    class Meta:
        indexes = [
            # few are blocked, and much is counted without them
            models.Index(fields=["blocked_at"], name="contributor_blocked", condition=Q(blocked_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(consented_at__isnull=True, consent_version__isnull=True)
                | Q(consented_at__isnull=False, consent_version__isnull=False),
                name="consent_has_a_version",
            )
        ]

    def __str__(self) -> str:
        return f"contributor {self.short_name}"

    @property
    def short_name(self) -> str:
        return self.token.hex[:8]

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None

    @classmethod
    def join(cls, admission: Admission | None = None) -> Self:
        """Create a contributor, in a campaign or by themselves.

        Whether they are examined is decided by the row's own number, which no two have who come at once; in a campaign by the
        number that they have there, so that a class is examined by a fifth of itself.
        """
        if admission is not None:
            return cls._join_campaign(admission)
        with transaction.atomic(savepoint=False):
            contributor = cls.objects.create()
            if is_examined(contributor.pk):
                contributor.is_exam = True
                contributor.save(update_fields=["is_exam"])
        return contributor

    @classmethod
    def _join_campaign(cls, admission: Admission) -> Self:
        campaign = admission.campaign
        with transaction.atomic(savepoint=False):
            return cls.objects.create(
                campaign=campaign,
                is_exam=is_examined(campaign.next_number(), among=campaign.code),
                consented_at=admission.consented_at,
                consent_version=admission.consent_version,
            )

    def note_return(self) -> None:
        """Note that somebody holds the cookie."""
        self.returned_at = timezone.now()
        type(self).objects.filter(pk=self.pk, returned_at__isnull=True).update(returned_at=self.returned_at)

    def end(self) -> None:
        """Hand the device on: what is stored stays, and the cookie stands for nobody any more."""
        self.ended_at = timezone.now()
        type(self).objects.filter(pk=self.pk, ended_at__isnull=True).update(ended_at=self.ended_at)

    def block(self) -> None:
        self.blocked_at = timezone.now()
        self.save(update_fields=["blocked_at"])

    def unblock(self) -> None:
        self.blocked_at = None
        self.save(update_fields=["blocked_at"])

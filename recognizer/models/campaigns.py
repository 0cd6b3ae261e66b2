"""A class, a table, a study: people who draw together for a while, and what they were asked for it."""

import secrets
from datetime import datetime
from enum import Enum
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

CODE_LENGTH = 4
CODE_LETTERS = "CDFHJKMNPRTWXY"  # none looks like another or like a digit, and without vowels they make no words
MOST_CONSENT_TEXT = 6000  # characters: two printed pages


class Stage(Enum):
    """Whether people may join, and whether what they draw is kept."""

    EARLY = "early"
    UNCONFIRMED = "unconfirmed"  # a campaign of minors for whom no teacher has confirmed consent yet
    OPEN = "open"
    OVER = "over"


def normalized_code(text: str) -> str:
    """A code as it is stored, however somebody typed it; "" for what can be none."""
    code = "".join(text.split()).upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) else ""


class Campaign(models.Model):
    """People who joined by the same code. Its consent text has a version, and each of them the version they consented to.

    Without a text nobody is asked and nothing is called consent: the site's own sentence of what is kept is all there is.
    """

    name = models.CharField(max_length=80, help_text="As people see it: on the page they join by, and on the wall.")
    code = models.CharField(max_length=CODE_LENGTH, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="UTC. Empty: at once.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="UTC. Empty: when you say so.")
    consent_text = models.TextField(
        blank=True,
        max_length=MOST_CONSENT_TEXT,
        help_text="What people consent to, in your own words. Empty: nobody is asked. Another text is another version, "
        "to which those who join from then on consent.",
    )
    consent_version = models.PositiveIntegerField(default=0, editable=False, help_text="0: nobody is asked.")
    minors = models.BooleanField(
        "minors' mode",
        default=False,
        help_text="Nobody who joins is asked: a teacher confirms below that consent was given for all of them.",
    )
    confirmed_at = models.DateTimeField(null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    wall = models.BooleanField(
        default=False, help_text="Drawings that a reviewer approved may be shown to everybody who has the code."
    )
    joined = models.PositiveIntegerField(
        default=0, editable=False, help_text="People so far; by it the exam's are drawn."
    )

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def save(self, *args: Any, **options: Any) -> None:
        """Store it, with a code if it has none, and with another version of the consent where what is consented to changed."""
        with transaction.atomic():
            self.code = self.code or self.free_code()
            is_new_consent = self._is_new_consent()
            if is_new_consent:
                self.consent_version += 1
                self.confirmed_at = self.confirmed_by = None
            super().save(*args, **options)
            if is_new_consent:
                self.consents.create(version=self.consent_version, text=self.consent_text, minors=self.minors)

    def clean(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "It ends before it starts."})
        if self.minors and not self.consent_text.strip():
            raise ValidationError({"consent_text": "In minors' mode there must be a text that the consent is to."})

    def _is_new_consent(self) -> bool:
        asked = (self.consent_text, self.minors)
        before = self.consents.values_list("text", "minors").last() if self.pk else None
        return asked != before if before else bool(self.consent_text)

    @classmethod
    def free_code(cls) -> str:
        """Return a code that no campaign has or had: an old sheet on a wall must not lead to other people."""
        while True:
            code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
            taken = cls.objects.filter(code=code).exists() or CampaignReceipt.objects.filter(code=code).exists()
            if not taken:
                return code

    @property
    def asks_consent(self) -> bool:
        return bool(self.consent_text)

    @property
    def asks_each_person(self) -> bool:
        return self.asks_consent and not self.minors

    def stage(self, now: datetime | None = None) -> Stage:
        now = now or timezone.now()
        if self.ends_at and now >= self.ends_at:
            return Stage.OVER
        if self.starts_at and now < self.starts_at:
            return Stage.EARLY
        return Stage.UNCONFIRMED if self.minors and self.confirmed_at is None else Stage.OPEN

    def confirm_for_minors(self, by: Any) -> None:
        """Record that a teacher holds the consent of all who will join, to this version of the text."""
        self.confirmed_at, self.confirmed_by = timezone.now(), by
        Campaign.objects.filter(pk=self.pk, consent_version=self.consent_version).update(
            confirmed_at=self.confirmed_at, confirmed_by=by
        )

    def next_number(self) -> int:
        """Count one more person. Returns which they are; whoever comes at the same time waits for this transaction."""
        row = Campaign.objects.filter(pk=self.pk)
        row.update(joined=F("joined") + 1)
        return row.values_list("joined", flat=True).get()


class ConsentText(models.Model):
    """A consent text as it stood, for as long as somebody's consent names its version. Never changed."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="consents")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    minors = models.BooleanField()
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["version"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["campaign", "version"], name="one_text_a_version")]

    def __str__(self) -> str:
        return f"version {self.version}"


class CampaignReceipt(models.Model):
    """What is left of a deleted campaign: how much was deleted, when and by whom, and nothing of the people or their drawings."""

    name = models.CharField(max_length=80)
    code = models.CharField(max_length=CODE_LENGTH)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(
        null=True, help_text="Empty while it goes on, or if it was cut off: delete it again."
    )
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    people = models.PositiveIntegerField(default=0)
    drawings = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField("things said of them", default=0)
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 over the ids of the deleted drawings, batch by batch."
    )

    class Meta:
        ordering = ["-started_at", "-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=Q(finished_at__isnull=True), name="one_deletion_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code}), deleted"

    @classmethod
    def begin(cls, campaign: Campaign, by: Any) -> Self:
        """Open the receipt of a campaign's deletion, or go on with one that was cut off."""
        facts = {"name": campaign.name, "deleted_by": by}
        return cls.objects.get_or_create(code=campaign.code, finished_at=None, defaults=facts)[0]

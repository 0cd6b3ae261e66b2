"""Who drew."""

import uuid
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

EXAM_EVERY = 5  # every fifth new contributor is examined and never taught, for ever


class Contributor(models.Model):
    """A visitor who stored at least one drawing. No name, no address: a random token in a signed cookie."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    is_exam = models.BooleanField(default=False, help_text="Their drawings are exam questions and never train.")
    blocked_at = models.DateTimeField(null=True, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the cookie first came back: until then its answer may have got lost."
    )

    class Meta:
        indexes = [
            # few are blocked, and much is counted without them
            models.Index(fields=["blocked_at"], name="contributor_blocked", condition=Q(blocked_at__isnull=False)),
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
    def join(cls) -> Self:
        """Create a contributor.

        Every fifth is an exam contributor, by the row's own number, so two at once cannot both be it.
        """
        with transaction.atomic(savepoint=False):
            contributor = cls.objects.create(consented_at=timezone.now())
            if contributor.pk % EXAM_EVERY == 0:
                contributor.is_exam = True
                contributor.save(update_fields=["is_exam"])
        return contributor

    def note_return(self) -> None:
        """Note that somebody holds the cookie."""
        self.returned_at = timezone.now()
        type(self).objects.filter(pk=self.pk, returned_at__isnull=True).update(returned_at=self.returned_at)

    def block(self) -> None:
        self.blocked_at = timezone.now()
        self.save(update_fields=["blocked_at"])

    def unblock(self) -> None:
        self.blocked_at = None
        self.save(update_fields=["blocked_at"])

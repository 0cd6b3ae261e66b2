"""Keys by which programs call in a person's name."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from recognizer.models.contributors import Contributor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

MARK = "dgt_"  # what each key begins with, so that a scanner for leaked secrets, and a person, can tell what it is
SECRET_BYTES = 32  # nobody guesses 256 bits, so a plain SHA-256 keeps the key as well as a slow hash would
SHOWN = len(MARK) + 6  # characters by which a list tells one key from another
USE_NOTED_EVERY = timedelta(minutes=1)  # a program that calls a hundred times a second writes its row once
CALLS_A_MINUTE = 600
MOST_CALLS_A_MINUTE = 60_000


class Scope(models.TextChoices):
    """What a key may be for."""

    READ = "read", "read: what waits, what was collected, runs and their outcome"
    DRAW = "draw", "draw: hand in drawings and label them, as one contributor"
    REVIEW = "review", "review: decide about drawings, in its owner's name"
    EXPORT = "export", "export: take drawings out, all of them"


# What its owner must be allowed to do themselves when the key is used; a key never may more than they
PERMISSIONS: dict[str, str] = {
    Scope.REVIEW: "recognizer.change_drawing",
    Scope.EXPORT: "recognizer.view_drawing",
}


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def make(
        self,
        owner: "User",
        name: str,
        scopes: "Sequence[str]",
        *,
        expires_at: datetime | None = None,
        calls_a_minute: int = CALLS_A_MINUTE,
    ) -> tuple["ApiKey", str]:
        """Make a key. Returns its row and the key itself, which nobody can ever read again."""
        key = ApiKey(
            owner=owner, name=name, scopes=sorted(scopes), expires_at=expires_at, calls_a_minute=calls_a_minute
        )
        secret = key.seal()
        key.save(force_insert=True)
        return key, secret

    def find(self, secret: str) -> "ApiKey | None":
        """Return the key's row, whether or not it may still be used."""
        return self.filter(digest=digest(secret)).select_related("owner", "contributor").first()


class ApiKey(models.Model):
    """What is kept of a key: whose it is, what for, and its hash."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, editable=False, related_name="api_keys"
    )
    name = models.CharField(max_length=80, help_text="What it is for: the program and where it runs.")
    scopes = models.JSONField(default=list, help_text="Some of Scope.")
    beginning = models.CharField(max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the whole key.")
    calls_a_minute = models.PositiveIntegerField(
        "calls a minute",
        default=CALLS_A_MINUTE,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CALLS_A_MINUTE)],
        help_text="Counted for this key alone.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(
        "valid until", null=True, blank=True, help_text="UTC. Empty: until it is revoked."
    )
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    contributor = models.ForeignKey(
        Contributor,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose the drawings are that it hands in.",
    )
    served = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Drawings handed to it for review: every so many is a check."
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        default_permissions = ("add", "change", "view")  # change: revoke; each for one's own
        permissions = [("manage_apikey", "Can see and revoke everybody's API keys")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"key {self.beginning}…"

    def seal(self) -> str:
        """Give a new row its secret, and return that: the row keeps its hash, and its beginning for lists."""
        secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
        self.beginning, self.digest = secret[:SHOWN], digest(secret)
        return secret

    @property
    def refusal(self) -> str:
        """Why it may not be used, in a sentence for who holds it; "" if it may."""
        if self.revoked_at is not None:
            return "This key was revoked."
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "This key was valid until a day that is over."
        if not (self.owner.is_active and self.owner.is_staff):
            return "The account that this key belongs to may not sign in any more."
        return ""

    def may(self, scope: str) -> bool:
        """Whether it is for this, and its owner may do it themselves."""
        permission = PERMISSIONS.get(scope)
        return scope in self.scopes and (permission is None or self.owner.has_perm(permission))

    def revoke(self) -> None:
        self.revoked_at = timezone.now()
        ApiKey.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=self.revoked_at)

    def note_use(self) -> None:
        """Keep when it was last used, to the minute."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > USE_NOTED_EVERY:
            self.last_used_at = now
            stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
            ApiKey.objects.filter(stale, pk=self.pk).update(last_used_at=now)

    def note_served(self, drawings: int) -> None:
        ApiKey.objects.filter(pk=self.pk).update(served=F("served") + drawings)

    def drawer(self) -> Contributor:
        """Return the contributor whose its drawings are, who joins with the first one."""
        if self.contributor is None:
            with transaction.atomic():
                row = ApiKey.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=self.pk)
                self.contributor = row.contributor or Contributor.join()
                ApiKey.objects.filter(pk=self.pk).update(contributor=self.contributor)
        return self.contributor


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

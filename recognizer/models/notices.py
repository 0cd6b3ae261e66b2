"""Who wants to be told what, and the outbox of what they are told: rows alone; `recognizer.notices` writes and sends them."""

import secrets
import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

WAITING_MOST = 10_000  # the queue is counted no further


class Event(models.TextChoices):
    """What can be told."""

    DRAWING_CORRECTED = "drawing.corrected", "a drawing was corrected by its contributor"
    DRAWINGS_WAITING = "drawings.waiting", "so many drawings wait for review"
    RUN_PROMOTED = "run.promoted", "a run was promoted"
    RUN_HELD = "run.held", "a run was held by the gate"
    RUN_FAILED = "run.failed", "a run failed"
    TEST = "test", "a test, by the button"


SUBSCRIBED = [event for event in Event if event != Event.TEST]


def new_salt() -> str:
    return secrets.token_hex(16)


class Subscriber(models.Model):
    """An address that is told of events: a program's by HTTP, or a person's by mail."""

    class Channel(models.TextChoices):
        WEBHOOK = "webhook", "webhook: a signed POST"
        MAIL = "mail", "mail"

    name = models.CharField(max_length=80, help_text="For the list: who or what this is.")
    channel = models.CharField(max_length=7, choices=Channel, default=Channel.WEBHOOK)
    address = models.CharField(max_length=500, help_text="https://... for a webhook; an e-mail address for mail.")
    events = models.JSONField(default=list, help_text="Some of Event.")
    waiting = models.PositiveIntegerField(
        "drawings that wait",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(WAITING_MOST)],
        help_text="Told when so many wait for review; and again when they have been fewer than half of that in between.",
    )
    is_enabled = models.BooleanField("enabled", default=True, help_text="Off: nothing more is written for it.")
    disabled_because = models.CharField(max_length=200, blank=True, editable=False)
    salt = models.CharField(
        max_length=32, default=new_salt, editable=False, help_text="Its secret is derived from this and SECRET_KEY."
    )
    is_told_of_waiting = models.BooleanField(default=False, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """What is to be tried now, what has waited longest first."""
        return self.filter(state=Delivery.State.WAITING, due_at__lte=now).order_by("due_at", "id")

    def over_before(self, moment: datetime) -> Self:
        return self.exclude(state=Delivery.State.WAITING).filter(created_at__lt=moment)


class Delivery(models.Model):
    """One event for one subscriber: written in the transaction of what it tells of, tried until it arrives or is given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        GIVEN_UP = "given up", "given up"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    message = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="The same in each try: who has seen it has had it."
    )
    event = models.CharField(max_length=20, choices=Event, editable=False)
    body = models.TextField(editable=False, help_text="JSON, byte for byte as it is signed and sent.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING, editable=False)
    due_at = models.DateTimeField(default=timezone.now, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    tried_at = models.DateTimeField(null=True, editable=False)
    delivered_at = models.DateTimeField(null=True, editable=False)
    outcome = models.CharField(max_length=300, blank=True, editable=False, help_text="Of the last try, in words.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ("view", "change")  # change: send it again
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["subscriber", "-id"], name="delivery_subscriber"),
        ]

    def __str__(self) -> str:
        return f"delivery {str(self.message)[:8]}"

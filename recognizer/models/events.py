"""What was said of a drawing, by whom, and how they met it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recognizer.models.batches import ReviewBatch
from recognizer.models.label_fields import Status, label_field, label_text

IMPORTED = "imported"  # the reason of the rule's word on a drawing that came as a file


class Look(models.TextChoices):
    """How a reviewer met a drawing: with or without seeing what model and person had said."""

    OPEN = "", "open"
    BLIND = "blind", "blind"
    AUDIT = "audit", "blind check of the approval rule"
    SECOND = "second", "blind second opinion"
    THIRD = "third", "two reviewers differ: a third one's word"
    KNOWN = "known", "blind test: its answer is known"


class LabelEvent(models.Model):
    """One thing that was said of a drawing. Rows are added, never changed; they leave with their drawing."""

    class Actor(models.TextChoices):
        CONTRIBUTOR = "contributor"
        REVIEWER = "reviewer"
        RULE = "rule"
        TRAINING = "training"

    class Action(models.TextChoices):
        CONFIRMED = "confirmed"
        APPROVED = "approved"
        REJECTED = "rejected"
        QUARANTINED = "quarantined"
        PUT_BACK = "put back"
        WITHDRAWN = "withdrawn"
        SECONDED = "seconded"
        UNDONE = "undone"
        NOTED = "noted"

    DECISIONS: dict[str, Status] = {
        Action.APPROVED: Status.APPROVED,
        Action.REJECTED: Status.REJECTED,
        Action.QUARANTINED: Status.QUARANTINED,
    }

    drawing = models.ForeignKey("Drawing", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.CharField(max_length=12, choices=Actor)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=12, choices=Action)
    label = label_field()
    previous_label = label_field()
    reason = models.CharField(max_length=300, blank=True)
    look = models.CharField(max_length=6, choices=Look, default=Look.OPEN, blank=True)
    batch = models.ForeignKey(
        ReviewBatch, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="events"
    )

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["drawing", "at"], name="label_event_drawing"),
            models.Index(fields=["look", "-id"], name="label_event_look", condition=~Q(look="")),
            models.Index(fields=["action", "id"], name="label_event_action"),
            models.Index(fields=["user", "-id"], name="label_event_user", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {label_text(self.label)}"

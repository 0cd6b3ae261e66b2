"""What a version reads of a drawing that another version answered: to compare versions by, never what a visitor was told."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from recognizer.labels import NOT_A_DIGIT
from recognizer.models.drawings import Drawing
from recognizer.models.versions import ModelVersion


class RereadingQuerySet(models.QuerySet["Rereading"]):
    def with_truth(self) -> "models.QuerySet[Any]":
        """Annotate `told`: what a reviewer, or else the contributor, says it is."""
        return self.annotate(told=Coalesce("drawing__reviewed_label", "drawing__confirmed_label"))

    def differing(self) -> Self:
        """Those that the drawing's own version answered otherwise."""
        return self.filter(differs=True)


class Rereading(models.Model):
    """One version's answer to one stored drawing."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="rereadings")
    drawing = models.ForeignKey(Drawing, on_delete=models.CASCADE, related_name="rereadings")
    at = models.DateTimeField(default=timezone.now)
    answered = models.PositiveSmallIntegerField(help_text="0-9; NOT_A_DIGIT where it refuses.")
    confidence = models.FloatField()
    differs = models.BooleanField(help_text="The drawing's own version answered something else.")

    objects = RereadingQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # nobody handles it but through its drawing or its version
        constraints = [
            models.UniqueConstraint(fields=["version", "drawing"], name="one_rereading_a_version"),
            models.CheckConstraint(condition=Q(answered__lte=NOT_A_DIGIT), name="rereading_range"),
        ]
        indexes = [
            models.Index(fields=["version", "-id"], name="rereading_differs", condition=Q(differs=True)),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} reads {self.drawing_id} as {self.answered}"

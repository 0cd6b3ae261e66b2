"""Approved drawings as one version sees them, kept so that they can help whoever draws next."""

from typing import Self

import numpy as np
from django.db import models
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT
from recognizer.models.drawings import Drawing
from recognizer.models.versions import ModelVersion

KEPT_AS = "<f2"  # a cosine is off by 1e-4 at most, in half the bytes


def pack(features: NDArray[np.float32]) -> bytes:
    return features.astype(KEPT_AS).tobytes()


def unpack(packed: bytes | memoryview, count: int) -> NDArray[np.float32]:
    """Return what `pack` was given: float32 (count, D)."""
    return np.frombuffer(bytes(packed), KEPT_AS).astype("float32").reshape(count, -1)


class PrototypeQuerySet(models.QuerySet["Prototype"]):
    def in_use(self, version_id: int) -> Self:
        """Those that are heard or looked at now: still approved, with the label they were judged by, of nobody blocked.

        So a block, a rejection and a withdrawal count at once, whether or not a worker is there to judge the others anew.
        """
        drawn = self.filter(
            version_id=version_id,
            role__in=[Prototype.Role.SPEAKS, Prototype.Role.GUARDS],
            drawing__status=Drawing.Status.APPROVED,
            drawing__contributor__is_exam=False,
            drawing__contributor__blocked_at__isnull=True,
        )
        return drawn.filter(label=Coalesce(F("drawing__reviewed_label"), F("drawing__confirmed_label")))

    def state(self, version_id: int) -> tuple[int, object]:
        """Return what changes whenever those in use do: how many there are, and when the last one changed."""
        found = self.in_use(version_id).aggregate(count=Count("pk"), changed=Max("changed_at"))
        return found["count"], found["changed"]


class Prototype(models.Model):
    """One approved drawing, as one version sees it, and what it is good for."""

    class Role(models.TextChoices):
        SPEAKS = "speaks", "speaks: the version does not read it, and people's evidence bears it out"
        GUARDS = "guards", "guards: the version reads it, so nothing may speak over it"
        SILENT = "silent", "silent: there is not enough evidence, or some against it"

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="prototypes")
    drawing = models.ForeignKey(Drawing, on_delete=models.CASCADE, related_name="prototypes")
    label = models.PositiveSmallIntegerField(help_text="The drawing's own when it was judged.")
    answered = models.PositiveSmallIntegerField(help_text="What the version reads; NOT_A_DIGIT where it refuses.")
    features = models.BinaryField(help_text="float16 (D,), see recognizer.inference.prediction.Prediction.")
    role = models.CharField(max_length=6, choices=Role, default=Role.SILENT)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = PrototypeQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # nobody handles it but through its drawing
        constraints = [
            models.UniqueConstraint(fields=["version", "drawing"], name="one_prototype_a_drawing"),
            models.CheckConstraint(
                condition=Q(label__lte=NOT_A_DIGIT) & Q(answered__lte=NOT_A_DIGIT), name="prototype_label_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.drawing_id} {self.role}"


class PrototypeSet(models.Model):
    """What a version's prototypes are judged by and spoken with: pictures that every installation has, as it sees them."""

    version = models.OneToOneField(
        ModelVersion, primary_key=True, on_delete=models.CASCADE, related_name="prototype_set"
    )
    labels = models.BinaryField(help_text="uint8 (M,) of the reference pictures.")
    answered = models.BinaryField(help_text="uint8 (M,), what the version reads.")
    features = models.BinaryField(help_text="float16 (M, D)")
    trust = models.FloatField(
        default=0.0, help_text="Share of people's drawings that the others' prototypes read rightly."
    )
    judged = models.CharField(max_length=100, blank=True, help_text="What had been said when they were judged.")
    judged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"prototypes of {self.version_id}"

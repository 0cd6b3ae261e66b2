"""By which model: versions, and the history of which of them spoke."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def champion(self) -> "ModelVersion | None":
        return self.filter(is_champion=True).first()

    def here(self) -> Self:
        """Versions whose files are here: not those that are known only because an imported drawing names them."""
        return self.filter(artifacts__isnull=False)

    def servable(self) -> Self:
        """Versions that were champion once and whose bytes are not known to be broken, the latest promoted first."""
        return self.filter(promoted_at__isnull=False, broken_reason="").order_by("-is_champion", "-promoted_at")

    def hold(self) -> None:
        """Make who registers, promotes or writes history wait for the others: version 1 is never deleted, so its row is the lock.

        Locking the champion's row would not do: whoever waited for it finds that it is champion no longer, and two
        would be.
        """
        self.select_for_update().order_by("number").values_list("pk").first()


class ModelVersion(models.Model):
    """One trained network: what its artifacts must be, how it was measured, and whether it speaks."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    origin = models.CharField(max_length=200, help_text="Where it comes from: the shipped baseline, or a training run.")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    keras_sha256 = models.CharField(max_length=64, editable=False)
    tflite_sha256 = models.CharField(max_length=64, editable=False)
    preprocessing_version = models.PositiveIntegerField(editable=False)
    calibration = models.JSONField(
        help_text="Temperature and refusal threshold; see recognizer.inference.answers.Calibration."
    )
    metrics = models.JSONField(default=dict, blank=True, help_text="Exam name to report.")
    is_champion = models.BooleanField(default=False, editable=False)
    promoted_at = models.DateTimeField(null=True, blank=True, editable=False)
    broken_reason = models.CharField(max_length=300, blank=True, editable=False)
    tags = models.CharField(max_length=200, blank=True, help_text="Words to find it by, with commas between them.")
    notes = models.TextField(max_length=2000, blank=True, help_text="For whoever looks at it next.")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["is_champion"], condition=Q(is_champion=True), name="one_champion"),
            models.CheckConstraint(
                condition=Q(is_champion=False) | Q(promoted_at__isnull=False), name="champion_was_promoted"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def keras(self) -> bytes:
        """What training goes on from, read from the database each time; empty where it is lost."""
        return self._read("keras")

    @property
    def tflite(self) -> bytes:
        """What is served, read from the database each time; empty where it is lost."""
        return self._read("tflite")

    def _read(self, kind: str) -> bytes:
        return bytes(ModelArtifacts.objects.filter(version=self).values_list(kind, flat=True).first() or b"")


class ModelArtifacts(models.Model):
    """A version's files, immutable: a table of their own, so that no row that names a version carries 4 MB along."""

    version = models.OneToOneField(ModelVersion, primary_key=True, on_delete=models.CASCADE, related_name="artifacts")
    keras = models.BinaryField()
    tflite = models.BinaryField()

    class Meta:
        default_permissions = ()  # nobody handles it but through its version

    def __str__(self) -> str:
        return f"artifacts of {self.version_id}"


class PromotionEvent(models.Model):
    """One change of champion: who, when, why, and which version stepped down."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    reason = models.TextField()
    is_return = models.BooleanField(
        default=False,
        editable=False,
        help_text="The site went back by itself: people corrected the version before more.",
    )
    watch_ended = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why nothing is watched any more; empty: it still is."
    )

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.version} promoted {self.at:%Y-%m-%d %H:%M}"

"""Decisions that were made on many drawings at once, so that they can be found and taken back as one."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ReviewBatch(models.Model):
    """One bulk decision. Its events name it; a decision made since on one of its drawings stands."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL)
    title = models.CharField(max_length=100, editable=False, help_text="What was decided, as the button said it.")
    drawings = models.PositiveIntegerField(default=0, editable=False, help_text="How many it was decided on.")
    contradicted = models.PositiveIntegerField(
        default=0, editable=False, help_text="How many of them the model reads otherwise."
    )
    undone_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)  # who may decide on drawings may take a batch back
        verbose_name_plural = "review batches"

    def __str__(self) -> str:
        return f"batch {self.pk}"

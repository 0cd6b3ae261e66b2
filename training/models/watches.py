"""What the site last saw of itself, for the dashboard and for whoever scrapes: one row a version, written by the worker."""

from django.db import models
from django.utils import timezone

from recognizer.models import ModelVersion


class Watch(models.Model):
    """How one champion does on drawings that nobody labelled, and how far these are from the last exam's."""

    version = models.OneToOneField(ModelVersion, primary_key=True, on_delete=models.CASCADE, related_name="watch")
    at = models.DateTimeField(default=timezone.now)
    drawings = models.PositiveIntegerField(default=0, help_text="Unlabelled, the latest; refused ones do not count.")
    accuracy = models.FloatField(null=True, help_text="0..1, by how sure it was, corrected by what it was in exams.")
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    exam = models.CharField(max_length=40, blank=True, help_text="What drift is measured against; empty: nothing is.")
    looked_at = models.PositiveIntegerField(default=0, help_text="Latest drawings whose drift is measured.")
    classes_p = models.FloatField(null=True, help_text="Chi-squared test: as likely are such differences by luck.")
    confidence_p = models.FloatField(null=True, help_text="The same, of how sure it is.")
    shift = models.CharField(max_length=200, blank=True, help_text="What differs most, in words.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"watch over {self.version_id}"

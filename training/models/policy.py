"""When a run starts by itself."""

from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class TrainingPolicy(models.Model):
    """When a run starts by itself. One row, edited in the admin; `TrainingPolicy.load()` makes it where it is missing."""

    enabled = models.BooleanField(default=True, help_text="Off: runs start only by hand.")
    minimum_new_labels = models.PositiveIntegerField(
        default=100,  # below, a run's change is smaller than the exams can tell
        validators=[MinValueValidator(1)],
        help_text="Newly approved drawings since the last version was trained.",
    )
    minimum_interval_minutes = models.PositiveIntegerField(
        default=60, help_text="Minutes between the start of two runs; runs asked for by hand do not wait."
    )
    preferred_hour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text="Start only in this hour of the day (0-23, UTC). Empty: at any hour.",
    )

    class Meta:
        verbose_name_plural = "training policy"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_training_policy")]

    def __str__(self) -> str:
        return "training policy"

    def save(self, *args: Any, **options: Any) -> None:
        self.pk = 1
        super().save(*args, **options)

    @classmethod
    def load(cls) -> Self:
        return cls.objects.get_or_create(pk=1)[0]

"""When a run starts by itself, and what its version may cost."""

from dataclasses import replace
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from training.config import GatePolicy, RunConfig

LABELS_MOST = 1_000_000  # more than a run looks at; beyond it stands a slip of the keyboard, and the column's own end
MINUTES_MOST = 60 * 24 * 366  # a year
MNIST_DIGITS = 10_000  # what the operator's numbers count by: the digits of MNIST's exam


class TrainingPolicy(models.Model):
    """When a run starts by itself, and what may be lost for a gain. One row, edited in the admin.

    `TrainingPolicy.load()` makes it where it is missing.
    """

    enabled = models.BooleanField(default=True, help_text="Off: runs start only by hand.")
    minimum_new_labels = models.PositiveIntegerField(
        default=100,  # below, a run's change is smaller than the exams can tell
        validators=[MinValueValidator(1), MaxValueValidator(LABELS_MOST)],
        help_text="Newly approved drawings since the last version was trained.",
    )
    minimum_interval_minutes = models.PositiveIntegerField(
        default=60,
        validators=[MaxValueValidator(MINUTES_MOST)],
        help_text="Minutes between the start of two runs; runs asked for by hand do not wait.",
    )
    preferred_hour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text="Start only in this hour of the day (0-23, UTC). Empty: at any hour.",
    )
    mnist_for_a_point = models.PositiveSmallIntegerField(
        "MNIST digits that a point is worth",
        default=1,
        validators=[MaxValueValidator(100)],
        help_text="A new version reads more of people's drawings than the one before: for each point (one drawing in a hundred) "
        "it may read so many more of MNIST's 10,000 digits wrongly, beside the 12 that every version may. The limits of the "
        "other exams widen by the same factor. 0: no gain pays for a loss.",
    )
    mnist_at_most = models.PositiveSmallIntegerField(
        "MNIST digits at most",
        default=20,
        validators=[MaxValueValidator(1000)],
        help_text="However much people gain, a version that reads more than so many more of MNIST's 10,000 digits wrongly than "
        "the one before, and not by luck, is held.",
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

    def weigh(self, gate: GatePolicy) -> GatePolicy:
        """Put into the gate's numbers what the operator says a gain for people is worth."""
        return replace(
            gate,
            mnist_fall_for_a_point=self.mnist_for_a_point / MNIST_DIGITS,
            mnist_fall_at_most=self.mnist_at_most / MNIST_DIGITS,
        )

    def run_config(self) -> RunConfig:
        """This release's numbers for a run, with those that the operator sets."""
        return RunConfig(gate=self.weigh(GatePolicy()))

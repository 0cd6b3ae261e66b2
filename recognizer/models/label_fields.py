"""Labels as they are stored: 0-9, or NOT_A_DIGIT; and what has been decided about one."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import pgettext_lazy

from recognizer.labels import NOT_A_DIGIT

LABEL_CHOICES = [(digit, str(digit)) for digit in range(10)] + [(NOT_A_DIGIT, "not a digit")]


class Status(models.TextChoices):
    """Where a drawing stands between its contributor, the rule and a reviewer."""

    UNCONFIRMED = "unconfirmed", pgettext_lazy("of a drawing", "not confirmed")
    WAITING = "waiting", pgettext_lazy("of a drawing", "waiting for review")
    APPROVED = "approved", pgettext_lazy("of a drawing", "approved")
    REJECTED = "rejected", pgettext_lazy("of a drawing", "rejected")
    QUARANTINED = "quarantined", pgettext_lazy("of a drawing", "quarantined")


def label_field(**options: Any) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    return models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=LABEL_CHOICES,
        validators=[MinValueValidator(0), MaxValueValidator(NOT_A_DIGIT)],
        **options,
    )


def label_text(label: int | None) -> str:
    """Say a stored label in words: "7", "not a digit", or "-" where there is none."""
    return "-" if label is None else dict(LABEL_CHOICES)[label]

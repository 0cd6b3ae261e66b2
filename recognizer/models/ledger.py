"""What was registered, decided and promoted, as a chain in which each entry vouches for all before it."""

from django.db import models
from django.utils import timezone


class LedgerEntry(models.Model):
    """One link: what a row said when it was written. Entries are added by `recognizer.ledger`, never changed.

    The numbers have no gap, and no two entries follow the same one, by constraint: there is no fork.
    """

    class Kind(models.TextChoices):
        VERSION = "version", "a version was registered"
        PROMOTION = "promotion", "a version was promoted"
        DECISION = "decision", "the gate decided on a run"

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, editable=False)
    row = models.PositiveBigIntegerField(editable=False, help_text="Primary key of the row that it tells of.")
    content = models.TextField(editable=False, help_text="Canonical JSON: what the row said.")
    previous = models.CharField(max_length=64, unique=True, editable=False, help_text="Digest of the entry before.")
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of all the above.")

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "ledger entries"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["kind", "row"], name="one_ledger_entry_a_row")]

    def __str__(self) -> str:
        return f"entry {self.number}"

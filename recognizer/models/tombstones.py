"""What is left of a drawing that was deleted: enough to know it again, not enough to show anything."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from django.db import models
from django.utils import timezone

BATCH = 500  # rows a statement


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    def bury(self, drawings: Iterable[tuple[UUID, str]]) -> None:
        """Remember ids and content hashes of drawings that are about to be deleted."""
        digests = {digest for drawing in drawings for digest in (of_id(drawing[0]), of_picture(drawing[1]))}
        rows = [Tombstone(digest=digest) for digest in sorted(digests)]
        self.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)

    def among(self, digests: Iterable[str]) -> set[str]:
        return set(self.filter(digest__in=list(digests)).values_list("digest", flat=True))


class Tombstone(models.Model):
    """One deleted drawing's id, or its picture, as a hash: an old export must not bring it back."""

    digest = models.CharField(primary_key=True, max_length=64, help_text="SHA-256; see of_id and of_picture.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TombstoneQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # nobody handles it: deleting a drawing writes it, an import reads it

    def __str__(self) -> str:
        return f"tombstone {self.digest[:8]}"


def of_id(drawing_id: UUID) -> str:
    """How a deleted id is kept: it was random, so nobody finds it from its hash."""
    return hashlib.sha256(b"drawing " + drawing_id.bytes).hexdigest()


def of_picture(content_hash: str) -> str:
    """How a deleted picture is kept, for files that carry no ids."""
    return hashlib.sha256(b"picture " + content_hash.encode()).hexdigest()

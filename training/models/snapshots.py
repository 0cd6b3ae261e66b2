"""What a run learned from, frozen."""

import json
import zlib
from typing import Self, TypedDict, cast

from django.db import models
from django.utils import timezone


class Manifest(TypedDict):
    """Every drawing of a snapshot, by id: `members` are [id, label] pairs, sorted; `excluded` says why of each."""

    members: list[tuple[str, int]]
    excluded: dict[str, str]


class DatasetSnapshot(models.Model):
    """Which drawings a run learned from, with which label: frozen. The same drawings give the same digest, hence the same row.

    A deleted drawing stays in old manifests as an id that leads nowhere, and is in no later one.
    """

    taken_at = models.DateTimeField(default=timezone.now, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the members.")
    last_event = models.BigIntegerField(
        default=0, editable=False, help_text="The newest label event that was seen: what is newer is new."
    )
    drawings = models.PositiveIntegerField(editable=False)
    contributors = models.PositiveIntegerField(editable=False)
    counts = models.JSONField(default=dict, editable=False, help_text="labels: {label: n}; excluded: {reason: n}")

    class Meta:
        ordering = ["-taken_at", "-id"]

    def __str__(self) -> str:
        return f"snapshot {self.digest[:8]}, {self.drawings} drawings"

    @property
    def manifest(self) -> Manifest:
        """Read from the database, not from this row."""
        packed = SnapshotManifest.objects.values_list("packed", flat=True).get(snapshot=self)
        return cast(Manifest, json.loads(zlib.decompress(bytes(packed))))


class SnapshotManifest(models.Model):
    """Every drawing of a snapshot: a table of its own, so that no row that names a snapshot carries megabytes along."""

    snapshot = models.OneToOneField(DatasetSnapshot, primary_key=True, on_delete=models.CASCADE, related_name="+")
    packed = models.BinaryField(help_text="zlib of JSON: members and exclusions.")

    class Meta:
        default_permissions = ()  # nobody handles it but through its snapshot

    def __str__(self) -> str:
        return f"manifest of {self.snapshot_id}"

    @classmethod
    def pack(cls, snapshot: DatasetSnapshot, manifest: Manifest) -> Self:
        return cls.objects.create(snapshot=snapshot, packed=zlib.compress(json.dumps(manifest).encode()))

"""In which versions a contributor's drawings were learned, and why one was left out."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypedDict

from recognizer.models import Contributor, Drawing
from training.models import DatasetSnapshot, TrainingRun

VERSIONS_LOOKED_AT = 5  # the newest: a manifest of 100,000 drawings takes 50 ms to unpack, once


class Provenance(TypedDict):
    """What became of one drawing: the numbers of the versions that learned from it, why the newest did not, or ""."""

    versions: list[int]
    left_out: str


def provenance_of(contributor: Contributor | None) -> dict[str, Provenance]:
    """Return what became of a contributor's drawings, by their ids; one that is missing waits."""
    if contributor is None:
        return {}
    runs = TrainingRun.objects.filter(challenger__promoted_at__isnull=False).order_by("-challenger__number")
    learned = list(runs.values_list("challenger__number", "snapshot_id")[:VERSIONS_LOOKED_AT])
    mine = [str(pk) for pk in Drawing.objects.of(contributor).confirmed().values_list("pk", flat=True)]
    return {pk: found for pk in mine if (found := _provenance(pk, learned)) is not None}


def _provenance(drawing_id: str, learned: list[tuple[int, int]]) -> Provenance | None:
    """Look one drawing up in (version number, snapshot id) pairs, the newest first."""
    versions = sorted(number for number, snapshot in learned if drawing_id in _members(snapshot))
    left_out = _excluded(learned[0][1]).get(drawing_id, "") if learned else ""
    return {"versions": versions, "left_out": left_out} if versions or left_out else None


@lru_cache(maxsize=VERSIONS_LOOKED_AT)  # a snapshot never changes
def _manifest(snapshot_id: int) -> tuple[frozenset[str], Mapping[str, str]]:
    manifest = DatasetSnapshot.objects.get(pk=snapshot_id).manifest
    members = frozenset(drawing_id for drawing_id, _ in manifest["members"])
    return members, MappingProxyType(manifest["excluded"])


def _members(snapshot_id: int) -> frozenset[str]:
    return _manifest(snapshot_id)[0]


def _excluded(snapshot_id: int) -> Mapping[str, str]:
    return _manifest(snapshot_id)[1]

"""The ledger: a hash chain over what was registered, promoted and decided, so that nobody can change it unseen.

Each entry holds what its row said, as canonical JSON, and the digest of the entry before; its own digest is over both. Whoever
changes a row, an entry, or takes one out breaks the chain at that place, and `manage.py verify_history` names it. Who could
rewrite everything from there on could still do so: the digest of the newest entry, kept elsewhere, finds that out too.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from recognizer.models import LedgerEntry, ModelVersion, PromotionEvent

ORIGIN = "0" * 64  # what the first entry follows
EXACT = 2**53  # whole numbers up to here are the same in every JSON reader

Facts = dict[str, Any]


def canonical(value: object) -> str:
    """Write JSON in the one way that the same content has, in the spirit of RFC 8785.

    Keys are sorted, there are no spaces, and a number is written by its value: PostgreSQL gives 1e22 back as a whole number, and
    SQLite as a fraction.

    Raises:
        ValueError: it contains what is no number.
    """
    plain = _plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, for what is too long to stand in an entry."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def entry_digest(entry: LedgerEntry) -> str:
    """Return what an entry's digest must be."""
    link = [entry.number, moment(entry.at), entry.kind, entry.row, entry.content, entry.previous]
    return digest_of(link)


def moment(at: datetime | None) -> str | None:
    """Write a time as the ledger does: UTC, to the microsecond, which both databases keep."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def append(kind: str, row: int, facts: Facts) -> LedgerEntry:
    """Add an entry, in the transaction of what it tells of.

    Two writers wait for one another, by the lock that registering and promoting take: whoever comes second follows the first.
    """
    with transaction.atomic():
        ModelVersion.objects.hold()
        last = LedgerEntry.objects.order_by("number").last()
        entry = LedgerEntry(
            number=last.number + 1 if last else 1,
            at=timezone.now(),
            kind=kind,
            row=row,
            content=canonical(facts),
            previous=last.digest if last else ORIGIN,
        )
        entry.digest = entry_digest(entry)
        entry.save(force_insert=True)
    return entry


def note_version(version: ModelVersion) -> None:
    """Enter a version that was just registered: read back, for a database may write a number otherwise than Python."""
    append(LedgerEntry.Kind.VERSION, version.pk, version_facts(ModelVersion.objects.get(pk=version.pk)))


def note_promotion(event: PromotionEvent) -> None:
    append(LedgerEntry.Kind.PROMOTION, event.pk, promotion_facts(event))


def version_facts(version: ModelVersion) -> Facts:
    """What never changes of a version; its files stand for themselves by their hashes."""
    return {
        "number": version.number,
        "created_at": moment(version.created_at),
        "origin": version.origin,
        "parent": version.parent_id,
        "preprocessing_version": version.preprocessing_version,
        "keras_sha256": version.keras_sha256,
        "tflite_sha256": version.tflite_sha256,
        "calibration": digest_of(version.calibration),
        "metrics": digest_of(version.metrics),
    }


def promotion_facts(event: PromotionEvent) -> Facts:
    """What a promotion's row says. A person is their account's number: no name outlives its account here."""
    return {
        "at": moment(event.at),
        "version": event.version_id,
        "previous": event.previous_id,
        "by": event.by_id,
        "reason": event.reason,
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if abs(value) > EXACT:
        return float(value)
    return int(value) if value == int(value) else value

"""Freezing what a run learns from: eligible drawings, without duplicates, capped, those with noisy labels set aside.

Everything is bounded by SnapshotConfig: a site with a million drawings pays what one with twenty thousand pays.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from recognizer.imaging.pixels import content_hash, to_grey, to_input
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Campaign, Drawing, DrawingQuerySet, LabelEvent, ModelVersion
from recognizer.sentences import marked
from training.config import SnapshotConfig
from training.curation.label_noise import LabelNoise, go_on
from training.curation.stored_drawings import quarantine, read_pictures
from training.models import DatasetSnapshot, SnapshotManifest, TrainingRun
from training.models.snapshots import Manifest

EXACT, NEAR = marked("the same picture again"), marked("almost the same picture again")
CAPPED = marked("its contributor has drawn enough of these")
UNREADABLE = marked("its picture cannot be read by this release")
IS_EXAMINED = marked("its picture is an exam question")
WRITTEN_AT_ONCE = 100  # scores in one transaction: visitors of a SQLite site wait for each
COMPARED = 200  # pictures, between two looks at whether to go on
SCORE_STEP = 0.05  # a smaller change of a label's noise score is not worth a write


@dataclass(frozen=True)
class Candidate:
    id: UUID
    contributor: int
    content_hash: str
    label: int
    is_reviewed: bool
    vouches: bool  # a reviewer approved it as its contributor had labelled it
    campaign: int | None = None


@dataclass
class Chosen:
    """Candidates still in, in the order they were looked at; and why the others are out."""

    members: list[Candidate] = field(default_factory=list)
    excluded: dict[UUID, str] = field(default_factory=dict)

    def leave_out(self, reasons: dict[UUID, str]) -> None:
        self.excluded |= reasons
        self.members = [member for member in self.members if member.id not in reasons]

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array([member.label for member in self.members], "int64")

    @property
    def contributors(self) -> NDArray[np.int64]:
        return np.array([member.contributor for member in self.members], "int64")

    @property
    def is_reviewed(self) -> NDArray[np.bool_]:
        return np.array([member.is_reviewed for member in self.members], bool)

    @property
    def vouches(self) -> NDArray[np.bool_]:
        return np.array([member.vouches for member in self.members], bool)


def choose(config: SnapshotConfig, exam_hashes: set[str]) -> Chosen:
    """Pick candidates by their rows alone: the newest, and some of all times drawn by seed; no duplicates, capped.

    Args:
        exam_hashes: content hashes of the frozen exams' pictures, from which nobody may learn.
    """
    chosen, seen = Chosen(), set(exam_hashes)
    drawn: Counter[tuple[int, int]] = Counter()
    taken: set[UUID] = set()
    for rows, most in ((_newest(config), config.newest), (_by_lot(config), config.older)):
        room = most
        for row in rows:
            if row.id in taken or row.id in chosen.excluded:
                continue
            reason = _reason_against(row, seen, exam_hashes, drawn, config)
            if reason:
                chosen.excluded[row.id] = reason
                continue
            seen.add(row.content_hash)
            drawn[row.contributor, row.label] += 1
            taken.add(row.id)
            chosen.members.append(row)
            room -= 1
            if not room:
                break
    return chosen


def _newest(config: SnapshotConfig) -> Iterator[Candidate]:
    return _rows(_trainable(config).order_by("-created_at", "id")[: config.scanned])


def _by_lot(config: SnapshotConfig) -> Iterator[Candidate]:
    """Ids are random, so an index range that starts at a random id is a random sample, without sorting anything."""
    start = UUID(bytes=np.random.default_rng(config.seed).bytes(16))
    drawings = _trainable(config)
    for part in (drawings.filter(id__gte=start), drawings.filter(id__lt=start)):
        yield from _rows(part.order_by("id")[: config.scanned])


def _trainable(config: SnapshotConfig) -> DrawingQuerySet:
    drawings: DrawingQuerySet = Drawing.objects.trainable()
    return drawings.filter(campaign_id=config.campaign) if config.campaign else drawings


def _rows(drawings: QuerySet[Drawing]) -> Iterator[Candidate]:
    label = Coalesce("reviewed_label", "confirmed_label")
    columns = drawings.values_list(
        "id", "contributor_id", "content_hash", label, "reviewed_at", "confirmed_label", "campaign_id"
    )
    for drawing_id, contributor, digest, given, reviewed_at, confirmed, campaign in columns.iterator(chunk_size=1000):
        is_reviewed = reviewed_at is not None
        vouches = is_reviewed and given == confirmed
        yield Candidate(drawing_id, contributor, digest, given, is_reviewed, vouches, campaign)


def _reason_against(
    row: Candidate, seen: set[str], exam_hashes: set[str], drawn: Counter[tuple[int, int]], config: SnapshotConfig
) -> str:
    if row.content_hash in exam_hashes:
        return IS_EXAMINED
    if row.content_hash in seen:
        return EXACT
    if drawn[row.contributor, row.label] >= config.per_contributor_and_class:
        return CAPPED
    return ""


def look_at(chosen: Chosen, exam_hashes: set[str], on_each: Callable[[float], None]) -> NDArray[np.uint8]:
    """Read the members' pictures as the network sees them: uint8 (N, 28, 28). Unreadable members leave."""
    images, out = {}, {}
    for picture in read_pictures([member.id for member in chosen.members]):
        seen = images[picture.id] = to_grey(picture.seen)
        if content_hash(seen) in exam_hashes:  # prepared by an older release, so its stored hash did not tell
            out[picture.id] = IS_EXAMINED
        on_each(len(images) / len(chosen.members))
    out |= {member.id: UNREADABLE for member in chosen.members if member.id not in images}
    chosen.leave_out(out)
    return (
        np.stack([images[member.id] for member in chosen.members]) if chosen.members else np.zeros((0, 28, 28), "uint8")
    )


def drop_near_duplicates(
    chosen: Chosen, images: NDArray[np.uint8], config: SnapshotConfig, on_part: Callable[[], None] = go_on
) -> NDArray[np.uint8]:
    """Leave out what is almost an earlier member with the same label. Returns the remaining images.

    Args:
        on_part: called every few hundred pictures; whatever it raises stops the work.
    """
    labels, is_copy = chosen.labels, np.zeros(len(images), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        is_copy[rows] = _copies(to_input(images[rows]).reshape(len(rows), -1), config, on_part)
    chosen.leave_out({member.id: NEAR for member, copy in zip(chosen.members, is_copy, strict=True) if copy})
    return images[~is_copy]


def _copies(flat: NDArray[np.float32], config: SnapshotConfig, on_part: Callable[[], None]) -> NDArray[np.bool_]:
    """Which of the pictures float32 (N, 784) are within the distance of an earlier one that is no copy itself."""
    length = (flat**2).sum(axis=1)
    is_copy = np.zeros(len(flat), bool)
    for row in range(1, len(flat)):
        if row % COMPARED == 0:
            on_part()
        distance = length[:row] + length[row] - 2 * flat[:row] @ flat[row]
        is_copy[row] = bool((~is_copy[:row] & (distance < config.near_duplicate_distance**2)).any())
    return is_copy


def set_aside(chosen: Chosen, images: NDArray[np.uint8], noise: LabelNoise) -> tuple[NDArray[np.uint8], int]:
    """Write each member's noise score, and quarantine the contradicted ones that no reviewer has approved.

    Returns:
        The remaining images, and how many members were set aside.
    """
    _write_scores(chosen, noise)
    contradicted = {
        member.id: reason
        for member, reason in zip(chosen.members, noise.reasons, strict=True)
        if reason and not member.is_reviewed
    }
    quarantine(Drawing.objects.trainable(), contradicted)
    stays = np.array([member.id not in contradicted for member in chosen.members], bool)
    chosen.leave_out(contradicted)
    return images[stays], len(contradicted)


def _write_scores(chosen: Chosen, noise: LabelNoise) -> None:
    values = {member.id: float(value) for member, value in zip(chosen.members, noise.scores, strict=True)}
    ids = list(values)
    for start in range(0, len(ids), WRITTEN_AT_ONCE):
        rows = Drawing.objects.filter(pk__in=ids[start : start + WRITTEN_AT_ONCE]).only("id", "suspicion")
        changed = []
        for row in rows:
            if row.suspicion is None or abs(row.suspicion - values[row.pk]) >= SCORE_STEP:
                row.suspicion = round(values[row.pk], 3)
                changed.append(row)
        Drawing.objects.bulk_update(changed, ["suspicion"])


def learned_by(version: ModelVersion) -> set[UUID]:
    """Return the drawings that a version has learned from: those of its run's snapshot, none where no run made it here."""
    run = TrainingRun.objects.filter(challenger=version).select_related("snapshot").only("snapshot").first()
    if run is None or run.snapshot is None:
        return set()
    return {UUID(drawing_id) for drawing_id, _ in run.snapshot.manifest["members"]}


def digest_of(members: list[Candidate]) -> str:
    """SHA-256 of ids and labels in the order of ids: the same drawings, the same digest, whatever order they came in."""
    lines = sorted(f"{member.id} {member.label}" for member in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def freeze(chosen: Chosen, last_event: int) -> DatasetSnapshot:
    """Keep the manifest; the same members give the row that is there already."""
    digest = digest_of(chosen.members)
    manifest: Manifest = {
        "members": sorted((str(member.id), member.label) for member in chosen.members),
        "excluded": {str(drawing_id): reason for drawing_id, reason in chosen.excluded.items()},
    }
    labels = Counter("not a digit" if label == NOT_A_DIGIT else str(label) for label in chosen.labels.tolist())
    try:
        with transaction.atomic():
            snapshot = DatasetSnapshot.objects.create(
                digest=digest,
                last_event=last_event,
                drawings=len(chosen.members),
                contributors=len(set(chosen.contributors.tolist())),
                counts={
                    "labels": labels,
                    "excluded": Counter(reason.partition(":")[0] for reason in chosen.excluded.values()),
                    "campaigns": _by_campaign(chosen.members),
                },
            )
            SnapshotManifest.pack(snapshot, manifest)
            return snapshot
    except IntegrityError:
        mark_seen(digest, last_event)
        return DatasetSnapshot.objects.get(digest=digest)


def _by_campaign(members: list[Candidate]) -> dict[str, int]:
    """Count members by the code of the campaign that they were drawn in; those of none are not counted."""
    counts = Counter(member.campaign for member in members if member.campaign is not None)
    return {campaign.code: counts[campaign.pk] for campaign in Campaign.objects.filter(pk__in=counts).only("code")}


def mark_seen(digest: str, last_event: int) -> None:
    """Note that events up to this one changed nothing about a snapshot: labels confirmed once more are not new."""
    DatasetSnapshot.objects.filter(digest=digest, last_event__lt=last_event).update(last_event=last_event)


def latest_event() -> int:
    return LabelEvent.objects.aggregate(last=Max("id"))["last"] or 0


def new_labels(enough: int = 10_000) -> int:
    """Count drawings approved since the last decided run looked, up to `enough`: an index range, not the whole table."""
    # twice as many: a drawing that was approved, put back and approved again counts once
    return min(enough, len(set(_new_approvals().order_by("pk").values_list("drawing_id", flat=True)[: 2 * enough])))


def _new_approvals() -> QuerySet[LabelEvent]:
    """Approvals since the last decided run looked, of drawings that may train."""
    events = LabelEvent.objects.filter(pk__gt=TrainingRun.objects.last_event_seen(), action=LabelEvent.Action.APPROVED)
    return events.filter(
        drawing__status=Drawing.Status.APPROVED,
        drawing__contributor__is_exam=False,
        drawing__contributor__blocked_at__isnull=True,
    )


def is_anything_corrected(newest: int = 20_000) -> bool:
    """Whether any of the labels that `new_labels` counts is not what the model answered when it was drawn.

    Looks at so many approvals at most, the newest: where a model is right for months all of them agree, and the clock asks
    twice a minute.
    """
    told = Coalesce("drawing__reviewed_label", "drawing__confirmed_label")
    labels = _new_approvals().order_by("-pk").values_list("drawing__predicted_label", told)[:newest]
    return any(label != (NOT_A_DIGIT if answered is None else answered) for answered, label in labels.iterator())

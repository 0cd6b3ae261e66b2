"""Stored drawings, read by a version that did not answer them: by a new champion what waits, by a held one some of what comes in.

What was said to a visitor stays as it was. What a reviewer sees first follows what is known now.
"""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from numpy.typing import NDArray

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.answers import calibrated_probabilities
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion, Prototype, PrototypeSet, Rereading
from recognizer.models.prototypes import unpack
from recognizer.review import priority
from training.curation import snapshots
from training.curation.stored_drawings import Picture, read_pictures
from training.models import SnapshotManifest, TrainingRun

READ_AT_ONCE = 200  # drawings: about two seconds
TAUGHT_MOST = 2000  # new drawings of a run that its version reads again, to show them
LIVE_EVERY = 5  # one drawing in so many is also read by the newest held version
LIVE_LOOKED_AT = 1000  # the latest drawings, of which that takes its share
DISPUTED = 1.0  # added to the priority of what a held version reads otherwise: half of a person's disagreement


def reread(version: ModelVersion, ids: Sequence[UUID]) -> list[Rereading]:
    """Let a version read stored drawings, and keep its answers. Returns them, with the drawing as `drawing`.

    Raises:
        CorruptArtifact: it cannot be loaded, or reads ink as another release prepared it.
    """
    if version.preprocessing_version != PREPROCESSING_VERSION:
        raise CorruptArtifact(f"{version} reads ink prepared by another release")
    model = registry.load_model(version)
    pictures = list(read_pictures(ids))
    if not pictures:
        return []
    prediction = model.predict(np.stack([picture.seen for picture in pictures]))
    probabilities = calibrated_probabilities(prediction.logits, model.calibration.temperature)
    is_refused = prediction.digitness < model.calibration.refusal_threshold
    answers = np.where(is_refused, NOT_A_DIGIT, probabilities.argmax(axis=1))
    rarities = _rarities(version, prediction.features)
    with transaction.atomic():
        rows = Drawing.objects.without_pixels().in_bulk([picture.id for picture in pictures])
        kept = [
            _row(version, rows[picture.id], int(answer), float(likely.max()))
            for picture, answer, likely in zip(pictures, answers, probabilities, strict=True)
            if picture.id in rows  # else its contributor has deleted it meanwhile
        ]
        Rereading.objects.bulk_create(kept, ignore_conflicts=True)
        if version.is_champion:
            _urge(pictures, rows, answers, probabilities, rarities)
    return kept


def _row(version: ModelVersion, drawing: Drawing, answer: int, confidence: float) -> Rereading:
    differs = answer != drawing.answered
    return Rereading(version=version, drawing=drawing, answered=answer, confidence=confidence, differs=differs)


def _rarities(version: ModelVersion, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """How unlike drawings are to all that is known, 0..1: one less the cosine to the nearest reference or approved drawing."""
    known = PrototypeSet.objects.filter(version=version).first()
    if known is None:
        return np.zeros(len(features), "float32")
    rows = Prototype.objects.filter(version=version).values_list("features", flat=True)
    approved = [bytes(packed) for packed in rows]
    forms = unpack(known.features, len(bytes(known.labels)))
    if approved:
        forms = np.concatenate([forms, unpack(b"".join(approved), len(approved))])
    nearest = (features @ forms.T).max(axis=1)
    rarities: NDArray[np.float32] = np.clip(1.0 - nearest, 0.0, 1.0).astype("float32")
    return rarities


def _urge(
    pictures: Sequence[Picture],
    rows: dict[UUID, Drawing],
    answers: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    rarities: NDArray[np.float32],
) -> None:
    """Order what waits by what the new champion makes of it."""
    for picture, answer, likely, rarity in zip(
        pictures, answers.tolist(), probabilities, rarities.tolist(), strict=True
    ):
        drawing = rows.get(picture.id)
        if drawing is None or drawing.confirmed_label is None or drawing.status != Drawing.Status.WAITING:
            continue
        ranked = np.sort(likely)
        now = Drawing(
            pk=drawing.pk,
            contributor_id=drawing.contributor_id,
            probabilities=likely.tolist(),
            predicted_label=None if answer == NOT_A_DIGIT else answer,
            top_label=int(likely.argmax()),
            confidence=float(ranked[-1]),
            margin=float(ranked[-1] - ranked[-2]),
        )
        assessed = priority.assess(now, drawing.confirmed_label)
        waiting = Drawing.objects.filter(pk=drawing.pk, status=Drawing.Status.WAITING)
        waiting.update(review_priority=assessed["priority"], suspicion=assessed["suspicion"], rarity=rarity)


def reread_backlog(champion: ModelVersion) -> int:
    """Let the champion read what waits and was answered by another version, the most urgent first. Returns how many."""
    waiting = Drawing.objects.waiting().exclude(model_version=champion).filter(~_is_read_by(champion))
    return len(reread(champion, list(waiting.values_list("pk", flat=True)[:READ_AT_ONCE])))


def newest_held(champion: ModelVersion) -> ModelVersion | None:
    """The newest version that the gate held after this champion was made, if it reads ink as this release prepares it."""
    held = TrainingRun.objects.filter(status=TrainingRun.Status.HELD, challenger__promoted_at__isnull=True)
    held = held.filter(
        challenger__number__gt=champion.number,
        challenger__preprocessing_version=PREPROCESSING_VERSION,
        challenger__broken_reason="",
    )
    run = held.select_related("challenger").only("challenger").order_by("-challenger__number").first()
    return run.challenger if run else None


def answer_beside(challenger: ModelVersion, champion: ModelVersion) -> int:
    """Let a held version read some of what people draw now; what it reads otherwise goes up in the queue. Returns how many."""
    live = Drawing.objects.filter(model_version=champion, created_at__gte=challenger.created_at)
    latest = live.order_by("-created_at", "id").filter(~_is_read_by(challenger)).values_list("pk", flat=True)
    sample = [pk for pk in latest[:LIVE_LOOKED_AT] if pk.int % LIVE_EVERY == 0][:READ_AT_ONCE]
    read = reread(challenger, sample)
    disputed = [one.drawing_id for one in read if one.differs]
    waiting = Drawing.objects.filter(pk__in=disputed, status=Drawing.Status.WAITING)
    waiting.update(review_priority=F("review_priority") + DISPUTED)
    for one in read:
        if one.differs and one.drawing.confirmed_label not in (None, one.answered):
            doubt = Drawing.objects.filter(pk=one.drawing_id, status=Drawing.Status.WAITING)
            doubt.filter(suspicion__lt=one.confidence).update(suspicion=one.confidence)
    return len(read)


def new_to(run: TrainingRun) -> list[UUID]:
    """The drawings that a run taught and that its champion had not learned from; none where no manifest tells."""
    if run.snapshot is None or run.champion is None:
        return []
    try:
        members = {UUID(drawing_id) for drawing_id, _ in run.snapshot.manifest["members"]}
        return sorted(members - snapshots.learned_by(run.champion))
    except SnapshotManifest.DoesNotExist:
        return []


def read_what_was_taught() -> int:
    """Let the newest version read the drawings that were new to it, for the pages that show what it learned. Returns how many."""
    run = (
        TrainingRun.objects.decided().filter(challenger__isnull=False).select_related("challenger", "champion").first()
    )
    if run is None or run.challenger is None or run.challenger.broken_reason:
        return 0
    new = new_to(run)[:TAUGHT_MOST]
    read = set(Rereading.objects.filter(version=run.challenger).values_list("drawing_id", flat=True))
    return len(reread(run.challenger, [pk for pk in new if pk not in read][:READ_AT_ONCE]))


def read_by_both(one: ModelVersion, other: ModelVersion, most: int) -> int:
    """Let two versions read the newest labelled drawings that they have not read. Returns how many readings were made."""
    newest = Drawing.objects.approved().order_by("-created_at", "id").values_list("pk", flat=True)[:most]
    read = 0
    for version in (one, other):
        unread = (
            Drawing.objects.filter(pk__in=list(newest)).exclude(model_version=version).filter(~_is_read_by(version))
        )
        read += len(reread(version, list(unread.values_list("pk", flat=True))))
    return read


def _is_read_by(version: ModelVersion) -> Exists:
    return Exists(Rereading.objects.filter(version=version, drawing=OuterRef("pk")))


def labelled_pairs(challenger: ModelVersion) -> tuple[int, int, int]:
    """On live drawings that were approved since: how many a held version read, fixed, and broke, beside who answered them."""
    since = Rereading.objects.filter(version=challenger, drawing__created_at__gte=challenger.created_at)
    read = since.filter(drawing__status=Drawing.Status.APPROVED).with_truth()
    fixed = broken = count = 0
    for answered, said, told in read.values_list("answered", "drawing__predicted_label", "told"):
        count += 1
        was = NOT_A_DIGIT if said is None else said
        fixed += answered == told != was
        broken += was == told != answered
    return count, fixed, broken

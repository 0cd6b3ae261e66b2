"""The rows of what helps at once: which approved drawings speak for the version that serves, judged anew when something was said.

Each drawing is read once a version and kept as the version sees it, so that judging anew costs a second, whatever is approved.
"""

from datetime import timedelta
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import serving
from recognizer.imaging.pixels import to_grey
from recognizer.inference.answers import calibrated_probabilities
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, LabelEvent, Prototype, PrototypeSet
from recognizer.models.prototypes import pack, unpack
from recognizer.prototypes import references
from recognizer.serving import Served
from training.config import PrototypeConfig
from training.curation.prototype_evidence import Answered, Approved, Judgement, judge
from training.curation.stored_drawings import read_pictures
from training.data.reference_pictures import draw_references

NOTHING_NEW = "nothing was said since"
JUDGED_ANEW = timedelta(
    minutes=10
)  # at the latest: an event may be seen late, and a deleted drawing of no use leaves no trace
WRITTEN_AT_ONCE = 100  # rows in one transaction: visitors of a SQLite site wait for each


def refresh(config: PrototypeConfig) -> str:
    """Judge the champion's prototypes anew if anything was said, blocked or deleted since. Returns what was done."""
    served = serving.current_classifier()
    kept = PrototypeSet.objects.filter(version_id=served.version_id).defer("features").first()
    said = _what_was_said()
    if kept is not None and _is_judged(kept, said):
        return NOTHING_NEW
    if kept is None and not Drawing.objects.trainable().exists():
        return NOTHING_NEW  # nobody has taught anything: no references are needed yet
    Prototype.objects.exclude(version_id=served.version_id).delete()
    known = _references(served, config)
    is_complete = _read_new(served, config)
    judgement = _judge(served, known, config)
    PrototypeSet.objects.filter(version_id=served.version_id).update(
        trust=judgement.trust,
        # where drawings are left to read, the next go must not take them for judged
        judged=_with_those_left(said, served.version_id) if is_complete else "",
        judged_at=timezone.now(),
    )
    return f"{judgement.speaks.sum()} speak: {judgement.mended} mended, {judgement.broken} broken"


def _is_judged(kept: PrototypeSet, said: str) -> bool:
    is_fresh = timezone.now() - kept.judged_at < JUDGED_ANEW
    return is_fresh and kept.judged == _with_those_left(said, kept.version_id)


def _what_was_said() -> str:
    """Name the newest event, and who is blocked."""
    event = LabelEvent.objects.aggregate(newest=Max("pk"))["newest"]
    blocked = Contributor.objects.filter(blocked_at__isnull=False).aggregate(count=Count("pk"), last=Max("blocked_at"))
    return f"{event} {blocked['count']} {blocked['last']}"


def _with_those_left(said: str, version_id: int) -> str:
    """Add how many prototypes are in use: one less where a drawing was deleted, which leaves no event."""
    left, _ = Prototype.objects.state(version_id)
    return f"{said} {left}"


def _references(served: Served, config: PrototypeConfig) -> Answered:
    """Return the reference pictures as the version sees them, drawn and read once for each version."""
    kept = PrototypeSet.objects.filter(version_id=served.version_id).first()
    if kept is None:
        PrototypeSet.objects.exclude(version_id=served.version_id).delete()
        pictures = draw_references(config)
        prediction = served.model.predict_all(pictures.images)
        kept, _ = PrototypeSet.objects.get_or_create(
            version_id=served.version_id,
            defaults={
                "labels": pictures.labels.astype("uint8").tobytes(),
                "answered": answers_of(served, prediction).astype("uint8").tobytes(),
                "features": pack(prediction.features),
            },
        )
    known, _ = references(kept)
    answered = np.frombuffer(bytes(kept.answered), "uint8").astype("int64")
    return Answered(known.features, known.labels, answered)


def answers_of(served: Served, prediction: Prediction) -> NDArray[np.int64]:
    """Return what a version reads, int64 (N,): 0-9, NOT_A_DIGIT where it refuses."""
    calibration = served.model.calibration
    digits = calibrated_probabilities(prediction.logits, calibration.temperature).argmax(axis=1)
    return np.where(prediction.digitness < calibration.refusal_threshold, NOT_A_DIGIT, digits)


def _read_new(served: Served, config: PrototypeConfig) -> bool:
    """Read what was approved since and forget what is no longer. Returns whether all of it was read."""
    newest = Drawing.objects.trainable().order_by("-created_at", "id")
    wanted = list(newest.values_list("pk", flat=True)[: config.newest])
    have = set(Prototype.objects.filter(version_id=served.version_id).values_list("drawing_id", flat=True))
    _forget(served, have.difference(wanted))
    unread = [drawing_id for drawing_id in wanted if drawing_id not in have]
    pictures = list(read_pictures(unread[: config.read_at_once]))
    if pictures:
        prediction = served.model.predict_all(np.stack([to_grey(picture.seen) for picture in pictures]))
        answers = answers_of(served, prediction).tolist()
        labels = {drawing.pk: drawing.label for drawing in newest.filter(pk__in=[picture.id for picture in pictures])}
        _keep(
            [
                Prototype(
                    version_id=served.version_id,
                    drawing_id=picture.id,
                    label=label,
                    answered=answer,
                    features=pack(features),
                )
                for picture, answer, features in zip(pictures, answers, prediction.features, strict=True)
                if (label := labels.get(picture.id)) is not None
            ]
        )
    return len(unread) <= config.read_at_once


def _keep(rows: list[Prototype]) -> None:
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        batch = rows[start : start + WRITTEN_AT_ONCE]
        with transaction.atomic():
            still_there = set(
                Drawing.objects.filter(pk__in=[row.drawing_id for row in batch]).values_list("pk", flat=True)
            )
            Prototype.objects.bulk_create(
                [row for row in batch if row.drawing_id in still_there], ignore_conflicts=True
            )


def _forget(served: Served, drawing_ids: set[UUID]) -> None:
    ids = sorted(drawing_ids)
    for start in range(0, len(ids), WRITTEN_AT_ONCE):
        batch = ids[start : start + WRITTEN_AT_ONCE]
        Prototype.objects.filter(version_id=served.version_id, drawing_id__in=batch).delete()


def _judge(served: Served, known: Answered, config: PrototypeConfig) -> Judgement:
    """Judge all of a version's prototypes, and write down which of them changed."""
    rows = list(
        Prototype.objects.filter(version_id=served.version_id)
        .select_related("drawing")
        .only(
            "label", "answered", "features", "role", "changed_at",
            "drawing__contributor_id", "drawing__reviewed_at", "drawing__confirmed_label", "drawing__reviewed_label",
            "drawing__predicted_label",
        )
        .order_by("-drawing__created_at", "drawing_id")
    )  # fmt: skip
    labels = np.array([row.label if row.drawing.label is None else row.drawing.label for row in rows], "int64")
    drawings = Approved(
        unpack(b"".join(bytes(row.features) for row in rows), len(rows))
        if rows
        else np.zeros((0, known.features.shape[1]), "float32"),
        labels,
        np.array([row.answered for row in rows], "int64"),
        np.array([row.drawing.contributor_id for row in rows], "int64"),
        np.array([row.drawing.reviewed_at is not None for row in rows], bool),
        labels != np.array([row.drawing.answered for row in rows], "int64"),
    )
    judgement = judge(drawings, known, config)
    roles = np.where(drawings.is_right, Prototype.Role.GUARDS, Prototype.Role.SILENT)
    roles = np.where(judgement.speaks, Prototype.Role.SPEAKS, roles)
    now, changed = timezone.now(), []
    for row, label, role in zip(rows, labels.tolist(), roles.tolist(), strict=True):
        if (row.label, row.role) != (label, role):
            row.label, row.role, row.changed_at = label, role, now
            changed.append(row)
    for start in range(0, len(changed), WRITTEN_AT_ONCE):
        Prototype.objects.bulk_update(changed[start : start + WRITTEN_AT_ONCE], ["label", "role", "changed_at"])
    return judgement

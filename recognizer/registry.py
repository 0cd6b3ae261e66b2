"""Model versions: register, promote, roll back. Each is one transaction, and there is never more than one champion."""

import hashlib
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from recognizer import ledger
from recognizer.baseline import ShippedBaseline, shipped_baseline
from recognizer.errors import CorruptArtifact
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.answers import Calibration
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import IMAGE_SHAPE, NUM_CLASSES
from recognizer.models import ModelArtifacts, ModelVersion, PromotionEvent
from recognizer.sentences import marked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)
BASELINE_ORIGIN = marked("shipped baseline")
ELSEWHERE = "another installation's version"
PROBLEM_LENGTH = 300  # as much as the row takes


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_artifact(data: bytes, expected_sha256: str) -> bytes:
    """Return the bytes of a stored artifact, or raise CorruptArtifact if they are not those its row vouches for."""
    data = bytes(data)
    if sha256(data) != expected_sha256:
        raise CorruptArtifact("the artifact's SHA-256 is not the one recorded with it")
    return data


def load_model(version: ModelVersion) -> CalibratedModel:
    """Check, parse and try out a version's served artifact.

    Raises:
        CorruptArtifact: wrong hash, not a model, or it answers with something that is not a probability.
    """
    tflite = check_artifact(version.tflite, version.tflite_sha256)
    return try_out(CalibratedModel(tflite, Calibration.from_dict(version.calibration)))


def try_out(model: CalibratedModel) -> CalibratedModel:
    """Load a model, let it read a blank, and return it.

    Raises:
        CorruptArtifact: it is no model, or it answers with something that is not a probability.
    """
    try:
        logits = model.predict(np.zeros((1, *IMAGE_SHAPE), "float32")).logits[0]
    except (ValueError, RuntimeError) as error:
        raise CorruptArtifact(f"the model does not load: {error}") from error
    if len(logits) != NUM_CLASSES or not np.isfinite(logits).all():
        raise CorruptArtifact("the model does not answer with ten finite numbers")
    return model


def register(
    keras: bytes,
    tflite: bytes,
    *,
    preprocessing_version: int,
    calibration: dict[str, float],
    metrics: dict[str, Any],
    parent: ModelVersion | None,
    origin: str,
) -> ModelVersion:
    """Store a trained network as the next version, not serving yet.

    Raises:
        CorruptArtifact: the served artifact does not load and answer.
        ValueError: the calibration is not one.
    """
    try_out(CalibratedModel(tflite, Calibration.from_dict(calibration)))
    with transaction.atomic():
        ModelVersion.objects.hold()
        last = ModelVersion.objects.aggregate(last=models.Max("number"))["last"] or 0
        version = ModelVersion.objects.create(
            number=last + 1,
            keras_sha256=sha256(keras),
            tflite_sha256=sha256(tflite),
            preprocessing_version=preprocessing_version,
            calibration=calibration,
            metrics=metrics,
            parent=parent,
            origin=origin,
        )
        ModelArtifacts.objects.create(version=version, keras=keras, tflite=tflite)
        ledger.note_version(version)
        return version


def know_elsewhere(number: int, tflite_sha256: str) -> ModelVersion:
    """Make a row for a version whose file is not here: imported drawings name it, it can never speak."""
    with transaction.atomic():
        ModelVersion.objects.hold()
        last = ModelVersion.objects.aggregate(last=models.Max("number"))["last"] or 0
        version = ModelVersion.objects.create(
            number=last + 1,
            origin=f"{ELSEWHERE} {number}",
            keras_sha256="",
            tflite_sha256=tflite_sha256,
            preprocessing_version=PREPROCESSING_VERSION,
            calibration=Calibration().to_dict(),
            broken_reason="Its file is not here: imported drawings name it, and it can never speak.",
        )
        ledger.note_version(version)
        return version


def promote(version: ModelVersion, *, by: "User | None", reason: str) -> PromotionEvent | None:
    """Let a version speak from now on; the one before steps down in the same transaction.

    Returns None if it was champion already.

    Raises:
        CorruptArtifact: its bytes are not sound, so it may not serve.
    """
    load_model(version)
    with transaction.atomic():
        ModelVersion.objects.hold()
        previous = ModelVersion.objects.champion()
        if previous is not None and previous.pk == version.pk:
            return None
        ModelVersion.objects.filter(is_champion=True).update(is_champion=False)
        version.is_champion, version.promoted_at, version.broken_reason = True, timezone.now(), ""
        version.save(update_fields=["is_champion", "promoted_at", "broken_reason"])
        transaction.on_commit(
            lambda: logger.info("%s answers from now on, after %s: %s", version, previous or "none", reason)
        )
        event = PromotionEvent.objects.create(version=version, previous=previous, by=by, reason=reason)
        ledger.note_promotion(event)
        return event


def step_back(event: PromotionEvent, reason: str) -> PromotionEvent | None:
    """Let the version speak again that a promotion had replaced, without anybody's having asked. None: it is over already.

    Raises:
        CorruptArtifact: its bytes are not sound.
    """
    if event.previous is None:
        return None
    load_model(event.previous)
    with transaction.atomic():
        ModelVersion.objects.hold()
        if PromotionEvent.objects.values_list("pk", flat=True).first() != event.pk:
            return None  # somebody was quicker: another process, or a person
        returned = promote(event.previous, by=None, reason=reason)
        if returned is not None:
            returned.is_return = True
            returned.save(update_fields=["is_return"])
        return returned


def note_problem(version: ModelVersion, problem: str) -> None:
    """Leave on a version's row why it cannot serve, or that it can (""), for whoever looks at it."""
    if version.broken_reason != problem:
        ModelVersion.objects.filter(pk=version.pk).update(broken_reason=problem[:PROBLEM_LENGTH])


def roll_back(*, by: "User | None", reason: str) -> ModelVersion:
    """Promote the version that spoke before the champion.

    Raises:
        ValueError: none did.
        CorruptArtifact: its bytes are not sound.
    """
    version = rollback_target()
    if version is None:
        raise ValueError("There is no earlier champion to roll back to.")
    promote(version, by=by, reason=reason)
    return version


def standing_roll_back() -> PromotionEvent | None:
    """Return a person's roll-back after which nobody has promoted anything, or None. What starts by itself does not undo it."""
    last = PromotionEvent.objects.select_related("version", "previous", "by").order_by("-at", "-id").first()
    if last is None or last.by is None or last.previous is None:
        return None
    return last if last.version.number < last.previous.number else None


def rollback_target() -> ModelVersion | None:
    """Return the version to roll back to, or None.

    Going back is not going forth again: after 1, 2, 3 and a roll-back to 2, the next one leads to 1, never to 3.
    """
    path: list[int] = []
    for version_id in PromotionEvent.objects.order_by("at", "id").values_list("version_id", flat=True):
        del path[path.index(version_id) if version_id in path else len(path) :]
        path.append(version_id)
    return ModelVersion.objects.get(pk=path[-2]) if len(path) > 1 else None


def find_baseline() -> ModelVersion | None:
    """Return this database's row for the shipped baseline, whatever its bytes have come to."""
    digest = shipped_baseline().card["tflite_sha256"]
    return ModelVersion.objects.filter(tflite_sha256=digest, origin=BASELINE_ORIGIN).first()


def ensure_baseline() -> ModelVersion:
    """Register the shipped baseline if this database does not know it; promote it where nothing better speaks.

    A release with a newer baseline replaces an older baseline by itself, but a version that was fine-tuned here only where
    this release prepares ink otherwise than that version reads it; the next run teaches the new one the same drawings.
    """
    known = find_baseline()
    version = known or _register_baseline(shipped_baseline())
    champion = ModelVersion.objects.champion()
    if champion is None or (champion.origin == BASELINE_ORIGIN and not known):
        promote(version, by=None, reason="shipped baseline")
    elif champion.preprocessing_version < version.preprocessing_version:
        promote(version, by=None, reason=f"version {champion.number} reads ink as an earlier release prepared it")
    return version


def _register_baseline(baseline: ShippedBaseline) -> ModelVersion:
    try:
        return register(
            baseline.keras,
            baseline.model.tflite,
            preprocessing_version=baseline.card["preprocessing_version"],
            calibration=baseline.card["calibration"],
            metrics=baseline.card["metrics"],
            parent=None,
            origin=BASELINE_ORIGIN,
        )
    except IntegrityError:  # another process of a fresh installation was first
        return find_baseline()  # type: ignore[return-value]  # theirs

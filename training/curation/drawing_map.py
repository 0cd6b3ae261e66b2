"""The rows of the map: which drawings are on it, where the champion's features place them, and what it refuses together."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.answers import calibrated_probabilities
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingMap, MapPoint, ModelVersion, PrototypeSet
from recognizer.models.drawing_map import NO_REFERENCE, SIDE
from recognizer.models.prototypes import pack, unpack
from training.config import MapConfig
from training.curation.neighbour_embedding import clusters, embed, place
from training.curation.stored_drawings import read_pictures

NOTHING_NEW = "the map is as it was"
WRITTEN_AT_ONCE = 100  # rows in one transaction: visitors of a SQLite site wait for each
Floats = NDArray[np.float32]


def refresh(champion: ModelVersion, config: MapConfig) -> str:
    """Put what is new on the champion's map, and take off what is over. Returns what was done.

    Raises:
        CorruptArtifact: the champion cannot be loaded, or reads ink as another release prepared it.
    """
    wanted = wanted_drawings(config)
    if len(wanted) < config.fewest:
        return NOTHING_NEW
    known = DrawingMap.objects.filter(version=champion).first()
    have = set(MapPoint.objects.filter(map_id=champion.pk).values_list("drawing_id", flat=True))
    _forget(champion, have.difference(wanted))
    new = [pk for pk in wanted if pk not in have]
    if known is not None and not new and len(have) >= len(wanted):
        return NOTHING_NEW
    ids, features, answers = _read(champion, new[: config.read_at_once])
    if known is None or _is_outgrown(known, len(have) + len(ids), config):
        known = _draw_anew(champion, features, answers, config)
    _keep(known, ids, features, answers, config)
    _gather(known, config)
    DrawingMap.objects.exclude(
        pk__in=list(DrawingMap.objects.order_by("-version__number").values_list("pk", flat=True)[: config.kept])
    ).exclude(pk=champion.pk).delete()
    return f"{len(ids)} put on the map"


def wanted_drawings(config: MapConfig) -> list[UUID]:
    """The most urgent that wait, and the newest approved ones: each is the beginning of an index."""
    waiting = Drawing.objects.waiting().values_list("pk", flat=True)[: config.waiting]
    approved = Drawing.objects.approved().order_by("-created_at").values_list("pk", flat=True)[: config.approved]
    return list(dict.fromkeys([*waiting, *approved]))


def _forget(champion: ModelVersion, ids: set[UUID]) -> None:
    gone = sorted(ids)
    for start in range(0, len(gone), WRITTEN_AT_ONCE):
        MapPoint.objects.filter(map_id=champion.pk, drawing_id__in=gone[start : start + WRITTEN_AT_ONCE]).delete()


def _read(champion: ModelVersion, ids: Sequence[UUID]) -> tuple[list[UUID], Floats, NDArray[np.int64]]:
    """Let the champion read drawings. Returns those that are still there, features (N, D) and answers (N,), 0-10."""
    if champion.preprocessing_version != PREPROCESSING_VERSION:
        raise CorruptArtifact(f"{champion} reads ink prepared by another release")
    pictures = list(read_pictures(ids))
    if not pictures:
        return [], np.zeros((0, 0), "float32"), np.zeros(0, "int64")
    model = registry.load_model(champion)
    prediction = model.predict(np.stack([picture.seen for picture in pictures]))
    digits = calibrated_probabilities(prediction.logits, model.calibration.temperature).argmax(axis=1)
    is_refused = prediction.digitness < model.calibration.refusal_threshold
    return [picture.id for picture in pictures], prediction.features, np.where(is_refused, NOT_A_DIGIT, digits)


def _is_outgrown(known: DrawingMap, count: int, config: MapConfig) -> bool:
    """Whether the landmarks are of another time: there are many more drawings now, or reference pictures for the first time."""
    has_references = (np.frombuffer(bytes(known.labels), "uint8") != NO_REFERENCE).any()
    is_known = PrototypeSet.objects.filter(version_id=known.pk).exists()
    return count > known.drawings * (1 + config.grown) or (is_known and not has_references)


def _draw_anew(champion: ModelVersion, features: Floats, answers: NDArray[np.int64], config: MapConfig) -> DrawingMap:
    """Choose landmarks among references and drawings, lay them out, and move what is on the map to its new place."""
    rng = np.random.default_rng(config.seed)
    rows = list(MapPoint.objects.filter(map_id=champion.pk).order_by("pk"))
    packed = b"".join(bytes(row.features) for row in rows)
    drawn = np.concatenate([unpack(packed, len(rows)), features]) if rows and len(features) else features
    if rows and not len(features):
        drawn = unpack(packed, len(rows))
    said = np.concatenate([np.array([row.answered for row in rows], "int64"), answers])
    some = drawn[_some(said == NOT_A_DIGIT, config, rng)]
    references, labels = _references(champion, config, rng)
    landmarks = np.concatenate([references, some]) if len(references) else some
    places = embed(landmarks, config.seed) * SIDE
    with transaction.atomic():
        known, _ = DrawingMap.objects.update_or_create(
            version=champion,
            defaults={
                "features": pack(landmarks),
                "places": places.astype("<f4").tobytes(),
                "labels": np.concatenate([labels, np.full(len(some), NO_REFERENCE)]).astype("uint8").tobytes(),
                "drawings": len(drawn),
            },
        )
    if rows:
        _move(rows, place(unpack(packed, len(rows)), landmarks, places, config.neighbours))
    return known


def _some(is_refused: NDArray[np.bool_], config: MapConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose drawings as landmarks: of what is refused its share, though it be rare."""
    refused, read = rng.permutation(np.flatnonzero(is_refused)), rng.permutation(np.flatnonzero(~is_refused))
    few = refused[: max(round(config.drawn * config.refused_share), config.drawn - len(read))]
    return np.sort(np.concatenate([few, read[: config.drawn - len(few)]]))


def _references(
    champion: ModelVersion, config: MapConfig, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.uint8]]:
    """Some of the pictures that every installation has, as the version sees them; none before prototypes were judged."""
    kept = PrototypeSet.objects.filter(version=champion).first()
    if kept is None:
        return np.zeros((0, 0), "float32"), np.zeros(0, "uint8")
    labels = np.frombuffer(bytes(kept.labels), "uint8")
    chosen = np.sort(rng.permutation(len(labels))[: config.references])
    return unpack(kept.features, len(labels))[chosen], labels[chosen]


def _move(rows: list[MapPoint], places: Floats) -> None:
    for row, (x, y) in zip(rows, places.round().astype(int).tolist(), strict=True):
        row.x, row.y = x, y
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        MapPoint.objects.bulk_update(rows[start : start + WRITTEN_AT_ONCE], ["x", "y"])


def _keep(known: DrawingMap, ids: list[UUID], features: Floats, answers: NDArray[np.int64], config: MapConfig) -> None:
    if not ids:
        return
    labels = bytes(known.labels)
    landmarks = unpack(known.features, len(labels))
    places = place(features, landmarks, np.frombuffer(bytes(known.places), "<f4").reshape(-1, 2), config.neighbours)
    rows = [
        MapPoint(map=known, drawing_id=pk, x=x, y=y, answered=answer, features=pack(seen))
        for pk, (x, y), answer, seen in zip(
            ids, places.round().astype(int).tolist(), answers.tolist(), features, strict=True
        )
    ]
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        batch = rows[start : start + WRITTEN_AT_ONCE]
        with transaction.atomic():
            there = set(Drawing.objects.filter(pk__in=[row.drawing_id for row in batch]).values_list("pk", flat=True))
            MapPoint.objects.bulk_create([row for row in batch if row.drawing_id in there], ignore_conflicts=True)


def _gather(known: DrawingMap, config: MapConfig) -> None:
    """Say which refused drawings lie together."""
    rows = list(
        MapPoint.objects.filter(map=known, answered=NOT_A_DIGIT).order_by("pk").values_list("pk", "x", "y", "cluster")
    )
    if not rows:
        return
    places = np.array([(x, y) for _, x, y, _ in rows], "float32")
    now = clusters(places, config.cluster_radius, config.cluster_fewest).tolist()
    changed: dict[int, list[int]] = {}
    for (pk, _, _, before), number in zip(rows, now, strict=True):
        if number != before:
            changed.setdefault(number, []).append(pk)
    for number, pks in changed.items():
        for start in range(0, len(pks), WRITTEN_AT_ONCE):
            MapPoint.objects.filter(pk__in=pks[start : start + WRITTEN_AT_ONCE]).update(cluster=number)

"""Reading an export back: checked against its manifest, and each drawing as untrusted as if a browser had sent it."""

import csv
import gzip
import json
import struct
import uuid
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import registry
from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import check_header, decode_stored
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import FRAME, PREPROCESSING_VERSION
from recognizer.imaging.strokes import validate_strokes
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, LabelEvent, ModelVersion
from recognizer.submissions import Submission
from training.exchange.exporting import IMAGES_MAGIC, LABELS_MAGIC, MANIFEST, file_sha256

PAGE = 200  # drawings stored in one transaction: visitors of a SQLite site wait for each
NAMESPACE = uuid.UUID("6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a35")  # of ids made for what comes without one
REASON = "imported"
Raw = dict[str, Any]  # a drawing as its file has it, not checked yet
Reader = Callable[[Path], Iterator[Raw]]
# What the readers raise where a file is cut short, is of another kind, or holds words where numbers belong
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    csv.Error,
    BadZipFile,
)


# What checking raises where one drawing is odd: it is counted, and the others are read. A number may be 1e400, and no whole one
ODD = (InvalidDrawing, ValueError, LookupError, TypeError, OverflowError, RecursionError, AttributeError)
MOST_GROWTH = (
    100  # times a packed file's size that what is in it may take: drawings pack to a tenth, a bomb to a thousandth
)
LEAST_GROWTH = 50_000_000  # bytes that any file may grow to
LONGEST_LINE = (
    4_000_000  # characters: a path of 4,096 points with all its digits and a picture of 128 KB, several times over
)


class BadExport(ValueError):
    """The folder is not an export, or not what its manifest says; the message names the file."""


@dataclass(frozen=True)
class Incoming:
    """One drawing on its way in, checked. `ink` is uint8 (H, W)."""

    id: uuid.UUID
    label: int
    writer: int
    is_exam: bool
    created_at: datetime
    submission: Submission


@dataclass
class Imported:
    added: int = 0
    known: int = 0
    refused: int = 0


def import_drawings(folder: Path, status: str = Drawing.Status.APPROVED) -> Imported:
    """Store the drawings of an export that are not here yet; doing it twice changes nothing.

    Args:
        status: APPROVED trusts whoever exported; WAITING puts them into the review queue.

    Raises:
        BadExport: no manifest, a file that it does not describe, or nothing that can be read.
    """
    files, source = check_manifest(folder)
    registry.ensure_baseline()
    model = _Reader(ModelVersion.objects.get(is_champion=True))
    outcome = Imported()
    rows = _rows(folder, _richest(files, status), source, outcome)
    while page := list(islice(rows, PAGE)):
        known = set(Drawing.objects.filter(pk__in=[row.id for row in page]).values_list("pk", flat=True))
        fresh = list({row.id: row for row in page if row.id not in known}.values())
        outcome.known += len(page) - len(fresh)
        with transaction.atomic():
            outcome.added += _store(fresh, source, model, status, outcome)
    return outcome


def check_manifest(folder: Path) -> tuple[set[str], str]:
    """Return the names of the files and the manifest's own hash, after comparing every file with it."""
    try:
        content = (folder / MANIFEST).read_bytes()
        files = json.loads(content)["files"]
        wrong = [name for name, facts in files.items() if file_sha256(folder / Path(name).name) != facts["sha256"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadExport(f"{folder} is not an export of Digitre: {error}") from error
    if wrong:
        raise BadExport(f"{', '.join(wrong)} is not the file that the manifest describes")
    return set(files), registry.sha256(content)


def _richest(files: set[str], status: str) -> Reader:
    """Choose among the files that the manifest vouches for."""
    readers: dict[str, Reader] = {
        "drawings.jsonl.gz": _jsonl,
        "drawings.npz": _npz,
        "drawings.csv": _csv,
        "drawings-images-idx3-ubyte": _idx,
    }
    name = next((name for name in readers if name in files), None)
    if name is None:
        raise BadExport("its manifest names no drawings in a format that can be read")
    if readers[name] is _idx and status == Drawing.Status.APPROVED:
        raise BadExport("IDX files do not say who drew what, nor who is examined: import them for review")
    return readers[name]


def _rows(folder: Path, reader: Reader, source: str, outcome: Imported) -> Iterator[Incoming]:
    """Read and check; count what is no drawing."""
    for number, raw in enumerate(_read(folder, reader)):
        try:
            yield _check(raw, source, number)
        except ODD:
            outcome.refused += 1


def _read(folder: Path, reader: Reader) -> Iterator[Raw]:
    """Read a file to its end.

    Raises:
        BadExport: the manifest vouches for it, and yet it is cut short or holds something else.
    """
    try:
        yield from reader(folder)
    except BadExport:
        raise
    except UNREADABLE as error:
        raise BadExport(f"{folder} holds a file that cannot be read to its end: {error}") from error


def _check(raw: Raw, source: str, number: int) -> Incoming:
    label = int(raw["label"])
    if not 0 <= label <= NOT_A_DIGIT:
        raise ValueError(f"no label: {label}")
    ink = _decode(b64decode(raw["png"])) if "png" in raw else raw["ink"]
    canvas = raw.get("canvas")
    width, height = (float(side) for side in canvas or ink.shape[::-1])
    strokes = validate_strokes(raw["strokes"], width, height) if raw.get("strokes") else None
    created_at = datetime.fromisoformat(raw["created_at"]) if raw.get("created_at") else timezone.now()
    return Incoming(
        uuid.UUID(raw["id"]) if raw.get("id") else uuid.uuid5(NAMESPACE, f"{source} {number}"),
        label,
        int(raw.get("writer", 0)),
        bool(raw.get("is_exam", False)),
        created_at if created_at.tzinfo else timezone.make_aware(created_at),
        Submission(ink, strokes, (width, height) if strokes else None),
    )


def _decode(png: bytes) -> NDArray[np.uint8]:
    check_header(png)
    return decode_stored(png)


def _jsonl(folder: Path) -> Iterator[Raw]:
    file = folder / "drawings.jsonl.gz"
    most, read = _most_bytes(file), 0
    with gzip.open(file, "rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            read += len(line)
            if read > most or (len(line) == LONGEST_LINE and not line.endswith(b"\n")):
                raise BadExport(f"{file.name} unpacks to far more than drawings do: that is no export")
            try:
                raw = json.loads(line)
            except (ValueError, RecursionError):
                raw = None
            yield raw if isinstance(raw, dict) else {}  # no drawing, and counted as such


def _most_bytes(file: Path) -> int:
    return max(LEAST_GROWTH, MOST_GROWTH * file.stat().st_size)


def _npz(folder: Path) -> Iterator[Raw]:
    file = folder / "drawings.npz"
    with ZipFile(file) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > _most_bytes(file):
            raise BadExport(f"{file.name} unpacks to far more than drawings do: that is no export")
    with np.load(file, allow_pickle=False) as arrays:
        names = ("x", "y", "writer", "is_exam", "id")
        for ink, label, writer, is_exam, drawing_id in zip(*(arrays[name] for name in names), strict=True):
            yield {"ink": ink, "label": label, "writer": writer, "is_exam": is_exam, "id": str(drawing_id)}


def _csv(folder: Path) -> Iterator[Raw]:
    with (folder / "drawings.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            pixels = [int(row[f"p{i}"]) for i in range(FRAME * FRAME)]
            ink = np.array(pixels, "uint8").reshape(FRAME, FRAME)
            yield row | {"ink": ink, "is_exam": row["is_exam"] == "1"}


def _idx(folder: Path) -> Iterator[Raw]:
    images = (folder / "drawings-images-idx3-ubyte").open("rb")
    labels = (folder / "drawings-labels-idx1-ubyte").open("rb")
    with images, labels:
        magic, count, height, width = struct.unpack(">IIII", images.read(16))
        if (magic, height, width) != (IMAGES_MAGIC, FRAME, FRAME) or labels.read(8) != struct.pack(
            ">II", LABELS_MAGIC, count
        ):
            raise BadExport("the IDX files are not those of one set of 28 x 28 pictures")
        for _ in range(count):
            ink = np.frombuffer(images.read(FRAME * FRAME), "uint8").reshape(FRAME, FRAME)
            yield {"ink": ink, "label": labels.read(1)[0]}


class _Reader:
    """The champion's answers, which every stored drawing carries."""

    def __init__(self, version: ModelVersion) -> None:
        self.version = version
        self._model = registry.load_model(version)

    def read(self, image: NDArray[np.float32]) -> dict[str, Any]:
        answer = self._model.answer(image)
        return {
            "model_version": self.version,
            "probabilities": answer.probabilities,
            "predicted_label": answer.digit,
            "top_label": answer.likely_digit,
            "confidence": answer.confidence,
            "margin": answer.margin,
        }


def _store(rows: list[Incoming], source: str, model: _Reader, status: str, outcome: Imported) -> int:
    drawings = []
    for row in rows:
        try:
            drawings.append(_drawing(row, source, model, status))
        except InvalidDrawing:
            outcome.refused += 1
    Drawing.objects.bulk_create(drawings)
    is_approved = status == Drawing.Status.APPROVED
    action = LabelEvent.Action.APPROVED if is_approved else LabelEvent.Action.CONFIRMED
    LabelEvent.objects.bulk_create(
        LabelEvent(
            drawing=drawing, actor=LabelEvent.Actor.RULE, action=action, label=drawing.confirmed_label, reason=REASON
        )
        for drawing in drawings
    )
    return len(drawings)


def _drawing(row: Incoming, source: str, model: _Reader, status: str) -> Drawing:
    image = row.submission.image
    width, height = row.submission.canvas or (None, None)
    return Drawing(
        id=row.id,
        contributor=_contributor(row, source),
        created_at=row.created_at,
        png=row.submission.png,
        strokes=row.submission.strokes,
        canvas_width=width,
        canvas_height=height,
        content_hash=content_hash(to_grey(image)),
        preprocessing_version=PREPROCESSING_VERSION,
        confirmed_label=row.label,
        confirmed_at=timezone.now(),
        status=status,
        status_reason=REASON,
        **model.read(image),
    )


def _contributor(row: Incoming, source: str) -> Contributor:
    """The writer of an export is one contributor here, however often it is imported; examined there, examined here."""
    token = uuid.uuid5(NAMESPACE, f"{source} writer {row.writer}")
    return Contributor.objects.get_or_create(token=token, defaults={"is_exam": row.is_exam})[0]

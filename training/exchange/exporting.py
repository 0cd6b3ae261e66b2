"""Drawings out of Digitre: JSON lines with strokes, NPZ, CSV and MNIST's IDX, streamed, with a manifest of hashes.

The JSON lines carry everything; the other formats are for other programs. Contributors leave as numbers of that export: enough
to split by writer, not enough to find anybody.
"""

import csv
import gzip
import hashlib
import json
import struct
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import FRAME, PREPROCESSING_VERSION
from recognizer.imaging.strokes import Strokes
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Campaign, Drawing
from recognizer.submissions import Submission

FORMATS = ("jsonl", "npz", "csv", "idx")
MANIFEST = "manifest.json"
PAGE = 500  # drawings read from the database at a time
IMAGES_MAGIC, LABELS_MAGIC = 0x803, 0x801  # IDX: unsigned bytes in three dimensions and in one (LeCun's MNIST page)


class FileFacts(TypedDict):
    sha256: str
    bytes: int


class Manifest(TypedDict):
    """What stands beside the files, and vouches for them."""

    what: str
    drawings: int
    preprocessing_version: int
    not_a_digit: int
    files: dict[str, FileFacts]


@dataclass(frozen=True)
class Exported:
    """One drawing on its way out. `image` is uint8 (28, 28) as the network sees it."""

    id: str
    label: int
    writer: int
    is_exam: bool
    created_at: str
    image: NDArray[np.uint8]
    png: bytes
    strokes: Strokes | None
    canvas: tuple[float, float] | None


def read_drawings(all_labelled: bool = False, campaign: Campaign | None = None) -> Iterator[Exported]:
    """Yield approved drawings (or all that have a label) by id, a page at a time, of one campaign or of all.

    None that cannot be read.
    """
    drawings = (
        Drawing.objects.exclude(confirmed_label=None, reviewed_label=None)
        if all_labelled
        else Drawing.objects.approved()
    )
    writers: dict[int, int] = {}
    for row in drawings.in_campaign(campaign).select_related("contributor").order_by("id").iterator(chunk_size=PAGE):
        try:
            submission = Submission.stored(row)
            seen = to_grey(submission.image)
        except InvalidDrawing:  # stored by an older release with other rules
            continue
        assert row.label is not None  # approved, or chosen for its label
        yield Exported(
            str(row.pk),
            row.label,
            writers.setdefault(row.contributor_id, len(writers)),
            row.contributor.is_exam,
            row.created_at.isoformat(),
            seen,
            bytes(row.png),
            row.strokes,
            submission.canvas,
        )


def export_drawings(folder: Path, formats: tuple[str, ...], drawings: Iterable[Exported]) -> Manifest:
    """Write drawings into a new folder, each format as it streams by, and a manifest with each file's SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    writers = [WRITERS[name](folder) for name in formats]
    count = 0
    for drawing in drawings:
        for writer in writers:
            writer.add(drawing)
        count += 1
    for writer in writers:
        writer.close(count)
    files = {path.name: path for writer in writers for path in writer.paths}
    manifest: Manifest = {
        "what": "Digitre drawings",
        "drawings": count,
        "preprocessing_version": PREPROCESSING_VERSION,
        "not_a_digit": NOT_A_DIGIT,
        "files": {name: {"sha256": file_sha256(path), "bytes": path.stat().st_size} for name, path in files.items()},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class JsonLines:
    """Everything, one drawing a line: id, label, writer, is_exam, created_at, png (base64), strokes, canvas."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "drawings.jsonl.gz"]
        # no name and no time in the gzip header: the same drawings give the same bytes
        self._raw = self.paths[0].open("wb")
        self._file = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0)

    def add(self, drawing: Exported) -> None:
        line = {
            "id": drawing.id,
            "label": drawing.label,
            "writer": drawing.writer,
            "is_exam": drawing.is_exam,
            "created_at": drawing.created_at,
            "png": b64encode(drawing.png).decode(),
            "strokes": drawing.strokes,
            "canvas": drawing.canvas,
        }
        self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def close(self, count: int) -> None:
        self._file.close()
        self._raw.close()


class Csv:
    """id, label, writer, is_exam, created_at, then 784 grey levels."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "drawings.csv"]
        self._file = self.paths[0].open("w", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(["id", "label", "writer", "is_exam", "created_at", *(f"p{i}" for i in range(FRAME * FRAME))])

    def add(self, drawing: Exported) -> None:
        facts = [drawing.id, drawing.label, drawing.writer, int(drawing.is_exam), drawing.created_at]
        self._csv.writerow([*facts, *drawing.image.ravel().tolist()])

    def close(self, count: int) -> None:
        self._file.close()


class Idx:
    """MNIST's own two files: images and labels, their counts filled in at the end."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "drawings-images-idx3-ubyte", folder / "drawings-labels-idx1-ubyte"]
        self._images, self._labels = (path.open("wb") for path in self.paths)
        self._write_headers(0)

    def _write_headers(self, count: int) -> None:
        self._images.seek(0)
        self._images.write(struct.pack(">IIII", IMAGES_MAGIC, count, FRAME, FRAME))
        self._labels.seek(0)
        self._labels.write(struct.pack(">II", LABELS_MAGIC, count))

    def add(self, drawing: Exported) -> None:
        self._images.write(drawing.image.tobytes())
        self._labels.write(bytes([drawing.label]))

    def close(self, count: int) -> None:
        self._write_headers(count)
        self._images.close()
        self._labels.close()


class Npz:
    """x (N, 28, 28) uint8, y (N,), writer (N,), is_exam (N,), id (N,): pictures pass through a file, not through memory."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / "drawings.npz"]
        self._spool = folder / "drawings.npz.partial"
        self._pictures = self._spool.open("wb")
        self._facts: list[tuple[int, int, bool, str]] = []

    def add(self, drawing: Exported) -> None:
        self._pictures.write(drawing.image.tobytes())
        self._facts.append((drawing.label, drawing.writer, drawing.is_exam, drawing.id))

    def close(self, count: int) -> None:
        self._pictures.close()
        labels, writers, exams, ids = zip(*self._facts, strict=True) if self._facts else ((), (), (), ())
        columns = {
            "y": np.array(labels, "uint8"),
            "writer": np.array(writers, "int32"),
            "is_exam": np.array(exams, bool),
            "id": np.array(ids, "U36"),
        }
        with zipfile.ZipFile(self.paths[0], "w", zipfile.ZIP_DEFLATED) as archive:
            self._copy_pictures(archive, count)
            for name, values in columns.items():
                with archive.open(_entry(name), "w") as member:
                    npy.write_array(member, values, allow_pickle=False)
        self._spool.unlink()

    def _copy_pictures(self, archive: zipfile.ZipFile, count: int) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, FRAME, FRAME)}
        with archive.open(_entry("x"), "w", force_zip64=True) as member, self._spool.open("rb") as pictures:
            npy.write_array_header_1_0(member, header)
            while block := pictures.read(1 << 20):
                member.write(block)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(
        f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)
    )  # no clock: the same drawings, the same bytes
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


WRITERS: dict[str, type[JsonLines] | type[Npz] | type[Csv] | type[Idx]] = {
    "jsonl": JsonLines,
    "npz": Npz,
    "csv": Csv,
    "idx": Idx,
}

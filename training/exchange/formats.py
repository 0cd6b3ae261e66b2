"""The files that drawings leave in, each written as the drawings stream by; no rows.

Everything: JSON lines here, Parquet in `parquet`. For other programs: Kaggle's CSV and MNIST's IDX (digits alone: their
readers know no eleventh class), NPZ, and PNG files in a folder for each class.
"""

import csv
import gzip
import io
import json
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from recognizer.imaging.preprocessing import FRAME
from recognizer.labels import NOT_A_DIGIT
from training.exchange.records import Record

IMAGES_MAGIC, LABELS_MAGIC = 0x803, 0x801  # IDX: unsigned bytes in three dimensions and in one (LeCun's MNIST page)
NOT_A_DIGIT_FOLDER = "not_a_digit"
CSV_HEADER = ["label", *(f"pixel{i}" for i in range(FRAME * FRAME))]  # as Kaggle's "Digit Recognizer"
AT_ONCE = 1 << 16  # bytes handed on together when a file is streamed
BLOCK = 1 << 20  # bytes copied at a time


class Writer(Protocol):
    """One format. `count` drawings were written; `paths` are its files, relative to the folder."""

    paths: list[str]
    count: int

    def add(self, record: Record) -> None: ...
    def close(self) -> None: ...


def as_digit(record: Record) -> tuple[int, NDArray[np.uint8]] | None:
    """Return label and picture of what a reader of ten classes can take, else None."""
    return None if record.label == NOT_A_DIGIT else as_labelled(record)


def as_labelled(record: Record) -> tuple[int, NDArray[np.uint8]] | None:
    if record.label is None or record.image is None:
        return None
    return record.label, record.image


class JsonLines:
    """Everything, one drawing a line, compressed."""

    def __init__(self, file: IO[bytes]) -> None:
        self.paths, self.count, self._raw = ["drawings.jsonl.gz"], 0, file
        # no name and no time in the gzip header: the same drawings give the same bytes
        self._file = gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0)

    def add(self, record: Record) -> None:
        self._file.write(json.dumps(record.line, separators=(",", ":")).encode() + b"\n")
        self.count += 1

    def close(self) -> None:
        self._file.close()
        self._raw.close()


class KaggleCsv:
    """label, pixel0 ... pixel783: as Kaggle's file, 255 = full ink."""

    def __init__(self, file: IO[bytes]) -> None:
        self.paths, self.count = ["drawings.csv"], 0
        self._file = io.TextIOWrapper(file, "ascii", newline="", write_through=True)
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(CSV_HEADER)

    def add(self, record: Record) -> None:
        if digit := as_digit(record):
            label, image = digit
            self._csv.writerow([label, *image.ravel().tolist()])
            self.count += 1

    def close(self) -> None:
        self._file.close()


class Idx:
    """MNIST's own two files: images and labels, their counts filled in at the end."""

    def __init__(self, folder: Path) -> None:
        self.paths, self.count = ["drawings-images-idx3-ubyte", "drawings-labels-idx1-ubyte"], 0
        self._images, self._labels = ((folder / name).open("wb") for name in self.paths)
        self._write_headers()

    def _write_headers(self) -> None:
        self._images.seek(0)
        self._images.write(struct.pack(">IIII", IMAGES_MAGIC, self.count, FRAME, FRAME))
        self._labels.seek(0)
        self._labels.write(struct.pack(">II", LABELS_MAGIC, self.count))

    def add(self, record: Record) -> None:
        if digit := as_digit(record):
            label, image = digit
            self._images.write(image.tobytes())
            self._labels.write(bytes([label]))
            self.count += 1

    def close(self) -> None:
        self._write_headers()
        self._images.close()
        self._labels.close()


class Npz:
    """x (N, 28, 28) uint8, y (N,) where 10 is no digit, writer (N,), is_exam (N,), id (N,), status (N,).

    All columns pass through files, none through memory.
    """

    COLUMNS = {"x": "|u1", "y": "|u1", "writer": "<i4", "is_exam": "|b1", "id": "<U36", "status": "<U12"}

    def __init__(self, folder: Path) -> None:
        self.paths, self.count, self._path = ["drawings.npz"], 0, folder / "drawings.npz"
        self._spools = {name: tempfile.TemporaryFile(dir=folder) for name in self.COLUMNS}  # noqa: SIM115  until close

    def add(self, record: Record) -> None:
        if not (labelled := as_labelled(record)):
            return
        label, image = labelled
        line = record.line
        values = {"y": label, "writer": line["writer"], "is_exam": line["is_exam"], "id": line["id"]}
        self._spools["x"].write(image.tobytes())
        for name, value in (values | {"status": line["status"]}).items():
            self._spools[name].write(np.array(value, self.COLUMNS[name]).tobytes())
        self.count += 1

    def close(self) -> None:
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, kind in self.COLUMNS.items():
                shape = (self.count, FRAME, FRAME) if name == "x" else (self.count,)
                spool = self._spools[name]
                spool.seek(0)
                with archive.open(entry(f"{name}.npy"), "w", force_zip64=True) as member:
                    npy.write_array_header_1_0(member, {"descr": kind, "fortran_order": False, "shape": shape})
                    shutil.copyfileobj(spool, member, BLOCK)
                spool.close()


class PngFolders:
    """The pictures as they were drawn, black on white, each in its class's folder under its id."""

    def __init__(self, folder: Path) -> None:
        self.paths, self.count, self._folder = ["png"], 0, folder / "png"
        self._folder.mkdir()

    def add(self, record: Record) -> None:
        if record.label is not None:
            path = self._folder / png_name(record)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(record.png)
            self.count += 1

    def close(self) -> None:
        pass


class PngZip:
    """The same folders in one archive."""

    def __init__(self, file: IO[bytes]) -> None:
        self.paths, self.count, self._raw = ["drawings-png.zip"], 0, file
        self._archive = zipfile.ZipFile(file, "w")

    def add(self, record: Record) -> None:
        if record.label is not None:
            self._archive.writestr(entry(png_name(record), zipfile.ZIP_STORED), record.png)  # compressed as it is
            self.count += 1

    def close(self) -> None:
        self._archive.close()
        self._raw.close()


def png_name(record: Record) -> str:
    folder = NOT_A_DIGIT_FOLDER if record.label == NOT_A_DIGIT else str(record.label)
    return f"{folder}/{record.line['id']}.png"


def entry(name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # no clock: the same drawings, the same bytes
    made.compress_type = compression
    return made


# streaming


class Outlet(io.RawIOBase):
    """A file that nobody keeps: what is written waits until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def]  # whatever has bytes, as io's own
        part = bytes(data)
        self._parts.append(part)
        self.waiting += len(part)
        return len(part)

    def close(self) -> None:
        """Stay open for what is still to be taken."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        self.waiting = 0
        return taken


STREAMED: dict[str, type[JsonLines] | type[KaggleCsv] | type[PngZip]] = {
    "jsonl": JsonLines,
    "csv": KaggleCsv,
    "png": PngZip,
}


def stream(name: str, records: Iterable[Record]) -> Iterator[bytes]:
    """Write one of the STREAMED formats piece by piece: what has been handed on is kept nowhere."""
    outlet = Outlet()
    writer = STREAMED[name](outlet)  # type: ignore[arg-type]  # all that they ask of a file
    for record in records:
        writer.add(record)
        if outlet.waiting >= AT_ONCE:
            yield outlet.take()
    writer.close()
    yield outlet.take()

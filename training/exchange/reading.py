"""How files of strangers are opened: every limit of an import stands here, and no reader opens a file by itself.

A file may be cut short, be a bomb that unpacks to terabytes, hold one line without an end, lists in lists in lists, or
Python objects. Whatever it is, memory stays bounded by one line or one picture, and what comes of it is a BadExport that
names the file.
"""

import csv
import gzip
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

LONGEST_LINE = 4 << 20  # bytes; a drawing of 4,096 points with its picture and a hundred events has 0.4 MB
LARGEST_DOCUMENT = 64 << 20  # bytes of one XML or UNIPEN file, which is read as a whole
LARGEST_UNPACKED = 64 << 30  # bytes of one packed file: twenty million drawings
BLOWN_UP = 1100  # times its packed size; gzip's own limit is 1,032, and blank pictures come near it
LARGEST_SIDE = 1024  # pixels
LARGEST_TREE = 5_000_000  # files in a folder of pictures
NPY_HEADER = 10_000  # characters, as NumPy's own limit
PICTURE_FILES, IDX_IMAGES, IDX_LABELS = (".png",), 0x803, 0x801

# What readers raise where a file is cut short, is of another kind, or holds words where numbers belong
UNREADABLE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, OverflowError, RecursionError, NotImplementedError),
    *(struct.error, zlib.error, csv.Error, zipfile.BadZipFile, ElementTree.ParseError, SyntaxError),
)


class BadExport(ValueError):
    """It cannot be imported; the message names the file, and the place in it where there is one."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of whatever goes wrong in which file it did.

    Raises:
        BadExport: the file is damaged, cut short, or of another kind than it seems.
    """
    try:
        yield
    except BadExport:
        raise
    except UNREADABLE as error:
        raise BadExport(f"{path.name} cannot be read to its end: {error}") from error


class Bounded:
    """A file that counts what it hands out, and stops where a small file would become an endless one."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile, path: Path) -> None:
        self._file, self._path, self.count = file, path, 0
        self._most = min(LARGEST_UNPACKED, 1 << 20 | path.stat().st_size * BLOWN_UP)

    def read(self, size: int) -> bytes:
        return self._counted(self._file.read(size))

    def exactly(self, size: int) -> bytes:
        """Read so many bytes, or raise EOFError."""
        content = self.read(size)
        if len(content) < size:
            raise EOFError("it is cut short")
        return content

    def readline(self) -> bytes:
        line = self._counted(self._file.readline(LONGEST_LINE + 1))
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a line has more than {LONGEST_LINE >> 20} MB")
        return line

    def _counted(self, content: bytes) -> bytes:
        self.count += len(content)
        if self.count > self._most:
            raise ValueError(f"it unpacks to more than {self._most >> 20} MB")
        return content


@contextmanager
def opened(path: Path) -> Iterator[Bounded]:
    """Open a file, unpacked where its name ends with .gz."""
    with reading(path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield Bounded(file, path)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file with their numbers, from 1."""
    with opened(path) as file:
        number = 0
        while line := file.readline():
            number += 1
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")


def document(path: Path) -> str:
    """Read a text of bounded size as a whole."""
    with opened(path) as file:
        content = file.read(LARGEST_DOCUMENT + 1)
        if len(content) > LARGEST_DOCUMENT:
            raise ValueError(f"it has more than {LARGEST_DOCUMENT >> 20} MB")
        return content.decode("utf-8-sig", "replace")


def json_of(text: str) -> Any:
    """Parse JSON of strangers.

    Raises:
        ValueError: it is none, or lies deeper than Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("lists in lists without an end") from error


def xml_of(path: Path) -> ElementTree.Element:
    """Parse XML that defines nothing: entities could unpack without an end, or name other files."""
    text = document(path)
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise BadExport(f"{path.name} defines entities of its own, which no drawing needs")
    with reading(path):
        return ElementTree.fromstring(text)  # noqa: S314  without a DTD there is nothing to expand


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file that are not empty, with the numbers of their lines."""
    with reading(path):
        rows = csv.reader(line for _, line in lines(path))
        for row in rows:
            if row:
                yield rows.line_num, row


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures in a folder and below it, in order; no links are followed.

    Raises:
        BadExport: there are too many.
    """
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.suffix.lower() in PICTURE_FILES and path.is_file() and not path.is_symlink():
            found.append(path)
        if len(found) > LARGEST_TREE:
            raise BadExport(f"{folder.name} holds more than {LARGEST_TREE:,} pictures")
    return sorted(found)


# MNIST's IDX


def idx_images(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of an IDX file: uint8 (H, W)."""
    with opened(path) as file:
        magic, count, height, width = struct.unpack(">IIII", file.exactly(16))
        if magic != IDX_IMAGES or not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
            raise BadExport(f"{path.name} is no IDX file of pictures in bytes")
        for _ in range(count):
            yield np.frombuffer(file.exactly(height * width), "uint8").reshape(height, width)
        if file.read(1):
            raise BadExport(f"{path.name} holds more than the {count} pictures that it names")


def idx_labels(path: Path) -> Iterator[int]:
    with opened(path) as file:
        magic, count = struct.unpack(">II", file.exactly(8))
        if magic != IDX_LABELS:
            raise BadExport(f"{path.name} is no IDX file of labels in bytes")
        for _ in range(count):
            yield file.exactly(1)[0]
        if file.read(1):
            raise BadExport(f"{path.name} holds more than the {count} labels that it names")


# NumPy's NPZ


@dataclass(frozen=True)
class Column:
    """One array in an NPZ file, read row by row."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def rows(self) -> Iterator[Any]:
        """Yield its rows: an array each, or a number where it has one dimension."""
        row_shape = self.shape[1:]
        size = int(np.prod(row_shape, dtype="int64")) * self.dtype.itemsize
        with reading(self.path), zipfile.ZipFile(self.path) as archive, archive.open(self.name + ".npy") as member:
            _npy_header(member)
            for _ in range(self.shape[0]):
                content = member.read(size)
                if len(content) < size:
                    raise EOFError("it is cut short")
                row = np.frombuffer(content, self.dtype).reshape(row_shape)
                yield row if row_shape else row[()]


def npz_columns(path: Path) -> dict[str, Column]:
    """Return the arrays of an NPZ file by their names.

    Raises:
        BadExport: one holds Python objects, rows that are too large, or lies in Fortran's order.
    """
    with reading(path), zipfile.ZipFile(path) as archive:
        found = {}
        for name in archive.namelist():
            if not name.endswith(".npy"):
                continue
            with archive.open(name) as member:
                shape, fortran, dtype = _npy_header(member)
            row = int(np.prod(shape[1:], dtype="float64")) * dtype.itemsize
            if dtype.hasobject:
                raise BadExport(f"{path.name}: {name} holds Python objects, which would have to be unpickled")
            if fortran and len(shape) > 1:
                raise BadExport(f"{path.name}: {name} lies in Fortran's order; save it with numpy.ascontiguousarray")
            if row > LARGEST_SIDE * LARGEST_SIDE * 8:
                raise BadExport(f"{path.name}: a row of {name} has {row} bytes")
            if shape:
                found[name.removesuffix(".npy")] = Column(path, name.removesuffix(".npy"), shape, dtype)
        return found


def _npy_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(member)
    read: Callable[..., Any] = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(member, max_header_size=NPY_HEADER)
    return shape, fortran, dtype

"""A backup as a file: JSON lines in gzip, of no database's own dialect, closed by a SHA-256 of all that stands before.

    {"digitre_backup": 1, "release": "1.0.0", "made_at": "...", "migrations": {"recognizer": "0005_prototypes", ...}}
    {"table": "recognizer.Contributor", "columns": ["id", "token", ...], "last_id": 17}
    [1, "0d5c...", ...]                                       one row a line, its values in the order of the columns
    ...
    {"sha256": "...", "rows": 12345}

A file that was cut short, or changed by an accident, has no such last line, and nothing of it is believed.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

FORMAT = 1
PACKING = 6  # gzip's level: pictures and models are packed already, rows are small


class BadBackup(ValueError):
    """The file is no backup, or is not whole; the message says which."""


@dataclass(frozen=True)
class Header:
    """What a backup says of itself. `migrations`: the last one of each app, as the database had it."""

    release: str
    made_at: str
    migrations: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A model's table. `last_id`: the highest number it ever gave to a row; None where its keys are no numbers."""

    model: str
    columns: list[str]
    last_id: int | None


class BackupWriter:
    """Writes header, tables and rows in the order they are given; `close` makes it a backup."""

    def __init__(self, raw: IO[bytes], header: Header) -> None:
        self.rows = 0
        self._file = gzip.GzipFile("", "wb", PACKING, raw, mtime=0)
        self._digest = hashlib.sha256()
        self._write({"digitre_backup": FORMAT} | vars(header))

    def begin_table(self, table: Table) -> None:
        self._write({"table": table.model, "columns": table.columns, "last_id": table.last_id})

    def add_row(self, values: list[Any]) -> None:
        self._write(values)
        self.rows += 1

    def close(self) -> None:
        self._write({"sha256": self._digest.hexdigest(), "rows": self.rows})
        self._file.close()

    def _write(self, line: object) -> None:
        data = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        self._digest.update(data)
        self._file.write(data)


def check(path: Path) -> tuple[Header, int]:
    """Read a backup from its first byte to its last. Returns its header and the number of its rows.

    Raises:
        BadBackup: it is none, of a later format, or not as it was written.
    """
    digest, lines = hashlib.sha256(), _lines(path)
    first = next(lines, b"")
    header = _header(first)
    before = first
    for line in lines:
        digest.update(before)
        before = line
    last = _parse(before)
    if not isinstance(last, dict) or "sha256" not in last:
        raise BadBackup(f"{path} is not whole: its last line is missing.")
    if last["sha256"] != digest.hexdigest():
        raise BadBackup(f"{path} is not as it was written: its SHA-256 is another.")
    return header, last["rows"]


def read(path: Path) -> Iterator[Table | list[Any]]:
    """Give each table and after it its rows, of a file that `check` found sound."""
    lines = _lines(path)
    next(lines)
    for line in lines:
        parsed = _parse(line)
        if isinstance(parsed, list):
            yield parsed
        elif "table" in parsed:
            yield Table(parsed["table"], parsed["columns"], parsed["last_id"])


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise BadBackup(f"{path} cannot be read: {error}") from error


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise BadBackup("This is no backup of Digitre: a line of it is not JSON.") from error


def _header(line: bytes) -> Header:
    parsed = _parse(line)
    if not isinstance(parsed, dict) or "digitre_backup" not in parsed:
        raise BadBackup("This is no backup of Digitre.")
    if parsed["digitre_backup"] != FORMAT:
        raise BadBackup("A later release of Digitre made this backup; restore it with that one.")
    return Header(parsed["release"], parsed["made_at"], parsed["migrations"])

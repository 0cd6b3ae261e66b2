"""Drawings out of Digitre: any of the formats into one folder, in one pass, with a manifest of hashes.

JSON lines and Parquet carry everything and come back as they were; the other formats are for other programs.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypedDict

from django.utils import timezone

from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.labels import NOT_A_DIGIT
from training.exchange.descriptions import Tally, describe
from training.exchange.formats import Idx, JsonLines, KaggleCsv, Npz, PngFolders, Writer
from training.exchange.parquet import Parquet
from training.exchange.records import Record

MANIFEST = "manifest.json"
WRITERS: dict[str, Callable[[Path], Writer]] = {
    "jsonl": lambda folder: JsonLines((folder / "drawings.jsonl.gz").open("wb")),
    "parquet": Parquet,
    "npz": Npz,
    "csv": lambda folder: KaggleCsv((folder / "drawings.csv").open("wb")),
    "idx": Idx,
    "png": PngFolders,
}
FORMATS = tuple(WRITERS)


class FileFacts(TypedDict):
    sha256: str
    bytes: int
    drawings: int


class Manifest(TypedDict):
    """What stands beside the files, and vouches for them. `drawings` left; a file may hold fewer, see its own number."""

    what: str
    drawings: int
    preprocessing_version: int
    not_a_digit: int
    files: dict[str, FileFacts]


def export_drawings(folder: Path, formats: tuple[str, ...], drawings: Iterable[Record]) -> Manifest:
    """Write drawings into a new folder, each format as it streams by, with what describes them and each file's SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    writers = [WRITERS[name](folder) for name in formats]
    tally = Tally()
    for record in drawings:
        tally.add(record)
        for writer in writers:
            writer.add(record)
    for writer in writers:
        writer.close()
    files = {name: facts_of(folder / name, writer.count) for writer in writers for name in writer.paths}
    for name, text in describe(tally, dict(files), timezone.now()).items():
        (folder / name).write_text(text)
    manifest: Manifest = {
        "what": "Digitre drawings",
        "drawings": tally.drawings,
        "preprocessing_version": PREPROCESSING_VERSION,
        "not_a_digit": NOT_A_DIGIT,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def facts_of(path: Path, drawings: int) -> FileFacts:
    parts = sorted(path.rglob("*.png")) if path.is_dir() else [path]
    return {"sha256": file_sha256(path), "bytes": sum(part.stat().st_size for part in parts), "drawings": drawings}


def file_sha256(path: Path) -> str:
    """Hash a file; a folder of pictures by the names and hashes of what is in it, in their order."""
    if path.is_dir():
        whole = hashlib.sha256()
        for part in sorted(path.rglob("*.png")):
            whole.update(f"{file_sha256(part)}  {part.relative_to(path).as_posix()}\n".encode())
        return whole.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What each format's files hold, byte by byte; no database."""

import csv
import gzip
import hashlib
import io
import json
import struct
import zipfile
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.imaging.decoding import encode_png
from recognizer.labels import NOT_A_DIGIT
from tests.support.records import INK, make_record
from training.exchange import formats
from training.exchange.exporting import FORMATS, MANIFEST, export_drawings, facts_of, file_sha256
from training.exchange.records import Record

DIGITS = [make_record(0), make_record(1, is_exam=True, strokes=None, canvas=None)]
NO_DIGIT = make_record(2, label=NOT_A_DIGIT)
NO_LABEL = make_record(3, label=None, status="unconfirmed")
UNREADABLE = Record(NO_DIGIT.line | {"label": 5, "strokes": None}, encode_png(np.zeros((40, 40), "uint8")))
ALL = [*DIGITS, NO_DIGIT, NO_LABEL, UNREADABLE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export_drawings(tmp_path / "a" / "new", tuple(name for name in FORMATS if name != "parquet"), iter(ALL))
    return tmp_path / "a" / "new"


def image_of(record: Record) -> Any:
    assert record.image is not None
    return record.image


def test_the_manifest_vouches_for_each_file_and_says_how_many_drawings_it_holds(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    assert {key: manifest[key] for key in ("what", "drawings", "preprocessing_version", "not_a_digit")} == {
        "what": "Digitre drawings",
        "drawings": 5,
        "preprocessing_version": 2,
        "not_a_digit": 10,
    }
    held = {name: facts["drawings"] for name, facts in manifest["files"].items()}
    assert held == {
        "drawings.jsonl.gz": 5,
        "drawings.npz": 3,
        "drawings.csv": 2,
        "drawings-images-idx3-ubyte": 2,
        "drawings-labels-idx1-ubyte": 2,
        "png": 4,
    }
    for name in set(held) - {"png"}:
        content = (folder / name).read_bytes()
        facts = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "drawings": held[name]}
        assert manifest["files"][name] == facts
    described = {"DATASHEET.md", "croissant.json", "CITATION.cff", MANIFEST}
    assert {path.name for path in folder.iterdir()} == set(held) | described  # and nothing half-made


def test_a_folder_of_pictures_is_vouched_for_by_each_of_them(folder: Path) -> None:
    before = facts_of(folder / "png", 4)
    victim = next((folder / "png").rglob("*.png"))
    assert before["bytes"] == 4 * victim.stat().st_size or before["bytes"] > victim.stat().st_size
    victim.rename(victim.with_name("other.png"))
    assert file_sha256(folder / "png") != before["sha256"]


def test_json_lines_carry_everything(folder: Path) -> None:
    content = (folder / "drawings.jsonl.gz").read_bytes()
    lines = gzip.decompress(content).decode().splitlines()
    assert [json.loads(line) for line in lines] == [record.line for record in ALL]
    assert b64decode(json.loads(lines[0])["png"]) == DIGITS[0].png
    assert ", " not in lines[0]
    assert content[3:8] == bytes(5)  # neither a name nor a time in the header


def test_csv_is_kaggles(folder: Path) -> None:
    with (folder / "drawings.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["label", *(f"pixel{pixel}" for pixel in range(784))]
    assert [row[0] for row in rows] == ["3", "4"]
    for row, record in zip(rows, DIGITS, strict=True):
        assert [int(value) for value in row[1:]] == image_of(record).ravel().tolist()


def test_idx_is_mnists_own_and_knows_ten_classes(folder: Path) -> None:
    images = (folder / "drawings-images-idx3-ubyte").read_bytes()
    assert images[:16] == struct.pack(">IIII", 0x00000803, 2, 28, 28)
    assert images[16:] == b"".join(image_of(record).tobytes() for record in DIGITS)
    assert (folder / "drawings-labels-idx1-ubyte").read_bytes() == struct.pack(">II", 0x00000801, 2) + bytes([3, 4])


def test_npz_has_six_columns(folder: Path) -> None:
    labelled = [*DIGITS, NO_DIGIT]
    with np.load(folder / "drawings.npz", allow_pickle=False) as arrays:
        kinds = {name: str(arrays[name].dtype) for name in arrays}
        assert kinds == {
            "x": "uint8",
            "y": "uint8",
            "writer": "int32",
            "is_exam": "bool",
            "id": "<U36",
            "status": "<U12",
        }
        np.testing.assert_array_equal(arrays["x"], np.stack([image_of(record) for record in labelled]))
        assert arrays["y"].tolist() == [3, 4, NOT_A_DIGIT]
        assert arrays["writer"].tolist() == [0, 10, 20]
        assert arrays["is_exam"].tolist() == [False, True, False]
        assert arrays["id"].tolist() == [record.line["id"] for record in labelled]
        assert arrays["status"].tolist() == ["approved"] * 3
    with zipfile.ZipFile(folder / "drawings.npz") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.compress_type == zipfile.ZIP_DEFLATED


def test_pictures_lie_in_a_folder_for_each_class(folder: Path) -> None:
    found = {path.relative_to(folder / "png").as_posix() for path in (folder / "png").rglob("*.png")}
    names = [record.line["id"] for record in (*DIGITS, NO_DIGIT, UNREADABLE)]
    assert found == {f"3/{names[0]}.png", f"4/{names[1]}.png", f"not_a_digit/{names[2]}.png", f"5/{names[3]}.png"}
    assert (folder / "png" / f"3/{names[0]}.png").read_bytes() == encode_png(INK)


def test_no_drawings_are_an_export_of_nothing(tmp_path: Path) -> None:
    manifest = export_drawings(tmp_path, FORMATS, iter(()))
    assert manifest["drawings"] == 0
    with np.load(tmp_path / "drawings.npz", allow_pickle=False) as arrays:
        assert arrays["x"].shape == (0, 28, 28)
        assert arrays["y"].shape == (0,)
    assert gzip.decompress((tmp_path / "drawings.jsonl.gz").read_bytes()) == b""
    assert (tmp_path / "drawings-labels-idx1-ubyte").read_bytes() == struct.pack(">II", 0x801, 0)


@pytest.mark.parametrize("name", ["jsonl", "csv", "png"])
def test_a_streamed_file_is_the_one_that_is_written(name: str, folder: Path) -> None:
    content = b"".join(formats.stream(name, iter(ALL)))
    if name == "png":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            pictures = {f"png/{one.filename}": archive.read(one) for one in archive.infolist()}
        there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "png").rglob("*.png")}
        assert pictures == there
    else:
        written = next(path for path in folder.iterdir() if path.name.startswith(f"drawings.{name}"))
        assert content == written.read_bytes()


def test_streaming_keeps_nothing_that_was_handed_on() -> None:
    pieces = list(formats.stream("png", (make_record(number % 7, id=f"{number:036d}") for number in range(1500))))
    assert len(pieces) > 2
    assert max(map(len, pieces[:-1])) < 2 * formats.AT_ONCE


def test_the_same_drawings_give_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    again = export_drawings(tmp_path / "b", tuple(name for name in FORMATS if name != "parquet"), iter(ALL))
    assert json.loads((folder / MANIFEST).read_text()) == again

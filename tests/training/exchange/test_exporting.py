"""What each format's files hold, byte by byte; no database."""

import csv
import gzip
import hashlib
import json
import struct
import zipfile
from base64 import b64decode
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from training.exchange.exporting import FORMATS, MANIFEST, Exported, export_drawings, file_sha256

ID = "6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a3"


def exported(number: int, *, is_exam: bool = False, strokes: bool = True) -> Exported:
    image = (np.arange(784) * (number + 1)).astype("uint8").reshape(28, 28)
    path = [[[1.0, 2.0, 0.0], [3.0, 4.0, 9.0]]] if strokes else None
    return Exported(
        id=f"{ID}{number}",
        label=3 + number,
        writer=10 * number,
        is_exam=is_exam,
        created_at=f"2026-11-26T10:00:0{number}+00:00",
        image=image,
        png=b"\x89PNG" + bytes([number]),
        strokes=path,
        canvas=(280.0, 270.0) if strokes else None,
    )


DRAWINGS = [exported(0), exported(1, is_exam=True, strokes=False), exported(2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export_drawings(tmp_path / "a" / "new", FORMATS, iter(DRAWINGS))
    return tmp_path / "a" / "new"


def test_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    manifest = export_drawings(tmp_path, FORMATS, iter(DRAWINGS))
    text = (tmp_path / MANIFEST).read_text()
    assert text == json.dumps(manifest, indent=1) + "\n"
    files = manifest["files"]
    assert manifest == {
        "what": "Digitre drawings",
        "drawings": 3,
        "preprocessing_version": 2,
        "not_a_digit": 10,
        "files": files,
    }
    assert list(files) == [
        "drawings.jsonl.gz",
        "drawings.npz",
        "drawings.csv",
        "drawings-images-idx3-ubyte",
        "drawings-labels-idx1-ubyte",
    ]
    assert sorted([*files, MANIFEST]) == sorted(path.name for path in tmp_path.iterdir())  # and nothing half-made
    for name, facts in files.items():
        content = (tmp_path / name).read_bytes()
        assert facts == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        assert file_sha256(tmp_path / name) == facts["sha256"]


def test_json_lines_carry_everything(folder: Path) -> None:
    content = (folder / "drawings.jsonl.gz").read_bytes()
    lines = gzip.decompress(content).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "id": drawing.id,
            "label": drawing.label,
            "writer": drawing.writer,
            "is_exam": drawing.is_exam,
            "created_at": drawing.created_at,
            "png": json.loads(line)["png"],
            "strokes": drawing.strokes,
            "canvas": list(drawing.canvas) if drawing.canvas else None,
        }
        for drawing, line in zip(DRAWINGS, lines, strict=True)
    ]
    assert [b64decode(json.loads(line)["png"]) for line in lines] == [drawing.png for drawing in DRAWINGS]
    assert ", " not in lines[0]
    assert content[3:8] == bytes(5)  # neither a name nor a time in the header


def test_csv_is_a_row_of_pixels(folder: Path) -> None:
    with (folder / "drawings.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["id", "label", "writer", "is_exam", "created_at", *(f"p{pixel}" for pixel in range(784))]
    for row, drawing in zip(rows, DRAWINGS, strict=True):
        assert row[:5] == [
            drawing.id,
            str(drawing.label),
            str(drawing.writer),
            str(int(drawing.is_exam)),
            drawing.created_at,
        ]
        assert [int(value) for value in row[5:]] == drawing.image.ravel().tolist()


def test_idx_is_mnists_own(folder: Path) -> None:
    images = (folder / "drawings-images-idx3-ubyte").read_bytes()
    assert images[:16] == struct.pack(">IIII", 0x00000803, 3, 28, 28)
    assert images[16:] == b"".join(drawing.image.tobytes() for drawing in DRAWINGS)
    assert (folder / "drawings-labels-idx1-ubyte").read_bytes() == struct.pack(">II", 0x00000801, 3) + bytes([3, 4, 5])


def test_npz_has_five_columns(folder: Path) -> None:
    with np.load(folder / "drawings.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["id", "is_exam", "writer", "x", "y"]
        kinds = [arrays[name].dtype for name in ("x", "y", "writer", "is_exam", "id")]
        assert kinds == ["uint8", "uint8", "int32", "bool", "<U36"]
        np.testing.assert_array_equal(arrays["x"], np.stack([drawing.image for drawing in DRAWINGS]))
        assert arrays["y"].tolist() == [3, 4, 5]
        assert arrays["writer"].tolist() == [0, 10, 20]
        assert arrays["is_exam"].tolist() == [False, True, False]
        assert arrays["id"].tolist() == [drawing.id for drawing in DRAWINGS]
    with zipfile.ZipFile(folder / "drawings.npz") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.compress_type == zipfile.ZIP_DEFLATED


def test_more_pictures_than_are_copied_at_once_come_through(tmp_path: Path) -> None:
    many = [exported(number % 5) for number in range(1400)]  # 1.05 MiB of pixels, and a MiB is copied at a time
    export_drawings(tmp_path, ("npz",), iter(many))
    with np.load(tmp_path / "drawings.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["x"], np.stack([drawing.image for drawing in many]))


def test_no_drawings_are_an_export_of_nothing(tmp_path: Path) -> None:
    assert export_drawings(tmp_path, FORMATS, iter(()))["drawings"] == 0
    with np.load(tmp_path / "drawings.npz", allow_pickle=False) as arrays:
        assert arrays["x"].shape == (0, 28, 28)
        assert arrays["y"].shape == (0,)
    assert gzip.decompress((tmp_path / "drawings.jsonl.gz").read_bytes()) == b""
    assert (tmp_path / "drawings-labels-idx1-ubyte").read_bytes() == struct.pack(">II", 0x801, 0)


def test_a_drawing_on_its_way_out_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DRAWINGS[0].label = 7  # type: ignore[misc]  # what is tried

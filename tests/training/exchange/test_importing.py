"""What is read of an export's files and what is refused, before anything is stored; no database."""

import gzip
import json
import struct
import tracemalloc
import uuid
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine

from recognizer import registry
from recognizer.imaging.decoding import encode_png
from recognizer.models import Drawing
from training.exchange import importing
from training.exchange.exporting import FORMATS, Exported, export_drawings
from training.exchange.importing import BadExport, Imported, Incoming, check_manifest

INK = np.zeros((40, 60), "uint8")
INK[10:30, 20:40] = 255
PATH = [[[1.0, 2.0, 0.0], [280.0, 200.0, 9.0]]]
ID = uuid.UUID("6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a30")


def raw(**facts: Any) -> dict[str, Any]:
    """A line as it comes, whole unless a fact says otherwise."""
    whole = {
        "id": str(ID),
        "label": 4,
        "writer": 6,
        "is_exam": True,
        "created_at": "2026-11-26T10:00:00+00:00",
        "png": b64encode(encode_png(INK)).decode(),
        "strokes": PATH,
        "canvas": [280, 200],
    }
    return whole | facts


def read(*lines: dict[str, Any]) -> tuple[list[Incoming], int]:
    outcome = Imported()
    rows = list(importing._rows(Path(), lambda folder: iter(lines), "source", outcome))
    return rows, outcome.refused


def test_a_whole_line_is_read() -> None:
    (row,), refused = read(raw())
    assert refused == 0
    assert (row.id, row.label, row.writer, row.is_exam) == (ID, 4, 6, True)
    assert row.created_at == datetime(2026, 11, 26, 10, tzinfo=UTC)
    np.testing.assert_array_equal(row.submission.ink, INK)
    assert row.submission.strokes == PATH
    assert row.submission.canvas == (280.0, 200.0)
    with pytest.raises(FrozenInstanceError):
        row.label = 5  # type: ignore[misc]  # what is tried


@time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False)
def test_what_a_line_does_not_say_is_filled_in() -> None:
    ink = INK[:28, :28]
    rows, refused = read({"ink": ink, "label": "7"}, {"ink": ink, "label": 7, "id": "", "created_at": None})
    assert refused == 0
    first, second = rows
    assert (first.label, first.writer, first.is_exam) == (7, 0, False)
    assert first.created_at == second.created_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert first.submission.ink is ink
    assert (first.submission.strokes, first.submission.canvas) == (None, None)
    namespace = uuid.UUID("6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a35")
    assert [row.id for row in rows] == [uuid.uuid5(namespace, f"source {number}") for number in (0, 1)]


def test_a_time_without_a_zone_is_the_sites() -> None:
    (row,), _ = read(raw(created_at="2026-11-26T10:00:00"))
    assert row.created_at.tzinfo is not None
    assert row.created_at.replace(tzinfo=None) == datetime(2026, 11, 26, 10)


@pytest.mark.parametrize(
    ("facts", "is_read"),
    [
        ({"label": 0}, True),
        ({"label": 10}, True),
        ({"label": -1}, False),
        ({"label": 11}, False),
        ({"label": None}, False),
        ({"label": "four"}, False),
        ({"label": float("inf")}, False),  # 1e400 as JSON has it
        ({"label": [4]}, False),
        ({"writer": float("inf")}, False),
        ({"created_at": 7}, False),
        ({"canvas": [float("inf"), 200]}, False),
        ({"strokes": [[[float("inf"), 1]]]}, False),
        ({"strokes": 7}, False),
        ({"id": "no uuid"}, False),
        ({"png": ""}, False),
        ({"png": b64encode(b"GIF89a").decode()}, False),
        ({"png": 7}, False),
        ({"created_at": "yesterday"}, False),
        ({"writer": "somebody"}, False),
        ({"canvas": [280]}, False),
        ({"canvas": [279, 200]}, True),  # a stroke leaves it by less than a tenth
        ({"canvas": [250, 200]}, False),  # by more
        ({"canvas": [280, 150]}, False),
        ({"canvas": [200, 280]}, False),
        ({"strokes": []}, True),
        ({"strokes": [[]]}, False),
        ({"strokes": [[[60, 40]]], "canvas": None}, True),  # the picture's own pixels: 60 wide, 40 high
        ({"strokes": [[[67, 40]]], "canvas": None}, False),
        ({"strokes": [[[60, 47]]], "canvas": None}, False),
    ],
)
def test_a_line_is_as_untrusted_as_a_browser(facts: dict[str, Any], is_read: bool) -> None:
    rows, refused = read(raw(**facts), raw())
    assert (len(rows), refused) == ((2, 0) if is_read else (1, 1))


def test_a_picture_that_is_too_large_is_not_decoded() -> None:
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 9000, 9000, 1, 0, 0, 0, 0)
    assert read(raw(png=b64encode(bomb).decode())) == ([], 1)


def test_a_canvas_without_strokes_is_forgotten() -> None:
    (row,), _ = read(raw(strokes=None))
    assert row.submission.canvas is None


def test_a_line_without_a_label_or_a_picture_is_counted() -> None:
    for lacking in ("label", "png"):
        line = raw()
        del line[lacking]
        assert read(line) == ([], 1)


def exported(number: int) -> Exported:
    image = (np.arange(784) * (number + 1)).astype("uint8").reshape(28, 28)
    return Exported(
        str(uuid.UUID(int=number)), number, 5 + number, number == 1, "2026-11-26T10:00:00+00:00", image, b"", None, None
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export_drawings(tmp_path, FORMATS, iter([exported(0), exported(1), exported(2)]))
    return tmp_path


def lines_of(reader: Any, folder: Path) -> list[dict[str, Any]]:
    lines: Iterator[dict[str, Any]] = reader(folder)
    return list(lines)


@pytest.mark.parametrize("reader", [importing._npz, importing._csv])
def test_npz_and_csv_say_everything_but_the_strokes(folder: Path, reader: Any) -> None:
    lines = lines_of(reader, folder)
    for number, line in enumerate(lines):
        np.testing.assert_array_equal(line["ink"], exported(number).image)
        assert line["ink"].dtype == np.uint8
        assert (str(line["id"]), int(line["label"]), int(line["writer"])) == (
            str(uuid.UUID(int=number)),
            number,
            5 + number,
        )
        assert bool(line["is_exam"]) is (number == 1)
    assert len(lines) == 3


def test_json_lines_that_are_none_are_no_drawings(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "drawings.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"label": 3}\n{no JSON\n{"label": 4, "é": 1}\n')
    assert lines_of(importing._jsonl, tmp_path) == [{"label": 3}, {}, {"label": 4, "é": 1}]


@pytest.mark.parametrize("odd", [b"[" * 100_000, b'{"label": "\xff"}', b"[1, 2]", b"null", b'{"label": 1e400}'])
def test_one_odd_line_costs_the_others_nothing(tmp_path: Path, odd: bytes) -> None:
    good = json.dumps(raw()).encode()
    (tmp_path / "drawings.jsonl.gz").write_bytes(gzip.compress(b"\n".join([good, odd, good])))
    outcome = Imported()
    assert len(list(importing._rows(tmp_path, importing._jsonl, "source", outcome))) == 2
    assert outcome.refused == 1


@pytest.mark.parametrize("line", [b"0" * 1_000_000, b"{}\n" * 300_000])
def test_a_small_file_that_becomes_gigabytes_is_refused_before_it_does(
    tmp_path: Path, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 MB of gzip were read as one line of 6.3 GB."""
    monkeypatch.setattr(importing, "LEAST_GROWTH", 1_000_000)
    monkeypatch.setattr(importing, "LONGEST_LINE", 100_000)
    (tmp_path / "drawings.jsonl.gz").write_bytes(gzip.compress(line * 10))
    tracemalloc.start()
    with pytest.raises(BadExport, match="unpacks to far more than drawings do"):
        lines_of(importing._jsonl, tmp_path)
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert grown < 200_000_000


def test_a_packed_array_that_becomes_gigabytes_is_refused_before_it_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LEAST_GROWTH", 1_000_000)
    np.savez_compressed(folder / "drawings.npz", x=np.zeros((50_000, 28, 28), "uint8"))
    with pytest.raises(BadExport, match="unpacks to far more than drawings do"):
        lines_of(importing._npz, folder)


def test_idx_files_are_those_of_one_set(folder: Path) -> None:
    lines = lines_of(importing._idx, folder)
    assert [line["label"] for line in lines] == [0, 1, 2]
    for number, line in enumerate(lines):
        np.testing.assert_array_equal(line["ink"], exported(number).image)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("drawings-images-idx3-ubyte", struct.pack(">IIII", 0x801, 3, 28, 28)),
        ("drawings-images-idx3-ubyte", struct.pack(">IIII", 0x803, 2, 28, 28)),
        ("drawings-images-idx3-ubyte", struct.pack(">IIII", 0x803, 3, 27, 28)),
        ("drawings-images-idx3-ubyte", struct.pack(">IIII", 0x803, 3, 28, 29)),
        ("drawings-labels-idx1-ubyte", struct.pack(">II", 0x803, 3)),
        ("drawings-labels-idx1-ubyte", struct.pack(">II", 0x801, 4)),
    ],
)
def test_idx_files_of_two_sets_are_refused(folder: Path, name: str, head: bytes) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(head + content[len(head) :])
    with pytest.raises(BadExport, match="the IDX files are not those of one set of 28 x 28 pictures"):
        lines_of(importing._idx, folder)


class Harmful:
    """What a pickle would do to whoever loads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it was unpickled",))


def test_an_npz_of_objects_is_not_unpickled(folder: Path) -> None:
    columns = {"x": np.zeros((1, 28, 28), "uint8"), "y": [3], "writer": [0], "is_exam": [False]}
    np.savez(folder / "drawings.npz", **columns, id=np.array([Harmful()], object), allow_pickle=True)  # type: ignore[arg-type]  # columns of several kinds
    with pytest.raises(ValueError, match="allow_pickle"):
        lines_of(importing._npz, folder)


def test_an_npz_whose_columns_differ_in_length_is_refused(folder: Path) -> None:
    columns = {"x": np.zeros((2, 28, 28), "uint8"), "y": [3, 4], "writer": [0, 0], "is_exam": [False, True]}
    np.savez(folder / "drawings.npz", **columns, id=np.array(["a"]))  # type: ignore[arg-type]  # columns of several kinds
    with pytest.raises(ValueError, match="shorter"):
        lines_of(importing._npz, folder)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("drawings.jsonl.gz", importing._jsonl),
        ("drawings.npz", importing._npz),
        ("drawings-images-idx3-ubyte", importing._idx),
        ("drawings-labels-idx1-ubyte", importing._idx),
    ],
)
def test_a_file_that_is_cut_short_is_said(folder: Path, name: str, reader: Any, part: float) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * part)])
    with pytest.raises(BadExport):
        list(importing._rows(folder, reader, "source", Imported()))


@pytest.mark.parametrize("pixel", ["ink", "256", "-1", ""])
def test_a_csv_that_holds_other_things_than_pixels_is_said(folder: Path, pixel: str) -> None:
    text = (folder / "drawings.csv").read_text()
    (folder / "drawings.csv").write_text(text.replace(",255,", f",{pixel},", 1))
    with pytest.raises(BadExport, match="holds a file that cannot be read to its end"):
        list(importing._rows(folder, importing._csv, "source", Imported()))


def test_drawings_before_the_damage_are_read(folder: Path) -> None:
    text = (folder / "drawings.csv").read_text().splitlines()
    (folder / "drawings.csv").write_text("\n".join([*text[:2], text[2].replace(",2,", ",two,", 1)]))
    rows = importing._rows(folder, importing._csv, "source", Imported())
    assert next(rows).label == 0
    with pytest.raises(BadExport):
        next(rows)


@pytest.mark.parametrize(
    ("names", "reader"),
    [
        (["drawings-images-idx3-ubyte", "drawings.csv", "drawings.npz", "drawings.jsonl.gz"], importing._jsonl),
        (["drawings-images-idx3-ubyte", "drawings.csv", "drawings.npz"], importing._npz),
        (["drawings-images-idx3-ubyte", "drawings.csv"], importing._csv),
        (["drawings-images-idx3-ubyte"], importing._idx),
    ],
)
def test_the_richest_format_is_read(names: list[str], reader: Any) -> None:
    files = set(names)
    assert importing._richest(files, Drawing.Status.WAITING) is reader
    if reader is importing._idx:
        with pytest.raises(BadExport, match="import them for review"):
            importing._richest(files, Drawing.Status.APPROVED)
    else:
        assert importing._richest(files, Drawing.Status.APPROVED) is reader


def test_a_format_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadExport, match="its manifest names no drawings in a format that can be read"):
        importing._richest({"drawings.parquet"}, Drawing.Status.WAITING)


def test_a_manifest_vouches_for_its_files(folder: Path) -> None:
    content = (folder / "manifest.json").read_bytes()
    assert check_manifest(folder) == (set(json.loads(content)["files"]), registry.sha256(content))
    for name in ("drawings.csv", "drawings.npz"):
        (folder / name).write_bytes(b"other")
    with pytest.raises(BadExport) as refusal:
        check_manifest(folder)
    assert str(refusal.value) == "drawings.npz, drawings.csv is not the file that the manifest describes"


@pytest.mark.parametrize(
    "manifest",
    [None, b"no JSON", b"{}", b"[]", b'{"files": {"gone": {"sha256": "0"}}}', b'{"files": {"manifest.json": {}}}'],
)
def test_what_is_no_manifest_is_said(tmp_path: Path, manifest: bytes | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(BadExport, match="is not an export of Digitre: "):
        check_manifest(tmp_path)


def test_an_import_begins_with_nothing() -> None:
    assert Imported() == Imported(added=0, known=0, refused=0)

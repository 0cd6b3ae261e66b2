"""Files of strangers are opened within limits, and what is wrong with them is said with their name; no database."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.exchange import reading
from training.exchange.reading import BadExport


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_lines_come_with_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", gzip.compress("\ufeffone\nzwei é\n".encode()))
    assert list(reading.lines(path)) == [(1, "one\n"), (2, "zwei é\n")]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.gz", b"no gzip", "Not a gzipped file"),
        ("a.gz", gzip.compress(bytes(5000))[:-9], "end-of-stream"),
        ("a.csv", b"\xff\xfe\xff", "decode"),
        ("a.csv", b"x" * (reading.LONGEST_LINE + 1), "a line has more than"),
    ],
    ids=["not packed", "cut off", "not text", "one long line"],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(BadExport, match=rf"{name} cannot be read to its end: .*{why}"):
        list(reading.lines(write(tmp_path / name, content)))


def test_a_bomb_goes_off_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_UNPACKED", 1 << 20)
    path = write(tmp_path / "bomb.gz", gzip.compress(b"drawing\n" * (1 << 18)))
    with pytest.raises(BadExport, match="unpacks to more than 1 MB"):
        for _ in reading.lines(path):
            pass


def test_lists_in_lists_are_no_json() -> None:
    with pytest.raises(ValueError, match="lists in lists"):
        reading.json_of("[" * 200_000)


@pytest.mark.parametrize("start", ["<!DOCTYPE ink [<!ENTITY a 'b'>]>", "<!doctype x>", "<! ENTITY a 'b'>"])
def test_xml_that_defines_entities_is_refused(tmp_path: Path, start: str) -> None:
    with pytest.raises(BadExport, match="defines entities"):
        reading.xml_of(write(tmp_path / "a.inkml", f"{start}<ink/>".encode()))


def test_a_document_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_DOCUMENT", 10)
    with pytest.raises(BadExport, match=r"a\.dat"):
        reading.document(write(tmp_path / "a.dat", b"12345678901"))
    assert reading.document(write(tmp_path / "b.dat", b"1234567890")) == "1234567890"


def test_no_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    secret = write(tmp_path / "secret.png", b"")
    (tmp_path / "in" / "7.png").symlink_to(secret)
    assert reading.picture_files(tmp_path / "in") == []


IMAGES = struct.pack(">IIII", 0x803, 2, 3, 5)


def test_idx_is_read_picture_by_picture(tmp_path: Path) -> None:
    first, second = reading.idx_images(write(tmp_path / "i", IMAGES + bytes(range(30))))
    assert first.tolist() == np.arange(15).reshape(3, 5).tolist()
    assert second[0, 0] == 15
    assert list(reading.idx_labels(write(tmp_path / "l", struct.pack(">II", 0x801, 2) + b"\x07\x0b"))) == [7, 11]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        IMAGES[:9],
        IMAGES + bytes(29),
        IMAGES + bytes(31),
        struct.pack(">IIII", 0x803, 1, 0, 5),
        struct.pack(">IIII", 0x803, 1, 3, 2000) + bytes(6000),
        struct.pack(">IIII", 0xD03, 1, 3, 5) + bytes(60),
        struct.pack(">IIII", 0x803, 2**32 - 1, 3, 5) + bytes(60),
    ],
)
def test_idx_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadExport):
        list(reading.idx_images(write(tmp_path / "images", content)))


@pytest.mark.parametrize(
    "content", [struct.pack(">II", 0x803, 1), struct.pack(">II", 0x801, 2) + b"1", struct.pack(">II", 0x801, 0) + b"1"]
)
def test_idx_labels_that_are_none_are_said(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadExport):
        list(reading.idx_labels(write(tmp_path / "labels", content)))


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_npz_is_read_row_by_row(tmp_path: Path) -> None:
    x = np.arange(24, dtype="int16").reshape(2, 3, 4)
    columns = reading.npz_columns(npz(tmp_path / "a.npz", x=x, y=np.array([3.5, 4]), once=np.float32(7)))
    assert {name: column.shape for name, column in columns.items()} == {"x": (2, 3, 4), "y": (2,)}
    assert [row.tolist() for row in columns["x"].rows()] == x.tolist()
    assert list(columns["y"].rows()) == [3.5, 4]


class Harmful:
    """What a pickle would do to whoever loads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it was unpickled",))


def test_npz_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([Harmful()], object), allow_pickle=True)
    with pytest.raises(BadExport, match="unpickled"):
        reading.npz_columns(path)


def test_npz_in_another_order_or_with_endless_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadExport, match="Fortran"):
        reading.npz_columns(npz(tmp_path / "a.npz", x=np.asfortranarray(np.zeros((2, 3)))))
    with pytest.raises(BadExport, match="bytes"):
        reading.npz_columns(npz(tmp_path / "b.npz", x=np.zeros((1, 9000, 1000), "uint8")))


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_npz_that_is_cut_short_is_said(tmp_path: Path, part: float) -> None:
    path = npz(tmp_path / "a.npz", x=np.arange(2000), y=np.arange(2000))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(BadExport, match=r"a\.npz cannot be read"):
        list(reading.npz_columns(path)["x"].rows())

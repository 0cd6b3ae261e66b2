"""Files of each kind that strangers have, made as their programs make them, and MNIST's own where it is."""

import csv
import gzip
import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import normalize_ink
from tests.support.digits import few_digits
from training.exchange import sources
from training.exchange.orientation import AS_IT_IS, Orientation
from training.exchange.reading import BadExport
from training.exchange.sources import Found, check_labels, find_source, strict_label

X, Y = few_digits().x_train[:6], few_digits().y_train[:6]  # uint8 (6, 28, 28), 255 = ink, and labels


def write_idx(folder: Path, x: NDArray[np.uint8], y: Any, stem: str = "train", packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    images = struct.pack(">IIII", 0x803, len(x), *x.shape[1:]) + x.tobytes()
    labels = struct.pack(">II", 0x801, len(y)) + bytes(list(y))
    for name, content in ((f"{stem}-images-idx3-ubyte", images), (f"{stem}-labels-idx1-ubyte", labels)):
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return folder


def write_csv(path: Path, head: list[str] | None, rows: list[list[Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([*([head] if head else []), *rows])
    return path


def pixel_rows(labels: Any = None) -> list[list[Any]]:
    return [[label, *x.ravel().tolist()] for label, x in zip(Y if labels is None else labels, X, strict=True)]


KAGGLE = ["label", *(f"pixel{i}" for i in range(784))]


def kaggle(folder: Path) -> Path:
    return write_csv(folder / "train.csv", KAGGLE, pixel_rows())


def without_header(folder: Path) -> Path:
    return write_csv(folder / "mnist_train.csv", None, pixel_rows())


def with_rows_and_columns(folder: Path) -> Path:
    head = ["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))]
    return write_csv(folder / "mnist.csv", head, pixel_rows())


def of_an_earlier_release(folder: Path) -> Path:
    head = ["id", "label", "writer", "is_exam", "created_at", *(f"p{i}" for i in range(784))]
    rows = [["", label, 3, 0, "2026-11-26", *pixels] for label, *pixels in pixel_rows()]
    return write_csv(folder / "drawings.csv", head, rows)


def with_numbered_rows(folder: Path) -> Path:
    rows = [[number, *row] for number, row in enumerate(pixel_rows())]
    return write_csv(folder / "train.csv", ["id", *KAGGLE], rows)


def mnist_idx(folder: Path) -> Path:
    return write_idx(folder / "mnist", X, Y)


def packed_idx(folder: Path) -> Path:
    return write_idx(folder / "mnist", X, Y, packed=True) / "train-images-idx3-ubyte.gz"


def keras_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "mnist.npz", x_train=X[:4], y_train=Y[:4], x_test=X[4:], y_test=Y[4:])
    return folder / "mnist.npz"


def medical_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", train_images=X[..., None], train_labels=np.array(Y, "int32"))
    return folder / "a.npz"


def floats_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", X=(X / 255).reshape(6, 784), y=Y, writer=np.arange(6))
    return folder / "a.npz"


def shifted_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", arr_0=X.astype("float32") / 127.5 - 1, arr_1=Y)
    return folder / "a.npz"


def png_folders(folder: Path) -> Path:
    for number, (label, x) in enumerate(zip(Y, X, strict=True)):
        path = folder / "training" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - x).save(path)
    return folder / "training"


@pytest.mark.parametrize(
    "make",
    [kaggle, with_numbered_rows, without_header, with_rows_and_columns, of_an_earlier_release, mnist_idx, packed_idx]
    + [keras_npz, medical_npz, floats_npz, shifted_npz, png_folders],
)  # fmt: skip
def test_pictures_of_each_kind_are_seen_as_they_are(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source = find_source(make(tmp_path))
    assert check_labels(source) == 6
    found = sorted(seen(source.items()))
    wanted = sorted((int(label), to_grey(normalize_ink(x)).tobytes()) for label, x in zip(Y, X, strict=True))
    assert [label for label, _ in found] == [label for label, _ in wanted]
    for (_, one), (_, other) in zip(found, wanted, strict=True):
        near = np.abs(np.frombuffer(one, "uint8").astype(int) - np.frombuffer(other, "uint8"))
        assert near.mean() < 1  # of 255: floats round


def seen(items: Any, orientation: Orientation = AS_IT_IS) -> list[tuple[int | None, bytes]]:
    return [(strict_label(found.label), to_grey(found.load(orientation).image).tobytes()) for found in items]


def test_emnist_lies_on_its_side_and_is_turned(tmp_path: Path) -> None:
    upright = seen(find_source(write_idx(tmp_path / "m", X, Y)).items())
    emnist = find_source(write_idx(tmp_path / "e", X.transpose(0, 2, 1).copy(), Y, "emnist-digits-train"))
    assert seen(emnist.items()) != upright
    assert seen(emnist.items(), Orientation(transpose=True)) == upright


def test_negatives_need_no_option(tmp_path: Path) -> None:
    upright = seen(find_source(write_idx(tmp_path / "m", X, Y)).items())
    assert seen(find_source(write_idx(tmp_path / "n", 255 - X, Y)).items()) == upright


@pytest.mark.mnist
def test_mnists_own_file_is_read() -> None:
    source = find_source(Path(os.environ["DIGITRE_DATA_DIR"]) / "mnist.npz")
    assert check_labels(source) == 70_000
    first = next(source.items())
    assert (first.place, strict_label(first.label)) == ("mnist.npz, x_train[0]", 5)
    assert first.load(AS_IT_IS).image.shape == (28, 28, 1)


def test_paths_of_each_kind_are_found_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(json.dumps({"word": "seven", "drawing": [[[0, 10, 4], [0, 0, 20]]]}))
    (tmp_path / "b.dat").write_text('.SEGMENT DIGIT 0 ? "7"\n.PEN_DOWN\n0 20\n10 20\n4 0\n.PEN_UP\n')
    body = '<ink><annotation type="truth">7</annotation><trace>0 0, 10 0, 4 20</trace></ink>'
    (tmp_path / "ink").mkdir()
    (tmp_path / "ink" / "c.inkml").write_text(body)
    (tmp_path / "ink" / "d.inkml").write_text(body)
    counts = {name: check_labels(find_source(tmp_path / name)) for name in ("a.ndjson", "b.dat", "ink", "ink/c.inkml")}
    assert counts == {"a.ndjson": 1, "b.dat": 1, "ink": 2, "ink/c.inkml": 1}
    pictures = {picture for name in counts for _, picture in seen(find_source(tmp_path / name).items())}
    assert len(pictures) == 1  # the same seven


@pytest.mark.parametrize("label", ["7", " 7\n", 7, np.uint8(7), np.int64(7)])
def test_a_whole_number_is_a_label(label: object) -> None:
    assert strict_label(label) == 7


@pytest.mark.parametrize(
    "label", ["10", "-1", "7.0", "", "٧", "seven", 10, -1, 7.0, 3.7, np.float32(7), True, None, [7]]
)
def test_anything_else_is_none(label: object) -> None:
    assert strict_label(label) is None


def bad_csv(folder: Path) -> Path:
    return write_csv(folder / "train.csv", KAGGLE, pixel_rows([1, "3.7", 2, 10, 4, ""]))


def bad_idx(folder: Path) -> Path:
    return write_idx(folder / "letters", X, [1, 2, 26, 4, 5, 6])


def bad_npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", x=X, y=np.array([1, 2, 3.7, 4, 5, 6]))
    return folder / "a.npz"


def bad_png(folder: Path) -> Path:
    out = png_folders(folder)
    (out / "A").mkdir()
    Image.fromarray(255 - X[0]).save(out / "A" / "a.png")
    return out


def bad_ndjson(folder: Path) -> Path:
    drawing = [[[0, 10, 4], [0, 0, 20]]]
    lines = [json.dumps({"word": word, "drawing": drawing}) for word in ("seven", "cat")]
    (folder / "a.ndjson").write_text("\n".join(lines))
    return folder / "a.ndjson"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bad_csv, "train.csv, line 3: label '3.7'; train.csv, line 5: label '10'; train.csv, line 7: label ''"),
        (bad_idx, "train-images-idx3-ubyte, picture 2: label 26"),
        (bad_npz, "a.npz, x[0]: label 1.0"),
        (bad_png, "A/a.png: label 'A'"),
        (bad_ndjson, "a.ndjson, line 2: label 'cat'"),
    ],
)
def test_a_label_that_is_none_refuses_the_file_and_is_named(
    tmp_path: Path, make: Callable[[Path], Path], why: str
) -> None:
    with pytest.raises(BadExport, match=re.escape(why)):
        check_labels(find_source(make(tmp_path)))


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda f: f / "nothing.csv", "is not there"),
        (lambda f: write_csv(f / "a.csv", ["digit", "pixel0"], [[1, 2]]), "no column that is called label"),
        (lambda f: write_csv(f / "a.csv", KAGGLE[:700], []), "699 columns of pixels, which is no square"),
        (lambda f: write_csv(f / "a.csv", KAGGLE, [[1, 2, 3]]), "line 2: 3 cells, where 785 belong"),
        (lambda f: write_csv(f / "a.csv", KAGGLE, []), "no drawings in this CSV file"),
        (lambda f: write_csv(f / "a.txt", KAGGLE, []), "of no kind that can be imported"),
        (lambda f: save(f / "a.npz", features=X, y=Y), "has no arrays called"),
        (lambda f: save(f / "a.npz", x=X, y=Y[:5]), "not one label for each"),
        (lambda f: save(f / "a.npz", x=X, y=np.eye(10)[Y]), "not one label for each"),
        (lambda f: save(f / "a.npz", x=np.zeros((6, 3, 28, 28)), y=Y), "no grey pictures"),
        (lambda f: write_idx(f / "a", X, Y[:5]), "not of one length"),
        (
            lambda f: (write_idx(f / "b", X, Y) / "train-labels-idx1-ubyte").rename(f / "l") and f / "b",
            "is not beside it",
        ),
        (lambda f: (f / "empty").mkdir() or f / "empty", "no drawings in this folder"),
    ],
)
def test_a_file_of_another_kind_is_said(tmp_path: Path, make: Callable[[Path], Path], why: str) -> None:
    with pytest.raises(BadExport, match=why):
        check_labels(find_source(make(tmp_path)))


@pytest.mark.parametrize("pixel", ["ink", "256", "-1", "nan", ""])
def test_cells_that_are_no_pixels_are_named_with_their_line(tmp_path: Path, pixel: str) -> None:
    rows = pixel_rows()
    rows[1][400] = pixel
    _, second, *_ = find_source(write_csv(tmp_path / "a.csv", KAGGLE, rows)).items()
    with pytest.raises(BadExport, match=r"a\.csv, line 3"):
        second.load(AS_IT_IS)


def test_a_picture_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """Labels of a million pictures are checked before the first one is decoded."""
    folder = png_folders(tmp_path)
    for path in folder.rglob("*.png"):
        path.write_bytes(b"no picture")
    source = find_source(folder)
    assert check_labels(source) == 6
    found: Found = next(source.items())
    with pytest.raises(ValueError, match="PNG"):
        found.load(AS_IT_IS)


def test_the_digest_names_the_content(tmp_path: Path) -> None:
    path = kaggle(tmp_path)
    before = find_source(path).digest
    assert find_source(path.rename(tmp_path / "other.csv")).digest == before
    write_csv(tmp_path / "other.csv", KAGGLE, pixel_rows()[1:])
    assert find_source(tmp_path / "other.csv").digest != before
    assert sources.digest_of([]) != before


def test_a_line_that_is_no_segment_is_said_of_its_file(tmp_path: Path) -> None:
    """Found by fuzzing: it ended an import in a traceback."""
    (tmp_path / "a.upn").write_text('.COORD X Y\n.SEGMENT CHA"ACTER 0 OK "7"\n')
    with pytest.raises(BadExport, match=r"a\.upn .* line 2"):
        check_labels(find_source(tmp_path / "a.upn"))

"""Drawings of strangers: which kind of file it is, and each drawing in it, unread until somebody asks for its picture.

Labels are whole numbers from 0 to 9, or the file is refused with the place of the first that is none: a class 10 or a 3.7
means that the file is of another kind than it was taken for, and rounding it would teach nonsense.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import MAX_PNG_BYTES, check_header, decode_png, to_ink
from recognizer.imaging.strokes import Strokes, validate_strokes
from recognizer.submissions import Submission
from training.exchange import reading, stroke_files
from training.exchange.orientation import Orientation
from training.exchange.reading import BadExport

DIGITS = "0123456789"
IMAGE_NAMES = ("x", "X", "images", "image", "data", "pixels", "arr_0")
LABEL_NAMES = ("y", "Y", "labels", "label", "targets", "target", "arr_1")
SPLITS = ("train", "test", "val", "valid", "validation", "extra")
WRITER_NAMES = ("writer", "writers", "writer_id")
PIXEL = re.compile(r"(p|pixel_?|px_?)?\d+|\d+x\d+")  # Kaggle's, and those of other files that are about
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHOWN = 5  # bad labels that are named
PACKED = (".gz",)


@dataclass(frozen=True)
class Found:
    """One drawing in a file, not looked at yet.

    Attributes:
        place: the file and the place in it, for people.
        label: as the file has it; `strict_label` says whether it is one.
        load: reads the drawing. Raises InvalidDrawing or one of reading.UNREADABLE.
    """

    place: str
    label: object
    load: Callable[[Orientation], Submission]
    writer: object = 0
    id: str | None = None


@dataclass(frozen=True)
class Source:
    """A file or a folder of one kind. `items` begins anew with each call; `digest` names the content."""

    kind: str
    digest: str
    items: Callable[[], Iterator[Found]]


def strict_label(value: object) -> int | None:
    """Return a label that is a whole number from 0 to 9, or None. "7" is one; 7.0, 10, True and "seven" are none."""
    if isinstance(value, str):
        return int(value) if len(value := value.strip()) == 1 and value in DIGITS else None
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= value <= 9:
        return int(value)
    return None


def own_id(text: str) -> str | None:
    """Return the id that a drawing of Digitre's has; other files number their rows, and that is no name for a drawing."""
    return text if UUID_TEXT.fullmatch(text) else None


def check_labels(source: Source) -> int:
    """Look at every label before anything is stored. Returns how many drawings there are.

    Raises:
        BadExport: labels that are none, with their places; or there is no drawing at all.
    """
    count, wrong, named = 0, 0, list[str]()
    for found in source.items():
        count += 1
        if strict_label(found.label) is None:
            wrong += 1
            if len(named) < SHOWN:
                named.append(f"{found.place}: label {_brief(found.label)}")
    if wrong:
        more = f", and {wrong - len(named)} more" if wrong > len(named) else ""
        raise BadExport(f"Labels must be whole numbers from 0 to 9. {'; '.join(named)}{more}. Nothing was imported.")
    if not count:
        raise BadExport(f"There are no drawings in this {source.kind}.")
    return count


def _brief(label: object) -> str:
    text = str(label.item() if isinstance(label, np.generic) else label)
    return repr(text[:40]) if isinstance(label, str) else text[:40]


def find_source(path: Path) -> Source:
    """Tell what kind of file or folder it is, by its name and its first bytes.

    Raises:
        BadExport: none that is known.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise BadExport(f"{path} is not there.")
    name = path.name.lower().removesuffix(".gz")
    for ends, kind, read in KINDS:
        if name.endswith(ends):
            return Source(kind, digest_of([path]), partial(_read, read, path))
    if "idx" in name or "ubyte" in name:
        return _idx_source([path if "images" in name else _partner(path, "labels", "images")])
    raise BadExport(
        f"{path.name} is of no kind that can be imported: CSV, NPZ, IDX, ndjson, InkML, UNIPEN, a folder of PNG files "
        "by class, or a folder that export_drawings made."
    )


def _read(read: Callable[[Path], Iterator[Found]], path: Path) -> Iterator[Found]:
    """Read a file through, and say of whatever is wrong with it in which file that was."""
    with reading.reading(path):
        yield from read(path)


def digest_of(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _folder(folder: Path) -> Source:
    images = sorted(path for path in folder.iterdir() if re.search(r"images.*idx3|idx3.*images", path.name))
    if images:
        return _idx_source(images)
    traces = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".inkml")
    if traces:
        return Source("folder of InkML", digest_of(traces), lambda: (item for path in traces for item in _inkml(path)))
    return Source("folder of PNG files", _tree_digest(folder), lambda: png_folders(folder))


def _tree_digest(folder: Path) -> str:
    return digest_of(reading.picture_files(folder))


# pictures


def picture(grey: NDArray[Any]) -> Callable[[Orientation], Submission]:
    """Return a `load` for grey levels of any kind, (H, W): bytes, 0..1, or whatever range they have."""

    def load(orientation: Orientation) -> Submission:
        return Submission(orientation.picture(to_ink(Image.fromarray(_bytes(grey)))))

    return load


def _bytes(grey: NDArray[Any]) -> NDArray[np.uint8]:
    if grey.dtype == np.uint8:
        return grey
    values = grey.astype("float64")
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidDrawing("invalid_image", "A pixel is no number.")
    if low >= 0 and high <= 255:
        scale = 1.0 if high > 1 else 255.0
        return (values * scale).round().astype("uint8")
    return ((values - low) / (high - low) * 255).round().astype("uint8")  # shifted, as for a network


def _csv(path: Path) -> Iterator[Found]:
    rows = reading.csv_rows(path)
    line, first = next(rows, (0, []))
    names = [name.strip().lower() for name in first]
    if names and strict_label(names[0]) is not None and all(cell.isdigit() for cell in names[1:3]):
        label, pixels, others = 0, list(range(1, len(names))), {}  # no header, the label first
        rows = _again(line, first, rows)
    elif "label" in names:
        label = names.index("label")
        pixels = [place for place, name in enumerate(names) if PIXEL.fullmatch(name)]
        others = {name: names.index(name) for name in ("id", "writer") if name in names}
    else:
        raise BadExport(f"{path.name} has no column that is called label.")
    side = math.isqrt(len(pixels))
    if side * side != len(pixels) or not 1 < side <= reading.LARGEST_SIDE:
        raise BadExport(f"{path.name} has {len(pixels)} columns of pixels, which is no square.")
    for line, row in rows:
        place = f"{path.name}, line {line}"
        if len(row) != len(names):
            raise BadExport(f"{place}: {len(row)} cells, where {len(names)} belong.")
        values = [row[cell] for cell in pixels]
        yield Found(
            place,
            row[label],
            _load_cells(values, side, place),
            row[others["writer"]] if "writer" in others else 0,
            own_id(row[others["id"]]) if "id" in others else None,
        )


def _again(line: int, first: list[str], rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield line, first
    yield from rows


def _load_cells(values: list[str], side: int, place: str) -> Callable[[Orientation], Submission]:
    def load(orientation: Orientation) -> Submission:
        try:
            cells = np.array([float(value) for value in values])
        except ValueError as error:
            raise BadExport(f"{place}: {error}") from error
        if not np.isfinite(cells).all() or cells.min() < 0 or cells.max() > 255:
            raise BadExport(f"{place}: a pixel is not from 0 to 255.")
        grey = cells.round().astype("uint8") if cells.max() > 1 else cells
        return picture(grey.reshape(side, side))(orientation)

    return load


def _npz(path: Path) -> Iterator[Found]:
    columns = reading.npz_columns(path)
    pairs = _pairs(columns)
    if not pairs:
        raise BadExport(
            f"{path.name} has no arrays called {', '.join(IMAGE_NAMES[:4])} with {', '.join(LABEL_NAMES[:4])}."
        )
    for images, labels in pairs:
        shape, writers = columns[images].shape, next((name for name in WRITER_NAMES if name in columns), None)
        if len(columns[labels].shape) != 1 or columns[labels].shape[0] != shape[0]:
            raise BadExport(f"{path.name}: {labels} is not one label for each of the {shape[0]} rows of {images}.")
        height, width = _frame(shape[1:], path, images)
        has_writer = writers is not None and columns[writers].shape == columns[labels].shape
        writer_rows = columns[writers].rows() if writers and has_writer else (0 for _ in range(shape[0]))
        rows = zip(columns[images].rows(), columns[labels].rows(), writer_rows, strict=True)
        for number, (row, label, writer) in enumerate(rows):
            yield Found(f"{path.name}, {images}[{number}]", label, picture(row.reshape(height, width)), writer)


def _pairs(columns: dict[str, reading.Column]) -> list[tuple[str, str]]:
    """Find arrays of pictures with those of their labels: x and y, train_images and train_labels, X_test and y_test."""
    found: list[tuple[str, str]] = []
    for split in ("", *SPLITS):
        for image in IMAGE_NAMES:
            names = [image] if not split else [f"{image}_{split}", f"{split}_{image}"]
            for name in names:
                labels = [name.replace(image, label) for label in LABEL_NAMES]
                partner = next((label for label in labels if label in columns and label != name), None)
                if name in columns and partner and name not in {pair[0] for pair in found}:
                    found.append((name, partner))
    return found


def _frame(shape: tuple[int, ...], path: Path, name: str) -> tuple[int, int]:
    """Height and width of a picture that is stored as (H, W), (H, W, 1), (1, H, W) or flat."""
    sides = [side for side in shape if side != 1]
    if len(sides) == 1 and math.isqrt(sides[0]) ** 2 == sides[0]:
        return math.isqrt(sides[0]), math.isqrt(sides[0])
    if len(sides) != 2:
        raise BadExport(f"{path.name}: {name} holds no grey pictures, but rows of {shape}.")
    return sides[0], sides[1]


def _idx_source(images: list[Path]) -> Source:
    pairs = [(path, _partner(path, "images", "labels")) for path in images]
    return Source("set of IDX files", digest_of([path for pair in pairs for path in pair]), lambda: _idx(pairs))


def _partner(path: Path, ours: str, theirs: str) -> Path:
    ranks = {"images": "idx3", "labels": "idx1"}
    name = path.name.replace(ours, theirs).replace(ranks[ours], ranks[theirs])
    other = name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz"  # one may be packed, the other not
    found = next(
        (path.with_name(one) for one in (name, other) if one != path.name and path.with_name(one).is_file()), None
    )
    if found is None:
        raise BadExport(f"{name}, which belongs to {path.name}, is not beside it.")
    return found


def _idx(pairs: list[tuple[Path, Path]]) -> Iterator[Found]:
    for images, labels in pairs:
        try:
            for number, (grey, label) in enumerate(
                zip(reading.idx_images(images), reading.idx_labels(labels), strict=True)
            ):
                yield Found(f"{images.name}, picture {number}", label, picture(grey))
        except ValueError as error:
            if isinstance(error, BadExport):
                raise
            raise BadExport(f"{images.name} and {labels.name} are not of one length.") from error


def png_folders(folder: Path, classes: dict[str, object] | None = None) -> Iterator[Found]:
    """Yield the pictures of folders that are named by their class, however deep.

    Args:
        classes: labels of folders by their names; a folder's own name where it is not in there.
    """
    for path in reading.picture_files(folder):
        name = path.parent.name
        label = (classes or {}).get(name, name)
        place = path.relative_to(folder).as_posix()
        yield Found(place, label, _load_png(path), id=own_id(path.stem))


def _load_png(path: Path) -> Callable[[Orientation], Submission]:
    def load(orientation: Orientation) -> Submission:
        with path.open("rb") as file:
            png = file.read(MAX_PNG_BYTES + 1)
        check_header(png)
        return Submission(orientation.picture(decode_png(png)))

    return load


# paths


def path_of(strokes: Strokes) -> Callable[[Orientation], Submission]:
    """Return a `load` for a path in any units: it is laid on a canvas of its own, with a margin."""

    def load(orientation: Orientation) -> Submission:
        placed, canvas = stroke_files.on_a_canvas(strokes)
        turned, (width, height) = orientation.path(placed, canvas)
        return Submission(None, validate_strokes(turned, width, height), (width, height))

    return load


def _strokes(items: Iterator[stroke_files.Traced]) -> Iterator[Found]:
    for item in items:
        yield Found(item.place, item.label, path_of(item.strokes), item.writer)


def _ndjson(path: Path) -> Iterator[Found]:
    return _strokes(stroke_files.ndjson(path))


def _inkml(path: Path) -> Iterator[Found]:
    return _strokes(stroke_files.inkml(path))


def _unipen(path: Path) -> Iterator[Found]:
    return _strokes(stroke_files.unipen(path))


KINDS: tuple[tuple[tuple[str, ...], str, Callable[[Path], Iterator[Found]]], ...] = (
    ((".csv",), "CSV file", _csv),
    ((".npz",), "NPZ file", _npz),
    ((".ndjson", ".jsonl"), "file of ndjson", _ndjson),
    ((".inkml",), "InkML file", _inkml),
    ((".dat", ".data", ".upn", ".unipen", ".tra", ".tes"), "UNIPEN file", _unipen),
)

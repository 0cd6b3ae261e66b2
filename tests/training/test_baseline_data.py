import gzip
import json

import numpy as np
import pytest

from recognizer.answers import NOT_A_DIGIT
from training import baseline_data, datasets
from training.baseline_data import PoolConfig, prepare, render_chunk
from training.datasets import Mnist, StrokeDrawing

ZIGZAG = [[[0.0, 0.0], [40.0, 30.0], [10.0, 60.0], [50.0, 90.0]]]
TINY = PoolConfig(
    pen_digit_renderings=1, habit_renderings=1, synthetic=10, things=5, omniglot_renderings=1, held_characters=0.5
)


@pytest.fixture
def folder(settings, tmp_path, monkeypatch):
    """A data folder with six pen writers and four characters, and MNIST of two hundred blots."""
    settings.DIGITRE_DATA_DIR = tmp_path / "data"
    settings.DIGITRE_DATA_DIR.mkdir()
    settings.VAR_DIR = tmp_path / "var"
    _write(
        settings.DIGITRE_DATA_DIR / datasets.PEN_DIGITS,
        [(d, f"w{w}", "train") for w in range(6) for d in range(3)] + [(1, "x", "test")],
    )
    names = [f"Tagalog/character0{i}" for i in (1, 2, 3, 5)]  # the third is a look-alike of 3
    _write(settings.DIGITRE_DATA_DIR / datasets.OMNIGLOT, [(name, "o", None) for name in names])
    images, labels = np.full((200, 28, 28), 99, "uint8"), np.arange(200) % 10
    monkeypatch.setattr(datasets, "load_mnist", lambda: Mnist(images, labels, images[:10], labels[:10]))
    monkeypatch.setattr(baseline_data, "ProcessPoolExecutor", _InThisProcess)
    return settings.DIGITRE_DATA_DIR


def _write(path, rows):
    with gzip.open(path, "wt") as file:
        for label, writer, split in rows:
            file.write(json.dumps({"label": label, "writer": writer, "split": split, "strokes": ZIGZAG}) + "\n")


class _InThisProcess:
    def __init__(self, *arguments, **options) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    def map(self, function, *arguments):
        return map(function, *arguments)


def test_every_kind_is_prepared_and_writers_are_held_out(folder):
    data = prepare(TINY)
    counts = {name: len(pool.labels) for name, pool in data.pools.items()}
    assert counts == {"mnist": 100, "pen_digits": 9, "habits": 6, "synthetic": 10, "things": 5, "omniglot": 1}
    held = {name: len(exam.labels) for name, exam in data.held.items()}
    assert held == {"mnist": 100, "pen_digits": 27, "omniglot": 2}
    assert set(data.pools["things"].labels) == {NOT_A_DIGIT}
    assert data.held["pen_digits"].images.dtype == np.float32


def test_what_was_rendered_is_read_back_until_the_code_or_the_config_changes(folder, monkeypatch):
    first = prepare(TINY)
    monkeypatch.setattr(baseline_data, "_render", None)
    again = prepare(TINY)
    np.testing.assert_array_equal(first.pools["synthetic"].images, again.pools["synthetic"].images)
    with pytest.raises(TypeError):
        prepare(PoolConfig(seed=8, synthetic=10, things=5))


def test_the_same_seed_renders_the_same():
    drawings = [StrokeDrawing(digit, "", []) for digit in range(10)]
    pools = [render_chunk(baseline_data.invent, drawings, (1, 2)) for _ in range(2)]
    np.testing.assert_array_equal(pools[0].images, pools[1].images)
    assert pools[0].labels.tolist() == list(range(10))

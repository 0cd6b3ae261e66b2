import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from pytest_django import Settings

from recognizer.labels import NOT_A_DIGIT
from tests.support.in_this_process import InThisProcess
from training.data import datasets, font_glyphs, icon_strokes, rendering
from training.data.baseline_mix import PoolConfig, prepare
from training.data.datasets import UNDECIDED, Mnist
from training.data.font_glyphs import Family
from training.data.held_out_styles import MATRICES, STYLES

ZIGZAG = [[[0.0, 0.0], [40.0, 30.0], [10.0, 60.0], [50.0, 90.0]]]
DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
TINY = PoolConfig(
    pen_digit_renderings=1,
    habit_renderings=1,
    synthetic=10,
    rare=4,
    things=5,
    reversed=2,
    shape_renderings=2,
    icon_renderings=2,
    signs=40,
    font_digits=20,
    held_signs=4,
    held_font_digits=10,
    held_characters=0.2,
    held_icons=0.25,
    held_style_hands=1,
)


@pytest.fixture
def folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_this_process: type[InThisProcess]
) -> Path:
    """A data folder with six pen writers, ten characters and two fonts, five icons, and MNIST of two hundred blots."""
    settings.DIGITRE_DATA_DIR = tmp_path / "data"
    settings.DIGITRE_DATA_DIR.mkdir()
    settings.VAR_DIR = tmp_path / "var"
    _write(
        settings.DIGITRE_DATA_DIR / datasets.PEN_DIGITS,
        [(d, f"w{w}", "train") for w in range(6) for d in range(3)] + [(1, "x", "test")],
    )
    names = [f"{alphabet}/character0{i}" for alphabet in ("Sanskrit", "Latin") for i in range(1, 6)]
    _write(settings.DIGITRE_DATA_DIR / datasets.SHAPES, [(name, "o", None) for name in names])
    hands = [Family(name, ((str(DEJAVU), frozenset("ARxO37")),)) for name in ("Known Hand", "Caveat")]
    monkeypatch.setattr(font_glyphs, "load_families", lambda: hands)
    drawn = [
        datasets.StrokeDrawing(NOT_A_DIGIT, "", ZIGZAG, name) for name in ("house", "house", "tree", "car", "hand")
    ]
    monkeypatch.setattr(icon_strokes, "load_icons", lambda: drawn)
    images, labels = np.zeros((200, 28, 28), "uint8"), np.arange(200) % 10
    images[:, 4:24, 8:20] = 200
    monkeypatch.setattr(datasets, "load_mnist", lambda: Mnist(images, labels, images[:10], labels[:10]))
    monkeypatch.setattr(rendering, "ProcessPoolExecutor", in_this_process)
    return Path(settings.DIGITRE_DATA_DIR)


def _write(path: Path, rows: Iterable[tuple[object, str, str | None]]) -> None:
    with gzip.open(path, "wt") as file:
        for label, writer, split in rows:
            file.write(json.dumps({"label": label, "writer": writer, "split": split, "strokes": ZIGZAG}) + "\n")


def test_every_kind_is_prepared_and_writers_are_held_out(folder: Path) -> None:
    data = prepare(TINY)
    counts = {name: len(pool.labels) for name, pool in data.pools.items()}
    scans = {"mnist": 100, "mnist_on_canvas": 100}
    drawn = {
        "pen_digits": 9,
        "habits": 6,
        "synthetic": 10,
        "rare": 4,
        "things": 5,
        "reversed": 2,
        "shapes": 64,
        "signs": 40,
    }
    assert counts == scans | drawn | {"font_digits": 4, "icons": counts["icons"]}
    held = {name: len(exam.labels) for name, exam in data.held.items()}
    assert held == scans | {
        "pen_digits": 27,
        "shapes": 8,
        "icons": held["icons"],
        "signs": 4,
        "font_digits": 2,
    } | dict.fromkeys(("styles", "styles_with_strokes"), len(STYLES) + len(MATRICES))
    assert counts["icons"] + 2 * held["icons"] == 10  # both houses on one side
    assert held["icons"] in (1, 2)
    assert set(data.pools["things"].labels) == {NOT_A_DIGIT}
    assert set(data.pools["font_digits"].labels) == {3, 7}
    assert data.held["pen_digits"].images.dtype == np.uint8


def test_what_could_be_a_digit_is_undecided_and_every_form_has_a_name(folder: Path) -> None:
    data = prepare(TINY)
    shapes, signs = data.pools["shapes"], data.pools["signs"]
    is_latin = np.char.startswith(shapes.names, "Latin/")
    assert is_latin.any()
    np.testing.assert_array_equal(shapes.labels, np.where(is_latin, UNDECIDED, NOT_A_DIGIT))
    assert set(zip(signs.names.tolist(), signs.labels.tolist(), strict=True)) == {
        *(("A", NOT_A_DIGIT), ("R", NOT_A_DIGIT), ("x", NOT_A_DIGIT), ("o", UNDECIDED)),
    }


def test_a_character_is_held_out_in_all_its_positions(folder: Path) -> None:
    data = prepare(TINY)
    known, held = (set(pool["shapes"].names) for pool in (data.pools, data.held))
    assert not known & held
    characters = {name.rsplit("/", 1)[0] for name in held}
    assert held == {f"{character}/{quarters}" for character in characters for quarters in range(4)}
    assert len(characters) == 2

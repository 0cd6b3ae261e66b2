"""Letters and digits from fonts; matplotlib's DejaVu Sans stands for a hand's."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from pytest_django import Settings

from recognizer.labels import NOT_A_DIGIT
from training.data import font_glyphs
from training.data.datasets import UNDECIDED
from training.data.font_glyphs import Family, Glyph, draw_glyph, load_families, pick_digits, pick_signs

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DIGITRE_DATA_DIR, settings.VAR_DIR = tmp_path / "data", tmp_path / "var"
    (tmp_path / "data" / "fonts" / "some-hand").mkdir(parents=True)
    return tmp_path / "data" / "fonts" / "some-hand"


def test_without_fonts_there_is_nothing_to_draw(folder: Path, rng: np.random.Generator) -> None:
    assert load_families() == []
    assert pick_signs([], 5, rng) == []
    assert pick_digits([], 5, rng) == []


def test_the_weights_of_one_hand_are_one_family(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(("Some Hand", "Some Hand Light"))
    monkeypatch.setattr(TTFont, "__getitem__", _named(TTFont.__getitem__, names))
    for weight in ("regular", "light"):
        shutil.copy(DEJAVU, folder / f"{weight}.ttf")
    (family,) = load_families()
    assert family.name == "Some Hand"
    assert len(family.files_of("A")) == 2
    assert family.files_of("あ") == []


def _named(original: Callable[..., Any], names: Iterator[str]) -> Callable[[TTFont, str], Any]:
    """Let the name table of each font that is opened say the next name."""

    class Table:
        def getBestFamilyName(self) -> str:
            return next(names)

    return lambda font, tag: Table() if tag == "name" else original(font, tag)


def test_only_characters_that_are_no_digit_are_signs(rng: np.random.Generator) -> None:
    latin, cyrillic = font_glyphs.SIGNS[0][0], font_glyphs.SIGNS[2][0]
    family = Family("Some Hand", ((str(DEJAVU), frozenset(latin + cyrillic + "0123456789")),))
    signs = pick_signs([family], 2000, rng)
    assert {glyph.label for glyph in signs} == {NOT_A_DIGIT}  # the family draws no other
    assert not {glyph.character for glyph in signs} & set("0123456789BDGIOQSZbgiloqsz")
    share = sum(glyph.character in latin for glyph in signs) / 2000
    assert share == pytest.approx(0.46 / (0.46 + 0.08), abs=0.05)


def test_letters_that_are_a_digit_in_some_hand_are_undecided(rng: np.random.Generator) -> None:
    family = Family("Some Hand", ((str(DEJAVU), frozenset("AaOolБб7")),))
    labels = {glyph.character: glyph.label for glyph in pick_signs([family], 300, rng)}
    assert labels == {"A": NOT_A_DIGIT, "a": NOT_A_DIGIT} | dict.fromkeys("OolБб", UNDECIDED)


def test_no_character_is_both_a_sign_and_a_look_alike_and_none_is_a_digit() -> None:
    signs, alike = ("".join(part for part, _ in kind) for kind in (font_glyphs.SIGNS, font_glyphs.LOOK_ALIKES))
    assert len(set(signs + alike)) == len(signs + alike)
    assert not any(character.isdecimal() for character in signs + alike)
    assert sum(share for _, share in font_glyphs.SIGNS + font_glyphs.LOOK_ALIKES) == pytest.approx(1)


def test_capitals_of_the_same_shape_are_the_same_form() -> None:
    names = {c: Glyph(NOT_A_DIGIT, str(DEJAVU), c).name for c in "XxЖжAaGg"}
    assert names["X"] == names["x"]
    assert names["Ж"] == names["ж"]
    assert len(set(names.values())) == 6


def test_each_digit_is_picked_as_often(rng: np.random.Generator) -> None:
    family = Family("Some Hand", ((str(DEJAVU), frozenset("0123456789")),))
    counts = Counter(glyph.label for glyph in pick_digits([family], 40, rng))
    assert counts == dict.fromkeys(range(10), 4)


def test_a_glyph_is_drawn_as_serving_prepares_ink(rng: np.random.Generator) -> None:
    pictures = np.array([draw_glyph(Glyph(7, str(DEJAVU), "7"), rng) for _ in range(20)])
    assert pictures.shape == (20, 28, 28)
    assert pictures.dtype == np.uint8
    inked = [np.ptp(np.argwhere(picture > 127), axis=0).max() + 1 for picture in pictures]
    assert min(inked) >= 18  # fitted into 20 pixels
    assert max(inked) <= 21
    assert len({picture.tobytes() for picture in pictures}) == 20  # each by another hand

"""Icons read from the two packages' own kind of file, written here."""

import json
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from recognizer.labels import NOT_A_DIGIT
from training.data.datasets import UNDECIDED
from training.data.icon_strokes import LOOK_ALIKES, load_icons

HOUSE = [["path", {"d": "M3 12L12 3l9 9v9H3z"}], ["circle", {"cx": "12", "cy": "15", "r": "2"}]]
BAR = [["line", {"x1": 12, "y1": 2, "x2": 12, "y2": 22}]]
HATCHED = [["path", {"d": f"M0 {y}h24"}] for y in range(0, 24, 2)]


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DIGITRE_DATA_DIR, settings.VAR_DIR = tmp_path / "data", tmp_path / "var"
    (tmp_path / "data" / "icons" / "some-package").mkdir(parents=True)
    return tmp_path / "data" / "icons" / "some-package"


def write(folder: Path, name: str = "icon-nodes.json", **icons: object) -> None:
    (folder / name).write_text(json.dumps({key.replace("_", "-"): parts for key, parts in icons.items()}))


def test_without_icons_there_is_nothing_to_draw(folder: Path) -> None:
    assert load_icons() == []


def test_an_icon_becomes_what_a_pen_would_draw(folder: Path) -> None:
    write(folder, house=HOUSE)
    (house,) = load_icons()
    assert (house.name, house.label) == ("house", NOT_A_DIGIT)
    walls, window = (np.array(stroke) for stroke in house.strokes)
    assert walls.tolist() == [[3, 12], [12, 3], [21, 12], [21, 21], [3, 21], [3, 12]]
    np.testing.assert_allclose(np.hypot(*(window - (12, 15)).T), 2, atol=0.05)
    assert np.ptp(window, axis=0) == pytest.approx((4, 4), abs=0.05)


def test_digits_and_their_look_alikes_are_undecided(folder: Path) -> None:
    assert "minus-vertical" in LOOK_ALIKES.read_text().split()
    write(folder, number_7=HOUSE, house_off=HOUSE, circle_letter_z=HOUSE, minus_vertical=BAR, post=BAR)
    alike = dict.fromkeys(("number-7", "house-off", "circle-letter-z", "minus-vertical"), UNDECIDED)
    assert {icon.name: icon.label for icon in load_icons()} == alike | {"post": NOT_A_DIGIT}


def test_what_is_too_rich_for_a_digit_is_left_out(folder: Path) -> None:
    write(folder, blinds=HATCHED, house=HOUSE)
    assert [icon.name for icon in load_icons()] == ["house"]


def test_both_packages_are_read(folder: Path) -> None:
    write(folder, house=HOUSE)
    write(folder, "tabler-nodes-outline.json", post=BAR)
    write(folder, "some-other.json", tree=HOUSE)
    assert {icon.name for icon in load_icons()} == {"house", "post"}

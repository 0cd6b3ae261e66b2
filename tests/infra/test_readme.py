"""README says what is true: its figures are the shipped model's, its commands exist."""

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.sqlite
BASE_DIR = Path(__file__).resolve().parents[2]
README = (BASE_DIR / "README.md").read_text()
EXAMS = ("mnist", "pen_digits", "canvas_a", "canvas_b", "not_digits")  # in the table's order


def test_its_figures_are_those_of_the_shipped_model() -> None:
    card = json.loads((BASE_DIR / "recognizer" / "baseline" / "card.json").read_text())
    metrics = card["metrics"]
    assert f"{card['parameters']:,} parameters" in README
    expected = [(f"{metrics[name]['n']:,}", f"{100 * metrics[name]['accuracy']:.1f}") for name in EXAMS]
    assert re.findall(r"\| ([\d,]+) \| ([\d.]+) % (?:right|refused) \|", README) == expected


def test_its_make_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) - {"nothing"} <= targets

"""The notebooks of docs/notebooks run with this release, on a small export, and show what their words say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from recognizer.models import Contributor
from tests.support.drawings import approved_drawing
from tests.support.notebooks import ROOT, run_notebook
from training.exchange.exporting import export_drawings
from training.exchange.records import read_records

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Four people's digits, one of them examined, and two things that are none."""
    people = [Contributor.objects.create(is_exam=number == 0) for number in range(4)]
    for number, person in enumerate(people):
        for digit in range(10):
            approved_drawing(digit, by=person, style=number, reviewed=digit == 4)
    for style in (8, 9):
        approved_drawing(3, by=people[1], label=10, style=style)
    export_drawings(tmp_path / "export", ("jsonl", "parquet", "npz"), read_records())
    return tmp_path / "export"


def shown(name: str, export: Path, tmp_path: Path) -> str:
    var = tmp_path / "var"
    var.mkdir()
    path = ROOT / f"docs/notebooks/{name}.ipynb"
    return run_notebook(path, DIGITRE_EXPORT=str(export), DIGITRE_FEW="1", DIGITRE_VAR_DIR=str(var), DEBUG="on")


def test_an_export_can_be_looked_at(export: Path, tmp_path: Path) -> None:
    told = shown("look_at_an_export", export, tmp_path)
    assert "42 drawings by 4 people" in told
    assert "right on 40 of 42" in told  # what is no digit was answered as one
    assert re.search(r"^rule +approved +42$", told, re.MULTILINE)


@pytest.mark.tensorflow
def test_the_network_of_2017_learns_from_the_export_and_is_compared(export: Path, tmp_path: Path) -> None:
    told = shown("the_2017_network", export, tmp_path)
    assert "30 drawings to learn from, 10 to be asked" in told
    (site,) = [line for line in told.splitlines() if line.startswith("what the site had answered")]
    assert "10 of 10" in site
    assert sum(line.startswith(("2017, taught by", "taught by")) for line in told.splitlines()) == 4


@pytest.mark.tensorflow
def test_without_replay_mnist_is_forgotten(export: Path, tmp_path: Path) -> None:
    ends: dict[str, float] = json.loads(shown("without_replay", export, tmp_path).splitlines()[-1])
    assert ends["without"] < 0.9
    assert ends["with"] > ends["without"] + 0.05


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_showed(path: Path) -> None:
    """What is shown is computed from whoever runs it: figures of somebody else's are none."""
    cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"]]

"""What goes with the drawings: figures that are true, and metadata that others' validators accept; no database."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_django import Settings

from tests.support.records import make_line, make_record
from training.exchange.descriptions import NO_LICENCE, Tally, citation, datasheet
from training.exchange.exporting import export_drawings

MADE = datetime(2026, 11, 27, tzinfo=UTC)
OLDER = {**make_line()["contributor"], "consented_at": "2026-10-01T10:00:00+00:00"}
RECORDS = [
    make_record(0, contributor=OLDER),
    make_record(1, writer=0, contributor=OLDER, created_at="2026-10-05T10:00:00+00:00", strokes=None),
    make_record(2, label=10, split="test", is_exam=True, reviewed_at="2026-11-26T12:00:00+00:00"),
    make_record(3, label=None, split="validation", status="unconfirmed"),
]


def tallied() -> Tally:
    tally = Tally()
    for record in RECORDS:
        tally.add(record)
    return tally


def test_the_datasheet_says_who_how_and_under_what_consent(settings: Settings) -> None:
    settings.DIGITRE_DATA_LICENCE = "CC-BY-4.0"
    files = {"drawings.csv": {"sha256": "ab" * 32, "bytes": 7, "drawings": 2}}
    text = datasheet(tallied(), files)
    assert "4 drawings of digits by 3 contributors, from 2026-10-05 to 2026-11-26." in text
    assert "1 drawings were looked at by a reviewer; 3 have the pen's path" in text
    assert "| 2026-10 | 1 |\n| 2026-11 | 2 |" in text
    assert "| train | 2 | 1 |\n| validation | 1 | 1 |\n| test | 1 | 1 |" in text
    assert "| 3 | 1 |\n| 4 | 1 |\n| not a digit | 1 |\n| no label | 1 |" in text
    assert "| approved | 3 |\n| unconfirmed | 1 |" in text
    assert f"| `drawings.csv` | 2 | `{'ab' * 32}` |" in text
    assert "\n\nCC-BY-4.0\n\n" in text
    assert re.findall("^## (.+)", text, re.MULTILINE) == [
        *("Why they were collected", "Who drew, and who labelled", "How they were collected", "Consent", "Licence"),
        *("Splits", "What there is", "Files", "Known issues"),
    ]


def test_without_a_licence_nobody_is_promised_one(settings: Settings) -> None:
    settings.DIGITRE_DATA_LICENCE = ""
    assert NO_LICENCE in datasheet(tallied(), {})
    assert "notes" not in citation(MADE)


def test_the_citation_is_a_citation_file(settings: Settings) -> None:
    settings.DIGITRE_DATA_PUBLISHER, settings.DIGITRE_DATA_LICENCE = 'School: "Müller" #1', "CC0-1.0"
    read = yaml.safe_load(citation(MADE))
    assert (read["cff-version"], read["type"], read["date-released"].isoformat()) == ("1.2.0", "dataset", "2026-11-27")
    assert read["authors"] == [{"name": 'School: "Müller" #1'}]
    assert read["notes"] == "Licence: CC0-1.0"


def test_croissant_names_each_file_with_its_hash(tmp_path: Path, settings: Settings) -> None:
    manifest = export_drawings(tmp_path, ("jsonl", "csv", "npz", "idx"), iter(RECORDS))
    metadata = json.loads((tmp_path / "croissant.json").read_text())
    named = {file["@id"]: file["sha256"] for file in metadata["distribution"]}
    assert named == {name: facts["sha256"] for name, facts in manifest["files"].items()}
    assert [table["@id"] for table in metadata["recordSet"]] == ["pixels"]


def test_mlcroissant_validates_it_and_reads_the_table(tmp_path: Path, settings: Settings) -> None:
    mlc = pytest.importorskip("mlcroissant")
    settings.DIGITRE_DATA_LICENCE, settings.DIGITRE_DATA_URL = "CC-BY-4.0", "https://example.org/drawings"
    export_drawings(tmp_path, ("parquet", "csv"), iter(RECORDS))
    dataset = mlc.Dataset(tmp_path / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    rows: list[Any] = list(dataset.records("pixels"))
    assert [int(row["pixels/label"]) for row in rows] == [3, 4]
    everything: list[Any] = list(dataset.records("drawings"))
    assert [row["drawings/status"] for row in everything] == [b"approved", b"approved", b"approved", b"unconfirmed"]

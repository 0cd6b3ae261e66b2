"""Parquet holds what JSON lines hold, and others' libraries open it; no database."""

from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest

from recognizer.labels import NOT_A_DIGIT
from tests.support.records import PATH, make_record
from training.exchange import parquet
from training.exchange.exporting import export_drawings
from training.exchange.reading import UNREADABLE

RECORDS = [make_record(number % 7, id=f"{number:036d}") for number in range(parquet.ROWS + 3)] + [
    make_record(1, label=None, strokes=None, canvas=None, suspicion=None, events=[], reviewed_by="rosa"),
    make_record(2, label=NOT_A_DIGIT, created_at="2026-11-26T10:00:00.123456+00:00"),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    export_drawings(folder, ("parquet",), iter(RECORDS))
    return folder / parquet.FILE


def test_rows_come_back_as_the_lines_they_were(table: Path) -> None:
    assert list(parquet.read_rows(table)) == [record.line for record in RECORDS]


def test_pandas_opens_it_with_nested_strokes_and_real_moments(table: Path) -> None:
    frame = pandas.read_parquet(table)
    assert len(frame) == len(RECORDS)
    row = frame.iloc[0]
    assert [[list(point) for point in stroke] for stroke in row["strokes"]] == PATH
    assert row["created_at"].to_pydatetime() == datetime(2026, 11, 26, 10, tzinfo=UTC)
    assert row["png"][:4] == b"\x89PNG"
    assert row["model"]["top_label"] == 3
    assert frame["label"].isna().sum() == 1


def test_only_a_part_is_in_memory_at_a_time(table: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetFile(table) as file:
        assert file.metadata.num_row_groups == 2


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no table PAR1")
    with pytest.raises(UNREADABLE):
        list(parquet.read_rows(tmp_path / "a.parquet"))

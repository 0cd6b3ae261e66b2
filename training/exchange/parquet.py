"""Drawings as a Parquet table that pandas and `datasets.load_dataset` open: strokes are nested lists, moments are moments.

pyarrow is loaded by the functions that use it: a web process has no need of it, and does not have it.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.labels import NOT_A_DIGIT
from training.exchange.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "drawings.parquet"
ROWS = 500  # in a row group: what is in memory at a time
EVENT_MOMENTS = ("at",)
MOMENTS = ("created_at", "confirmed_at", "reviewed_at")
CONTRIBUTOR_MOMENTS = ("created_at", "consented_at", "blocked_at")


class Parquet:
    """Everything that JSON lines hold, in the same words; `png` is the picture's bytes."""

    def __init__(self, folder: Path) -> None:
        import pyarrow.parquet as pq

        self.paths, self.count, self._rows = [FILE], 0, list[dict[str, Any]]()
        self._writer = pq.ParquetWriter(folder / FILE, schema(), compression="zstd")

    def add(self, record: Record) -> None:
        self._rows.append(to_row(record))
        self.count += 1
        if len(self._rows) == ROWS:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema()))
            self._rows.clear()


def schema() -> "pa.Schema":
    import pyarrow as pa

    text, small, real, moment = pa.string(), pa.int8(), pa.float64(), pa.timestamp("us", "UTC")
    event = [("at", moment), ("actor", text), ("user", text), ("action", text), ("label", small)]
    event += [("previous_label", small), ("reason", text), ("look", text)]
    model = [("version", pa.int32()), ("sha256", text), ("predicted_label", small), ("top_label", small)]
    model += [("confidence", real), ("margin", real), ("probabilities", pa.list_(real))]
    contributor = [("key", text), ("created_at", moment), ("consented_at", moment)]
    contributor += [("consent_version", pa.int32()), ("blocked_at", moment)]
    columns = [
        *[("id", text), ("label", small), ("writer", pa.int32()), ("is_exam", pa.bool_()), ("split", text)],
        *[("created_at", moment), ("png", pa.binary()), ("strokes", pa.list_(pa.list_(pa.list_(real))))],
        *[("canvas", pa.list_(real)), ("prompted_label", small), ("confirmed_label", small), ("confirmed_at", moment)],
        *[("reviewed_label", small), ("reviewed_at", moment), ("reviewed_by", text), ("status", text)],
        *[("status_reason", text), ("suspicion", real), ("review_priority", real), ("check_due", text)],
        *[("content_hash", text), ("preprocessing_version", pa.int32()), ("campaign", text)],
        ("model", pa.struct(model)),
        *[("contributor", pa.struct(contributor)), ("events", pa.list_(pa.struct(event)))],
    ]
    about = {"what": "Digitre drawings", "not_a_digit": str(NOT_A_DIGIT)}
    return pa.schema(columns, metadata={"digitre": json.dumps(about)})


def to_row(record: Record) -> dict[str, Any]:
    line: dict[str, Any] = {**record.line, "png": record.png}
    _convert(line, MOMENTS, datetime.fromisoformat)
    line["contributor"] = _convert(dict(line["contributor"]), CONTRIBUTOR_MOMENTS, datetime.fromisoformat)
    line["events"] = [_convert(dict(event), EVENT_MOMENTS, datetime.fromisoformat) for event in line["events"]]
    return line


def from_row(row: dict[str, Any]) -> dict[str, Any]:
    """Turn a row into what a JSON line holds. What a stranger's table lacks, or has otherwise, is left as it is."""
    line = {**row}
    if isinstance(line.get("png"), bytes):
        line["png"] = b64encode(line["png"]).decode()
    _convert(line, MOMENTS, _iso)
    if isinstance(line.get("contributor"), dict):
        _convert(line["contributor"], CONTRIBUTOR_MOMENTS, _iso)
    for event in line.get("events") or []:
        _convert(event, EVENT_MOMENTS, _iso)
    return line


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield a table's rows as JSON lines hold them, a row group's part at a time.

    Raises:
        ValueError: not a Parquet file (pyarrow's own errors are ValueErrors or OSErrors).
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(ROWS):
            for row in batch.to_pylist():
                yield from_row(row)


def _iso(moment: object) -> object:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _convert(values: dict[str, Any], names: tuple[str, ...], convert: Any) -> dict[str, Any]:
    for name in names:
        if values.get(name) is not None:
            values[name] = convert(values[name])
    return values

"""What goes with the drawings so that a stranger can use them rightly: a datasheet, Croissant metadata, how to cite them.

The questions of the datasheet are those of Gebru et al. 2018, "Datasheets for Datasets", as far as a machine knows the answer.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from recognizer.imaging.preprocessing import FRAME, PREPROCESSING_VERSION
from recognizer.models import label_text
from training.exchange.records import VALIDATION_EVERY, Record

DATASHEET, CROISSANT, CITATION = "DATASHEET.md", "croissant.json", "CITATION.cff"
NAME = "Digitre drawings"
NO_LICENCE = "None was chosen. Without a licence nobody but the operator may use these drawings."
KNOWN_ISSUES = (
    "Labels are people's. What a reviewer has not looked at was approved by a rule (contributor and model agree), which "
    "favours what the model reads already. `reviewed_at` tells the two apart.",
    "Who a contributor is cannot be known: one person with two browsers is two, a class at one device may be one.",
    "Nothing is known of age, country, hand or device, so nothing can be said of whom the drawings stand for.",
    "Most are drawn with a mouse or a finger on a screen: they differ from ink on paper, and from MNIST.",
    "Model answers are those of the version that was asked at the time; versions learned from earlier drawings.",
)


@dataclass
class Tally:
    """What is counted while drawings stream by: grows with people and days, not with drawings."""

    drawings: int = 0
    strokes: int = 0
    reviewed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    labels: Counter[int | None] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    writers: dict[int, tuple[str, str]] = field(default_factory=dict)  # number -> split, month of consent
    first: str = ""
    last: str = ""

    def add(self, record: Record) -> None:
        line = record.line
        self.drawings += 1
        self.strokes += line["strokes"] is not None
        self.reviewed += line["reviewed_at"] is not None
        self.statuses[line["status"]] += 1
        self.labels[line["label"]] += 1
        self.splits[line["split"]] += 1
        self.versions[line["model"]["version"]] += 1
        consent = line["contributor"]["consented_at"]
        self.writers[line["writer"]] = (line["split"], consent[:7] if consent else "not recorded")
        self.first = min(self.first or line["created_at"], line["created_at"])
        self.last = max(self.last, line["created_at"])


def describe(tally: Tally, files: dict[str, Any], made_at: datetime) -> dict[str, str]:
    """Return the texts of the three files by their names."""
    return {
        DATASHEET: datasheet(tally, files),
        CROISSANT: json.dumps(croissant(tally, files, made_at), indent=1, ensure_ascii=False) + "\n",
        CITATION: citation(made_at),
    }


def datasheet(tally: Tally, files: dict[str, Any]) -> str:
    people = Counter(split for split, _ in tally.writers.values())
    consents = Counter(month for _, month in tally.writers.values())
    splits = [(name, f"{tally.splits[name]:,}", f"{people[name]:,}") for name in ("train", "validation", "test")]
    labels = sorted(tally.labels.items(), key=lambda item: (item[0] is None, item[0] or 0))
    parts = [
        f"# {NAME}",
        f"{tally.drawings:,} drawings of digits by {len(tally.writers):,} contributors"
        + (f", from {tally.first[:10]} to {tally.last[:10]}." if tally.drawings else "."),
        "## Why they were collected",
        "To teach and to examine a recogniser of handwritten digits that learns from the people who use it.",
        "## Who drew, and who labelled",
        f"Visitors of a web page, each known by a random number alone. {tally.reviewed:,} drawings were looked at by a "
        f"reviewer; {tally.strokes:,} have the pen's path, most with its timing.",
        "## How they were collected",
        "A person draws, the model answers, the person says what it is. The page says beforehand what is kept, and that "
        "drawings can be deleted at any time; nothing is stored before a drawing is handed in. Pictures are re-encoded "
        f"without metadata. The {FRAME} x {FRAME} pictures are prepared by version {PREPROCESSING_VERSION} of Digitre's "
        "preparation: 20 pixels high or wide, centred by mass.",
        "## Consent",
        "Given by handing in a drawing, under the privacy page of the time. Contributors by the month of their consent:",
        _table(("month", "contributors"), [(month, f"{count:,}") for month, count in sorted(consents.items())]),
        "Who withdraws it deletes their drawings. Whoever holds a copy should replace it by a newer export now and then.",
        "## Licence",
        settings.DIGITRE_DATA_LICENCE or NO_LICENCE,
        "## Splits",
        "By contributor: nobody is in two. `test` are people whose drawings never teach any version; of the others about one "
        f"in {VALIDATION_EVERY} is `validation`. A person's split is the same in every export.",
        _table(("split", "drawings", "contributors"), splits),
        "## What there is",
        _table(("label", "drawings"), [(_label_name(label), f"{count:,}") for label, count in labels]),
        _table(("status", "drawings"), [(name, f"{count:,}") for name, count in sorted(tally.statuses.items())]),
        _table(
            ("answered by version", "drawings"), [(str(v), f"{count:,}") for v, count in sorted(tally.versions.items())]
        ),
        "## Files",
        _table(
            ("file", "drawings", "SHA-256"),
            [(f"`{name}`", f"{facts['drawings']:,}", f"`{facts['sha256']}`") for name, facts in files.items()],
        ),
        "CSV and IDX hold digits alone, for readers of ten classes; NPZ and PNG folders what has a label. JSON lines and "
        "Parquet hold everything; there 10 is the label of what is no digit.",
        "## Known issues",
        "\n".join(f"* {issue}" for issue in KNOWN_ISSUES),
    ]
    return "\n\n".join(parts) + "\n"


def _label_name(label: int | None) -> str:
    return "no label" if label is None else label_text(label)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def citation(made_at: datetime) -> str:
    """Citation File Format 1.2; strings are JSON's, which YAML reads."""
    publisher = settings.DIGITRE_DATA_PUBLISHER or "The operator of this installation"
    lines = [
        "cff-version: 1.2.0",
        "message: If you use these drawings, please cite them as below.",
        "type: dataset",
        f"title: {json.dumps(NAME, ensure_ascii=False)}",
        "authors:",
        f"  - name: {json.dumps(publisher, ensure_ascii=False)}",
        f"date-released: {made_at.date().isoformat()}",
        f"version: {json.dumps(made_at.date().isoformat())}",
    ]
    if settings.DIGITRE_DATA_LICENCE:
        lines.append(f"notes: {json.dumps('Licence: ' + settings.DIGITRE_DATA_LICENCE, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


# Croissant 1.1, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html

KINDS = {
    ".jsonl.gz": "application/gzip",
    ".parquet": "application/x-parquet",
    ".csv": "text/csv",
    ".npz": "application/zip",
    "-ubyte": "application/octet-stream",
}
COLUMNS = {
    "id": ("sc:Text", "The drawing's own id."),
    "label": ("sc:Integer", "0 to 9, or 10 where it is no digit; a reviewer's, else the contributor's."),
    "writer": ("sc:Integer", "Who drew it: a number of this export."),
    "is_exam": ("sc:Boolean", "Drawn by somebody whose drawings never teach."),
    "split": ("sc:Text", "train, validation or test; by contributor."),
    "created_at": ("sc:DateTime", "When it was handed in."),
    "png": ("sc:ImageObject", "The picture as it was drawn, black on white."),
    "strokes": ("sc:Float", "The pen's path: strokes of points [x, y, milliseconds]."),
    "status": ("sc:Text", "unconfirmed, waiting, approved, rejected or quarantined."),
    "predicted_label": ("sc:Integer", "What the model had answered; empty where it refused."),
    "confidence": ("sc:Float", "The probability of its likeliest digit, calibrated."),
}
IN_MODEL = ("predicted_label", "confidence")  # inside the column `model`
NESTED = {"strokes": "-1,-1,-1"}


def croissant(tally: Tally, files: dict[str, Any], made_at: datetime) -> dict[str, Any]:
    """Croissant metadata: every file with its hash, and the columns of the table where there is one."""
    licence = settings.DIGITRE_DATA_LICENCE or NO_LICENCE
    publisher = settings.DIGITRE_DATA_PUBLISHER or "The operator of this installation"
    date = made_at.date().isoformat()
    record_sets = [make(name) for name, make in TABLES.items() if name in files]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": NAME,
        "description": f"{tally.drawings} digits drawn in a browser by {len(tally.writers)} contributors, "
        "with the pen's path, the labels of contributors and reviewers, and the model's answer. See DATASHEET.md.",
        "license": licence,
        "url": settings.DIGITRE_DATA_URL or "https://example.org/",
        "version": f"{date.replace('-', '.')}",
        "datePublished": date,
        "citeAs": f"{publisher}: {NAME}, {date}",
        "creator": {"@type": "sc:Organization", "name": publisher},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": f"{facts['bytes']} B",
                "encodingFormat": next(kind for end, kind in KINDS.items() if name.endswith(end)),
                "sha256": facts["sha256"],
            }
            for name, facts in files.items()
            if any(name.endswith(end) for end in KINDS)
        ],
        "recordSet": record_sets,
    }


def _table_of_everything(file: str) -> dict[str, Any]:
    fields = []
    for name, (kind, meaning) in COLUMNS.items():
        source: dict[str, Any] = {"fileObject": {"@id": file}, "extract": {"column": name}}
        if name in IN_MODEL:
            source = {
                "fileObject": {"@id": file},
                "extract": {"column": "model"},
                "transform": {"jsonPath": f"$.{name}"},
            }
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"drawings/{name}",
                "name": f"drawings/{name}",
                "description": meaning,
                "dataType": kind,
                "source": source,
            }
            | ({"isArray": True, "arrayShape": NESTED[name]} if name in NESTED else {})
        )
    return {
        "@type": "cr:RecordSet",
        "@id": "drawings",
        "name": "drawings",
        "key": {"@id": "drawings/id"},
        "field": fields,
    }


def _table_of_pixels(file: str) -> dict[str, Any]:
    label = {
        "@type": "cr:Field",
        "@id": "pixels/label",
        "name": "pixels/label",
        "description": "0 to 9.",
        "dataType": "sc:Integer",
        "source": {"fileObject": {"@id": file}, "extract": {"column": "label"}},
    }
    return {"@type": "cr:RecordSet", "@id": "pixels", "name": "pixels", "field": [label]}


TABLES = {"drawings.parquet": _table_of_everything, "drawings.csv": _table_of_pixels}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

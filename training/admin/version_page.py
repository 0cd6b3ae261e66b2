"""Everything that is known of one version, for its page."""

from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.models import AbstractUser
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.text import capfirst

from recognizer import version_card
from recognizer.admin import thumbnails
from recognizer.baseline import shipped_baseline
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion
from training.admin.charts import Bin, Chart, Reliability, read_bins, reliability, share_chart, share_text
from training.evaluation.gate import EXAM_TITLES
from training.models import DatasetSnapshot, TrainingRun

LATEST = 5000  # drawings that the figures from daily use look at: an index range, whatever the table holds
SHOWN = 24  # pictures of each kind
IN_USE = "In use, as people confirmed"


@dataclass(frozen=True)
class ExamRow:
    title: str
    n: str
    accuracy: str
    interval: str
    refused: str
    calibration_error: str


@dataclass(frozen=True)
class Cell:
    count: int
    is_right: bool
    shade: int  # 0..4, how dark


@dataclass(frozen=True)
class Confusion:
    title: str
    rows: list[tuple[str, list[Cell]]]
    is_open: bool


@dataclass(frozen=True)
class Mistake:
    """A drawing with its picture, what was said of it and what it is."""

    drawing: Drawing
    picture: Any
    said: str
    truth: str

    @classmethod
    def of(cls, drawing: Drawing, picture: Any, answer: int | None) -> Self:
        """Make one of a drawing that came `with_label`."""
        truth: int = drawing.told  # type: ignore[attr-defined]
        return cls(drawing, picture, digit_text(answer), digit_text(truth))


def version_page(version: ModelVersion, user: AbstractUser) -> dict[str, Any]:
    """Return the template's context. Pictures of drawings are for those who may see drawings."""
    run = TrainingRun.objects.filter(challenger=version).select_related("snapshot", "champion", "requested_by").first()
    context = {
        "exams": exam_rows(version.metrics),
        "confusions": confusions(version.metrics),
        "run": run,
        "decision": run.decision if run else {},
        "curve": learning_curve(run.curve) if run else None,
        "snapshot": run.snapshot if run else None,
        "counts": data_counts(run.snapshot) if run and run.snapshot else None,
        "replay": (run.environment or {}).get("replay", {}) if run else {},
        "config": sorted(flat(run.config)) if run else [],
        "environment": [item for item in sorted(flat(run.environment)) if not item[0].startswith("replay")]
        if run
        else [],
        "promotions": version.promotions.select_related("by", "previous"),
        "children": version.children.all(),
        "reliabilities": reliabilities(version),
        "sees_drawings": user.has_perm("recognizer.view_drawing"),
    }
    if context["sees_drawings"]:
        context |= {"mistakes": worst_mistakes(version), "exam_mistakes": exam_mistakes(run)} | changed_answers(run)
    return context


def exam_title(name: str) -> str:
    return capfirst(EXAM_TITLES.get(name, name.replace("_", " ")))


def exam_reports(metrics: dict) -> dict[str, dict]:
    return {name: report for name, report in metrics.items() if isinstance(report, dict) and "accuracy" in report}


def exam_rows(metrics: dict) -> list[ExamRow]:
    return [
        ExamRow(
            exam_title(name),
            f"{report.get('n', 0):,}",
            share_text(report["accuracy"], 2),
            interval_text(*version_card.interval(report)),
            share_text(digits_refused(report), 2),
            share_text(report.get("ece"), 2),
        )
        for name, report in exam_reports(metrics).items()
    ]


def digits_refused(report: dict) -> float | None:
    """The share of an exam's digits that were refused; its other questions should be."""
    rows = [row for row in report.get("confusion", [])[:NOT_A_DIGIT] if len(row) > NOT_A_DIGIT]
    digits = sum(map(sum, rows))
    return sum(row[NOT_A_DIGIT] for row in rows) / digits if digits else None


def interval_text(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f} %"


def confusions(metrics: dict) -> list[Confusion]:
    found: list[Confusion] = []
    for name, report in exam_reports(metrics).items():
        if not report.get("confusion") or not report.get("n"):
            continue
        is_open = not any(one.is_open for one in found) and name != "mnist"
        found.append(Confusion(exam_title(name), confusion_rows(report["confusion"]), is_open))
    return found


def confusion_rows(table: list[list[int]]) -> list[tuple[str, list[Cell]]]:
    """Shade mistakes by their share of the row; what is right needs no colour."""
    rows = []
    for label, counts in enumerate(table):
        total = sum(counts)
        if not total:
            continue
        cells = [
            Cell(count, answer == label, 0 if answer == label or not count else min(4, 1 + int(40 * count / total)))
            for answer, count in enumerate(counts)
        ]
        rows.append((str(label) if label < 10 else "none", cells))
    return rows


def learning_curve(curve: list[dict]) -> Chart | None:
    if not curve:
        return None
    names = [str(entry["epoch"]) for entry in curve]
    return share_chart(names, {"validation accuracy": [entry.get("accuracy") for entry in curve]})


def data_counts(snapshot: DatasetSnapshot) -> dict[str, list[tuple[str, int]]]:
    """Say by label what was learned from, and by reason what was left out, the commonest first."""
    counts = snapshot.counts
    return {
        "labels": sorted(counts.get("labels", {}).items()),
        "excluded": sorted(counts.get("excluded", {}).items(), key=lambda item: -item[1]),
    }


def flat(values: dict, above: str = "") -> list[tuple[str, Any]]:
    """Write nested settings as ("fine tune, epochs", 5)."""
    items = []
    for key, value in (values or {}).items():
        name = f"{above}, {key}" if above else str(key)
        items += flat(value, name) if isinstance(value, dict) else [(name.replace("_", " "), value)]
    return items


def answered(version: ModelVersion) -> QuerySet:
    """The latest drawings that the version answered itself, by its own index."""
    return Drawing.objects.filter(model_version=version).order_by("-created_at", "id")


def reliabilities(version: ModelVersion) -> list[Reliability]:
    """One curve for each exam whose report has bins, and one for the drawings that the version answered as champion."""
    found = [
        Reliability(exam_title(name), read_bins(report["bins"]))
        for name, report in exam_reports(version.metrics).items()
        if report.get("bins")
    ]
    if not found and version.tflite_sha256 == shipped_baseline().card["tflite_sha256"]:
        found = [Reliability("Tablet writers, both exams", read_bins(shipped_baseline().card["curve"]))]
    in_use = reliability_in_use(version)
    return [*found, *([Reliability(IN_USE, in_use)] if in_use else [])]


def reliability_in_use(version: ModelVersion) -> list[Bin]:
    """Compare how sure the version was of people's digits with what they, or a reviewer, said they are."""
    latest = with_label(answered(version)).values_list("confidence", "top_label", "told")[:LATEST]
    return reliability(
        [(confidence, top == told) for confidence, top, told in latest if told is not None and told != NOT_A_DIGIT]
    )


def worst_mistakes(version: ModelVersion) -> list[Mistake]:
    """Drawings that reviewers or the rule approved as something else, the surest mistakes first."""
    latest = answered(version).filter(status=Drawing.Status.APPROVED).values("pk")[:LATEST]
    told = with_label(Drawing.objects.filter(pk__in=latest))
    said_otherwise = Q(predicted_label__isnull=False) & ~Q(predicted_label=F("told"))
    wrong = told.filter(said_otherwise | Q(predicted_label__isnull=True, told__lt=NOT_A_DIGIT))
    return [
        Mistake.of(drawing, picture, drawing.predicted_label)
        for drawing, picture in with_pictures(wrong.order_by("-confidence")[:SHOWN])
    ]


def exam_mistakes(run: TrainingRun | None) -> list[Mistake]:
    """Exam drawings that the version read wrongly when its run examined it: all there is where it never spoke."""
    said = dict((run.changed.get("wrong") or [])[:SHOWN]) if run else {}
    there = {
        str(drawing.pk): (drawing, picture)
        for drawing, picture in with_pictures(with_label(Drawing.objects.filter(pk__in=said)))
    }
    return [Mistake.of(*there[pk], answer) for pk, answer in said.items() if pk in there]


def with_label(drawings: QuerySet) -> QuerySet:
    return drawings.annotate(told=Coalesce("reviewed_label", "confirmed_label"))


def digit_text(label: int | None) -> str:
    """A digit, or "none" where it is none or was refused."""
    return "none" if label is None or label == NOT_A_DIGIT else str(label)


def changed_answers(run: TrainingRun | None) -> dict[str, list]:
    """Exam drawings that the version reads rightly and the champion before it did not, and the other way round."""
    changed = run.changed if run else {}
    return {
        kind: with_pictures(Drawing.objects.filter(pk__in=(changed.get(kind) or [])[:SHOWN]))
        for kind in ("fixed", "broken")
    }


def with_pictures(drawings: QuerySet) -> list[tuple[Drawing, Any]]:
    return [(drawing, thumbnails.thumbnail(drawing)) for drawing in drawings.defer("strokes", "probabilities")]

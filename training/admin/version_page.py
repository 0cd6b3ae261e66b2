"""Everything that is known of one version, for its page."""

from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from recognizer.admin import thumbnails
from recognizer.baseline import shipped_baseline
from recognizer.charts import Bin, Chart, Reliability, read_bins, reliability, share_chart
from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import MNIST, exam_spec
from recognizer.formatting import NOTHING, percent, percent_range
from recognizer.intervals import wilson
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingQuerySet, ModelVersion
from training.admin.taught import taught_page
from training.curation.rereading import labelled_pairs
from training.evaluation.gate import Decision
from training.models import DatasetSnapshot, TrainingRun

LATEST = 5000  # drawings that the figures from daily use look at: an index range, whatever the table holds
SHOWN = 24  # pictures of each kind
IN_USE = "In use, by approved labels"


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
    """A drawing with its picture, the answer it got and what it is."""

    drawing: Drawing
    picture: SafeString
    answer: str
    truth: str

    @classmethod
    def of(cls, drawing: Drawing, picture: SafeString, answer: int | None) -> Self:
        """Make one of a drawing that came `with_label`."""
        truth: int = drawing.told  # type: ignore[attr-defined]  # annotated by with_label
        return cls(drawing, picture, digit_text(answer), digit_text(truth))


def version_page(version: ModelVersion, user: AbstractUser | AnonymousUser) -> dict[str, Any]:
    """Return the template's context. Pictures of drawings are for those who may see drawings."""
    run = TrainingRun.objects.filter(challenger=version).select_related("snapshot", "champion", "requested_by").first()
    reports = read_reports(version.metrics)
    context = {
        "exams": exam_rows(reports),
        "confusions": confusions(reports),
        "run": run,
        "decision": Decision.from_dict(run.decision) if run else None,
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
        "reliabilities": reliabilities(version, reports),
        "sees_drawings": user.has_perm("recognizer.view_drawing"),
    }
    if context["sees_drawings"]:
        context |= {"mistakes": worst_mistakes(version), "exam_mistakes": exam_mistakes(run)} | changed_answers(run)
        context |= {"live": labelled_pairs(version), "taught": taught_page(version, run)}
    return context


def exam_title(name: str) -> str:
    return capfirst(exam_spec(name).title)


def counted_of(name: str, report: ExamReport) -> tuple[int, float, tuple[float, float] | None]:
    """Return questions, and accuracy with its interval as the gate counts it: of the digits alone, where there are any.

    What is no digit has its own column and its own row of the gate's table: one exam must not have two numbers.
    """
    digits = None if exam_spec(name).is_refusal or sum(map(sum, report.confusion)) != report.n else report.of_digits
    if digits is None or digits[1] == report.n:
        return report.n, report.accuracy, report.interval
    return report.n, digits[0] / digits[1], wilson(*digits)


def exam_rows(reports: dict[str, ExamReport]) -> list[ExamRow]:
    return [_exam_row(name, report) for name, report in reports.items()]


def _exam_row(name: str, report: ExamReport) -> ExamRow:
    n, accuracy, interval = counted_of(name, report)
    return ExamRow(
        exam_title(name),
        f"{n:,}",
        percent(accuracy, 2),
        percent_range(*interval, 2) if interval else NOTHING,
        percent(report.digits_refused, 2),
        percent(report.ece, 2),
    )


def confusions(reports: dict[str, ExamReport]) -> list[Confusion]:
    """The tables of the exams that have one; the first that is not MNIST's, where next to nothing is wrong, is open."""
    found: list[Confusion] = []
    for name, report in reports.items():
        if not report.confusion or not report.n:
            continue
        is_open = not any(one.is_open for one in found) and name != MNIST
        found.append(Confusion(exam_title(name), confusion_rows(report.confusion), is_open))
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


def learning_curve(curve: list[dict[str, Any]]) -> Chart | None:
    if not curve:
        return None
    names = [str(entry["epoch"]) for entry in curve]
    return share_chart(names, {"validation accuracy": [entry.get("accuracy") for entry in curve]})


def data_counts(snapshot: DatasetSnapshot) -> dict[str, list[tuple[str, int]]]:
    """Say by label and by campaign what was learned from, and by reason what was left out, the commonest first."""
    counts = snapshot.counts
    return {
        "labels": sorted(counts.get("labels", {}).items()),
        "excluded": sorted(counts.get("excluded", {}).items(), key=lambda item: -item[1]),
        "campaigns": sorted(counts.get("campaigns", {}).items()),
    }


def flat(values: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Write nested settings as ("fine tune, epochs", 5)."""
    items = []
    for key, value in (values or {}).items():
        name = f"{above}, {key}" if above else str(key)
        items += flat(value, name) if isinstance(value, dict) else [(name.replace("_", " "), value)]
    return items


def answered(version: ModelVersion) -> DrawingQuerySet:
    """The latest drawings that the version answered itself, by its own index."""
    return Drawing.objects.filter(model_version=version).order_by("-created_at", "id")


def reliabilities(version: ModelVersion, reports: dict[str, ExamReport]) -> list[Reliability]:
    """One curve for each exam whose report has bins, and one for the drawings that the version answered as champion."""
    found = [Reliability(exam_title(name), read_bins(report.bins)) for name, report in reports.items() if report.bins]
    if not found and version.tflite_sha256 == shipped_baseline().card["tflite_sha256"]:
        found = [Reliability("Tablet writers, both exams", read_bins(shipped_baseline().card["curve"]))]
    in_use = reliability_in_use(version)
    return [*found, *([Reliability(IN_USE, in_use)] if in_use else [])]


def reliability_in_use(version: ModelVersion) -> list[Bin]:
    """Compare how sure the version was of digits drawn here with their labels, a reviewer's or the contributor's."""
    # a rejected label, and a blocked person's, says nothing of the model
    approved = with_label(answered(version)).filter(
        status=Drawing.Status.APPROVED, contributor__blocked_at__isnull=True
    )
    latest = approved.values_list("confidence", "top_label", "told")[:LATEST]
    return reliability(
        [(confidence, top == told) for confidence, top, told in latest if told is not None and told != NOT_A_DIGIT]
    )


def worst_mistakes(version: ModelVersion) -> list[Mistake]:
    """Drawings that reviewers or the rule approved as something else, the surest mistakes first."""
    latest = answered(version).filter(status=Drawing.Status.APPROVED).values("pk")[:LATEST]
    told = with_label(Drawing.objects.filter(pk__in=latest))
    is_misread = Q(predicted_label__isnull=False) & ~Q(predicted_label=F("told"))
    wrong = told.filter(is_misread | Q(predicted_label__isnull=True, told__lt=NOT_A_DIGIT))
    return [
        Mistake.of(drawing, picture, drawing.predicted_label)
        for drawing, picture in with_pictures(wrong.order_by("-confidence")[:SHOWN])
    ]


def exam_mistakes(run: TrainingRun | None) -> list[Mistake]:
    """Exam drawings that the version read wrongly when its run examined it: all there is where it never spoke."""
    answers: dict[str, int] = dict((run.changed.get("wrong") or [])[:SHOWN]) if run else {}
    there = {
        str(drawing.pk): (drawing, picture)
        for drawing, picture in with_pictures(with_label(Drawing.objects.filter(pk__in=answers)))
    }
    return [Mistake.of(*there[pk], answer) for pk, answer in answers.items() if pk in there]


def with_label(drawings: DrawingQuerySet) -> QuerySet[Any]:
    """Annotate drawings with what they are, as `told`: by a reviewer, or else by whoever drew them."""
    return drawings.annotate(told=Coalesce("reviewed_label", "confirmed_label"))


def digit_text(label: int | None) -> str:
    """A digit, or "none" where it is none or was refused."""
    return "none" if label is None or label == NOT_A_DIGIT else str(label)


def changed_answers(run: TrainingRun | None) -> dict[str, list[tuple[Drawing, SafeString]]]:
    """Exam drawings that the version reads rightly and the champion before it did not, and the other way round."""
    changed = run.changed if run else {}
    return {
        kind: with_pictures(Drawing.objects.filter(pk__in=(changed.get(kind) or [])[:SHOWN]))
        for kind in ("fixed", "broken")
    }


def with_pictures(drawings: QuerySet[Drawing]) -> list[tuple[Drawing, SafeString]]:
    return [(drawing, thumbnails.thumbnail(drawing)) for drawing in drawings.defer("strokes", "probabilities")]

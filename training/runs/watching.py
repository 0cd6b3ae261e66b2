"""The site watches itself: between two runs the worker looks at what the champion does with what people draw."""

from collections.abc import Iterable

import numpy as np
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily

from recognizer import retreat
from recognizer.errors import CorruptArtifact
from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import DRAWINGS, EXAMS, GOLDEN
from recognizer.formatting import percent
from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion, PromotionEvent
from training.config import MapConfig
from training.curation import rereading
from training.evaluation.drift import accuracy_without_labels, homogeneity, largest_shift
from training.evaluation.reports import RELIABILITY_BINS
from training.models import Watch

UNLABELLED = 2000  # latest unlabelled drawings that accuracy is estimated on
LOOKED_AT = 1000  # latest drawings whose drift is measured
SCANNED = 10_000  # latest drawings among which those are looked for
FEWEST = 100  # below, nothing is told
BINS = RELIABILITY_BINS  # of confidence, as an exam's report has them
EXAM_FEWEST = 200  # questions of people's drawings, to measure drift against; else another exam stands in


def look() -> str:
    """Look once. Returns what was done, in words."""
    returned = retreat.step_back_if_worse()
    champion = ModelVersion.objects.champion()
    if champion is None:
        return "there is no champion"
    from training.curation import drawing_map  # scikit-learn loads here: the web, which has none, imports this module

    watch(champion)
    done = [f"stepped back to {returned.version}"] if returned else []
    try:
        done.append(f"{rereading.reread_backlog(champion)} waiting ones read anew")
        done.append(f"{rereading.read_what_was_taught()} of what was taught")
        done.append(drawing_map.refresh(champion, MapConfig()))
        challenger = rereading.newest_held(champion)
        if challenger is not None:
            done.append(f"{rereading.answer_beside(challenger, champion)} read by {challenger}")
    except CorruptArtifact as error:
        done.append(f"nothing read: {error}")
    return "; ".join(done)


def watch(champion: ModelVersion) -> Watch:
    """Estimate the champion's accuracy without labels, and measure drift against its last exam."""
    reports = read_reports(champion.metrics)
    name = drift_exam(reports)
    values: dict[str, object] = {"at": timezone.now(), "exam": name}
    latest = Drawing.objects.filter(model_version=champion).order_by("-created_at", "id")
    values |= _accuracy(
        latest.values_list("confirmed_label", "predicted_label", "confidence")[:SCANNED], reports.get(name)
    )
    values |= _drift(list(latest.values_list("predicted_label", "confidence")[:LOOKED_AT]), reports.get(name))
    found, _ = Watch.objects.update_or_create(version=champion, defaults=values)
    return found


def drift_exam(reports: dict[str, ExamReport]) -> str:
    """Choose what to measure drift against: people's drawings, where there are enough; else the largest exam with digits."""
    if DRAWINGS in reports and reports[DRAWINGS].n >= EXAM_FEWEST:
        return DRAWINGS
    drawn = [exam.name for exam in EXAMS if not exam.is_refusal and exam.name not in (GOLDEN, DRAWINGS)]
    asked = [name for name in drawn if name in reports and reports[name].bins]
    return max(asked, key=lambda name: (name.startswith("canvas"), reports[name].n), default="")


def _accuracy(rows: Iterable[tuple[int | None, int | None, float]], report: ExamReport | None) -> dict[str, object]:
    unlabelled = [sure for told, said, sure in rows if told is None and said is not None][:UNLABELLED]
    estimate = accuracy_without_labels(np.array(unlabelled), report.bins if report else [])
    if estimate is None or estimate.n < FEWEST:
        return {"drawings": len(unlabelled), "accuracy": None, "low": None, "high": None}
    return {"drawings": estimate.n, "accuracy": estimate.accuracy, "low": estimate.low, "high": estimate.high}


def _drift(rows: list[tuple[int | None, float]], report: ExamReport | None) -> dict[str, object]:
    nothing: dict[str, object] = {"looked_at": len(rows), "classes_p": None, "confidence_p": None, "shift": ""}
    if report is None or len(rows) < FEWEST:
        return nothing
    # digits alone: how many of an exam's questions are none was chosen, and says nothing of what people draw
    examined = [sum(row[digit] for row in report.confusion[:NOT_A_DIGIT]) for digit in range(NUM_CLASSES)]
    now = [sum(said == digit for said, _ in rows) for digit in range(NUM_CLASSES)]
    found = nothing | {"classes_p": homogeneity(examined, now)}
    if report.bins:
        edges = np.linspace(0, 1, BINS + 1)[1:-1]
        in_exam = np.bincount(
            np.digitize([one["confidence"] for one in report.bins], edges),
            weights=[one["n"] for one in report.bins],
            minlength=BINS,
        )
        here = np.bincount(np.digitize([sure for said, sure in rows if said is not None], edges), minlength=BINS)
        found["confidence_p"] = homogeneity(in_exam.astype(int).tolist(), here.tolist())
    if sum(examined):
        digit, before, after = largest_shift(examined, now)
        found["shift"] = f"{digit}s are {percent(after, 1)} of what is read, {percent(before, 1)} of the exam"
    return found


def figures() -> list[GaugeMetricFamily]:
    """What the worker last saw, for a Prometheus server: read from rows when it asks, so every process tells the same."""
    watch = Watch.objects.filter(version__is_champion=True).first()
    returns = GaugeMetricFamily(
        "digitre_automatic_returns", "How often the site went back to the version before by itself."
    )
    returns.add_metric([], PromotionEvent.objects.filter(is_return=True).count())
    if watch is None:
        return [returns]
    accuracy = GaugeMetricFamily(
        "digitre_accuracy_without_labels", "Share of right answers, estimated without labels.", labels=["bound"]
    )
    for bound, value in (("estimate", watch.accuracy), ("low", watch.low), ("high", watch.high)):
        if value is not None:
            accuracy.add_metric([bound], value)
    drift = GaugeMetricFamily(
        "digitre_drift_p", "Chance of so great a difference from the last exam by luck.", labels=["of"]
    )
    for of, value in (("classes", watch.classes_p), ("confidence", watch.confidence_p)):
        if value is not None:
            drift.add_metric([of], value)
    return [returns, accuracy, drift]

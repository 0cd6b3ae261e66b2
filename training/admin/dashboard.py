"""The admin's first page: what waits, what was learned, whether all is well. Every number leads to the rows behind it.

No figure counts a table: each reads an index up to a limit, or a window of the latest rows.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from recognizer.admin.sql_limits import session_setting
from recognizer.charts import Chart, share_chart
from recognizer.exam_reports import ExamReport, read_reports
from recognizer.exams import exam_spec
from recognizer.formatting import percent, percent_range
from recognizer.intervals import Share
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion, PromotionEvent
from recognizer.review import queue
from recognizer.review.queue import COUNTED_MOST, count_up_to_most
from training.admin.version_page import counted_of, exam_rows, exam_title
from training.curation.snapshots import new_labels
from training.models import TrainingPolicy, TrainingRun, Watch, WorkerHeartbeat
from training.runs import schedule

DAYS = 30
VERSIONS_CHARTED = 30
RECENT = 2000  # latest drawings that the share of refusals looks at
FRESH_LIMIT = 1000  # new labels counted exactly, beyond what starts a run
DAY_MOST = 3000  # drawings of a day that the chart looks at: the share of a busy day is then known within two points
DRIFTED = 0.001  # p below which something has drifted: a look a minute would find luck at a greater one every day
DAILY_SECONDS = 300  # the chart by day may be this old
TALLY = """
    SELECT COUNT(*), COUNT(confirmed_label),
           COALESCE(SUM(CASE WHEN confirmed_label = predicted_label THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN predicted_label IS NULL THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN predicted_label IS NULL AND confirmed_label = %s THEN 1 ELSE 0 END), 0)
    FROM (SELECT CASE WHEN status IN ('waiting', 'approved') AND contributor_id NOT IN (
                      SELECT id FROM recognizer_contributor WHERE blocked_at IS NOT NULL) THEN confirmed_label END
                 AS confirmed_label, predicted_label
          FROM recognizer_drawing WHERE created_at >= %s AND created_at < %s ORDER BY created_at LIMIT %s) one_day"""
TALLIED = ("drawn", "told", "agreed", "refused", "refused_rightly")


@dataclass(frozen=True)
class Figure:
    """A number with its name, the page of the rows behind it, and a note in small type."""

    name: str
    value: str
    address: str
    note: str = ""


def dashboard(user: AbstractUser) -> dict[str, Any]:
    """Return the template's context: each part for those who may see the rows behind it.

    Every query reads the beginning of an index; where PostgreSQL started parallel workers for one, the page took 276 ms at
    a million rows instead of 90.
    """
    with session_setting("max_parallel_workers_per_gather", "0"):
        return parts_for(user)


def parts_for(user: AbstractUser) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if user.has_perm("recognizer.view_drawing"):
        context |= {"review": review_figures(user), "daily": cache.get_or_set("dashboard.daily", daily, DAILY_SECONDS)}
    if user.has_perm("recognizer.view_modelversion"):
        champion = ModelVersion.objects.champion()
        context |= {
            "champion": champion,
            "champion_exams": exam_rows(read_reports(champion.metrics)) if champion else [],
            "exams": exams_over_versions(),
            "watching": watching_figures(champion),
            "returned": latest_return(),
        }
    if user.has_perm("training.view_trainingrun"):
        context |= {
            "learning": learning_figures(),
            "live_run": TrainingRun.objects.filter(status__in=TrainingRun.LIVE).in_brief().first(),
        }
    return context


# what waits


def review_figures(user: AbstractUser) -> list[Figure]:
    drawings = reverse("admin:recognizer_drawing_changelist")
    return [
        Figure("waiting for review", counted(Drawing.objects.filter(status="waiting")), drawings),
        Figure("quarantined", counted(Drawing.objects.filter(status="quarantined")), f"{drawings}?status=quarantined"),
        checked("the rule's errors", queue.error_rate(), "audit", "of {} approvals checked blind", user),
        checked("reviewers agree", queue.agreement_rate(), "second", "of {} blind second opinions", user),
        refusals(drawings),
        Figure("storage used", storage_used(), f"{drawings}?status=all"),
    ]


def counted(drawings: QuerySet[Drawing]) -> str:
    """Count up to a limit: "12", or "more than 10,000"."""
    count = count_up_to_most(drawings)
    return f"more than {COUNTED_MOST:,}" if count >= COUNTED_MOST else f"{count:,}"


def checked(name: str, share: Share | None, look: str, of: str, user: AbstractUser) -> Figure:
    may_see = user.has_perm("recognizer.view_labelevent")
    address = f"{reverse('admin:recognizer_labelevent_changelist')}?look={look}" if may_see else ""
    if share is None:
        return Figure(name, "-", address, "nothing checked yet")
    interval = percent_range(share.low, share.high, 1)
    return Figure(name, percent(share.share, 1), address, f"{interval}, {of.format(share.total)}")


def refusals(drawings: str) -> Figure:
    latest = Drawing.objects.order_by("-created_at", "id").values_list("predicted_label", flat=True)[:RECENT]
    answers = list(latest)
    share = Share.of(sum(answer is None for answer in answers), len(answers))
    address = f"{drawings}?status=all&answer=refused&order=newest"
    if share is None:
        return Figure("refused", "-", address, "nothing drawn yet")
    return Figure("refused", percent(share.share, 1), address, f"of the latest {share.total:,} drawings")


def storage_used() -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            size = cursor.fetchone()[0]
        else:
            name = Path(str(connection.settings_dict["NAME"]))
            size = name.stat().st_size if name.is_file() else 0
    return f"{size / 1024**2:,.0f} MB" if size < 1024**3 else f"{size / 1024**3:,.1f} GB"


# what people corrected


def daily() -> dict[str, Chart]:
    """Shares of corrected and of refused drawings for each of the last days."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return {"chart": daily_chart(dict(zip(days, tally(days), strict=True)), first)}


def tally(days: list[date]) -> list[dict[str, int]]:
    """Count the first drawings of each day, up to DAY_MOST: one statement, read from one index, whatever the table holds.

    Grouping all drawings of a month took 150 ms at a million rows, and would take longer at two.
    """
    values: list[int | str | None] = []
    for day in days:
        start = datetime.combine(day, time(), tzinfo=UTC)
        bounds = (connection.ops.adapt_datetimefield_value(at) for at in (start, start + timedelta(days=1)))
        values += [NOT_A_DIGIT, *bounds, DAY_MOST]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([TALLY] * len(days)), values)
        return [dict(zip(TALLIED, row, strict=True)) for row in cursor.fetchall()]


def daily_chart(rows: dict[date, dict[str, int]], first: date) -> Chart:
    days = [first + timedelta(days=number) for number in range(DAYS)]

    def line(share: Callable[[dict[str, int]], float | None]) -> list[float | None]:
        return [share(rows[day]) for day in days]

    return share_chart(
        [f"{day:%-d %b}" for day in days],
        {
            "corrected, of those confirmed and not rejected": line(
                lambda row: 1 - (row["agreed"] + row["refused_rightly"]) / row["told"] if row["told"] else None
            ),
            "refused, of those drawn": line(lambda row: row["refused"] / row["drawn"] if row["drawn"] else None),
        },
        low=0.0,
        addresses=[drawn_on(day) for day in days],
    )


def drawn_on(day: date) -> str:
    """The address of the drawings of one day."""
    bounds = {"created_at__gte": f"{day} 00:00:00+00:00", "created_at__lt": f"{day + timedelta(days=1)} 00:00:00+00:00"}
    return f"{reverse('admin:recognizer_drawing_changelist')}?{urlencode({'status': 'all'} | bounds)}"


# how it does, by itself


def watching_figures(champion: ModelVersion | None) -> list[Figure]:
    """What the worker last saw of the champion: how many it reads rightly without anybody's saying so, and what has drifted."""
    if champion is None:
        return []
    page = reverse("admin:recognizer_modelversion_change", args=[champion.pk])
    watch = Watch.objects.filter(version=champion).first()
    if watch is None:
        return [Figure("right, without labels", "-", page, "the worker has not looked yet")]
    return [
        Figure(
            "right, without labels",
            percent(watch.accuracy, 1),
            page,
            f"{percent_range(watch.low, watch.high, 1)}, by how sure it was of {watch.drawings:,} unlabelled drawings"
            if watch.low is not None and watch.high is not None
            else "too few unlabelled drawings to tell",
        ),
        drifted("what is drawn", watch.classes_p, page, watch.shift),
        drifted("how sure it is", watch.confidence_p, page, "beside its exam"),
    ]


def drifted(name: str, p: float | None, page: str, what: str) -> Figure:
    """Say whether something has changed since the last exam: Pearson's chi-squared test, at one in a thousand."""
    if p is None:
        return Figure(name, "-", page, "too few drawings, or no exam, to compare with")
    chance = "less than 1 in 1,000" if p < DRIFTED else f"{percent(p, 1)}"
    return Figure(name, "has changed" if p < DRIFTED else "as examined", page, f"{what}; by luck: {chance}")


def latest_return() -> PromotionEvent | None:
    """The promotion by which the site last went back by itself, if it is the last one."""
    promotions = PromotionEvent.objects.select_related("version", "previous")
    event = promotions.defer("version__metrics", "previous__metrics").first()
    return event if event is not None and event.is_return else None


# what was learned


def learning_figures() -> list[Figure]:
    policy = TrainingPolicy.load()
    enough = max(policy.minimum_new_labels, FRESH_LIMIT)
    fresh = new_labels(enough)
    return [
        Figure(
            "new since the last version",
            f"{fresh:,}" if fresh < enough else f"more than {enough:,}",
            f"{reverse('admin:recognizer_drawing_changelist')}?status=approved&order=newest",
            f"{policy.minimum_new_labels:,} start a run",
        ),
        next_training(policy),
        worker(),
    ]


def next_training(policy: TrainingPolicy) -> Figure:
    reason = schedule.why_not_due(policy, timezone.now())
    value = "not yet" if reason else "at the next tick"
    return Figure("next training", value, reverse("admin:training_trainingpolicy_changelist"), reason)


def worker() -> Figure:
    latest = WorkerHeartbeat.objects.order_by("-at").first()
    note = (
        f"last heard of {timezone.localtime(latest.at):%d %b, %H:%M:%S}"
        if latest
        else "start one: nothing is learned without"
    )
    return Figure("worker", WorkerHeartbeat.objects.state(), reverse("admin:training_workerheartbeat_changelist"), note)


def exams_over_versions() -> Chart:
    """Accuracy on each exam that several of the latest versions were asked, in the order they were made."""
    versions = list(ModelVersion.objects.only("number", "metrics")[:VERSIONS_CHARTED])[::-1]
    reports = [read_reports(version.metrics) for version in versions]
    asked = Counter(questions for report in reports for questions in _questions(report).values())
    kinds = Counter(name for name, _ in asked)
    return share_chart(
        [str(version.number) for version in versions],
        {
            exam_title(name) + (f", {n:,} questions" if kinds[name] > 1 else ""): [
                counted_of(name, report[name])[1] if _questions(report).get(name) == (name, n) else None
                for report in reports
            ]
            for (name, n), count in asked.items()
            if count > 1
        },
        addresses=[reverse("admin:recognizer_modelversion_change", args=[version.pk]) for version in versions],
    )


def _questions(reports: dict[str, ExamReport]) -> dict[str, tuple[str, int]]:
    """Tell the exams of a version apart by how much they asked: a sample of MNIST is another exam than MNIST."""
    return {
        name: (name, 0 if exam_spec(name).is_growing else report.n)
        for name, report in reports.items()
        if not exam_spec(name).is_refusal
    }

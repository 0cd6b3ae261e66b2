"""What people may know about the learning: versions and their exams, drawings collected, what became of one's own."""

from typing import NotRequired, TypedDict

from django.core.cache import cache
from django.db.models import Count
from django.utils.translation import gettext

from recognizer import words
from recognizer.exam_reports import read_reports
from recognizer.exams import exam_spec
from recognizer.models import Contributor, Drawing, ModelVersion
from recognizer.version_card import VersionProgress, exam_results
from training.api.campaign_progress import CampaignBoard
from training.curation.snapshots import new_labels
from training.evaluation.gate import GAIN, Decision, Row
from training.models import TrainingPolicy, TrainingRun

VERSIONS_SHOWN = 30  # the newest; the curve has no room for more
# seconds that the totals are kept: counting a million rows takes a while, and nobody waits for one more
COUNTED_FOR = 30
COUNTED_TO = 2_000  # new labels, or to what starts a run: who has more waits for a worker, not for their exact number


class Totals(TypedDict):
    drawings: int
    contributors: int
    new_since: int  # labels approved since the last version was trained, up to COUNTED_TO or `next_at`
    next_at: int | None  # at how many of them the next run starts; None: at none


class Board(TypedDict):
    versions: list[VersionProgress]
    totals: Totals
    mine: dict[str, int]  # the contributor's drawings by what became of them; empty for a stranger
    campaign: NotRequired[CampaignBoard]  # where one was asked for


def board(contributor: Contributor | None) -> Board:
    return {"versions": versions(), "totals": totals(), "mine": fates(contributor) if contributor else {}}


def versions() -> list[VersionProgress]:
    """Versions that served, and those that the gate held, the newest first."""
    shown = (
        ModelVersion.objects.here()
        .select_related("run__snapshot")
        .only(
            *("number", "promoted_at", "is_champion", "metrics"),
            *("run__status", "run__decision", "run__snapshot__drawings"),
        )
    )
    return [_version(version) for version in shown.order_by("-number")[:VERSIONS_SHOWN]]


def _version(version: ModelVersion) -> VersionProgress:
    run: TrainingRun | None = getattr(version, "run", None)
    decision = Decision.from_dict(run.decision) if run else None
    return VersionProgress(
        version.number,
        exam_results(read_reports(version.metrics)),
        promoted_at=version.promoted_at,
        is_champion=version.is_champion,
        held=run is not None and run.status == TrainingRun.Status.HELD and version.promoted_at is None,
        reasons=_reasons(decision) if decision else [],
        drawings=run.snapshot.drawings if run and run.snapshot else 0,
    )


def _reasons(decision: Decision) -> list[str]:
    """Say why the gate decided so: as it was recorded, with figures, or without them in another language."""
    if words.is_original() or not decision.rows:
        return decision.reasons
    return list(dict.fromkeys(_in_words(row) for row in decision.rows if not row.passed))


def _in_words(row: Row) -> str:
    if row.key == GAIN:
        return gettext("it was better nowhere, beyond luck")
    if row.key.endswith(".calibration"):
        return gettext("it was less honest about how sure it is")
    if row.exam:
        return gettext("it did worse in an exam ({exam})").format(exam=gettext(exam_spec(row.exam).title))
    if row.key == "digits_refused":
        return gettext("it refused too many digits")
    if row.key == "others_refused":
        return gettext("it took too many other things for digits")
    return gettext("it failed a technical check")


def totals() -> Totals:
    return cache.get_or_set("training.totals", _count_totals, COUNTED_FOR)  # type: ignore[return-value]


def _count_totals() -> Totals:
    policy = TrainingPolicy.load()
    return {
        "drawings": Drawing.objects.count(),
        "contributors": Contributor.objects.count(),
        "new_since": new_labels(max(policy.minimum_new_labels, COUNTED_TO)),
        "next_at": policy.minimum_new_labels if policy.enabled else None,
    }


def fates(contributor: Contributor) -> dict[str, int]:
    """Count a contributor's drawings by what became of them, in words."""
    counted = Drawing.objects.of(contributor).order_by().values_list("status").annotate(count=Count("id"))
    return {str(Drawing.Status(status).label): count for status, count in counted}

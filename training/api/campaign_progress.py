"""How the versions read one campaign's people, and what its wall shows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict
from uuid import UUID

from django.utils.translation import get_language, gettext, ngettext

from recognizer import own_drawings, serving, words
from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import data_url
from recognizer.intervals import Share
from recognizer.models import Campaign, Drawing, ModelVersion
from recognizer.submissions import Submission
from recognizer.ttl_cache import TtlCache
from training.evaluation.gate import Decision
from training.models import TrainingRun

ASKED_MOST = 200  # newest exam drawings of a campaign: each costs two milliseconds a version, once
ASKED_FOR_SECONDS = 30  # that a process goes by what it asked: nobody waits for it again meanwhile
SHOWN = 12  # on a wall
WALL_SECONDS = 2  # that all who look at a wall are answered alike: a hundred screens cost what one costs


@dataclass(frozen=True)
class VersionShare:
    """How much of a campaign's exam drawings a version reads; shares are 0..1 with their 95 % interval."""

    version: int
    right: int
    n: int

    @property
    def accuracy(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        share = Share.of(self.right, self.n)
        return (share.low, share.high) if share else (0.0, 1.0)


class CampaignBoard(TypedDict):
    name: str
    code: str
    people: int
    drawings: int
    approved: int
    exam: list[VersionShare]  # oldest version first; empty while nobody examined has an approved drawing


class Shown(TypedDict):
    """A drawing on the wall: its picture, what it is, what it is read as now, and whether it was misread first."""

    id: str
    image: str
    label: int
    digit: int | None
    mended: bool


class Wall(TypedDict):
    name: str
    code: str
    people: int
    drawings: int
    shown: list[Shown]
    curve: list[tuple[int, float]]  # version, share read
    asked: int  # how many drawings the curve's last point is of
    learned: str


_boards: TtlCache[int, list[VersionShare]] = TtlCache(64, ASKED_FOR_SECONDS)
_walls: TtlCache[tuple[int, str | None], Wall] = TtlCache(64, WALL_SECONDS)  # by campaign and language
kept: tuple[TtlCache[Any, Any], ...] = (_boards, _walls)


def board(campaign: Campaign) -> CampaignBoard:
    drawings = campaign.drawings.all()
    return {
        "name": campaign.name,
        "code": campaign.code,
        "people": campaign.contributors.count(),
        "drawings": drawings.count(),
        "approved": drawings.filter(status=Drawing.Status.APPROVED).count(),
        "exam": exam(campaign),
    }


def exam(campaign: Campaign) -> list[VersionShare]:
    """Ask the newest versions that ever answered people for the campaign's newest exam drawings, which taught none of them."""
    return _boards.get_or_make(campaign.pk, lambda: _ask(campaign))


def _ask(campaign: Campaign) -> list[VersionShare]:
    asked = Drawing.objects.exam().in_campaign(campaign).order_by("-created_at", "id")
    newest = ModelVersion.objects.filter(promoted_at__isnull=False).values_list("number", flat=True).first() or 0
    right: dict[int, int] = {}
    count: dict[int, int] = {}
    for drawing in asked.only("id", "reviewed_label", "confirmed_label")[:ASKED_MOST]:
        for version, digit in _answers(drawing.pk, newest):
            count[version] = count.get(version, 0) + 1
            right[version] = right.get(version, 0) + (digit == _as_answer(drawing.label))
    return [VersionShare(version, right[version], count[version]) for version in sorted(count)]


def _as_answer(label: int | None) -> int | None:
    """What a version should answer: a refusal where there is no digit."""
    return label if label is not None and label <= 9 else None


@lru_cache(maxsize=4096)  # neither a drawing's strokes nor what a version says to them ever changes
def _answers(drawing_id: UUID, newest_version: int) -> tuple[tuple[int, int | None], ...]:
    drawing = Drawing.objects.filter(pk=drawing_id).first()
    if drawing is None:
        return ()
    return tuple((answer["version"], answer["digit"]) for answer in own_drawings.answers_by_version(drawing))


def wall(campaign: Campaign) -> Wall:
    return _walls.get_or_make((campaign.pk, get_language()), lambda: _lay_out(campaign))


def _lay_out(campaign: Campaign) -> Wall:
    showable = Drawing.objects.showable().in_campaign(campaign).select_related("contributor")
    latest = showable.order_by("-created_at", "id").defer("probabilities")[:SHOWN]
    shares = exam(campaign)
    return {
        "name": campaign.name,
        "code": campaign.code,
        "people": campaign.contributors.count(),
        "drawings": campaign.drawings.count(),
        "shown": [_shown(drawing) for drawing in latest],
        "curve": [(share.version, share.accuracy) for share in shares],
        "asked": shares[-1].n if shares else 0,
        "learned": learned(),
    }


def _shown(drawing: Drawing) -> Shown:
    label = drawing.reviewed_label
    assert label is not None  # what a wall may show has been reviewed
    digit = read_now(drawing)
    return {
        "id": str(drawing.pk),
        "image": data_url(bytes(drawing.png)),
        "label": label,
        "digit": digit,
        "mended": digit == label != drawing.predicted_label,
    }


def read_now(drawing: Drawing) -> int | None:
    """What the version that answers now says to a stored drawing; None is a refusal, or a drawing that it cannot read."""
    try:
        return serving.current_classifier().model.answer(Submission.stored(drawing).image).digit
    except InvalidDrawing:
        return None


def learned() -> str:
    """Say in a sentence what the version that answers now has learned.

    A run records its findings in English, with figures; another language says from how many drawings it learned.
    """
    champion = ModelVersion.objects.filter(is_champion=True).only("id", "number").first()
    runs = TrainingRun.objects.select_related("snapshot").only("decision", "snapshot__drawings")
    run = runs.filter(challenger=champion).first() if champion else None
    decision = Decision.from_dict(run.decision) if run else None
    if champion is None or decision is None or not decision.findings:
        return gettext("It has not learned from anybody here yet. Every drawing that is put right helps.")
    if words.is_original():
        return f"Version {champion.number}: {decision.findings[0]}"
    drawings = run.snapshot.drawings if run and run.snapshot else 0
    sentence = ngettext(
        "Version %(number)s has learned from %(drawings)s drawing.",
        "Version %(number)s has learned from %(drawings)s drawings.",
        drawings,
    )
    return sentence % {"number": champion.number, "drawings": drawings}

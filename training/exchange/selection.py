"""Which drawings an export takes: one reading of filters for the command line, the admin and the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Self

from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime

from recognizer import campaigns
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, DrawingQuerySet

ALL = "all"
NUMBER_DIGITS = 9  # of a version or a contributor: always within a database's integers
WORDS = {"exam": True, "learning": False}  # what their contributor's drawings are for


class BadSelection(ValueError):
    """A filter that says nothing; the message says what it may say."""


@dataclass(frozen=True)
class Selection:
    """Approved drawings, unless `statuses` says otherwise (empty: of any); every other filter narrows that."""

    statuses: tuple[str, ...] = (Drawing.Status.APPROVED,)
    labels: tuple[int, ...] = ()
    version: int | None = None
    contributor: int | None = None
    is_exam: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    campaign: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Read `status`, `label`, `version`, `contributor`, `purpose`, `since`, `until` and `campaign`; each may be missing.

        Raises:
            BadSelection: one of them cannot be read.
        """
        return cls(
            statuses=_statuses(given.get("status") or Drawing.Status.APPROVED),
            labels=tuple(_label(word) for word in _words(given.get("label", ""))),
            version=_number("version", given.get("version")),
            contributor=_number("contributor", given.get("contributor")),
            is_exam=_purpose(given.get("purpose")),
            since=_moment("since", given.get("since")),
            until=_moment("until", given.get("until")),
            campaign=_campaign(given.get("campaign")),
        )

    def drawings(self) -> DrawingQuerySet:
        drawings: DrawingQuerySet = Drawing.objects.all()
        if self.statuses:
            drawings = drawings.filter(status__in=self.statuses)
        if self.labels:
            unreviewed = Q(reviewed_label__isnull=True, confirmed_label__in=self.labels)
            drawings = drawings.filter(Q(reviewed_label__in=self.labels) | unreviewed)
        narrowed = {
            "model_version__number": self.version,
            "contributor_id": self.contributor,
            "contributor__is_exam": self.is_exam,
            "created_at__gte": self.since,
            "created_at__lt": self.until,
            "campaign__code": self.campaign or None,
        }
        return drawings.filter(**{name: value for name, value in narrowed.items() if value is not None})


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _statuses(text: str) -> tuple[str, ...]:
    words = _words(text)
    if ALL in words:
        return ()
    if unknown := set(words) - set(Drawing.Status.values):
        raise BadSelection(f"status is {ALL} or some of {', '.join(Drawing.Status.values)}, not {min(unknown)!r}.")
    return tuple(words)


def _label(word: str) -> int:
    if word == "none":
        return NOT_A_DIGIT
    if len(word) != 1 or word not in "0123456789":
        raise BadSelection(f"label is some of 0 to 9 and none (no digit), not {word!r}.")
    return int(word)


def _number(name: str, text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS):
        raise BadSelection(f"{name} is a number, not {text!r}.")
    return int(text)


def _campaign(text: str | None) -> str:
    campaign = campaigns.by_code(text) if text else None
    if text and campaign is None:
        raise BadSelection(f"no campaign has the code {text!r}.")
    return campaign.code if campaign else ""


def _purpose(text: str | None) -> bool | None:
    if not text:
        return None
    if text not in WORDS:
        raise BadSelection(f"purpose is {' or '.join(WORDS)}, not {text!r}.")
    return WORDS[text]


def _moment(name: str, text: str | None) -> datetime | None:
    """Read a day, which begins at midnight UTC, or a moment."""
    if not text:
        return None
    try:
        day, moment = parse_date(text), None
        if day is None:
            moment = parse_datetime(text)
    except ValueError:  # well-formed, and no day: 31 February
        day = moment = None
    if day is not None:
        moment = datetime.combine(day, time(), UTC)
    if moment is None:
        raise BadSelection(f"{name} is a day as 2026-11-27 or a moment as 2026-11-27T10:00, not {text!r}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

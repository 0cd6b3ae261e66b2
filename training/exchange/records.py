"""A drawing as it travels: one line of JSON with everything that is known of it, from a row and back to one.

    {"id", "label", "writer", "is_exam", "split", "created_at", "png" (base64), "strokes", "canvas",
     "prompted_label", "confirmed_label", "confirmed_at", "reviewed_label", "reviewed_at", "reviewed_by",
     "status", "status_reason", "suspicion", "review_priority", "check_due", "content_hash", "preprocessing_version",
     "campaign",
     "model": {...}, "contributor": {...}, "events": [{...}, ...]}

`label` is the one to train with: the reviewer's, else the contributor's. Contributors leave as numbers of that export, and
as a key that says which drawings of two exports are one person's and finds nobody: a hash of their random token.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import numpy as np
from django.db.models import Prefetch
from django.utils.functional import cached_property
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import to_grey
from recognizer.models import Contributor, Drawing, DrawingQuerySet, LabelEvent
from recognizer.submissions import Submission

PAGE = 500  # drawings read from the database at a time
VALIDATION_EVERY = 10  # of the contributors who may teach, about one in so many validates


Aliases = dict[tuple[str, str], str]  # (kind, name): what it is called instead


class EventLine(TypedDict):
    at: str
    actor: str
    user: str | None
    action: str
    label: int | None
    previous_label: int | None
    reason: str
    look: str


class ModelLine(TypedDict):
    """What the model said when the drawing came."""

    version: int
    sha256: str
    predicted_label: int | None
    top_label: int
    confidence: float
    margin: float
    probabilities: list[float]


class ContributorLine(TypedDict):
    key: str
    created_at: str
    consented_at: str | None
    consent_version: int | None
    blocked_at: str | None


class Line(TypedDict):
    id: str
    label: int | None
    writer: int
    is_exam: bool
    split: str
    created_at: str
    png: str
    strokes: list[list[list[float]]] | None
    canvas: list[float] | None
    prompted_label: int | None
    confirmed_label: int | None
    confirmed_at: str | None
    reviewed_label: int | None
    reviewed_at: str | None
    reviewed_by: str | None
    status: str
    status_reason: str
    suspicion: float | None
    review_priority: float
    check_due: str
    content_hash: str
    preprocessing_version: int
    campaign: str | None
    model: ModelLine
    contributor: ContributorLine
    events: list[EventLine]


@dataclass(frozen=True)
class Record:
    """One drawing on its way out."""

    line: Line
    png: bytes

    @property
    def label(self) -> int | None:
        return self.line["label"]

    @cached_property
    def image(self) -> NDArray[np.uint8] | None:
        """The drawing as the network sees it, uint8 (28, 28); None where an older release stored what this one refuses."""
        width, height = self.line["canvas"] or (None, None)
        try:
            return to_grey(Submission.of_columns(self.png, self.line["strokes"], width, height).image)
        except InvalidDrawing:
            return None


def read_records(drawings: DrawingQuerySet | None = None, *, names: bool = True) -> Iterator[Record]:
    """Yield drawings by id, a page at a time: memory does not grow with them, and no transaction stays open.

    Args:
        drawings: which; the approved ones where it is not given.
        names: whether reviewers are named, and campaigns by the code that opens them; else each is "reviewer 1",
            "campaign 1" and so on.
    """
    chosen = Drawing.objects.approved() if drawings is None else drawings
    events = Prefetch("events", LabelEvent.objects.select_related("user"))
    page = (
        chosen.select_related("contributor", "model_version", "reviewed_by", "campaign")
        .prefetch_related(events)
        .order_by("id")
    )
    page = page.defer("model_version__metrics", "model_version__calibration", "campaign__consent_text")
    writers: dict[int, int] = {}
    aliases: Aliases | None = None if names else {}
    last: UUID | None = None
    while rows := list((page if last is None else page.filter(id__gt=last))[:PAGE]):
        for row in rows:
            writer = writers.setdefault(row.contributor_id, len(writers))
            yield Record(line_of(row, writer, aliases), bytes(row.png))
        last = rows[-1].pk


def line_of(drawing: Drawing, writer: int, aliases: Aliases | None = None) -> Line:
    """Write a row as a line. `contributor`, `model_version`, `reviewed_by` and `campaign` should be loaded, `events` prefetched.

    `aliases` collects what reviewers and campaigns are called instead of their names; None: they keep these.
    """

    def alias(kind: str, told: str) -> str:
        if aliases is None:
            return told
        if (kind, told) not in aliases:
            aliases[kind, told] = f"{kind} {1 + sum(of == kind for of, _ in aliases)}"
        return aliases[kind, told]

    def name(user: Any) -> str | None:
        if user is None:
            return None
        return alias("reviewer", user.get_username())

    contributor = drawing.contributor
    sides = (drawing.canvas_width, drawing.canvas_height)
    return {
        "id": str(drawing.pk),
        "label": drawing.label,
        "writer": writer,
        "is_exam": contributor.is_exam,
        "split": split_of(contributor),
        "created_at": drawing.created_at.isoformat(),
        "png": b64encode(drawing.png).decode(),
        "strokes": drawing.strokes,
        "canvas": [sides[0], sides[1]] if sides[0] and sides[1] else None,
        "prompted_label": drawing.prompted_label,
        "confirmed_label": drawing.confirmed_label,
        "confirmed_at": moment(drawing.confirmed_at),
        "reviewed_label": drawing.reviewed_label,
        "reviewed_at": moment(drawing.reviewed_at),
        "reviewed_by": name(drawing.reviewed_by),
        "status": drawing.status,
        "status_reason": drawing.status_reason,
        "suspicion": drawing.suspicion,
        "review_priority": drawing.review_priority,
        "check_due": drawing.check_due,
        "content_hash": drawing.content_hash,
        "preprocessing_version": drawing.preprocessing_version,
        "campaign": alias("campaign", drawing.campaign.code) if drawing.campaign else None,
        "model": {
            "version": drawing.model_version.number,
            "sha256": drawing.model_version.tflite_sha256,
            "predicted_label": drawing.predicted_label,
            "top_label": drawing.top_label,
            "confidence": drawing.confidence,
            "margin": drawing.margin,
            "probabilities": drawing.probabilities,
        },
        "contributor": {
            "key": key_of(contributor),
            "created_at": contributor.created_at.isoformat(),
            "consented_at": moment(contributor.consented_at),
            "consent_version": contributor.consent_version,
            "blocked_at": moment(contributor.blocked_at),
        },
        "events": [
            {
                "at": event.at.isoformat(),
                "actor": event.actor,
                "user": name(event.user),
                "action": event.action,
                "label": event.label,
                "previous_label": event.previous_label,
                "reason": event.reason,
                "look": event.look,
            }
            for event in drawing.events.all()
        ],
    }


def key_of(contributor: Contributor) -> str:
    """The same in every export of this installation; nobody gets from it to the token, which is random."""
    return hashlib.sha256(b"contributor " + contributor.token.bytes).hexdigest()[:32]


def split_of(contributor: Contributor) -> str:
    """Which part of a data set a person's drawings belong to, the same in every export: nobody is in two."""
    if contributor.is_exam:
        return "test"
    return "validation" if int(key_of(contributor), 16) % VALIDATION_EVERY == 0 else "train"


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None

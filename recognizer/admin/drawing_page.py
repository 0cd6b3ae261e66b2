"""Everything that is known of one drawing, for its page."""

from dataclasses import dataclass
from typing import Any

from recognizer.admin import thumbnails
from recognizer.admin.filters import row_number
from recognizer.errors import InvalidDrawing
from recognizer.formatting import brief_percent
from recognizer.imaging.decoding import data_url, encode_png
from recognizer.imaging.pixels import to_grey
from recognizer.models import Drawing, LabelEvent, label_text
from recognizer.submissions import Submission

NEIGHBOURS = 12  # of the contributor's other drawings


@dataclass(frozen=True)
class Bar:
    digit: int
    share: float
    text: str


def page_context(drawing: Drawing) -> dict[str, Any]:
    """Return the template's context. Costs six queries, whatever the size of the tables."""
    others = Drawing.objects.of(drawing.contributor).exclude(pk=drawing.pk).order_by("-created_at")
    events = list(drawing.events.select_related("user"))
    return {
        "seen_event": max((event.pk for event in events), default=0),
        "rereadings": rereadings(drawing),
        "picture": data_url(bytes(drawing.png)),
        "seen": seen_by_model(drawing),
        "described": thumbnails.describe(drawing),
        "facts": facts(drawing),
        "bars": [Bar(digit, 100 * p, brief_percent(p)) for digit, p in enumerate(drawing.probabilities)],
        "events": [event_line(event) for event in events],
        "others": [
            (other, thumbnails.thumbnail(other)) for other in others.defer("strokes", "probabilities")[:NEIGHBOURS]
        ],
        "training_fate": training_fate(drawing),
    }


def decided_since(drawing: Drawing, seen: str) -> str:
    """Say who decided what since the page was made, as a sentence; "" where nobody did, or the page does not say when."""
    if not row_number(seen):
        return ""
    later = drawing.events.filter(id__gt=int(seen), actor=LabelEvent.Actor.REVIEWER)
    event = later.exclude(action=LabelEvent.Action.NOTED).select_related("user").last()
    if event is None:
        return ""
    line = event_line(event)
    return f"Meanwhile {line.who} said: {line.what}."


def rereadings(drawing: Drawing) -> list[tuple[int, str, str, bool]]:
    """What other versions read of it: (version, answer, confidence, whether its own version said otherwise)."""
    rows = drawing.rereadings.order_by("-version__number").values_list(
        "version__number", "answered", "confidence", "differs"
    )
    return [(number, label_text(answered), brief_percent(sure), differs) for number, answered, sure, differs in rows]


def seen_by_model(drawing: Drawing) -> str:
    """The 28 x 28 that today's preparation makes of it, black on white, as a data URL; "" for what cannot be prepared."""
    try:
        image = Submission.stored(drawing).image
    except InvalidDrawing:
        return ""
    return data_url(encode_png(to_grey(image)))


def facts(drawing: Drawing) -> list[tuple[str, str]]:
    asked = (
        [("the page had asked for", label_text(drawing.prompted_label))] if drawing.prompted_label is not None else []
    )
    return [
        ("model", f"{thumbnails.answer_text(drawing)}, by version {drawing.model_version.number}"),
        ("confidence", brief_percent(drawing.confidence)),
        ("margin to the second choice", brief_percent(drawing.margin)),
        ("person", label_text(drawing.confirmed_label)),
        ("reviewer", thumbnails.review_text(drawing)),
        *asked,
        ("suspicion", brief_percent(drawing.suspicion)),
        ("status", drawing.get_status_display()),
        ("why", drawing.status_reason or "-"),
        ("drawn", drawing.created_at.strftime("%d %b %Y, %H:%M")),
    ]


def training_fate(drawing: Drawing) -> str:
    """Say in a sentence whether the drawing may train, and if not, why."""
    if drawing.contributor.is_blocked:
        return "Its contributor is blocked, so it neither trains nor examines."
    if drawing.status != Drawing.Status.APPROVED:
        return "It does not train, because its label is not approved."
    if drawing.contributor.is_exam:
        return "Its contributor is one whose drawings examine every version, so it never trains."
    return "It may train: its label is approved. Copies, and more than a fair share of one person, are left out."


@dataclass(frozen=True)
class EventLine:
    at: str
    who: str
    what: str
    why: str


def event_line(event: LabelEvent) -> EventLine:
    """One event as a sentence's parts."""
    label = f" as {label_text(event.label)}" if event.label is not None else ""
    before = f", before that {label_text(event.previous_label)}" if event.previous_label is not None else ""
    how = f" ({event.get_look_display()})" if event.look else ""
    who = str(event.user) if event.user else event.get_actor_display().lower()
    return EventLine(event.at.strftime("%d %b %Y, %H:%M:%S"), who, f"{event.action}{label}{before}{how}", event.reason)

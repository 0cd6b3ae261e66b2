"""A line of an export on its way in: every value is of the kind and in the range that its column has, or the line is refused.

An export is as untrusted as a browser: its manifest says that a file was not damaged, not that what it says is true.
"""

import math
import re
import uuid
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from recognizer.imaging.decoding import check_header, decode_stored
from recognizer.imaging.strokes import check_strokes
from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, LabelEvent, Look, normalized_code
from recognizer.submissions import Submission

SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,150}")  # of a user, as Django's column
KEY = re.compile(r"[0-9a-f]{1,64}")
MOST_EVENTS = 10_000  # of one drawing
MOST_COLUMN = 2**31 - 1  # of a whole number in a database


@dataclass(frozen=True)
class Arrival:
    """One drawing, checked.

    Attributes:
        known_as: names its contributor within what is imported.
        columns: of its row, where the line says how it stood; empty where it holds picture, label and writer alone.
        contributor: columns of the contributor's row.
        model: version number, SHA-256 of the served file, and the columns of its answer.
        events: columns of its events, with the name of the user instead of the user.
        campaign: the code of the campaign that it was drawn in; "" for none, or where the export names none.
    """

    id: uuid.UUID
    label: int | None
    known_as: str
    created_at: datetime
    submission: Submission
    has_id: bool
    columns: dict[str, Any]
    contributor: dict[str, Any]
    model: tuple[int, str, dict[str, Any]] | None
    events: list[dict[str, Any]]
    reviewed_by: str | None = None
    campaign: str = ""


def check_line(raw: Any, fallback_id: uuid.UUID) -> Arrival:
    """Check a line of JSON lines, or what a row of Parquet says in the same words; lines of earlier releases say less.

    Raises:
        ValueError (InvalidDrawing among them): it is none; the message names what is wrong.
    """
    if not isinstance(raw, dict):
        raise ValueError("no drawing")
    submission = _submission(raw)
    has_state = "status" in raw
    contributor = raw.get("contributor") or {} if has_state else {}
    if not isinstance(contributor, dict):
        raise ValueError("contributor is not what it should be")
    label = _label(raw, "label")
    arrival_id = raw.get("id")
    return Arrival(
        id=_uuid(arrival_id) if arrival_id else fallback_id,
        label=label,
        known_as=f"key {_matching(contributor, 'key', KEY)}"
        if has_state
        else f"writer {_whole(raw, 'writer', default=0)}",
        created_at=_moment(raw, "created_at") or timezone.now(),
        submission=submission,
        has_id=bool(arrival_id),
        columns=_state(raw) if has_state else {},
        contributor={"is_exam": _switch(raw, "is_exam")} | _contributor(contributor),
        model=_model(raw.get("model")) if has_state else None,
        events=_events(raw.get("events")) if has_state else [],
        reviewed_by=_user(raw, "reviewed_by") if has_state else None,
        campaign=normalized_code(_text(raw, "campaign", 40)) if raw.get("campaign") and has_state else "",
    )


def _submission(raw: dict[str, Any]) -> Submission:
    if not isinstance(raw.get("png"), str):
        raise ValueError("it has no picture")
    png = b64decode(raw["png"], validate=True)
    check_header(png)
    ink = decode_stored(png)
    width, height = _canvas(raw.get("canvas"), ink.shape[::-1])
    strokes = check_strokes(raw["strokes"], width, height) if raw.get("strokes") else None
    return Submission(ink, strokes, (width, height) if raw.get("canvas") else None)


def _canvas(canvas: object, of_picture: tuple[int, ...]) -> tuple[float, float]:
    sides = canvas if canvas is not None else list(of_picture)
    if not isinstance(sides, list) or len(sides) != 2:
        raise ValueError("canvas is not a width and a height")
    width, height = (_real({"canvas": side}, "canvas", 0.0, 1e6) for side in sides)
    if not (width and height):
        raise ValueError("canvas is not a width and a height")
    return width, height


def _state(raw: dict[str, Any]) -> dict[str, Any]:
    confirmed, reviewed = _label(raw, "confirmed_label"), _label(raw, "reviewed_label")
    told = {
        "status": _choice(raw, "status", Drawing.Status.values),
        "status_reason": _text(raw, "status_reason", 300),
        "prompted_label": _label(raw, "prompted_label", most=9),
        "confirmed_label": confirmed,
        "confirmed_at": _moment(raw, "confirmed_at"),
        "reviewed_label": reviewed,
        "reviewed_at": _moment(raw, "reviewed_at"),
        "suspicion": None if raw.get("suspicion") is None else _real(raw, "suspicion", 0.0, 1.0),
        "review_priority": _real(raw, "review_priority", -1e6, 1e6),
        "check_due": _choice(raw, "check_due", Look.values),
        "content_hash": _matching(raw, "content_hash", SHA256),
        "preprocessing_version": _whole(raw, "preprocessing_version"),
    }
    if told["status"] == Drawing.Status.WAITING and confirmed is None:
        raise ValueError("it waits for review, and nobody said what it is")
    if told["status"] == Drawing.Status.APPROVED and confirmed is None and reviewed is None:
        raise ValueError("it is approved, and has no label")
    return told


def _contributor(raw: dict[str, Any]) -> dict[str, Any]:
    if not raw:
        return {}
    created = _moment(raw, "created_at")
    told: dict[str, Any] = {"blocked_at": _moment(raw, "blocked_at")}
    consented, version = _moment(raw, "consented_at"), raw.get("consent_version")
    if consented is not None and type(version) is int and 0 < version < 2**31:
        told |= {"consented_at": consented, "consent_version": version}  # earlier releases called every visit consent
    return told | ({"created_at": created} if created else {})


def _model(raw: object) -> tuple[int, str, dict[str, Any]]:
    if not isinstance(raw, dict):
        raise ValueError("it does not say what the model answered")
    shares = raw.get("probabilities")
    if not isinstance(shares, list) or len(shares) != NUM_CLASSES:
        raise ValueError("probabilities are not ten numbers")
    top = _label(raw, "top_label", most=9)
    if top is None:
        raise ValueError("top_label is missing")
    answer = {
        "probabilities": [_real({"probabilities": share}, "probabilities", 0.0, 1.0) for share in shares],
        "predicted_label": _label(raw, "predicted_label", most=9),
        "top_label": top,
        "confidence": _real(raw, "confidence", 0.0, 1.0),
        "margin": _real(raw, "margin", -1.0, 1.0),
    }
    return _whole(raw, "version"), _matching(raw, "sha256", SHA256), answer


def _events(raw: object) -> list[dict[str, Any]]:
    if not isinstance(raw, list) or len(raw) > MOST_EVENTS or not all(isinstance(event, dict) for event in raw):
        raise ValueError("events are not a list of what was said")
    return [
        {
            "at": _moment(event, "at") or timezone.now(),
            "actor": _choice(event, "actor", LabelEvent.Actor.values),
            "user": _user(event, "user"),
            "action": _choice(event, "action", LabelEvent.Action.values),
            "label": _label(event, "label"),
            "previous_label": _label(event, "previous_label"),
            "reason": _text(event, "reason", 300),
            "look": _choice(event, "look", Look.values),
        }
        for event in raw
    ]


# one value each


def _label(raw: dict[str, Any], name: str, most: int = NOT_A_DIGIT) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} {str(value)[:40]} is no whole number from 0 to {most}")
    return value


def _whole(raw: dict[str, Any], name: str, default: int | None = None) -> int:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COLUMN:
        raise ValueError(f"{name} is no whole number")
    return value


def _real(raw: dict[str, Any], name: str, least: float, most: float) -> float:
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is no number")
    if not least <= value <= most:
        raise ValueError(f"{name} is not from {least:g} to {most:g}")
    return float(value)


def _switch(raw: dict[str, Any], name: str) -> bool:
    value = raw.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is neither true nor false")
    return value


def _choice(raw: dict[str, Any], name: str, values: list[str]) -> str:
    value = raw.get(name)
    if value not in values or not isinstance(value, str):
        raise ValueError(f"{name} {str(value)[:40]!r} is none of {', '.join(map(repr, values))}")
    return value


def _text(raw: dict[str, Any], name: str, most: int) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise ValueError(f"{name} is no text of up to {most} characters")
    return value


def _matching(raw: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{name} is not what it should be")
    return value


def _user(raw: dict[str, Any], name: str) -> str | None:
    return None if raw.get(name) is None else _matching(raw, name, NAME)


def _uuid(value: object) -> uuid.UUID:
    if not isinstance(value, str):
        raise ValueError("id is no UUID")
    return uuid.UUID(value)


def _moment(raw: dict[str, Any], name: str) -> datetime | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} is no moment")
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else timezone.make_aware(at)

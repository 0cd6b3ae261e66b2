"""Fill PostgreSQL with a million drawings and ten million label events, as a site that is long at work has them. By COPY.

    python tests/support/postgres_server.py python -m bench.public_million [rows]      # what uses it

Digits by shaky hands with their strokes, answers that are mostly right, people of whom most draw a few and
some draw thousands, labels that are confirmed, changed, taken back, approved and rejected. Everything is drawn by one seed.
"""

import io
import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.digit_paths import DIGITS

PICTURES = 500  # different drawings, repeated: inking a million would measure the inking
EVENTS_A_DRAWING = 10  # in the mean: ten million for a million
DAYS = 400
BUSY = 5_000  # drawings of the busiest contributor: a tablet on a wall
WRITTEN_AT_ONCE = 20_000  # rows a COPY: what is in memory meanwhile
DRAWING_COLUMNS = [
    *("id", "contributor_id", "created_at", "png", "strokes", "canvas_width", "canvas_height"),
    *("content_hash", "preprocessing_version", "model_version_id", "probabilities"),
    *("predicted_label", "top_label", "confidence", "margin", "confirmed_label", "confirmed_at"),
    *("status", "status_reason", "reviewed_label", "reviewed_at", "suspicion"),
    *("review_priority", "check_due", "claimed_window", "claimed_look", "is_known", "rarity"),
]
EVENT_COLUMNS = ["drawing_id", "at", "actor", "action", "label", "previous_label", "reason", "look"]
Row = list[Any]


@dataclass(frozen=True)
class Picture:
    """One drawing as its row keeps it. `png` is PostgreSQL's hexadecimal, the rest JSON."""

    digit: int
    png: str
    strokes: str
    probabilities: str
    confidence: float


def fill(rows: int, seed: int) -> None:
    """Add so many drawings, with their people and events, and what PostgreSQL knows of them."""
    from django.db import connection

    from recognizer import registry

    rng, version = random.Random(seed), registry.ensure_baseline().pk
    pictures = [_picture(digit % 10, rng) for digit in range(PICTURES)]
    people = max(50, rows // 25)
    with connection.cursor() as cursor:
        indexes = _without_indexes(cursor)
        first = _join(cursor, people, rng)
        numbers = iter(range(rows))
        while part := list(itertools.islice(numbers, WRITTEN_AT_ONCE)):
            made = [_drawing(number, first, people, pictures, version, rng) for number in part]
            _copy(cursor, "recognizer_drawing", DRAWING_COLUMNS, made)
            _copy(cursor, "recognizer_labelevent", EVENT_COLUMNS, _events(made, rng))
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")


def _picture(digit: int, rng: random.Random) -> Picture:
    from recognizer.imaging.decoding import encode_png
    from tests.support.drawings import ink_of

    pen = itertools.count(0, 16)  # milliseconds between two points
    strokes = [
        [[round(x + rng.uniform(-9, 9), 1), round(y + rng.uniform(-9, 9), 1), next(pen)] for x, y in _denser(stroke)]
        for stroke in DIGITS[digit]
    ]
    confidence = 1 - 0.6 * rng.random() ** 3
    probabilities = [confidence if place == digit else (1 - confidence) / 9 for place in range(10)]
    png = encode_png(ink_of(digit, rng)).hex()
    return Picture(digit, f"\\\\x{png}", json.dumps(strokes), json.dumps(probabilities), confidence)


def _denser(stroke: Iterable[Sequence[float]]) -> Iterator[tuple[float, float]]:
    """As many points as a finger leaves: three on the way from each to the next."""
    points = [(x, y) for x, y in stroke]
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        for share in (0.0, 0.25, 0.5, 0.75):
            yield x + share * (next_x - x), y + share * (next_y - y)
    yield points[-1]


def _join(cursor: Any, people: int, rng: random.Random) -> int:
    """Add contributors. Returns the first one's key; the others follow."""
    cursor.execute("SELECT coalesce(max(id), 0) FROM recognizer_contributor")
    first = int(cursor.fetchone()[0]) + 1
    now = datetime.now(UTC)
    rows = (
        [first + number, _uuid(rng), now - timedelta(days=DAYS), number % 5 == 4, now - timedelta(days=1)]
        for number in range(people)
    )
    _copy(cursor, "recognizer_contributor", ["id", "token", "created_at", "is_exam", "returned_at"], rows)
    cursor.execute("SELECT setval(pg_get_serial_sequence('recognizer_contributor', 'id'), %s)", [first + people])
    return first


def _drawing(number: int, first: int, people: int, pictures: list[Picture], version: int, rng: random.Random) -> Row:
    picture = pictures[rng.randrange(PICTURES)]
    # the first is the busiest; of the others few draw much
    person = first if number < BUSY else first + 1 + int((people - 2) * rng.random() ** 2)
    at = datetime.now(UTC) - timedelta(days=DAYS * rng.random() ** 2)
    luck, fate = rng.random(), rng.random()
    answer = picture.digit if luck > 0.06 else (picture.digit + 1) % 10
    label = None if fate < 0.15 else 10 if luck > 0.995 else picture.digit
    status = _status(label, answer, fate)
    is_reviewed = status in ("approved", "rejected") and fate > 0.7
    return [
        *(_uuid(rng), person, at, picture.png, picture.strokes, 280, 280, f"{rng.getrandbits(256):064x}", 1, version),
        *(picture.probabilities, None if luck < 0.01 else answer, answer, picture.confidence, picture.confidence - 0.1),
        *(label, at if label is not None else None, status, ""),
        *(label if is_reviewed else None, at + timedelta(hours=1) if is_reviewed else None),
        *(None if label is None else 1 - picture.confidence, (2 if answer != label else 0) + 1 - picture.confidence),
        *("audit" if status == "approved" and fate < 0.35 else "", "", "", False, rng.random()),
    ]


def _status(label: int | None, answer: int, fate: float) -> str:
    if label is None:
        return "unconfirmed"
    if answer != label or fate < 0.2:
        return "waiting"
    return "rejected" if fate > 0.98 else "quarantined" if fate > 0.97 else "approved"


def _events(drawings: list[Row], rng: random.Random) -> Iterator[Row]:
    """What was said of each drawing, so that its row is what the last of it left: most said little, some played with the keys."""
    label_at, status_at, reviewed_at = (
        DRAWING_COLUMNS.index(name) for name in ("confirmed_label", "status", "reviewed_at")
    )
    for drawing in drawings:
        at, label = drawing[2], drawing[label_at]
        said: list[int | None] = [rng.randrange(10) for _ in range(int(rng.expovariate(1 / (EVENTS_A_DRAWING - 1))))]
        before = None
        for place, now in enumerate([*said, label]):
            if now == before:
                continue
            action = "withdrawn" if now is None else "confirmed"
            yield [drawing[0], at + timedelta(seconds=place), "contributor", action, now, before, "", ""]
            before = now
        if drawing[status_at] in ("approved", "rejected"):
            actor = "reviewer" if drawing[reviewed_at] else "rule"
            yield [drawing[0], at + timedelta(hours=1), actor, drawing[status_at], label, label, "", ""]


def _copy(cursor: Any, table: str, columns: list[str], rows: Iterable[Row]) -> None:
    text = io.StringIO()
    for row in rows:
        text.write("\t".join(map(_field, row)) + "\n")
    text.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", text)


def _field(value: Any) -> str:
    return "\\N" if value is None else str(value)


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _without_indexes(cursor: Any) -> list[str]:
    """Drop what only finds rows, and say how to make it again: over all rows at once that takes a fraction of row by row."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('recognizer_drawing', 'recognizer_labelevent') "
        "AND indexdef NOT LIKE '%UNIQUE%'"
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in indexes]

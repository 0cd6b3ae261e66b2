"""A line of an export is as untrusted as a browser: what each value may be, and what it may not."""

import struct
import uuid
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import time_machine

from tests.support.records import INK, PATH, make_line
from training.exchange.arrivals import Arrival, check_line

FALLBACK = uuid.UUID(int=7)
BOMB = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 9000, 9000, 1, 0, 0, 0, 0)


def check(line: Any) -> Arrival:
    return check_line(line, FALLBACK)


def old_line(**facts: Any) -> dict[str, Any]:
    """What releases before statuses travelled wrote."""
    names = ("id", "label", "writer", "is_exam", "created_at", "png", "strokes", "canvas")
    return {name: value for name, value in make_line().items() if name in names} | facts


def test_a_whole_line_is_read() -> None:
    line = make_line(
        4, reviewed_label=6, reviewed_at="2026-11-26T12:00:00+00:00", reviewed_by="rosa", status="rejected"
    )
    arrival = check(line)
    assert (str(arrival.id), arrival.label, arrival.known_as, arrival.has_id) == (line["id"], 7, f"key {4:032x}", True)
    assert arrival.created_at == datetime(2026, 11, 26, 10, 0, 4, tzinfo=UTC)
    np.testing.assert_array_equal(arrival.submission.ink, INK)
    assert (arrival.submission.strokes, arrival.submission.canvas) == (PATH, (280.0, 200.0))
    assert arrival.columns["status"] == "rejected"
    assert (arrival.columns["reviewed_label"], arrival.reviewed_by) == (6, "rosa")
    assert arrival.columns["suspicion"] == 0.25
    answer = {name: value for name, value in line["model"].items() if name not in ("version", "sha256")}
    assert arrival.model == (4, "cd" * 32, answer)
    assert arrival.contributor["is_exam"] is False
    assert arrival.contributor["consented_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert [event["action"] for event in arrival.events] == ["confirmed"]


@time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False)
def test_a_line_of_an_earlier_release_says_less() -> None:
    arrival = check(old_line(id="", created_at=None, writer=6, is_exam=True))
    assert (arrival.id, arrival.has_id, arrival.known_as) == (FALLBACK, False, "writer 6")
    assert arrival.created_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert (arrival.columns, arrival.model, arrival.events) == ({}, None, [])
    assert arrival.contributor == {"is_exam": True}


@pytest.mark.parametrize(
    ("facts", "is_read"),
    [
        ({"label": 0}, True),
        ({"label": 10}, True),
        ({"label": None}, True),
        ({"label": -1}, False),
        ({"label": 11}, False),
        ({"label": 3.7}, False),
        ({"label": 3.0}, False),
        ({"label": True}, False),
        ({"label": "4"}, False),
        ({"id": "no uuid"}, False),
        ({"id": 7}, False),
        ({"png": ""}, False),
        ({"png": None}, False),
        ({"png": b64encode(b"GIF89a").decode()}, False),
        ({"png": b64encode(BOMB).decode()}, False),
        ({"created_at": "yesterday"}, False),
        ({"created_at": 7}, False),
        ({"created_at": "2026-11-26T10:00:00"}, True),  # the site's own zone
        ({"is_exam": "no"}, False),
        ({"canvas": [280]}, False),
        ({"canvas": "wide"}, False),
        ({"canvas": [0, 0]}, False),
        ({"canvas": [279, 200]}, True),  # a stroke leaves it by less than a tenth
        ({"canvas": [250, 200]}, False),  # by more
        ({"strokes": []}, True),
        ({"strokes": [[]]}, False),
        ({"strokes": [[[60, 40]]], "canvas": None}, True),  # the picture's own pixels: 60 wide, 40 high
        ({"strokes": [[[67, 40]]], "canvas": None}, False),
    ],
)
def test_a_drawing_is_checked_like_a_browsers(facts: dict[str, Any], is_read: bool) -> None:
    for line in (old_line(**facts), make_line(**facts)):
        if is_read:
            check(line)
        else:
            with pytest.raises(ValueError):
                check(line)


@pytest.mark.parametrize("writer", ["somebody", -1, None, 1.5])
def test_the_writer_of_an_earlier_release_is_a_number(writer: Any) -> None:
    with pytest.raises(ValueError, match="writer"):
        check(old_line(writer=writer))


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "golden"},
        {"status": None},
        {"status": "waiting", "confirmed_label": None},
        {"confirmed_label": None},  # approved as nothing
        {"status_reason": "x" * 301},
        {"status_reason": "a\x00b"},
        {"status_reason": None},
        {"prompted_label": 10},
        {"confirmed_label": 11},
        {"reviewed_label": "7"},
        {"suspicion": 1.5},
        {"suspicion": float("nan")},
        {"review_priority": None},
        {"check_due": "always"},
        {"content_hash": "x"},
        {"preprocessing_version": -1},
        {"reviewed_by": "two\nlines"},
        {"reviewed_by": "x" * 151},
        {"model": None},
        {"model": {**make_line()["model"], "probabilities": [1.0]}},
        {"model": {**make_line()["model"], "probabilities": [2.0] * 10}},
        {"model": {**make_line()["model"], "top_label": None}},
        {"model": {**make_line()["model"], "sha256": "abc"}},
        {"model": {**make_line()["model"], "version": 2**40}},
        {"contributor": "somebody"},
        {"contributor": {"key": "../etc"}},
        {"events": None},
        {"events": ["approved"]},
        {"events": [{**make_line()["events"][0], "action": "blessed"}]},
        {"events": [{**make_line()["events"][0], "actor": "nobody"}]},
        {"events": [{**make_line()["events"][0], "look": "closely"}]},
        {"events": [make_line()["events"][0]] * 10_001},
    ],
)
def test_how_it_stood_is_checked_column_by_column(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        check(make_line(**facts))


@pytest.mark.parametrize("line", [None, [], "text", 7, {}])
def test_what_is_no_object_is_no_drawing(line: Any) -> None:
    with pytest.raises(ValueError):
        check(line)

"""What compiled code reads and writes is what `json` and DRF would."""

import datetime
import io
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer

from recognizer.api.parsers import StrictJSONParser
from recognizer.api.renderers import CompiledJSONRenderer
from recognizer.inference.answers import Kind

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


def parse(body: bytes) -> Any:
    return StrictJSONParser().parse(io.BytesIO(body), "application/json")


@given(ANYTHING)
def test_what_is_json_is_read_as_it_was_meant(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["1" + "0" * 400, '"\\ud800"', "[" * 500 + "]" * 500, "-0.0", "1e-400", " 1\n"])
def test_what_compiled_code_refuses_or_writes_otherwise_is_read_as_ever(text: str) -> None:
    assert repr(parse(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize(
    "body", [b"NaN", b"-Infinity", b"\xff", b"\xef\xbb\xbf1", b"", b"[1,]", b"{'a': 1}", b"[" * 100_000]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


@given(ANYTHING)
def test_an_answer_says_what_drf_would_have_written(value: Any) -> None:
    ours, theirs = (renderer.render(value, "application/json") for renderer in (CompiledJSONRenderer(), JSONRenderer()))
    assert (json.loads(ours) if ours else ours) == (json.loads(theirs) if theirs else theirs)


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2026, 11, 27, 8, 0, 0, 5, datetime.UTC),
        datetime.date(2026, 11, 27),
        UUID(int=7),
        Decimal("1.5"),
        Kind.PAIR,
        gettext_lazy("crop"),
        {1: "a", None: "b"},
        (1, 2.5),
        10**30,
        "\u2028",
    ],
)
def test_what_json_has_no_word_for_is_written_as_drf_does(value: object) -> None:
    ours, theirs = (
        renderer.render([value], "application/json") for renderer in (CompiledJSONRenderer(), JSONRenderer())
    )
    assert json.loads(ours) == json.loads(theirs)


def test_who_asks_for_lines_gets_lines() -> None:
    assert CompiledJSONRenderer().render({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'

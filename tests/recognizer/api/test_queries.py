"""How often a call asks the database: statements as it sees them, transactions included."""

import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from recognizer import contributor_cookie, prototypes, serving
from recognizer.models import Contributor, Drawing
from tests.support import pictures
from tests.support.fake_model import FakeClassifier

pytestmark = pytest.mark.django_db(transaction=True)  # as served: no transaction around a call

PATH = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}
INSERT_CONTRIBUTOR, INSERT_DRAWING = "INSERT recognizer_contributor", "INSERT recognizer_drawing"
TABLE = re.compile(r'(?:INTO|FROM|UPDATE) "(\w+)"')


def statements(visitor: APIClient, call: str, body: dict[str, Any], **headers: str) -> Counter[str]:
    """What one call sends: "SELECT recognizer_drawing", "BEGIN", "COMMIT" and so on, and how often."""
    prototypes.prototypes.of(serving.current_classifier())  # the process looks every few seconds, and has just looked
    with CaptureQueriesContext(connection) as captured:
        response = visitor.post(f"/api/v1/{call}/", body, headers=headers)
    assert response.status_code in (200, 201), response.content
    sent: Counter[str] = Counter()
    for query in captured:
        table = TABLE.search(query["sql"])
        sent[" ".join([query["sql"].split()[0].rstrip(";"), *(table.groups() if table else ())])] += 1
    return sent


def known(visitor: APIClient) -> APIClient:
    """A contributor whom this process has met."""
    for _ in range(2):
        assert visitor.post("/api/v1/drawings/", PATH).status_code == 201
    return visitor


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "0123456789abcdef0123456789"}])
def test_a_drawing_of_a_known_contributor_is_one_statement(visitor: APIClient, headers: dict[str, str]) -> None:
    assert statements(known(visitor), "drawings", PATH, **headers) == {INSERT_DRAWING: 1}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "0123456789abcdef0123456789"}])
def test_a_new_contributor_s_drawing_is_two_statements_in_one_transaction(
    visitor: APIClient, headers: dict[str, str]
) -> None:
    sent = statements(visitor, "drawings", PATH, **headers)
    assert Contributor.objects.get().drawings.count() == 1
    is_fifth = sent.pop("UPDATE recognizer_contributor", 0)  # by its row's lot
    assert is_fifth == Contributor.objects.filter(is_exam=True).count()
    assert sent == {"BEGIN": 1, INSERT_CONTRIBUTOR: 1, INSERT_DRAWING: 1, "COMMIT": 1}


def test_who_comes_back_for_the_first_time_is_looked_up_and_noted(visitor: APIClient) -> None:
    visitor.post("/api/v1/drawings/", PATH)
    sent = statements(visitor, "drawings", PATH)
    looked = {"SELECT recognizer_contributor": 1, "UPDATE recognizer_contributor": 1}
    assert sent == {**looked, "SELECT recognizer_drawing": 1, INSERT_DRAWING: 1}  # and what they taught


def test_a_guess_of_nobody_asks_nothing(visitor: APIClient) -> None:
    assert statements(visitor, "guesses", PATH) == {}


def test_a_guess_asks_once_what_its_contributor_taught(visitor: APIClient, model: FakeClassifier) -> None:
    stored = known(visitor).post("/api/v1/drawings/", PATH).json()["id"]
    visitor.put(f"/api/v1/drawings/{stored}/feedback/", {"label": 1})

    assert statements(visitor, "guesses", PATH) == {"SELECT recognizer_drawing": 2}  # labels; and paths, once for all
    assert statements(visitor, "guesses", PATH) == {}
    assert visitor.post("/api/v1/guesses/", PATH).json()["memory"] == 1


@pytest.mark.parametrize("change", ["label", "withdrawal", "deletion"])
def test_what_changes_a_memory_is_seen_by_a_process_that_did_not_see_the_change(
    visitor: APIClient, model: FakeClassifier, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    model.logit = 3.0
    first, second = (known(visitor).post("/api/v1/drawings/", PATH).json()["id"] for _ in range(2))
    visitor.put(f"/api/v1/drawings/{first}/feedback/", {"label": 1})
    assert visitor.post("/api/v1/guesses/", PATH).json()["memory"] == 1

    monkeypatch.setattr("recognizer.personalization.forget", lambda contributor_id: None)  # as in another process
    if change == "label":
        visitor.put(f"/api/v1/drawings/{second}/feedback/", {"label": 1})
    elif change == "withdrawal":
        visitor.delete(f"/api/v1/drawings/{first}/feedback/")
    else:
        visitor.delete(f"/api/v1/drawings/{first}/")
    assert visitor.post("/api/v1/guesses/", PATH).json()["memory"] == (2 if change == "label" else 0)


def test_a_program_that_keeps_its_first_cookie_is_answered_from_its_labels(
    visitor: APIClient, model: FakeClassifier
) -> None:
    stored = known(visitor).post("/api/v1/drawings/", PATH).json()["id"]
    kept = visitor.cookies[contributor_cookie.COOKIE].value
    assert visitor.post("/api/v1/guesses/", PATH).json()["memory"] == 0

    visitor.put(f"/api/v1/drawings/{stored}/feedback/", {"label": 1})
    visitor.cookies[contributor_cookie.COOKIE] = kept
    assert visitor.post("/api/v1/guesses/", PATH).json()["memory"] == 1


def test_a_contributor_who_was_forgotten_elsewhere_becomes_a_new_one(visitor: APIClient) -> None:
    forgotten = known(visitor).cookies[contributor_cookie.COOKIE].value
    Contributor.objects.all().delete()

    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201
    assert Drawing.objects.count() == 1
    assert visitor.cookies[contributor_cookie.COOKIE].value != forgotten
    assert statements(visitor, "guesses", PATH)["UPDATE recognizer_contributor"] == 1  # whose cookie came back

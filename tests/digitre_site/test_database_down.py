"""A database that is away is a 503 wherever it is asked, and is not asked where nobody needs it."""

import logging

import pytest
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection
from django.test import Client

from recognizer import registry, views
from tests.support import pictures
from tests.support.known import known


def fail(*_: object, **__: object) -> None:
    raise OperationalError("could not connect")


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Somebody whose browser sends a session's cookie, while no session can be read."""
    monkeypatch.setattr(SessionStore, "_get_session_from_db", fail)
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    return client


@pytest.mark.parametrize("path", ["/healthz", "/about/"])
def test_a_page_without_rows_is_answered(visitor: Client, path: str) -> None:
    # no `db` fixture: pytest-django would fail any query
    assert visitor.get(path).status_code == 200


def test_a_page_that_needs_the_session_says_so(visitor: Client) -> None:
    response = visitor.get("/admin/", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "Back in a moment." in response.content.decode()


def test_an_error_in_a_middleware_is_the_same_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessageMiddleware, "process_response", fail)
    response = Client(raise_request_exception=False).get("/about/", headers={"Accept": "application/json"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.json()["code"] == "unavailable"


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_database_that_takes_no_writes_is_the_same_503() -> None:
    registry.ensure_baseline()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")  # as on a standby that was not promoted
    form = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}
    response = Client(raise_request_exception=False).post("/api/v1/drawings/", form, "application/json")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


def test_another_error_in_a_middleware_stays_a_500(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(MessageMiddleware, "process_response", break_down)
    assert Client(raise_request_exception=False).get("/about/").status_code == 500


def test_why_the_database_did_not_answer_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(views, "render_to_string", fail)
    assert Client().get("/about/").status_code == 503
    (record,) = (record for record in caplog.records if record.name == "digitre_site.middleware")
    assert record.levelno == logging.ERROR
    assert str(known(record.exc_info)[1]) == "could not connect"

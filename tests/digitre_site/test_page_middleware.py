"""A call of the API passes what only pages need; pages, and the schema's own page, have all of it."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from structlog.contextvars import get_contextvars

from digitre_site import page_middleware
from digitre_site.page_middleware import CALL_POLICY, HEADER, RequestLogMiddleware
from tests.support.pictures import SEVEN

pytestmark = pytest.mark.django_db
PATH = {"strokes": SEVEN, "canvas": {"width": 280, "height": 280}}


def request_of(client: Client, path: str, body: object = None) -> tuple[Any, Any]:
    """Return the request as the view had it, and its response."""
    response: Any = client.get(path) if body is None else client.post(path, body, content_type="application/json")
    return response.wsgi_request, response


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/guesses/", PATH), ("/api/v1/model/", None), ("/_get_digit", []), ("/api/v1/nowhere", None)],
)
def test_a_call_has_no_session_and_a_policy_of_its_own(client: Client, path: str, body: object) -> None:
    request, response = request_of(client, path, body)
    assert not {"session", "_messages", "csp_nonce"} & set(vars(request))
    assert getattr(request, "user", None) is None  # DRF sets it to nobody
    assert response[HEADER] == CALL_POLICY
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert int(response["Content-Length"]) == len(response.content)


@pytest.mark.parametrize("path", ["/about/", "/api/docs/", "/admin/login/"])
def test_a_page_has_session_user_and_the_strict_policy(client: Client, path: str) -> None:
    request, response = request_of(client, path)
    assert {"session", "user", "_messages"} <= set(vars(request))
    assert "script-src 'self'" in response[HEADER]


def test_django_finds_what_it_looks_for_in_the_settings() -> None:
    call_command("check", fail_level="WARNING")


@pytest.mark.parametrize(
    ("path", "level"), [("/api/v1/guesses/", "WARNING"), ("/api/v1/guesses/", "INFO"), ("/", "WARNING")]
)
def test_each_request_has_an_id_of_its_own_while_it_lasts(path: str, level: str) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(get_contextvars()["request_id"])
        return HttpResponse(status=200 if len(seen) % 2 else 400)

    request, logger = HttpRequest(), logging.getLogger("django_structlog")
    request.path = request.path_info = path
    request.method = "GET"
    before = logger.level
    logger.setLevel(level)
    try:
        for _ in range(4):
            RequestLogMiddleware(view)(request)
            assert "request_id" not in get_contextvars()
    finally:
        logger.setLevel(before)
    assert len(set(seen)) == 4


def test_a_call_that_is_refused_is_logged_and_one_that_went_well_is_not(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.post("/api/v1/guesses/", PATH, content_type="application/json")
    assert not caplog.records
    client.post("/api/v1/guesses/", {}, content_type="application/json")
    assert [record.msg["code"] for record in caplog.records if isinstance(record.msg, dict)] == [400]


def test_calls_are_where_the_api_is() -> None:
    assert all(prefix.startswith(("/api/", "/_get_digit")) for prefix in page_middleware.CALLS)

"""What the schema promises, and what a fuzzer that reads it finds."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings

from digitre_site import schema_view
from recognizer.models import ApiKey, Scope
from tests.support.fake_model import FakeClassifier

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.django_db
schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """Keep the test's transaction open across requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_call_the_schema_allows_or_forbids_is_a_server_error(
    case: schemathesis.Case[Any], model: FakeClassifier, kept_connection: None
) -> None:
    response = case.call()
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert set(response.json()) == {"code", "detail"}


def test_the_schema_says_where_a_key_is_needed_and_where_it_may_come(client: Client) -> None:
    said = client.get("/api/schema/?format=json").json()
    assert said["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    paths = said["paths"]
    assert paths["/api/v1/review/next/"]["post"]["security"] == [{"key": []}]
    assert paths["/api/v1/drawings/"]["post"]["security"] == [{"key": []}, {}]
    assert "security" not in paths["/api/v1/model/"]["get"]


def test_the_schema_is_whole_for_everybody_who_asks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its generator fails where two threads generate: a process answered 500 to some of the first who asked."""
    monkeypatch.setattr(schema_view, "_made", {})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: Client().get("/api/schema/"), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["Content-Type"].startswith("application/vnd.oai.openapi")


def test_as_many_schemas_are_kept_as_there_are_formats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_view, "_made", {})
    asked = [f"application/json; indent={number}" for number in range(3)]
    assert {client.get("/api/schema/", headers={"Accept": kind}).status_code for kind in asked} == {200}
    assert list(schema_view._made) == ["application/json"]


class WithKey:
    """The application behind something that adds a key to every call: a fuzzer that knows of keys also comes without one."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application, self.secret = application, ""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self.secret:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.secret}"
        return self.application(environ, start_response)


with_key = WithKey(get_wsgi_application())
keyed = schemathesis.openapi.from_wsgi("/api/schema/?format=json", with_key)
KEYED = r"/api/v1/(review|exports?|runs|collection|key|drawings|guesses)/"


@pytest.fixture
def key(owner: User) -> Iterator[None]:
    """A key for everything that keys are for, of somebody who may do all of it, with every call."""
    _, with_key.secret = ApiKey.objects.make(owner, "a fuzzer", Scope.values, calls_a_minute=60_000)
    yield
    with_key.secret = ""


@keyed.include(path_regex=KEYED).parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_call_with_a_key_is_a_server_error(
    case: schemathesis.Case[Any], model: FakeClassifier, kept_connection: None, key: None
) -> None:
    """The same past the door: without a key the calls above answer 401 to most of these."""
    response = case.call()
    assert response.status_code not in (401, 403), response.text  # else the fuzzer stands before the door
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert set(response.json()) == {"code", "detail"}

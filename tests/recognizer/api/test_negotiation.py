"""The short way comes to the same as DRF's own."""

from typing import Any

import pytest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from recognizer.api.negotiation import ShortNegotiation

ACCEPTED = ["application/json", "*/*", None, "application/*", "application/json; indent=4", "text/html, */*;q=0.1"]
RENDERERS = [[JSONRenderer()], [JSONRenderer(), BrowsableAPIRenderer()], [BrowsableAPIRenderer(), JSONRenderer()]]


@pytest.mark.parametrize("query", ["", "?format=json"])
@pytest.mark.parametrize("renderers", RENDERERS)
@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_same_renderer_is_chosen(accept: str | None, renderers: list[Any], query: str) -> None:
    headers = {} if accept is None else {"Accept": accept}
    request = Request(APIRequestFactory().get(f"/{query}", headers=headers))
    ours, theirs = (
        negotiation.select_renderer(request, renderers)
        for negotiation in (ShortNegotiation(), DefaultContentNegotiation())
    )
    assert ours == theirs


@pytest.mark.django_db
def test_a_caller_who_takes_no_json_is_told_so() -> None:
    response = APIClient().get("/api/v1/drawings/", headers={"Accept": "image/png"})
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")

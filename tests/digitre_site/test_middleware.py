"""What a browser may write into Origin without being called one of ours."""

import pytest
from django.test import Client


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "https://elsewhere.example", "null", ""])
@pytest.mark.parametrize("path", ["/api/v1/drawings/", "/_get_digit"])
def test_an_origin_that_is_not_ours_is_refused(origin: str, path: str) -> None:
    client = Client(raise_request_exception=False, headers={"Origin": origin})
    response = client.post(path, {}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (403, "cross_site")

"""Pages have a limit by address, and calls have theirs."""

import pytest
from django.test import Client

from digitre_site.page_limit import PagesByAddress
from tests.support import pictures

pytestmark = pytest.mark.django_db


def test_who_opens_too_many_pages_is_told_so_and_may_still_draw(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PagesByAddress, "limit", 3)
    pages = ["/", "/progress/", "/nothing/", "/api/schema/", "/"]
    answers = [client.get(page, headers={"Accept-Language": "de"}) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert "Zu viele Seiten auf einmal." in answers[-1].content.decode()
    assert "default-src 'none'" in answers[-1].headers["Content-Security-Policy"]
    said = client.post("/api/v1/guesses/", pictures.seven_form(), "application/json")
    assert said.status_code == 200
    assert client.get("/healthz").status_code == 200


def test_the_refusal_speaks_the_visitor_s_language(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PagesByAddress, "limit", 0)
    said = [client.get("/", headers={"Accept-Language": language}).content.decode() for language in ("fr", "en", "ar")]
    assert ["Trop de pages" in said[0], "Too many pages" in said[1], 'dir="rtl"' in said[2]] == [True] * 3

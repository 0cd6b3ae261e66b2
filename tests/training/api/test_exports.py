"""Drawings out by HTTP: by filter, streamed, for who may."""

import gzip
import json

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client

from recognizer.models import Drawing
from tests.support.accounts import SignIn
from tests.support.drawings import Draw

pytestmark = pytest.mark.django_db
JSONL = "/api/v1/exports/jsonl/"


def lines(response: object) -> list[dict[str, object]]:
    assert isinstance(response, StreamingHttpResponse)
    assert response.status_code == 200
    return [json.loads(line) for line in gzip.decompress(b"".join(response)).splitlines()]


def test_an_operator_takes_drawings_by_filter(draw: Draw, operator: User, sign_in: SignIn) -> None:
    draw(7)
    draw(2)
    draw(4, status=Drawing.Status.WAITING)
    client = sign_in(operator)
    assert {line["label"] for line in lines(client.get(JSONL))} == {7, 2}
    assert {line["label"] for line in lines(client.get(JSONL, {"status": "all", "label": "4,2"}))} == {4, 2}


def test_reviewers_are_numbers_unless_names_are_asked_for(
    draw: Draw, operator: User, reviewer: User, sign_in: SignIn
) -> None:
    draw(7).approve(7, reviewer)
    client = sign_in(operator)
    assert [line["reviewed_by"] for line in lines(client.get(JSONL))] == ["reviewer 1"]
    assert [line["reviewed_by"] for line in lines(client.get(JSONL, {"names": "1"}))] == ["rosa"]


@pytest.mark.parametrize(("name", "start"), [("csv", b"label,pixel0,"), ("png", b"PK")])
def test_the_other_files_are_streamed_too(draw: Draw, operator: User, sign_in: SignIn, name: str, start: bytes) -> None:
    draw(7)
    response = sign_in(operator).get(f"/api/v1/exports/{name}/")
    assert isinstance(response, StreamingHttpResponse)
    assert b"".join(response).startswith(start)
    assert "attachment" in response["Content-Disposition"]


def test_who_may_not_export_is_told(reviewer: User, sign_in: SignIn) -> None:
    assert Client().get(JSONL).status_code == 401
    refused = sign_in(reviewer).get(JSONL)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_who_lost_the_account_loses_the_export(operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    User.objects.filter(pk=operator.pk).update(is_active=False)
    assert client.get(JSONL).status_code == 401


def test_what_makes_no_sense_is_said(operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    bad = client.get(JSONL, {"label": "12"})
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_filter")
    assert "0 to 9" in bad.json()["detail"]
    assert client.get("/api/v1/exports/parquet/").status_code == 404

"""Drawings and runs, out to programs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from recognizer.models import Contributor, Drawing, Scope
from tests.support.drawings import Draw
from tests.support.programs import program
from training.exchange import records
from training.exchange.formats import JsonLines
from training.exchange.records import read_records
from training.models import TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def taker(reviewer: User) -> APIClient:
    return program(reviewer, Scope.EXPORT)


@pytest.fixture
def reader(reviewer: User) -> APIClient:
    return program(reviewer, Scope.READ)


def exported(taker: APIClient, **filters: Any) -> list[dict[str, Any]]:
    response: Any = taker.get("/api/v1/export/", filters)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def test_a_line_is_what_the_command_writes(taker: APIClient, draw: Draw, tmp_path: Path) -> None:
    draw(3), draw(7, strokes=False)
    path = tmp_path / "drawings.jsonl.gz"
    writer = JsonLines(path.open("wb"))
    for record in read_records(names=False):
        writer.add(record)
    writer.close()
    assert exported(taker) == [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_only_what_the_filters_name_is_taken(taker: APIClient, draw: Draw) -> None:
    examined = Contributor.objects.create(is_exam=True)
    other = draw(4, label=10)
    drawn = {"three": draw(3), "other": other, "exam": draw(5, by=examined), "waiting": draw(6, status="waiting")}
    ids = {str(drawing.pk): name for name, drawing in drawn.items()}

    def names(**filters: Any) -> set[str]:
        return {ids[line["id"]] for line in exported(taker, **filters)}

    assert names() == {"three", "other", "exam"}
    assert names(status="waiting") == {"waiting"}
    assert names(status="approved,waiting") == {"three", "other", "exam", "waiting"}
    assert names(label="none") == {"other"}
    assert names(label="3", version=1) == {"three"}
    assert names(version=2) == set()
    assert names(purpose="exam") == {"exam"}
    assert names(purpose="learning") == {"three", "other"}
    assert names(since=drawn["three"].created_at.isoformat()) == {"three", "exam"}
    assert names(until=drawn["three"].created_at.isoformat()) == {"other"}
    assert names(since="2100-01-01") == set()


@pytest.mark.parametrize("filters", [{"label": "11"}, {"status": "gone"}, {"version": "x"}, {"since": "yesterday"}])
def test_a_filter_that_there_is_not_is_said(taker: APIClient, filters: dict[str, str]) -> None:
    response = taker.get("/api/v1/export/", filters)
    assert response.status_code == 400
    assert next(iter(filters)) in response.json()["detail"]


def test_pages_follow_one_another_without_a_gap(taker: APIClient, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE", 2)
    drawn = sorted(str(draw(digit).pk) for digit in range(5))
    assert [line["id"] for line in exported(taker)] == drawn


# runs


def test_runs_are_told_with_why_they_ended_so(reader: APIClient, draw: Draw) -> None:
    run = TrainingRun.objects.create(status="held", trigger="schedule", decision={"reasons": ["MNIST test: falls"]})
    (brief,) = reader.get("/api/v1/runs/").json()["results"]
    assert (brief["id"], brief["status"], brief["reasons"]) == (run.pk, "held", ["MNIST test: falls"])
    assert brief["challenger"] is None
    whole = reader.get(f"/api/v1/runs/{run.pk}/").json()
    assert whole["decision"] == {"reasons": ["MNIST test: falls"]}
    assert reader.get(f"/api/v1/runs/{run.pk + 1}/").status_code == 404
    assert reader.get("/api/v1/runs/?cursor=cD1ub25zZW5zZQ==").status_code == 404


def test_the_collection_is_counted_by_status(reader: APIClient, draw: Draw) -> None:
    draw(3), draw(4), draw(5, status=Drawing.Status.WAITING)
    counts = reader.get("/api/v1/collection/").json()["by_status"]
    assert (counts["approved"], counts["waiting"], counts["rejected"]) == (2, 1, 0)

"""What a scrape says of rows and servers."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from digitre_site import state_metrics
from recognizer import registry
from recognizer.models import Drawing
from tests.support.pictures import seven_form
from training.models import TrainingRun, WorkerHeartbeat

TOKEN = "only-for-tests"
Scrape = Callable[[], dict[str, float]]


@pytest.fixture
def scrape(settings: Settings, client: Client) -> Scrape:
    settings.DIGITRE_METRICS_TOKEN = TOKEN

    def ask() -> dict[str, float]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3:8000"})
        assert response.status_code == 200
        return dict(samples(response.content.decode()))

    return ask


def samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            yield (f"{sample.name}{{{labels}}}" if labels else sample.name), sample.value


@pytest.mark.django_db
def test_a_scrape_tells_the_champion_and_what_is_served(scrape: Scrape) -> None:
    champion = registry.ensure_baseline()
    told = scrape()
    assert told["digitre_champion_version"] == told["digitre_served_version"] == champion.number
    assert told["digitre_served_degraded"] == 0
    assert abs(told["digitre_champion_promoted_timestamp_seconds"] - timezone.now().timestamp()) < 600


@pytest.mark.django_db
def test_a_scrape_tells_how_runs_ended_and_how_long_the_one_at_work_is_at_it(scrape: Scrape) -> None:
    for status in ("promoted", "failed", "failed"):
        TrainingRun.objects.create(trigger="command", status=status)
    run = TrainingRun.objects.claim(worker="here:1", trigger="command")
    assert run is not None
    run.write(phase="learning", started_at=timezone.now() - timedelta(seconds=300))
    told = scrape()
    assert told['digitre_recent_runs{status="failed"}'] == 2
    assert told["digitre_failed_runs_in_a_row"] == 2
    assert 300 <= told['digitre_run_seconds{phase="learning"}'] < 400


@pytest.mark.django_db
def test_a_scrape_tells_what_waits_and_how_long_the_worker_has_been_silent(scrape: Scrape, client: Client) -> None:
    drawing = client.post("/api/v1/drawings/", seven_form(), "application/json").json()
    Drawing.objects.filter(pk=drawing["id"]).update(status="waiting", confirmed_label=3)
    WorkerHeartbeat.objects.create(name="worker", at=timezone.now() - timedelta(seconds=120))
    told = scrape()
    assert told['digitre_drawings{status="waiting"}'] == 1
    assert told['digitre_drawings{status="quarantined"}'] == 0
    assert 120 <= told["digitre_worker_heartbeat_age_seconds"] < 180
    assert told["digitre_database_up"] == 1
    assert ("digitre_database_connections_limit" in told) == (connection.vendor == "postgresql")


def test_a_scrape_is_answered_while_the_database_is_away(scrape: Scrape, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(state_metrics.StateCollector, "_models", fail)
    told = scrape()
    assert told["digitre_database_up"] == 0
    assert "digitre_champion_version" not in told


@pytest.mark.django_db
def test_a_request_is_counted_by_its_route(scrape: Scrape, client: Client) -> None:
    sample = 'digitre_requests_total{method="GET",route="api/v1/drawings/<uuid:drawing_id>/",status="404"}'
    before = scrape().get(sample, 0)
    for number in range(3):
        client.get(f"/api/v1/drawings/00000000-0000-0000-0000-00000000000{number}/")
    told = scrape()
    assert told[sample] == before + 3
    assert told['digitre_request_seconds_count{route="api/v1/drawings/<uuid:drawing_id>/"}'] >= 3


@pytest.mark.django_db
def test_made_up_addresses_and_methods_make_no_series_of_their_own(scrape: Scrape, client: Client) -> None:
    client.generic("BREW", "/coffee/4711/")
    client.get("/admin/recognizer/drawing/4711/")
    told = " ".join(scrape())
    assert 'method="other",route="none"' in told
    assert 'route="admin"' in told
    assert "4711" not in told


@pytest.mark.django_db
def test_an_answer_is_counted_by_its_digit_and_what_is_no_drawing_by_its_reason(scrape: Scrape, client: Client) -> None:
    answered, bad = 'digitre_answers_total{digit="7",kind="digit"}', 'digitre_bad_drawings_total{code="invalid_image"}'
    before = scrape()
    client.post("/api/v1/guesses/", seven_form(), "application/json")
    client.post("/api/v1/guesses/", {"image": "data:image/png;base64,AAAA"}, "application/json")
    told = scrape()
    assert told[answered] == before.get(answered, 0) + 1
    assert told[bad] == before.get(bad, 0) + 1


def test_who_has_no_token_finds_nothing(client: Client, settings: Settings) -> None:
    settings.DIGITRE_METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 404

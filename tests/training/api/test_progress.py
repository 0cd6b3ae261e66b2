"""What people may know: versions with their exams, held ones with the reasons, totals, one's own."""

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from recognizer import contributor_cookie, registry
from recognizer.baseline import shipped_baseline
from recognizer.models import Contributor, ModelVersion
from tests.support.drawings import Draw
from training.models import DatasetSnapshot, TrainingPolicy, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    cache.clear()


@pytest.fixture
def held(baseline: ModelVersion) -> ModelVersion:
    shipped = shipped_baseline()
    version = registry.register(
        shipped.keras,
        shipped.model.tflite,
        preprocessing_version=1,
        calibration=shipped.card["calibration"],
        metrics={"mnist": {"n": 1000, "accuracy": 0.99, "interval": [0.98, 0.995]}},
        parent=baseline,
        origin="run 1",
    )
    snapshot = DatasetSnapshot.objects.create(digest="d", drawings=12, contributors=3)
    decision = {"promote": False, "reasons": ["MNIST test: falls by 0.30 points below the champion"]}
    TrainingRun.objects.create(
        status="held", trigger="command", challenger=version, snapshot=snapshot, decision=decision
    )
    return version


def test_progress_tells_each_version_with_its_exams(held: ModelVersion) -> None:
    newest, first = Client().get("/api/v1/progress/").json()["versions"]
    assert newest["number"] == 2
    assert newest["held"]
    assert newest["drawings"] == 12
    assert newest["reasons"] == ["MNIST test: falls by 0.30 points below the champion"]
    assert newest["exams"] == [
        {"name": "mnist", "title": "MNIST test", "accuracy": 0.99, "low": 0.98, "high": 0.995, "n": 1000}
    ]
    assert first["is_champion"]
    assert not first["held"]


def test_totals_say_what_is_new_and_when_the_next_run_starts(draw: Draw) -> None:
    draw(3), draw(4)
    assert Client().get("/api/v1/progress/").json()["totals"] == {
        "drawings": 2,
        "contributors": 1,
        "new_since": 2,
        "next_at": 100,
    }


def test_no_next_run_is_promised_while_training_is_switched_off(baseline: ModelVersion) -> None:
    TrainingPolicy(enabled=False).save()
    assert Client().get("/api/v1/progress/").json()["totals"]["next_at"] is None


def test_own_drawings_are_counted_by_what_became_of_them(draw: Draw, rf: RequestFactory) -> None:
    me = Contributor.objects.create()
    draw(3, by=me), draw(4, by=me), draw(5, by=me, status="quarantined"), draw(6)
    client = Client()
    client.cookies[contributor_cookie.COOKIE] = signed(me)
    assert client.get("/api/v1/progress/").json()["mine"] == {"approved": 2, "quarantined": 1}


def signed(contributor: Contributor) -> str:
    from django.core import signing

    return signing.dumps(contributor.token.hex, salt=contributor_cookie.SALT)


def test_stranger_has_nothing(baseline: ModelVersion) -> None:
    assert Client().get("/api/v1/progress/").json()["mine"] == {}


def test_page_shows_the_held_version_and_why(held: ModelVersion) -> None:
    page = Client().get("/progress/").content.decode()
    assert "held" in page
    assert "falls by 0.30 points below the champion" in page


def test_artifacts_stay_in_the_database(
    held: ModelVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        Client().get("/api/v1/progress/")

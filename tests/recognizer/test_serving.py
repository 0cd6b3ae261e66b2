import threading

import numpy as np
import pytest
from django.db import OperationalError, connections
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from recognizer import registry, serving
from recognizer.models import ModelArtifacts, ModelVersion
from tests.support.versions import make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a newer champion at every call."""
    monkeypatch.setattr(serving, "CHAMPION_CHECK_SECONDS", 0)


@pytest.fixture
def baseline() -> ModelVersion:
    return registry.ensure_baseline()


def corrupt(version: ModelVersion, data: bytes = b"flipped") -> None:
    ModelArtifacts.objects.filter(version=version).update(tflite=data)


def promote_new(baseline: ModelVersion) -> ModelVersion:
    version = make_version(baseline)
    registry.promote(version, by=None, reason="test")
    return version


def test_promotion_is_followed_without_a_restart(baseline: ModelVersion, impatient: None) -> None:
    assert serving.current_classifier().version == 1
    promote_new(baseline)
    assert serving.current_classifier().version == 2
    registry.roll_back(by=None, reason="test")
    assert serving.current_classifier().version == 1


def test_champion_is_asked_for_only_now_and_then(
    baseline: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    serving.current_classifier()
    with django_assert_num_queries(0):
        serving.current_classifier()


def test_broken_champion_leaves_the_last_good_one_serving(baseline: ModelVersion, impatient: None) -> None:
    serving.current_classifier()
    version = make_version(baseline)
    registry.promote(version, by=None, reason="test")
    corrupt(version)
    served = serving.current_classifier()
    assert served.version == 1
    assert "SHA-256" in served.degraded
    version.refresh_from_db()
    assert "SHA-256" in version.broken_reason


def test_a_version_whose_bytes_are_restored_serves_and_is_no_longer_called_broken(
    baseline: ModelVersion, impatient: None
) -> None:
    version = promote_new(baseline)
    sound = bytes(version.tflite)
    corrupt(version)
    serving.current_classifier()
    serving.champion.reset()
    corrupt(version, sound)
    assert serving.current_classifier().version == version.number
    version.refresh_from_db()
    assert version.broken_reason == ""


def test_a_champion_that_is_mended_is_followed_without_a_restart_and_complained_of_once(
    baseline: ModelVersion, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    version = promote_new(baseline)
    sound = bytes(version.tflite)
    corrupt(version)
    assert serving.current_classifier().version == 1
    for _ in range(3):
        assert serving.current_classifier().degraded
    assert [record.levelname for record in caplog.records].count("ERROR") == 1

    corrupt(version, sound)
    served = serving.current_classifier()
    assert (served.version, served.degraded) == (version.number, "")


def test_process_started_on_a_broken_champion_serves_the_one_before(baseline: ModelVersion) -> None:
    second, third = promote_new(baseline), promote_new(baseline)
    corrupt(third, b"")
    assert serving.current_classifier().version == second.number


def test_when_every_row_is_broken_the_package_s_own_model_serves(baseline: ModelVersion) -> None:
    corrupt(promote_new(baseline))
    corrupt(baseline)
    served = serving.current_classifier()
    assert served.version == 1
    assert served.degraded
    assert np.isfinite(served.model.predict(np.zeros((1, 28, 28, 1), "float32")).logits).all()


def test_version_for_another_preparation_of_the_ink_is_not_served(baseline: ModelVersion, impatient: None) -> None:
    version = make_version(baseline, preprocessing_version=999)
    registry.promote(version, by=None, reason="test")
    served = serving.current_classifier()
    assert served.version == 1
    assert "999" in served.degraded


def test_database_that_goes_away_does_not_stop_the_answers(
    baseline: ModelVersion, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.current_classifier()

    def gone(*args: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(ModelVersion.objects.__class__, "get_queryset", gone)
    assert serving.current_classifier().version == 1


def test_readyz_says_degraded(client: Client, baseline: ModelVersion) -> None:
    assert client.get("/readyz").json()["model"] == "ok"
    serving.champion.reset()
    corrupt(baseline)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "SHA-256" in answer.json()["model"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_eight_threads_predict_through_fifty_swaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "CHAMPION_CHECK_SECONDS", 0)
    baseline = registry.ensure_baseline()
    make_version(baseline)
    batch = np.zeros((1, 28, 28, 1), "float32")
    done, errors, seen = threading.Event(), [], set()

    def predict() -> None:
        try:
            while not done.is_set():
                served = serving.current_classifier()
                served.model.predict(batch)
                seen.add((served.version, served.version_id))
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=predict) for _ in range(8)]
    for thread in threads:
        thread.start()
    for swap in range(50):
        registry.promote(ModelVersion.objects.get(number=2 - swap % 2), by=None, reason="swap")
    done.set()
    for thread in threads:
        thread.join()

    assert not errors
    rows = {(version.number, version.pk) for version in ModelVersion.objects.all()}
    assert seen <= rows
    assert {number for number, _ in seen} == {1, 2}

import threading
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db import connections

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact
from recognizer.models import ModelArtifacts, ModelVersion, PromotionEvent
from tests.support.versions import make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def baseline() -> ModelVersion:
    return registry.ensure_baseline()


def test_migrated_database_serves_the_shipped_baseline_as_version_1(baseline: ModelVersion) -> None:
    assert (baseline.number, baseline.is_champion) == (1, True)
    assert PromotionEvent.objects.get().version == baseline


def test_baseline_is_registered_once(baseline: ModelVersion) -> None:
    assert registry.ensure_baseline() == baseline
    assert ModelVersion.objects.count() == 1


def test_a_version_that_reads_ink_as_it_was_prepared_before_gives_way_to_the_baseline(baseline: ModelVersion) -> None:
    old = make_version(baseline)
    ModelVersion.objects.filter(pk=old.pk).update(preprocessing_version=baseline.preprocessing_version - 1)
    registry.promote(old, by=None, reason="better at fours")
    assert registry.ensure_baseline() == ModelVersion.objects.champion() == baseline
    assert PromotionEvent.objects.latest("id").reason == "version 2 reads ink as an earlier release prepared it"
    later = make_version(baseline)
    registry.promote(later, by=None, reason="better at fives")
    registry.ensure_baseline()
    assert ModelVersion.objects.champion() == later


def test_registered_version_does_not_speak_until_promoted(baseline: ModelVersion) -> None:
    version = make_version(baseline)
    assert (version.number, version.is_champion, version.parent) == (2, False, baseline)


def test_promotion_and_roll_back_are_written_down(baseline: ModelVersion, admin_user: User) -> None:
    version = make_version(baseline)
    registry.promote(version, by=admin_user, reason="better at fours")
    assert ModelVersion.objects.champion() == version
    assert registry.roll_back(by=admin_user, reason="worse at nines") == baseline
    assert ModelVersion.objects.champion() == baseline
    history = PromotionEvent.objects.order_by("id").values_list("version__number", "previous__number", "reason")
    assert list(history) == [(1, None, "shipped baseline"), (2, 1, "better at fours"), (1, 2, "worse at nines")]


def test_rolling_back_twice_goes_further_back_and_not_forth_again(baseline: ModelVersion) -> None:
    second, third = make_version(baseline), make_version(baseline)
    for version in (second, third):
        registry.promote(version, by=None, reason="better")
    assert [registry.roll_back(by=None, reason="worse") for _ in range(2)] == [second, baseline]
    assert registry.rollback_target() is None
    registry.promote(third, by=None, reason="mended")
    assert registry.rollback_target() == baseline


def test_promoting_the_champion_changes_nothing(baseline: ModelVersion) -> None:
    assert registry.promote(baseline, by=None, reason="again") is None
    assert PromotionEvent.objects.count() == 1


def test_nothing_before_the_first_champion(baseline: ModelVersion) -> None:
    with pytest.raises(ValueError, match="no earlier champion"):
        registry.roll_back(by=None, reason="?")


@pytest.mark.parametrize("damage", [b"", b"not a model", b"half"])
def test_broken_artifact_is_not_registered(baseline: ModelVersion, damage: bytes) -> None:
    tflite = shipped_baseline().model.tflite
    damaged = tflite[: len(tflite) // 2] if damage == b"half" else damage
    with pytest.raises(CorruptArtifact):
        make_version(baseline, tflite=damaged)
    assert ModelVersion.objects.count() == 1


def test_version_whose_bytes_changed_is_not_promoted(baseline: ModelVersion) -> None:
    version = make_version(baseline)
    ModelArtifacts.objects.filter(version=version).update(tflite=shipped_baseline().model.tflite + b"\0")
    with pytest.raises(CorruptArtifact):
        registry.promote(ModelVersion.objects.get(pk=version.pk), by=None, reason="?")
    assert ModelVersion.objects.champion() == baseline


@pytest.mark.django_db(transaction=True)
def test_two_promotions_at_once_leave_one_champion() -> None:
    baseline = registry.ensure_baseline()
    versions = [make_version(baseline) for _ in range(4)]
    errors: list[Exception] = []

    def promote(version: ModelVersion) -> None:
        try:
            registry.promote(version, by=None, reason="race")
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=promote, args=[version]) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert ModelVersion.objects.filter(is_champion=True).count() == 1
    events = list(PromotionEvent.objects.order_by("id"))
    assert len(events) == 5
    assert all(later.previous_id == earlier.version_id for earlier, later in pairwise(events))


@pytest.mark.django_db(transaction=True)
def test_versions_registered_at_once_get_numbers_of_their_own() -> None:
    baseline = registry.ensure_baseline()
    numbers: list[int] = []

    def register() -> None:
        try:
            numbers.append(make_version(baseline).number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [2, 3, 4, 5]

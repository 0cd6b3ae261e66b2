"""What a web process does before it is asked for anything."""

import gc
from collections.abc import Iterator

import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from digitre_site.warm_up import warm_up
from recognizer import serving


@pytest.fixture(autouse=True)
def collected_again() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.django_db
def test_a_warm_process_asks_the_database_for_no_model(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)  # the test's own transaction goes on
    monkeypatch.setattr(
        "gc.collect", lambda: None
    )  # all of pytest takes longer than until the next look for a new champion
    warm_up()
    with django_assert_num_queries(0):
        assert serving.current_classifier().version == 1


def test_a_process_starts_without_its_database(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("could not connect")

    monkeypatch.setattr(serving, "current_classifier", fail)
    warm_up()
    assert "not warm yet: could not connect" in caplog.text
    assert gc.get_freeze_count() > 10_000  # no collection goes through Django again

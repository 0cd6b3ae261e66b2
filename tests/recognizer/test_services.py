"""The verbs where something happens in between: the same call twice, a contributor who leaves, time that passes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from recognizer import callers, services
from recognizer.errors import CallerGone
from recognizer.models import Contributor, Drawing, LabelEvent
from recognizer.review import moderation
from recognizer.submissions import Submission
from tests.support import pictures
from tests.support.fake_model import FakeClassifier
from tests.support.waiting import wait_until

SUBMISSION = Submission(pictures.draw_ink())


def keep(contributor: Contributor | None = None) -> Drawing:
    return services.recognize(SUBMISSION, contributor)[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["a key", None])
def test_a_drawing_of_a_contributor_who_has_just_been_forgotten_is_a_new_ones(
    model: FakeClassifier, key: str | None
) -> None:
    contributor = keep().contributor
    in_another_tab = Contributor.objects.get(pk=contributor.pk)
    services.forget(in_another_tab)

    drawing, _ = services.recognize(SUBMISSION, contributor, key)

    assert Drawing.objects.get() == drawing
    assert drawing.contributor == Contributor.objects.get()
    assert drawing.contributor != contributor


@pytest.mark.django_db(transaction=True)
def test_the_same_call_at_the_same_moment_is_one_drawing(model: FakeClassifier) -> None:
    contributor, barrier = keep().contributor, threading.Barrier(4)

    def send(_: int) -> Drawing:
        try:
            barrier.wait()
            return services.recognize(SUBMISSION, contributor, "a key")[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert Drawing.objects.filter(idempotency_key__isnull=False).count() == 1


def test_the_same_call_inside_a_transaction_does_not_break_it(model: FakeClassifier) -> None:
    contributor = keep().contributor
    with transaction.atomic():
        first, second = (services.recognize(SUBMISSION, contributor, "a key")[0] for _ in range(2))
        assert first == second
        assert contributor.drawings.count() == 2


def test_what_is_stored_is_read_back_as_it_was_sent(model: FakeClassifier) -> None:
    sent = Submission(pictures.draw_ink(side=140), pictures.SEVEN, (280.0, 280.0))
    stored = Submission.stored(services.recognize(sent, None)[0])
    assert (stored.ink == sent.ink).all()
    assert stored.strokes_on_ink == sent.strokes_on_ink


@pytest.fixture
def month_old(
    model: FakeClassifier, monkeypatch: pytest.MonkeyPatch, settings: Settings, admin_user: User
) -> dict[str, Drawing]:
    """One drawing of each fate, all beyond the retention time."""
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    settings.DIGITRE_RETENTION_DAYS = 30
    names = ["silent", "withdrawn", "rejected", "of a blocked one", "quarantined", "confirmed", "approved unconfirmed"]
    made = {name: keep() for name in names}
    for name in ("withdrawn", "quarantined", "confirmed"):
        made[name].confirm(7)
    made["withdrawn"].withdraw()
    made["quarantined"].quarantine("in doubt")
    made["quarantined"].withdraw()
    made["rejected"].reject("a doodle", admin_user)
    made["approved unconfirmed"].approve(7, admin_user)
    moderation.block(made["of a blocked one"].contributor, by=admin_user, reason="doodles")
    Drawing.objects.update(created_at=timezone.now() - timedelta(days=31))
    return made


def test_what_nobody_confirmed_is_purged_also_once_it_was_set_aside(month_old: dict[str, Drawing]) -> None:
    fresh = keep()
    assert services.purge_unconfirmed() == 5  # drawings; their events are not counted
    left = {month_old["confirmed"].pk, month_old["approved unconfirmed"].pk, fresh.pk}
    assert set(Drawing.objects.values_list("pk", flat=True)) == left
    assert set(LabelEvent.objects.values_list("drawing_id", flat=True)) == left - {fresh.pk}
    assert services.purge_unconfirmed() == 0


def test_contributors_of_whom_no_drawing_is_left_are_purged_unless_they_are_blocked(db: None) -> None:
    """17,938 of them outlived their drawings, one in five an exam contributor without a question."""
    old, blocked, new = Contributor.join(), Contributor.join(), Contributor.join()
    blocked.block()
    drawn = keep().contributor
    Contributor.objects.exclude(pk=new.pk).update(created_at=timezone.now() - timedelta(days=31))
    services.purge_unconfirmed()
    assert set(Contributor.objects.all()) == {blocked, new, drawn}
    assert not Contributor.objects.filter(pk=old.pk).exists()


def test_whoever_drew_much_is_forgotten_a_batch_at_a_time(
    model: FakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tablet on a wall collects thousands; nobody else's drawing waits for the last of them."""
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    contributor = keep().contributor
    for _ in range(4):
        keep(contributor)
    with monkeypatch.context() as broken:
        broken.setattr(services, "_delete_some", once(services._delete_some))
        with pytest.raises(RuntimeError):
            services.forget(contributor)
    assert contributor.drawings.count() == 3  # what was done stays done

    services.forget(Contributor.objects.get())
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which is broken off when it is called again."""
    left = [function]
    return lambda *given: left.pop()(*given) if left else broken_off()


def broken_off() -> None:
    raise RuntimeError("the connection is gone")


def test_who_draws_again_after_the_purge_is_a_contributor_anew(visitor: APIClient, seven: dict[str, Any]) -> None:
    visitor.post("/api/v1/drawings/", seven)
    Drawing.objects.update(created_at=timezone.now() - timedelta(days=31))
    Contributor.objects.update(created_at=timezone.now() - timedelta(days=31))
    services.purge_unconfirmed()
    assert not Contributor.objects.exists()
    assert visitor.post("/api/v1/drawings/", seven).status_code == 201
    assert Drawing.objects.get().contributor == Contributor.objects.get()


def test_purging_reads_no_pictures(month_old: dict[str, Drawing]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.purge_unconfirmed()
    assert not [query["sql"] for query in queries if '"png"' in query["sql"] or '"strokes"' in query["sql"]]


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_confirmed_while_it_is_being_purged_stays(model: FakeClassifier) -> None:
    drawing = keep()
    Drawing.objects.update(created_at=timezone.now() - timedelta(days=400))

    def purge() -> int:
        try:
            return services.purge_unconfirmed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            drawing.confirm(7)
            purging = pool.submit(purge)
            wait_until(somebody_waits_for_us)
            assert not purging.done()
        assert purging.result() == 0
    assert Drawing.objects.get().confirmed_label == 7


@pytest.mark.django_db
def test_nothing_is_written_for_who_has_hung_up(model: FakeClassifier) -> None:
    """A process that was frozen in the midst of a call comes to itself when another replica has carried it out."""
    drawing = keep()
    services.give_feedback(drawing.pk, drawing.contributor, 7)
    events = LabelEvent.objects.count()
    with callers.known_by(lambda: False):
        for call in (
            lambda: services.give_feedback(drawing.pk, drawing.contributor, 1),
            lambda: services.withdraw_feedback(drawing.pk, drawing.contributor),
            lambda: services.recognize(SUBMISSION, drawing.contributor),
            lambda: services.recognize(SUBMISSION, None, "a key"),
        ):
            with pytest.raises(CallerGone):
                call()
    assert [stored.confirmed_label for stored in Drawing.objects.all()] == [7]
    assert LabelEvent.objects.count() == events
    assert Contributor.objects.count() == 1
    with callers.known_by(lambda: True):
        assert services.give_feedback(drawing.pk, drawing.contributor, 1).confirmed_label == 1


@pytest.mark.django_db
def test_nothing_is_decided_for_a_reviewer_who_has_hung_up(model: FakeClassifier) -> None:
    reviewer, drawing = User.objects.create_user("reviewer"), keep()
    services.give_feedback(drawing.pk, drawing.contributor, 7)
    drawing.refresh_from_db()
    before = drawing.status, drawing.label, LabelEvent.objects.count()
    calls: list[Callable[[], None]] = [
        lambda: drawing.approve(1, reviewer),
        lambda: drawing.reject("blank", reviewer),
        lambda: drawing.put_back(reviewer),
    ]
    with callers.known_by(lambda: False):
        for call in calls:
            with pytest.raises(CallerGone):
                call()
    drawing.refresh_from_db()
    assert (drawing.status, drawing.label, LabelEvent.objects.count()) == before


@pytest.mark.django_db
def test_who_has_hung_up_is_no_error_of_the_site(visitor: APIClient, seven: dict[str, Any]) -> None:
    with callers.known_by(lambda: False):
        answer = visitor.post("/api/v1/drawings/", seven, format="json")
    assert (answer.status_code, answer.json()["code"]) == (408, "caller_gone")

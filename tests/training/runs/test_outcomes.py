"""How a run ends is told in the transaction that ends it, whoever ends it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from recognizer.models import Contributor, Delivery, Event, LabelEvent, Subscriber
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing
from training.models import TrainingRun
from training.runs import outcomes, schedule
from training.runs.schedule import difference_text

pytestmark = pytest.mark.django_db
Claim = Callable[[], TrainingRun]


@pytest.fixture(autouse=True)
def subscriber(db: None) -> Subscriber:
    events = [Event.RUN_PROMOTED, Event.RUN_HELD, Event.RUN_FAILED]
    return Subscriber.objects.create(name="a bot", address="https://bot.example/", events=events)


def told() -> list[tuple[str, int, str]]:
    messages = [json.loads(delivery.body) for delivery in Delivery.objects.order_by("pk")]
    return [(message["type"], message["data"]["run"], message["data"]["error"]) for message in messages]


def lose(run: TrainingRun) -> None:
    """Let the process of a run die: its lease runs out."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("status", "event"),
    [("promoted", "run.promoted"), ("held", "run.held"), ("failed", "run.failed"), ("nothing_new", None)],
)
def test_what_came_of_a_run_is_told(claim: Claim, status: str, event: str | None) -> None:
    run = claim()
    assert outcomes.finish(run, status, error="why")
    assert told() == ([(event, run.pk, "why")] if event else [])


def test_a_process_that_is_the_run_s_no_longer_tells_nothing(claim: Claim) -> None:
    run = claim()
    lose(run)
    claim()
    assert not outcomes.finish(run, "failed", error="late")
    assert told() == []


def test_a_run_whose_process_died_is_told_once_by_the_next_look(claim: Claim) -> None:
    run = claim()
    lose(run)
    for _ in range(2):
        schedule.start_if_due()
    assert [(event, number) for event, number, _ in told()] == [("run.failed", run.pk)]
    assert "its lease ran out" in told()[0][2]


def test_it_is_told_also_where_somebody_asks_for_the_next_one(
    claim: Claim, operator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.admin.runs.wake_worker", lambda: None)
    run = claim()
    lose(run)
    sign_in(operator).post("/admin/training/trainingrun/train-now/")
    assert [number for _, number, _ in told()] == [run.pk]


def test_a_run_keeps_what_was_new_when_it_was_claimed(reviewer: User, operator: User, sign_in: SignIn) -> None:
    learner = Contributor.objects.create()
    make_drawing(seed=1, predicted=1, confirmed=7, contributor=learner).approve(7, reviewer)
    make_drawing(seed=2, contributor=learner).approve(7, reviewer)
    TrainingRun.objects.request(by=operator)
    run, _ = schedule.start_if_due()
    assert run is not None
    newest = LabelEvent.objects.latest("pk").pk
    assert run.difference == {
        "since_event": 0,
        "latest_event": newest,
        "new_labels": 2,
        "needed": 100,
        "is_corrected": True,
        "champion": 1,
    }
    page = sign_in(operator).get(f"/admin/training/trainingrun/{run.pk}/change/").content.decode()
    assert difference_text(run.difference) in page
    assert "The policy asks for 100." in page


def test_a_run_of_an_older_release_says_nothing_of_it() -> None:
    assert difference_text({}) == ""

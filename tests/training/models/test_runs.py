"""Claims, leases, requests, the schedule: at most one run, and whoever lost it writes nothing."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing, ModelVersion
from tests.support.drawings import Draw
from tests.support.known import known
from tests.support.waiting import wait_until
from training import tasks
from training.config import RUN_CONFIG, RunConfig, RunLimits
from training.curation import snapshots
from training.models import DatasetSnapshot, TrainingPolicy, TrainingRun, WorkerHeartbeat
from training.models.runs import TrainingRunQuerySet
from training.runs import leases, schedule
from training.runs.leases import Cancelled, Lease, LeaseLost, TookTooLong
from training.runs.progress import Progress

Status = TrainingRun.Status
pytestmark = pytest.mark.django_db


def expire(run: TrainingRun) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_second_claim_gets_nothing(claim_if_idle: Callable[[], TrainingRun | None]) -> None:
    assert known(claim_if_idle()).status == Status.RUNNING
    assert claim_if_idle() is None
    assert TrainingRun.objects.count() == 1


def test_constraint_itself_refuses_a_second_running_run(claim: Callable[[], TrainingRun]) -> None:
    run = claim()
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.create(
            status=Status.RUNNING, trigger="command", token=run.token, lease_expires_at=run.lease_expires_at
        )


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_wins(claim_if_idle: Callable[[], TrainingRun | None]) -> None:
    won, barrier = [], threading.Barrier(6)

    def compete() -> None:
        barrier.wait()
        run = claim_if_idle()
        if run:
            won.append(run.pk)
        connection.close()

    threads = [threading.Thread(target=compete) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert TrainingRun.objects.filter(status=Status.RUNNING).count() == 1


def test_expired_run_is_failed_by_the_next_claim(claim: Callable[[], TrainingRun]) -> None:
    dead = claim()
    expire(dead)
    assert claim().pk != dead.pk
    dead.refresh_from_db()
    assert dead.status == Status.FAILED
    assert "lease ran out" in dead.error


def test_worker_that_wakes_up_after_its_lease_was_taken_writes_nothing(claim: Callable[[], TrainingRun]) -> None:
    asleep = claim()
    expire(asleep)
    claim()
    assert not asleep.renew()
    assert not asleep.write(phase="learning")
    assert not asleep.finish(Status.PROMOTED)
    asleep.refresh_from_db()
    assert asleep.status == Status.FAILED
    assert asleep.phase == ""


def test_worker_that_wakes_up_before_anyone_took_over_goes_on(
    claim: Callable[[], TrainingRun], claim_if_idle: Callable[[], TrainingRun | None]
) -> None:
    run = claim()
    expire(run)
    assert run.renew()
    assert claim_if_idle() is None


def test_request_is_kept_once_and_claimed(claim: Callable[[], TrainingRun]) -> None:
    operator = get_user_model().objects.create_user("operator")
    run, is_new = TrainingRun.objects.request(by=operator)
    again, is_new_again = TrainingRun.objects.request(by=None)
    assert (is_new, is_new_again) == (True, False)
    assert again.pk == run.pk
    claimed = claim()
    assert claimed.pk == run.pk
    assert claimed.requested_by == operator
    assert claimed.trigger == TrainingRun.Trigger.REQUEST


def test_request_while_running_names_the_running_one(claim: Callable[[], TrainingRun]) -> None:
    running = claim()
    assert TrainingRun.objects.request(by=None) == (running, False)


def test_request_while_a_dead_workers_run_stands_is_kept(claim: Callable[[], TrainingRun]) -> None:
    dead = claim()
    expire(dead)
    run, is_new = TrainingRun.objects.request(by=None)
    assert is_new
    assert run.pk != dead.pk


def test_request_taken_back_at_the_last_moment_starts_nothing(
    policy: TrainingPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy.enabled = False
    policy.save()
    requested, _ = TrainingRun.objects.request(by=None)
    take = TrainingRunQuerySet.claim

    def cancelled_first(self: TrainingRunQuerySet, **options: Any) -> Any:
        requested.cancel()
        return take(self, **options)

    monkeypatch.setattr(TrainingRunQuerySet, "claim", cancelled_first)
    run, reason = schedule.start_if_due()
    assert run is None
    assert "taken back" in reason


def test_worker_that_is_silent_for_days_is_forgotten() -> None:
    WorkerHeartbeat.objects.create(name="old", at=timezone.now() - timedelta(days=2))
    WorkerHeartbeat.objects.beat("new")
    assert list(WorkerHeartbeat.objects.values_list("name", flat=True)) == ["new"]


@pytest.mark.django_db(transaction=True)
def test_request_survives_a_dead_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.tick, "apply_async", refuse)
    run, _ = TrainingRun.objects.request(by=None)
    assert TrainingRun.objects.get(pk=run.pk).status == Status.REQUESTED


def test_waiting_run_is_cancelled_at_once() -> None:
    run, _ = TrainingRun.objects.request(by=None)
    assert run.cancel()
    run.refresh_from_db()
    assert run.status == Status.CANCELLED


def test_finished_run_cannot_be_cancelled(claim: Callable[[], TrainingRun]) -> None:
    run = claim()
    run.finish(Status.HELD)
    assert not run.cancel()


@pytest.mark.django_db(transaction=True)
def test_lease_notices_a_wish_to_cancel(claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.01)
    run = claim()
    with Lease(run, RunLimits()) as lease:
        lease.check()
        assert run.cancel()
        wait_for_stop(lease)
        with pytest.raises(Cancelled):
            lease.check()


@pytest.mark.django_db(transaction=True)
def test_lease_is_renewed_and_speaks_for_the_worker(
    claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.0)
    run = claim()
    expire(run)
    with Lease(run, RunLimits()) as lease:
        wait_until(lambda: known(TrainingRun.objects.get(pk=run.pk).lease_expires_at) > timezone.now())
        lease.check()
    assert WorkerHeartbeat.objects.state() == "alive"


@pytest.mark.django_db(transaction=True)
def test_lease_is_not_renewed_past_the_hard_limit(
    claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.0)
    run = claim()
    expire(run)
    with Lease(run, RunLimits(hard_seconds=0)):
        threading.Event().wait(0.2)
    assert TrainingRun.objects.fail_expired() == 1


@pytest.mark.django_db(transaction=True)
def test_lease_that_was_taken_stops_the_run(claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LOOK_SECONDS", 0.01)
    run = claim()
    with Lease(run, RunLimits()) as lease:
        expire(run)
        TrainingRun.objects.fail_expired()
        wait_for_stop(lease)
        with pytest.raises(LeaseLost):
            lease.check()


def test_progress_that_cannot_be_written_just_now_is_written_later(
    claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = claim()
    write, tried = TrainingRun.write, []

    def restarting(self: TrainingRun, **columns: Any) -> Any:
        tried.append(columns)
        if len(tried) == 3:
            raise OperationalError("the database system is starting up")
        return write(self, **columns)

    monkeypatch.setattr(TrainingRun, "write", restarting)
    monkeypatch.setattr("training.runs.progress.WRITE_SECONDS", 0.0)
    progress = Progress(run, Lease(run, RunLimits()))
    progress.phase("learning")  # writes twice
    progress.at(0.5)
    progress.at(1.0)
    run.refresh_from_db()
    assert len(tried) == 4
    assert run.progress == pytest.approx(0.85)


def test_soft_limit_stops_the_run(claim: Callable[[], TrainingRun]) -> None:
    lease = Lease(claim(), RunLimits(soft_seconds=-1))
    with pytest.raises(TookTooLong):
        lease.check()


def wait_for_stop(lease: Lease) -> None:
    wait_until(lambda: lease._stop is not None)


# --- the schedule


@pytest.fixture
def policy(baseline: ModelVersion) -> TrainingPolicy:
    policy = TrainingPolicy.load()
    policy.minimum_new_labels = 2
    policy.save()
    return policy


NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def test_policy_is_one_row() -> None:
    TrainingPolicy(enabled=False).save()
    assert TrainingPolicy.objects.count() == 1
    assert TrainingPolicy.load().enabled is False


def test_too_few_new_labels_start_nothing(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3)
    assert schedule.why_not_due(policy, NOON) == "1 new labels, 2 are needed"


def test_enough_new_labels_start_a_run(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3), draw(4, label=9)
    run, reason = schedule.start_if_due()
    run = known(run)
    assert (run.status, run.trigger, reason) == (Status.RUNNING, "schedule", "")


def test_labels_that_the_model_agreed_with_start_nothing(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3), draw(4)
    refused = draw(5, label=NOT_A_DIGIT)
    Drawing.objects.filter(pk=refused.pk).update(predicted_label=None)
    assert schedule.why_not_due(policy, NOON) == (
        "every new label is what the model answered: there is nothing to learn, and the champion stays"
    )
    Drawing.objects.filter(pk=refused.pk).update(reviewed_label=5)
    assert schedule.why_not_due(policy, NOON) == ""


def test_a_correction_is_looked_for_among_the_newest_alone(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3, label=9), draw(4), draw(5)
    assert snapshots.is_anything_corrected(newest=3)
    assert not snapshots.is_anything_corrected(newest=2)


def test_labels_of_exam_and_blocked_contributors_are_not_new(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3, by=Contributor.objects.create(is_exam=True))
    draw(4, by=Contributor.objects.create(blocked_at=timezone.now()))
    assert schedule.why_not_due(policy, NOON).startswith("0 new labels")


def test_switched_off_says_so(policy: TrainingPolicy) -> None:
    policy.enabled = False
    assert schedule.why_not_due(policy, NOON) == "training is switched off"


def test_preferred_hour_is_waited_for(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3), draw(4, label=9)
    policy.preferred_hour = 3
    assert schedule.why_not_due(policy, NOON) == "training waits for 3:00 UTC"
    assert schedule.why_not_due(policy, NOON.replace(hour=3)) == ""


def finished(status: str, started: datetime) -> TrainingRun:
    return TrainingRun.objects.create(status=status, trigger="schedule", started_at=started)


def test_interval_is_waited_for(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3), draw(4, label=9)
    finished(Status.HELD, NOON - timedelta(minutes=10))
    assert "too recent" in schedule.why_not_due(policy, NOON)
    assert schedule.why_not_due(policy, NOON + timedelta(hours=1)) == ""


def test_failed_run_is_tried_again_at_once_but_not_for_ever(policy: TrainingPolicy, draw: Draw) -> None:
    draw(3), draw(4, label=9)
    finished(Status.FAILED, NOON - timedelta(minutes=6))
    assert schedule.why_not_due(policy, NOON) == ""
    finished(Status.FAILED, NOON - timedelta(minutes=4))
    finished(Status.FAILED, NOON - timedelta(minutes=2))
    assert "too recent" in schedule.why_not_due(policy, NOON)


def test_requested_run_waits_for_nothing(policy: TrainingPolicy) -> None:
    policy.enabled = False
    policy.save()
    requested, _ = TrainingRun.objects.request(by=None)
    run, _ = schedule.start_if_due()
    assert run == requested


def test_labels_seen_by_a_decided_run_are_not_new(policy: TrainingPolicy, draw: Draw) -> None:
    drawing = draw(3)
    snapshot = DatasetSnapshot.objects.create(
        digest="d", drawings=1, contributors=1, last_event=drawing.events.get().pk
    )
    TrainingRun.objects.create(status=Status.HELD, trigger="schedule", snapshot=snapshot)
    draw(4)
    assert schedule.why_not_due(policy, NOON) == "1 new labels, 2 are needed"


def test_second_tick_says_why_it_did_nothing(policy: TrainingPolicy, claim: Callable[[], TrainingRun]) -> None:
    run = claim()
    assert tasks.tick() == f"run {run.pk} is at work"


def test_tick_runs_with_the_numbers_of_the_operator_and_of_the_environment(
    policy: TrainingPolicy, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[Any] = []

    def execute(run: TrainingRun, config: RunConfig) -> TrainingRun:
        configs.append(config)
        return run

    monkeypatch.setattr(tasks, "confine", configs.append)
    monkeypatch.setattr("training.runs.pipeline.execute", execute)
    monkeypatch.setenv(RUN_CONFIG, '{"fine_tune": {"epochs": 1}, "limits": {"nice": 19}}')
    policy.mnist_at_most = 50
    policy.save()
    draw(3), draw(4, label=9)
    tasks.tick()
    limits, config = configs
    assert limits.nice == config.limits.nice == 19
    assert config.fine_tune.epochs == 1
    assert config.gate.mnist_fall_at_most == 0.005


def test_tick_marks_a_dead_run_failed_and_starts_the_next(
    policy: TrainingPolicy, draw: Draw, monkeypatch: pytest.MonkeyPatch, claim: Callable[[], TrainingRun]
) -> None:
    monkeypatch.setattr(tasks, "confine", lambda limits: None)
    monkeypatch.setattr("training.runs.pipeline.execute", lambda run, config: run)
    draw(3), draw(4, label=9)
    dead = claim()
    expire(dead)
    assert tasks.tick() == Status.RUNNING
    dead.refresh_from_db()
    assert dead.status == Status.FAILED


def worker_of(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}"


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_whose_process_fell_says_how_and_at_once(claim: Callable[[], TrainingRun], dead_pid: int) -> None:
    """TensorFlow answers the memory limit with SIGSEGV; "its lease ran out" helped nobody."""
    run = claim()
    run.write(worker=worker_of(dead_pid))
    schedule.fail_lost_here("Worker exited prematurely: signal 11 (SIGSEGV)")
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert "signal 11 (SIGSEGV)" in run.error
    assert "memory" in run.error


@pytest.mark.parametrize(
    "worker", [worker_of(os.getpid()), "elsewhere:1", "test:1"], ids=["alive", "elsewhere", "test"]
)
def test_a_run_of_a_process_that_lives_or_is_elsewhere_goes_on(claim: Callable[[], TrainingRun], worker: str) -> None:
    run = claim()
    run.write(worker=worker)
    schedule.fail_lost_here("signal 9 (SIGKILL)")
    run.refresh_from_db()
    assert run.status == Status.RUNNING


@pytest.mark.postgres
def test_a_clock_that_is_ahead_ends_no_healthy_run(claim: Callable[[], TrainingRun]) -> None:
    run = claim()
    WorkerHeartbeat.objects.beat("somebody")
    with time_machine.travel(timezone.now() + timedelta(seconds=120)):
        assert TrainingRun.objects.fail_expired() == 0
        assert run.renew()
        assert WorkerHeartbeat.objects.state() == "alive"
    assert known(run.lease_expires_at) < timezone.now() + timedelta(seconds=70)

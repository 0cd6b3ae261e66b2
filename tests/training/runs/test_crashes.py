"""Killed, or out of disk or memory, for real and at each step: nothing of the run is visible, and the next one trains."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from recognizer import registry
from recognizer.models import Drawing, ModelVersion, PromotionEvent
from tests.support.drawings import Draw
from tests.support.known import known
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.training.runs.stopping_run import (
    CONFIG,
    FULL_DATABASE,
    FULL_DISK,
    IN_THE_LAST_TRANSACTION,
    NO_FOLDER,
    NO_MEMORY,
    TOLD,
    learn,
)
from training.models import DatasetSnapshot, RunCheckpoint, TrainingPolicy, TrainingRun
from training.runs import pipeline

ROOT = Path(__file__).resolve().parents[3]
Status = TrainingRun.Status
pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("little_data", "hesitant_champion"),
]


def start(module: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a module of these tests, with this test's database."""
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        url = os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.training.runs.{module}", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url} | environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def let_leases_run_out() -> None:
    TrainingRun.objects.filter(status=Status.RUNNING).update(lease_expires_at=timezone.now())


@pytest.fixture
def next_run(claim: Callable[[], TrainingRun], monkeypatch: pytest.MonkeyPatch) -> Callable[[], TrainingRun]:
    """The run after the trouble, in this process."""
    monkeypatch.setattr(pipeline, "learn", learn)
    return lambda: pipeline.execute(claim(), CONFIG)


# each point on the database that many share; on SQLite where most is under way
@pytest.mark.parametrize(
    "point",
    [
        pytest.param("choosing drawings", marks=pytest.mark.postgres),
        "learning",
        pytest.param("deciding", marks=pytest.mark.postgres),
        IN_THE_LAST_TRANSACTION,
    ],
)
def test_killed_run_is_failed_and_the_next_one_trains(
    draw: Draw, claim_if_idle: Callable[[], TrainingRun | None], next_run: Callable[[], TrainingRun], point: str
) -> None:
    registry.ensure_baseline()
    draw(3, style=1), draw(4, style=1)
    child = start("stopping_run", point)
    try:
        assert known(child.stdout).readline() == "stopped\n"
    finally:
        child.kill()
        child.wait()
    dead = TrainingRun.objects.get()
    assert dead.status == Status.RUNNING
    assert ModelVersion.objects.count() == PromotionEvent.objects.count() == 1
    assert claim_if_idle() is None  # its lease still runs: it may be alive for all we know

    let_leases_run_out()
    following = next_run()
    dead.refresh_from_db()
    assert dead.status == Status.FAILED
    assert following.status == Status.PROMOTED, following.error
    assert ModelVersion.objects.champion() == following.challenger
    assert DatasetSnapshot.objects.count() == 1


@pytest.mark.sqlite  # what a process runs out of is no database's matter
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (FULL_DISK, "OSError: [Errno 27] File too large"),
        pytest.param(FULL_DATABASE, "OperationalError: database or disk is full", marks=pytest.mark.sqlite),
        (NO_MEMORY, "It needed more memory than 2048 MB."),
        (NO_FOLDER, "NotADirectoryError: [Errno 20]"),
    ],
)
def test_run_out_of_something_is_failed_with_the_reason_and_the_next_one_trains(
    draw: Draw, next_run: Callable[[], TrainingRun], trouble: str, reason: str
) -> None:
    registry.ensure_baseline()
    draw(3, style=1), draw(4, style=1)
    assert start("stopping_run", trouble).wait(timeout=240) == 0
    failed = TrainingRun.objects.get()
    assert failed.status == Status.FAILED
    assert failed.error.startswith(reason)
    assert ModelVersion.objects.get().is_champion
    assert next_run().status == Status.PROMOTED


def test_run_whose_process_is_told_to_end_waits_for_the_next_worker_which_goes_on(
    draw: Draw, next_run: Callable[[], TrainingRun]
) -> None:
    registry.ensure_baseline()
    draw(3, style=1), draw(4, style=1)
    child = start("stopping_run", TOLD)
    assert known(child.stdout).readline() == "stopped\n"
    child.terminate()
    assert child.wait(timeout=PATIENCE_SECONDS) == 0
    waiting = TrainingRun.objects.get()
    assert (waiting.status, waiting.token, waiting.lease_expires_at) == (Status.REQUESTED, None, None)
    assert bytes(waiting.checkpoint.content) == b"one epoch"
    snapshot = waiting.snapshot

    draw(5, style=1)  # learned by the run after it
    following = next_run()
    assert (following.pk, following.status, following.snapshot) == (waiting.pk, Status.PROMOTED, snapshot), (
        following.error
    )
    assert "going on after its worker was stopped" in following.log
    assert not RunCheckpoint.objects.exists()


def test_worker_that_is_told_to_end_hands_its_run_back(draw: Draw, tmp_path: Path) -> None:
    registry.ensure_baseline()
    draw(3, style=1), draw(4, style=1)
    TrainingRun.objects.request(by=None)
    worker = start("stopping_worker", TOLD, DIGITRE_VAR_DIR=str(tmp_path))
    try:
        wait_until(RunCheckpoint.objects.exists)
        worker.terminate()
        assert worker.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
    assert TrainingRun.objects.get().status == Status.REQUESTED
    assert RunCheckpoint.objects.exists()


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator["Supervised"]:
    supervisor = Supervised(tmp_path)
    yield supervisor
    supervisor.end()


class Supervised:
    """A worker that is started again when it has ended, as the launcher does it.

    It may end by itself: the queue is a folder here, and its reader does not survive a message that is only half written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[str]] = []

    def keep_running(self) -> None:
        if not self.workers or self.workers[-1].poll() is not None:
            worker = start("stopping_worker", "learning", "deciding", DIGITRE_VAR_DIR=str(self.folder))
            self.workers.append(worker)

    def wait_until(self, condition: Callable[[], object]) -> None:
        def is_so() -> object:
            self.keep_running()
            return condition()

        wait_until(is_so)

    def stopped_run(self, after: int = 0) -> TrainingRun:
        """Wait until a later run has stopped where it was told to."""
        running = TrainingRun.objects.filter(status=Status.RUNNING, pk__gt=after)
        self.wait_until(lambda: any((self.folder / str(run.pk)).exists() for run in running.all()))
        return running.get()

    def kill(self) -> None:
        self.workers[-1].kill()
        self.workers[-1].wait()

    def end(self) -> None:
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def test_of_a_killed_child_and_a_killed_worker_nothing_remains_and_the_next_tick_trains(
    draw: Draw, supervised: "Supervised"
) -> None:
    registry.ensure_baseline()
    TrainingPolicy(minimum_new_labels=1).save()
    draw(3, style=1), draw(4, style=1)
    Drawing.objects.update(predicted_label=None)  # the champion refused them: corrections, which start a run
    first = supervised.stopped_run()
    os.kill(child_of(first), signal.SIGKILL)
    let_leases_run_out()
    second = supervised.stopped_run(after=first.pk)  # in another child
    supervised.kill()
    os.kill(child_of(second), signal.SIGKILL)
    let_leases_run_out()
    supervised.wait_until(lambda: TrainingRun.objects.decided().exists())
    statuses = list(TrainingRun.objects.order_by("pk").values_list("status", flat=True)[:3])
    assert statuses == [Status.FAILED, Status.FAILED, Status.PROMOTED]
    assert ModelVersion.objects.count() == 2


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Supervised]]:
    """Workers on three hosts, which share the database and nothing else."""
    workers = [Supervised(tmp_path / name) for name in ("one", "two", "three")]
    for worker in workers:
        worker.folder.mkdir()
    yield workers
    for worker in workers:
        worker.end()


@pytest.mark.postgres  # the database that several hosts share
def test_of_three_workers_one_trains_and_when_it_is_lost_another(draw: Draw, three: list[Supervised]) -> None:
    registry.ensure_baseline()
    TrainingPolicy(minimum_new_labels=1).save()
    draw(3, style=1), draw(4, style=1)
    Drawing.objects.update(predicted_label=None)  # the champion refused them: corrections, which start a run
    alive = [*three]

    def holders() -> list[Supervised]:
        for worker in alive:
            worker.keep_running()
        running = TrainingRun.objects.filter(status=Status.RUNNING)
        return [worker for worker in alive for run in running if (worker.folder / str(run.pk)).exists()]

    for _ in range(2):
        wait_until(holders)
        (lost,) = holders()
        lost.end()
        alive.remove(lost)
        let_leases_run_out()
    wait_until(lambda: not holders() and TrainingRun.objects.decided().exists())
    first, second, third = TrainingRun.objects.order_by("pk")[:3]
    assert [first.status, second.status, third.status] == [Status.FAILED, Status.FAILED, Status.PROMOTED]
    assert len({run.worker.rpartition(":")[2] for run in (first, second, third)}) == 3
    assert ModelVersion.objects.count() == 2


def child_of(run: TrainingRun) -> int:
    return int(run.worker.rpartition(":")[2])

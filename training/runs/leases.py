"""Holding a run while it works: its lease is renewed, and somebody's wish to stop it is noticed."""

import logging
import mmap
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from django.db import Error as DatabaseError
from django.db import connection

from training.config import RunLimits
from training.models import LEASE, TrainingRun, WorkerHeartbeat
from training.models.clock import database_now

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0  # between two looks at the run's row: cancelling feels immediate and costs one small query
RENEW_SECONDS = 10.0  # a sixth of the lease


class RunStopped(Exception):
    """The run must not go on; the message says why."""


class Cancelled(RunStopped):
    """Somebody asked for it."""


class LeaseLost(RunStopped):
    """This process is the run's no longer, so nothing of it may be written."""


class HandedBack(RunStopped):
    """This process has been told to end; another worker goes on with the run."""


class TookTooLong(RunStopped):
    """The soft time limit has passed."""


_leaving = threading.Event()  # this process has been told to end
_no_more = mmap.mmap(-1, 1)  # not 0: a worker ends; memory that it shares with its children, whenever they were forked


def begin_no_more() -> None:
    """Let no process of this worker begin a run from now on: it may have one more message to carry out before it ends."""
    _no_more[0] = 1


def may_begin() -> bool:
    return not _no_more[0]


@contextmanager
def leave_when_told() -> Iterator[None]:
    """Let SIGTERM end a run of this process where it can be gone on from, instead of ending the process at once."""
    before = signal.signal(signal.SIGTERM, lambda *_: _leaving.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Lease:
    """Keeps a claimed run ours, from a thread of its own, while the `with` block works.

    The thread also speaks for the worker: its one child is busy, so no heartbeat task gets through. Past the hard limit it
    stops renewing, whatever the run is stuck in, and the next claim gives the run up.
    """

    def __init__(self, run: TrainingRun, limits: RunLimits) -> None:
        self._mine = TrainingRun.objects.filter(pk=run.pk, token=run.token, status=TrainingRun.Status.RUNNING)
        self._worker = run.worker
        self._limits = limits
        self._started = time.monotonic()
        self._is_over = threading.Event()
        self._stop: RunStopped | None = None
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise RunStopped if the run must not go on. Cheap enough for every batch."""
        if self._stop is not None:
            raise self._stop
        if _leaving.is_set():
            raise HandedBack("Its worker was stopped; another one goes on with it.")
        if self._seconds() > self._limits.soft_seconds:
            raise TookTooLong(f"It took longer than {self._limits.soft_seconds // 60} minutes and stopped itself.")

    def _keep(self) -> None:
        renew_at = RENEW_SECONDS
        while not self._is_over.wait(LOOK_SECONDS) and self._stop is None:
            try:
                if renew_at <= self._seconds() < self._limits.hard_seconds:
                    self._renew()
                    renew_at = self._seconds() + RENEW_SECONDS
                self._look()
            except DatabaseError:  # it restarts, or is busy: the lease outlives a minute of that
                logger.warning("the run's lease could not be renewed just now", exc_info=True)
                connection.close()
        connection.close()

    def _renew(self) -> None:
        self._mine.update(lease_expires_at=database_now() + LEASE)
        WorkerHeartbeat.objects.beat(self._worker)

    def _look(self) -> None:
        row = self._mine.values_list("cancel_requested_at").first()
        if row is None:
            self._stop = LeaseLost("Another process has given this run up; its result is refused.")
        elif row[0] is not None:
            self._stop = Cancelled("Cancelled.")

    def _seconds(self) -> float:
        return time.monotonic() - self._started

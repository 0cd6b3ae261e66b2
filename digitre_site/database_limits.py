"""How long this process waits for PostgreSQL.

A server that was stopped, or whose host froze, still takes connections and never answers; libpq would wait for ever, and
TCP cannot tell: the kernel goes on acknowledging. So every wait ends here, by a clock of our own, and for a moment after
one that ended in vain no other thread begins one.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg2 import extensions

ESTABLISHED = {extensions.STATUS_READY, extensions.STATUS_BEGIN, extensions.STATUS_PREPARED}
SILENCE_SECONDS = 1.8  # a wait this long in vain says something of the server, a shorter one only of the caller's haste
PAUSE_SECONDS = 1.0  # after it, until one thread tries again
TRY_SECONDS = 3.0  # that it has for it, before another may
SHORT_SECONDS = 0.25  # for the others meanwhile, who may have a transaction to end
TROUBLE_SECONDS = 5.0  # after the last statement that PostgreSQL did not carry out in time


@dataclass(frozen=True)
class Limits:
    """Seconds. The server's own (lock, statement, idle) end first and keep the connection; `answer` is for when it cannot."""

    connect: float
    lock: float
    statement: float
    answer: float
    idle_in_transaction: float  # 0: none

    @property
    def on_the_server(self) -> dict[str, float]:
        return {
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }


WEB = Limits(connect=2, lock=1.5, statement=2.2, answer=2.5, idle_in_transaction=10)  # a visitor waits five at most
WORKER = Limits(connect=10, lock=60, statement=600, answer=660, idle_in_transaction=0)


class Breaker:
    """Keeps a process from queueing up before a server that is silent: one thread tries, the others are refused at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at: float | None = None  # None: all is well
        self._trying: int | None = None
        self._troubled_until = float("-inf")
        self._waiting = 0
        self._unanswered_since: float | None = None

    def begin(self) -> float:
        """Note that a thread begins to wait. Returns since when the server has answered nobody of this process."""
        with self._lock:
            self._waiting += 1
            if self._unanswered_since is None:
                self._unanswered_since = time.monotonic()
            return self._unanswered_since

    def end(self, *, answered: bool) -> None:
        with self._lock:
            self._waiting -= 1
            if not self._waiting:
                self._unanswered_since = None
            elif answered:
                self._unanswered_since = time.monotonic()
            if answered:
                self._trying = self._retry_at = None

    def is_open(self) -> bool:
        """Whether the server was silent and it is not for this thread to try again."""
        if self._retry_at is None:
            return False
        with self._lock:
            if self._retry_at is None or self._trying == threading.get_ident():
                return False
            if time.monotonic() < self._retry_at:
                return True
            self._trying, self._retry_at = threading.get_ident(), time.monotonic() + TRY_SECONDS
            return False

    def silent(self) -> None:
        """Note a wait in vain."""
        with self._lock:
            self._trying, self._retry_at = None, time.monotonic() + PAUSE_SECONDS
        self.late()

    def late(self) -> None:
        """Note a statement that was not carried out in time."""
        self._troubled_until = time.monotonic() + TROUBLE_SECONDS

    def gave_up(self) -> None:
        """Let another thread try, if it was this one that did: it ended for a reason of its own."""
        if self._retry_at is not None:
            with self._lock:
                if self._trying == threading.get_ident():
                    self._trying, self._retry_at = None, time.monotonic()

    @property
    def is_troubled(self) -> bool:
        return time.monotonic() < self._troubled_until


breaker = Breaker()
_budget = threading.local()  # .left: seconds that this thread may still wait for the database


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Let this thread wait for the database for so long in all, inside. What it waits for a slow phone is not counted."""
    before = getattr(_budget, "left", None)
    _budget.left = seconds if before is None else min(before, seconds)
    try:
        yield
    finally:
        _budget.left = before


class Waiting:
    """What psycopg2 calls instead of waiting inside libpq. Raises its OperationalError, upon which it closes the connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def __call__(self, connection: Any) -> None:
        seconds = self._seconds(connection)
        started, is_answered = time.monotonic(), False
        # all end with the first: who comes later need not find out once more
        deadline = min(started + seconds, breaker.begin() + self._limits.answer)
        try:
            while (state := connection.poll()) != extensions.POLL_OK:
                if not self._is_ready(connection, state, deadline):
                    self._note_expiry(time.monotonic() - started)
                    raise psycopg2.OperationalError("PostgreSQL did not answer in time")
            is_answered = True
        finally:
            breaker.end(answered=is_answered)
            if not is_answered:
                breaker.gave_up()
            if getattr(_budget, "left", None) is not None:
                _budget.left -= time.monotonic() - started

    def _seconds(self, connection: Any) -> float:
        is_new = connection.status not in ESTABLISHED
        if breaker.is_open():
            if is_new:
                raise psycopg2.OperationalError("PostgreSQL did not answer a moment ago")
            return SHORT_SECONDS
        most = self._limits.connect if is_new else self._limits.answer
        left = getattr(_budget, "left", None)
        return most if left is None else min(most, left)

    @staticmethod
    def _note_expiry(waited: float) -> None:
        if waited >= SILENCE_SECONDS:
            breaker.silent()

    @staticmethod
    def _is_ready(connection: Any, state: int, deadline: float) -> bool:
        """Wait until the connection can go on. False: it cannot before the deadline."""
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        return bool(poller.poll(max(0.0, deadline - time.monotonic()) * 1000))


def refuse_while_silent(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Carry out a statement of Django's, unless the server is known to be silent: what was not sent is not half done."""
    if breaker.is_open():
        raise OperationalError("PostgreSQL did not answer a moment ago")
    try:
        return execute(sql, params, many, context)
    except OperationalError:
        breaker.late()
        breaker.gave_up()
        raise


def limit(limits: Limits) -> None:
    """From now on, limit every wait of this process for PostgreSQL. SQLite has a limit of its own."""
    extensions.set_wait_callback(Waiting(limits))

    def tell_the_server(connection: BaseDatabaseWrapper, **_: object) -> None:
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            for name, seconds in limits.on_the_server.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{seconds * 1000:.0f}"])
        if refuse_while_silent not in connection.execute_wrappers:
            connection.execute_wrappers.append(refuse_while_silent)

    connection_created.connect(tell_the_server, weak=False, dispatch_uid="digitre_site.database_limits")

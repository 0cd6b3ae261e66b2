"""The clock that ends waiting for a silent PostgreSQL, without one."""

import socket
import threading
import time
from collections.abc import Callable

import psycopg2
import pytest
from django.db import OperationalError
from django.test import Client
from psycopg2 import extensions

from digitre_site import database_limits, queueing
from digitre_site.database_limits import Breaker, Limits, Waiting, budget
from tests.support.waiting import wait_until

LIMITS = Limits(connect=0.2, lock=1, statement=1, answer=0.3, idle_in_transaction=1)


class Connection:
    """As psycopg2 shows one that waits: `poll` says what for, until the other end has sent something."""

    def __init__(self, status: int = extensions.STATUS_READY) -> None:
        self.status = status
        self.ours, self.theirs = socket.socketpair()

    def fileno(self) -> int:
        return self.ours.fileno()

    def poll(self) -> object:
        self.ours.setblocking(False)
        try:
            state: int = extensions.POLL_OK if self.ours.recv(1) else extensions.POLL_ERROR
        except BlockingIOError:
            state = extensions.POLL_READ
        return state


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch) -> Breaker:
    fresh = Breaker()
    monkeypatch.setattr(database_limits, "breaker", fresh)
    monkeypatch.setattr(database_limits, "SILENCE_SECONDS", 0.15)
    monkeypatch.setattr(database_limits, "PAUSE_SECONDS", 0.2)
    return fresh


def seconds_in_vain(connection: Connection) -> float:
    start = time.monotonic()
    with pytest.raises(psycopg2.OperationalError):
        Waiting(LIMITS)(connection)
    return time.monotonic() - start


def test_an_answer_ends_the_wait(breaker: Breaker) -> None:
    connection = Connection()
    threading.Timer(0.1, connection.theirs.send, [b"x"]).start()
    Waiting(LIMITS)(connection)
    assert not breaker.is_open()
    assert not breaker.is_troubled


@pytest.mark.parametrize(
    ("status", "seconds"), [(extensions.STATUS_READY, LIMITS.answer), (extensions.STATUS_SETUP, LIMITS.connect)]
)
def test_silence_ends_it_too_and_the_next_does_not_wait(breaker: Breaker, status: int, seconds: float) -> None:
    assert seconds <= seconds_in_vain(Connection(status)) < seconds + 1
    assert breaker.is_open()
    assert breaker.is_troubled
    assert seconds_in_vain(Connection(extensions.STATUS_SETUP)) < 0.1
    with pytest.raises(OperationalError):
        database_limits.refuse_while_silent(lambda *_: pytest.fail("it was sent"), "SELECT 1", None, False, {})


def test_after_a_pause_one_thread_tries_again_and_its_answer_lets_all_in(breaker: Breaker) -> None:
    breaker.silent()
    assert breaker.is_open()
    others: list[bool] = []
    wait_until(lambda: not breaker.is_open())  # this thread is the one
    in_another_thread(lambda: others.append(breaker.is_open()))
    assert others == [True]

    connection = Connection()
    connection.theirs.send(b"x")
    Waiting(LIMITS)(connection)
    in_another_thread(lambda: others.append(breaker.is_open()))
    assert others == [True, False]


def test_who_begins_to_wait_later_ends_with_those_before(breaker: Breaker) -> None:
    took: list[float] = []
    second = threading.Timer(0.2, lambda: took.append(seconds_in_vain(Connection())))
    second.start()
    took.append(seconds_in_vain(Connection()))
    second.join()
    assert min(took) < 0.2
    assert 0.3 <= max(took) < 1


def test_a_request_may_wait_for_so_long_in_all(breaker: Breaker) -> None:
    with budget(0.1):
        assert seconds_in_vain(Connection()) < 0.3
        assert seconds_in_vain(Connection()) < 0.05
    assert not breaker.is_open()  # the caller was in haste: that says nothing of the server
    assert seconds_in_vain(Connection()) >= LIMITS.answer


def test_what_queued_for_long_is_refused_while_the_database_is_in_trouble(breaker: Breaker) -> None:
    queueing.note(2)
    try:
        assert Client().get("/about/").status_code == 200
        breaker.late()
        response = Client().get("/about/")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    finally:
        queueing.note(0)
    assert Client().get("/about/").status_code == 200


def in_another_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

"""A connection is known to be alive without a round trip, and to be dead once the server has ended it."""

import select

import pytest
from django.db import close_old_connections, connection

from tests.support.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def last_asked(pid: int) -> str:
    """Say what a backend was last asked, by a connection of our own."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        query = str(cursor.fetchone()[0])
    other.close()
    return query


def end(pid: int) -> None:
    """Have the server end a connection, and wait until it has."""
    other = connection.copy()
    with other.cursor() as cursor:

        def is_there() -> bool:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
            return bool(cursor.fetchone()[0])

        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: not is_there())
    other.close()


def test_a_living_connection_is_used_again_unasked() -> None:
    connection.close()  # an old one would be closed for its age
    first = backend()
    close_old_connections()  # as at the start of a request
    assert connection.is_usable()
    assert last_asked(first) == "SELECT pg_backend_pid()"
    assert backend() == first


def test_a_connection_on_which_something_lies_unread_is_asked() -> None:
    first = backend()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("NOTIFY news")
    other.close()
    wait_until(lambda: bool(select.select([connection.connection], [], [], 0)[0]))
    assert connection.is_usable()
    assert last_asked(first) == "SELECT 1"
    assert backend() == first


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used() -> None:
    first = backend()
    end(first)
    close_old_connections()
    assert backend() != first


def test_a_closed_connection_is_not_usable() -> None:
    backend()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()

"""What a log line holds, and what it must not."""

import logging
import socket
import sys

import pytest
import structlog
from django.test import Client
from structlog.stdlib import ProcessorFormatter

from tests.support.running_site import Digitre
from tests.support.waiting import wait_until


def line_of(record: logging.LogRecord) -> str:
    (console,) = (
        handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, ProcessorFormatter)
    )
    return console.format(record)


def failure() -> logging.LogRecord:
    try:
        raise ZeroDivisionError("the reason")
    except ZeroDivisionError:
        return logging.LogRecord("any", logging.ERROR, __file__, 1, "it failed", None, sys.exc_info())


def test_what_broke_is_logged_with_its_traceback_in_one_line() -> None:
    line = line_of(failure())
    assert "Traceback (most recent call last)" in line
    assert "ZeroDivisionError: the reason" in line
    assert "\n" not in line


def test_every_line_of_a_request_has_its_id() -> None:
    with structlog.contextvars.bound_contextvars(request_id="4711"):
        assert "request_id=4711" in line_of(failure())


@pytest.mark.django_db
def test_a_failed_sign_in_is_logged_without_its_address(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/admin/login/", {"username": "rosa", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    assert "login failure" in caplog.text
    assert "203.0.113.9" not in caplog.text


@pytest.mark.processes
@pytest.mark.sqlite
def test_a_request_that_is_none_is_logged_without_its_address(digitre: Digitre) -> None:
    digitre.start()
    with socket.create_connection(("127.0.0.1", digitre.port), timeout=30) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b"400" in connection.recv(1000)
    wait_until(lambda: "Invalid request:" in digitre.output)
    (line,) = (line for line in digitre.lines if "Invalid request:" in line)
    assert "127.0.0.1" not in line

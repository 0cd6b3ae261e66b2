"""Probes and idle connections need no thread of a web process."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from unittest.mock import Mock

import pytest

from digitre_site import web_worker
from tests.support.pictures import seven_form
from tests.support.running_site import Digitre
from tests.support.waiting import let_time_pass, wait_until

pytestmark = [pytest.mark.sqlite, pytest.mark.processes]
THREADS = 4  # of the one process

Connect = Callable[[], socket.socket]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Digitre]:
    installation = Digitre(tmp_path_factory.mktemp("site") / "var", "")
    try:
        yield installation.serve()
    finally:
        installation.clean_up()


@pytest.fixture
def connect(site: Digitre) -> Iterator[Connect]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=30))


def status_and_seconds(site: Digitre, path: str) -> tuple[int, float]:
    start = time.monotonic()
    return site.call("GET", path)[0], time.monotonic() - start


def test_healthz_is_answered_while_every_thread_waits_for_a_slow_client(site: Digitre, connect: Connect) -> None:
    body = json.dumps(seven_form()).encode()
    head = b"POST /api/v1/guesses/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    slow = [connect() for _ in range(2 * THREADS)]
    for connection in slow:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:100])
    wait_until(lambda: site.left_unread().count(0) > THREADS)  # the listening socket is one of them
    status, seconds = status_and_seconds(site, "/healthz")
    assert (status, seconds < 1) == (200, True)
    status, seconds = status_and_seconds(site, "/readyz")
    assert (status, seconds < 3) == (200, True)

    for connection in slow:
        connection.sendall(body[100:])
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


def test_who_sends_slowly_holds_no_thread(site: Digitre, connect: Connect) -> None:
    """`make run HOST=0.0.0.0` for a class: four phones at the edge of its network stalled everybody."""
    body = json.dumps(seven_form()).encode()
    head = b"POST /api/v1/guesses/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    slow = [connect() for _ in range(5 * THREADS)]
    for number, connection in enumerate(slow):
        whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        connection.sendall(whole[: 1 + number * len(whole) // len(slow)])
    wait_until(lambda: not any(site.left_unread()))
    start = time.monotonic()
    assert site.call("POST", "/api/v1/guesses/", seven_form())[0] == 200
    assert time.monotonic() - start < 3


def test_who_never_ends_a_request_is_let_go_whoever_began_first() -> None:
    worker, now = web_worker.WebWorker.__new__(web_worker.WebWorker), time.monotonic()
    patient, late = (Mock(name=name, timeout=until) for name, until in [("patient", now + 60), ("late", now - 1)])
    reading, unread = Mock(name="reading"), Mock(name="unread")
    worker.pending_conns, worker.held = deque([patient, late]), {patient: bytearray(b"G"), late: bytearray(b"G")}
    worker.at_work, worker.poller, worker.nr_conns = {reading: now + 60, unread: now - 1}, Mock(), 4
    worker.overdue, worker.alive = {}, True
    worker.murder_pending()
    assert (list(worker.pending_conns), list(worker.held), worker.nr_conns) == ([patient], [patient], 3)
    late.close.assert_called_once_with()
    unread.sock.shutdown.assert_called_once_with(socket.SHUT_RDWR)  # its thread ends, and closes it
    reading.sock.shutdown.assert_not_called()
    assert worker.alive


def test_a_process_whose_thread_does_not_come_back_gives_its_place_to_another() -> None:
    """Four threads that waited for one another held their process for good, and /healthz said that it was alive."""
    worker, now = web_worker.WebWorker.__new__(web_worker.WebWorker), time.monotonic()
    worker.pending_conns, worker.held, worker.at_work = deque(), {}, {}
    worker.alive, worker.log, worker.cfg, worker.nr_conns = True, Mock(), Mock(is_ssl=False), 1
    worker.overdue = dict.fromkeys([Mock(name="late")], now + 1)
    worker.murder_pending()
    assert worker.alive
    worker.overdue = dict.fromkeys(worker.overdue, now - 1)
    worker.murder_pending()
    assert not worker.alive
    worker.log.error.assert_called_once()


def test_who_asked_too_often_waits_a_moment_in_half_of_the_threads_at_most() -> None:
    def application(
        environ: dict[str, str], start_response: Callable[[str, list[tuple[str, str]]], None]
    ) -> list[bytes]:
        start_response(environ["status"], [])
        return []

    paced = web_worker.slow_to_refuse(application, THREADS, seconds=0.4)

    def seconds_of(status: str, by: web_worker.Application = paced) -> float:
        start = time.monotonic()
        by({"status": status}, lambda *_: None)
        return time.monotonic() - start

    with ThreadPoolExecutor(4) as threads:
        waited = sorted(threads.map(seconds_of, ["429 Too Many Requests"] * 3 + ["200 OK"]))
    assert [seconds >= 0.4 for seconds in waited] == [False, False, True, True]
    assert seconds_of("429 Too Many Requests") >= 0.4  # their turns are over
    assert seconds_of("503 Service Unavailable") < 0.4
    alone = web_worker.slow_to_refuse(application, threads=1, seconds=0.4)
    assert seconds_of("429 Too Many Requests", alone) < 0.4  # there is no other thread for those who are not refused


def test_a_drawing_that_was_given_up_while_the_process_was_frozen_is_not_stored(
    site: Digitre, connect: Connect
) -> None:
    """A proxy has asked another replica meanwhile: four drawings were stored twice, and four older labels over newer ones."""
    before = site.query("SELECT count(*) FROM recognizer_drawing")
    body = json.dumps(seven_form()).encode()
    head = b"POST /api/v1/drawings/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    frozen = site.processes("gunicorn")
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        given_up, patient = connect(), connect()
        given_up.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        given_up.close()
        patient.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert patient.recv(20).startswith(b"HTTP/1.1 201")
    assert site.call("POST", "/api/v1/drawings/", seven_form())[0] == 201
    assert site.query("SELECT count(*) FROM recognizer_drawing") == before + 2


def test_a_label_whose_sender_hung_up_while_it_waited_for_its_row_is_not_written(
    site: Digitre, connect: Connect
) -> None:
    cookie, drawing = draw(site)
    path = f"/api/v1/drawings/{drawing}/feedback/"

    def put(connection: socket.socket, label: int) -> None:
        body = b'{"label": %d}' % label
        head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nCookie: {cookie}\r\n"
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    first, given_up, later = connect(), connect(), connect()
    put(first, 7)
    assert first.recv(20).startswith(b"HTTP/1.1 200")
    with closing(sqlite3.connect(site.var_dir / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        put(given_up, 1)
        wait_until(lambda: not any(site.left_unread()))
        let_time_pass(0.5)  # it waits for the lock now
        given_up.close()
        other.execute("ROLLBACK")
    let_time_pass(1)  # SQLite asks for a lock again and again, more and more seldom
    put(later, 7)
    assert later.recv(20).startswith(b"HTTP/1.1 200")
    said = f"SELECT group_concat(label) FROM recognizer_labelevent WHERE drawing_id = '{drawing.replace('-', '')}'"
    assert site.query(f"{said} AND action = 'confirmed'") == "7"


def draw(site: Digitre) -> tuple[str, str]:
    """Store a drawing. Returns its contributor's cookie and its id."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("POST", "/api/v1/drawings/", json.dumps(seven_form()), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    return cookie, json.loads(answer.read())["id"]


def test_who_does_not_read_holds_no_thread(site: Digitre, connect: Connect) -> None:
    slow = [connect() for _ in range(2 * THREADS)]
    for connection in slow:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.sendall(b"GET /about/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
    assert site.call("POST", "/api/v1/guesses/", seven_form())[0] == 200


def test_requests_that_come_together_are_answered_one_after_another(site: Digitre, connect: Connect) -> None:
    connection = connect()
    body = json.dumps(seven_form()).encode()
    guess = b"POST /api/v1/guesses/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    guess += b"Content-Length: %d\r\n\r\n" % len(body) + body
    connection.sendall(guess + guess[:200])
    wait_until(lambda: not any(site.left_unread()))
    connection.sendall(guess[200:] + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answers = b""
    while piece := connection.recv(65_536):
        answers += piece
    assert answers.count(b"HTTP/1.1 200 OK") == 3


def test_a_refused_body_leaves_its_connection_usable(site: Digitre) -> None:
    """It was closed where 64 KB of the body were left: a proxy counted a replica as broken for each."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.connect()
    connection.auto_open = 0  # a second connection is an error
    for _ in range(3):
        connection.request("POST", "/api/v1/nothing/", b"x" * 250_000)
        response = connection.getresponse()
        response.read()
        assert (response.status, response.headers.get("Connection")) == (404, "keep-alive")
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("length", [b"Content-Length: 4000000", b"Transfer-Encoding: chunked"])
def test_who_sends_a_body_of_no_known_end_is_told_that_its_connection_closes(
    site: Digitre, connect: Connect, length: bytes
) -> None:
    connection = connect()
    connection.sendall(b"POST /api/v1/nothing/ HTTP/1.1\r\nHost: localhost\r\n" + length + b"\r\n\r\n")
    response = http.client.HTTPResponse(connection)
    response.begin()
    assert response.headers["Connection"] == "close"


def test_who_does_not_hang_up_stops_nobody(site: Digitre, connect: Connect) -> None:
    """gunicorn waits in its loop, up to two seconds for each, until they do."""
    stubborn = [connect() for _ in range(2 * THREADS)]
    for connection in stubborn:
        connection.sendall(b"GET /about/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    for connection in stubborn:
        while connection.recv(65_536):  # to the end of what is said
            pass
    status, seconds = status_and_seconds(site, "/healthz")
    assert (status, seconds < 1) == (200, True)
    for connection in stubborn:
        connection.settimeout(web_worker.FAREWELL_SECONDS + 10)
        wait_until(lambda connection=connection: has_been_closed(connection))  # type: ignore[misc]


def has_been_closed(connection: socket.socket) -> bool:
    """Whether the other side takes nothing any more: what is sent there is answered with a reset."""
    try:
        connection.sendall(b"x")
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    ("request_", "whole"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}", False),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\n{} ", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", True),  # a 413
        (b"POST / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n", True),  # a 400
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * web_worker.LONGEST_HEAD, True),  # a 431
    ],
)
def test_a_request_is_waited_for_until_it_is_whole(request_: bytes, whole: bool) -> None:
    assert web_worker.is_whole(bytearray(request_)) is whole


def test_connections_that_say_nothing_hold_no_thread(site: Digitre, connect: Connect) -> None:
    _ = [connect() for _ in range(5 * THREADS)]
    wait_until(lambda: not any(site.left_unread()))
    start = time.monotonic()
    assert site.call("POST", "/api/v1/guesses/", seven_form())[0] == 200
    assert time.monotonic() - start < 3


def test_who_sends_a_probe_slowly_stops_nobody(site: Digitre, connect: Connect) -> None:
    slow = [connect() for _ in range(THREADS - 1)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    wait_until(lambda: not any(site.left_unread()))
    assert status_and_seconds(site, "/healthz")[1] < 1
    assert site.call("POST", "/api/v1/guesses/", seven_form())[0] == 200
    for connection in slow:
        connection.sendall(b"\r\n")
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("host", ["localhost", "10.1.2.3", "no name at all"])
def test_a_probe_may_call_the_site_what_it_likes(site: Digitre, connect: Connect, host: str) -> None:
    connection = connect()
    connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: http\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    assert (response.status, json.loads(response.read())) == (200, {"status": "ok"})


def test_probes_pass_on_a_connection_that_is_kept(site: Digitre) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    for method, path, length in [("GET", "/about/", None), ("HEAD", "/healthz", 0), ("GET", "/about/", None)]:
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200
        assert length is None or len(body) == length
    connection.close()

"""A PostgreSQL that is frozen instead of ended, and a table that somebody locks: nobody waits for longer than five seconds."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from tests.support.pictures import seven_form
from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR, Digitre
from tests.support.waiting import let_time_pass, wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.processes]
CLIENTS = 24
TROUBLE_SECONDS = 12  # what an index without CONCURRENTLY takes
SLOWEST, SLOWEST_PROBE = 5.0, 1.0


@dataclass
class Answers:
    """What clients and probes were answered, and after how many seconds; 0 for none at all."""

    told: list[tuple[str, int, float, str | None]] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)

    def of(self, path: str) -> list[tuple[int, float]]:
        return [(status, seconds) for at, status, seconds, _ in self.told if at == path]

    def slowest(self, *paths: str) -> float:
        return max(seconds for path in paths for _, seconds in self.of(path))


@pytest.fixture
def site(digitre: Digitre, own_postgres: str) -> Digitre:
    """The site with two processes, warm: each of their threads has its connection."""
    digitre.environment["DATABASE_URL"] = own_postgres
    digitre.serve(DIGITRE_THROTTLES="off", WEB_CONCURRENCY="2")
    answers = Answers()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: ask(digitre, answers, "/api/v1/drawings/", seven_form()), range(4 * CLIENTS)))
    assert {status for status, _ in answers.of("/api/v1/drawings/")} == {201}
    return digitre


def ask(site: Digitre, answers: Answers, path: str, body: object = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    start, status, retry_after = time.monotonic(), 0, None
    with suppress(OSError, http.client.HTTPException):
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, JSON)
        response = connection.getresponse()
        raw, retry_after = response.read(), response.headers.get("Retry-After")
        status = response.status
        if status == 201:
            answers.stored.append(json.loads(raw)["id"])
    connection.close()
    answers.told.append((path, status, time.monotonic() - start, retry_after))
    return status


JSON = {"Content-Type": "application/json", "Accept": "application/json"}
CALLS: list[tuple[str, object]] = [
    ("/api/v1/drawings/", seven_form()),
    ("/api/v1/progress/", None),
    ("/api/v1/guesses/", seven_form()),
    ("/admin/login/", None),
    ("/", None),
]


@contextmanager
def under_load(site: Digitre) -> Iterator[Answers]:
    """Keep clients and probes asking, inside; then wait for the last of their answers."""
    answers, over = Answers(), threading.Event()

    def keep_asking(number: int) -> None:
        while not over.is_set():
            ask(site, answers, *CALLS[number % len(CALLS)])
            over.wait(1)  # as people do; who asks again at once would measure the machine, not the site

    def keep_probing(path: str) -> None:
        while not over.wait(0.2):
            ask(site, answers, path)

    asking = [threading.Thread(target=keep_asking, args=(number,)) for number in range(CLIENTS)]
    probing = [threading.Thread(target=keep_probing, args=(path,)) for path in ("/healthz", "/readyz")]
    for thread in [*asking, *probing]:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in [*asking, *probing]:
            thread.join()


def processes_of(url: str) -> list[int]:
    """The server and its children."""
    folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    children = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == server:
                children.append(int(entry.parent.name))
    return [server, *children]


@contextmanager
def frozen(url: str) -> Iterator[None]:
    stopped = processes_of(url)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def locked(url: str) -> Iterator[None]:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE recognizer_drawing IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        connection.close()


@pytest.mark.parametrize("trouble", [frozen, locked])
def test_everybody_is_answered_within_five_seconds_and_nothing_is_lost(
    site: Digitre, own_postgres: str, trouble: Callable[[str], AbstractContextManager[None]]
) -> None:
    with under_load(site) as answers:
        wait_until(lambda: len(answers.told) > 2 * CLIENTS)
        with trouble(own_postgres):
            let_time_pass(TROUBLE_SECONDS)
        seen = len(answers.told)
        wait_until(lambda: [told[:2] for told in answers.told[seen:]].count(("/api/v1/drawings/", 201)) > 5, 30)

    paths = {path for path, _ in CALLS}
    assert {status for path in paths for status, _ in answers.of(path)} <= {200, 201, 503}
    assert 503 in {status for status, _ in answers.of("/api/v1/drawings/")}
    assert {retry for _, status, _, retry in answers.told if status == 503} - {None}
    assert answers.slowest(*paths) < SLOWEST
    assert {status for status, _ in answers.of("/healthz")} == {200}
    assert answers.slowest("/healthz") < SLOWEST_PROBE
    assert {status for status, _ in answers.of("/readyz")} <= {200, 503}
    assert answers.slowest("/readyz") < SLOWEST
    with psycopg2.connect(own_postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM recognizer_drawing")
        rows = {row[0] for row in cursor.fetchall()}
    connection.close()
    assert set(answers.stored) <= rows
    assert len(answers.stored) == len(set(answers.stored))


ASK = """
import psycopg2.extensions
{load}
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    print(psycopg2.extensions.get_wait_callback() is not None, *cursor.fetchone())
"""


@pytest.mark.parametrize(
    ("load", "limits"),
    [
        ("import digitre_site.wsgi", "True 2200ms 1500ms"),
        ("from digitre_site import celery; celery.limit_waiting()", "True 10min 1min"),
        ("import django; django.setup()", "False 0 0"),
    ],
    ids=["web", "worker", "command"],
)
def test_each_kind_of_process_has_its_own_limits(tmp_path: Path, database_url: str, load: str, limits: str) -> None:
    environment = BARE_ENVIRONMENT | {"DIGITRE_VAR_DIR": str(tmp_path), "DATABASE_URL": database_url, "DEBUG": "on"}
    environment["DJANGO_SETTINGS_MODULE"] = "digitre_site.settings"
    command = [sys.executable, "-c", ASK.format(load=load)]
    outcome = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert outcome.stdout.strip() == limits, outcome.stderr

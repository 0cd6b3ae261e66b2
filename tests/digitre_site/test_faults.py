"""What happens to drawings when a part of the installation goes away in the middle of things."""

import http.client
import json
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg2
import pytest
from django.db import connections
from pytest_django import Settings
from rest_framework.test import APIClient

from recognizer.models import Drawing, LabelEvent
from tests.support import pictures
from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.postgres_server import as_server_account, find_binaries
from tests.support.running_site import Digitre
from tests.support.waiting import wait_until

WRITERS, DRAWINGS_EACH = 16, 10
MOST_TRIES = 20


def restart(url: str) -> None:
    folder = parse_qs(urlsplit(url).query)["host"][0]
    pg_ctl = [str(known(find_binaries()) / "pg_ctl"), "-D", f"{folder}/data", "-w", "-m", "fast", "restart"]
    subprocess.run([*as_server_account(), *pg_ctl], check=True, cwd=folder, stdout=subprocess.DEVNULL)


@pytest.mark.postgres
@pytest.mark.processes
def test_postgres_restarted_under_load_loses_nothing_that_was_answered(own_postgres: str, digitre: Digitre) -> None:
    digitre.environment["DATABASE_URL"] = own_postgres
    digitre.start(DIGITRE_THROTTLES="off")
    stop, answers = threading.Event(), []

    def draw() -> None:
        while not stop.is_set():
            answers.append(digitre.call("POST", "/api/v1/drawings/", seven_form()))

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 20)
    restart(own_postgres)
    seen = len(answers)
    wait_until(lambda: [status for status, _ in answers[seen:]].count(201) > 20)
    stop.set()
    for thread in threads:
        thread.join()

    assert {status for status, _ in answers} <= {201, 503}
    stored = [answer["id"] for status, answer in answers if status == 201]
    with psycopg2.connect(own_postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text FROM recognizer_drawing")
        rows = [row[0] for row in cursor.fetchall()]
    connection.close()
    assert set(stored) <= set(rows)
    assert len(stored) == len(set(stored))


@pytest.mark.processes
def test_request_in_flight_is_answered_when_the_end_is_asked_for(digitre: Digitre) -> None:
    digitre.start()
    body = json.dumps(seven_form()).encode()
    connection = http.client.HTTPConnection("127.0.0.1", digitre.port, timeout=60)
    connection.putrequest("POST", "/api/v1/drawings/")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[: len(body) // 2])
    known(digitre.process).send_signal(signal.SIGTERM)
    wait_until(lambda: "Handling signal: term" in digitre.output)
    connection.send(body[len(body) // 2 :])
    assert connection.getresponse().status == 201
    assert known(digitre.process).wait(timeout=60) == 0


def insist(ask: Callable[[], Any]) -> Any:
    """Ask again, as the page does, where the database was busy for longer than anybody should wait."""
    for _ in range(MOST_TRIES):
        answer = ask()
        if answer.status_code != 503:
            break
        assert answer.headers["Retry-After"]
    return answer


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_at_once_all_get_their_rows(settings: Settings) -> None:
    settings.DIGITRE_THROTTLES = False
    settings.DIGITRE_AUTO_APPROVE = "all"
    body = {"image": pictures.data_url(pictures.canvas_png())}

    def write(_: int) -> list[int]:
        visitor, statuses = APIClient(), []
        try:
            for _ in range(DRAWINGS_EACH):
                key = {"Idempotency-Key": str(uuid4())}
                drawn = insist(partial(visitor.post, "/api/v1/drawings/", body, headers=key))
                url = f"/api/v1/drawings/{drawn.json()['id']}/feedback/"
                said = insist(partial(visitor.put, url, {"label": 7}))
                statuses += [drawn.status_code, said.status_code]
        finally:
            connections.close_all()
        return statuses

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = [status for each in pool.map(write, range(WRITERS)) for status in each]
    assert set(statuses) == {200, 201}
    assert Drawing.objects.approved().count() == WRITERS * DRAWINGS_EACH
    assert LabelEvent.objects.count() == 2 * WRITERS * DRAWINGS_EACH

"""A database of 1.0.0 with rows in it is brought up to date while people look at their drawings and label them."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from digitre_site.database_limits import WEB
from tests.support.known import known
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR, ON_ITS_OWN

pytestmark = [pytest.mark.processes, pytest.mark.postgres]
RELEASE = [("recognizer", "0002"), ("training", "0003")]  # the migrations of 1.0.0
DRAWINGS = 300
MOST_WAITS = 3  # for a lock, on a machine that has other work: each is a 503 that says when to try again
PATIENCE_SECONDS = 300  # of a migration, on a machine that has other work
FILLED = {  # what a column holds that must not be empty, by its kind
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "boolean": "false",
    "bytea": r"'\x89504e47'",
    "jsonb": "'[]'",
    "character varying": "''",
    "text": "''",
}


def manage(url: str, folder: Path, *words: str) -> None:
    environment = BARE_ENVIRONMENT | ON_ITS_OWN | {"DATABASE_URL": url, "DIGITRE_VAR_DIR": str(folder)}
    subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=BASE_DIR,
        env=environment,
        check=True,
        timeout=PATIENCE_SECONDS,
        stdout=subprocess.DEVNULL,
    )


def insert(cursor: Any, table: str, rows: int, **said: str) -> None:
    """Add rows as SQL says, `n` being the number of each; what must not be empty is filled."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
        "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
        [table],
    )
    values = {name: FILLED.get(kind, "0") for name, kind in cursor.fetchall()} | said
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM generate_series(1, {rows}) n"
    )


@dataclass
class People:
    """Somebody who labels one drawing after the other, as 1.0.0 does it, and tries once more where a lock takes too long."""

    url: str
    over: threading.Event = field(default_factory=threading.Event)
    labels: dict[str, int] = field(default_factory=dict)
    waits: int = 0
    troubles: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def live(self) -> None:
        connection = psycopg2.connect(self.url)
        with connection, connection.cursor() as cursor:
            for name, seconds in WEB.on_the_server.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{seconds * 1000:.0f}"])
            cursor.execute("SELECT id FROM recognizer_drawing")
            ids = [row[0] for row in cursor.fetchall()]
        while not self.over.is_set():
            for place, drawing in enumerate(ids):
                start = time.monotonic()
                try:
                    with connection, connection.cursor() as cursor:
                        self.label(cursor, drawing, place % 10)
                    self.labels[drawing] = place % 10
                except psycopg2.errors.LockNotAvailable:
                    self.waits += 1
                except psycopg2.Error as error:
                    self.troubles.append(str(error))
                self.slowest = max(self.slowest, time.monotonic() - start)
                if self.over.wait(0.005):
                    break
        connection.close()

    @staticmethod
    def label(cursor: Any, drawing: str, label: int) -> None:
        cursor.execute("SELECT confirmed_label FROM recognizer_drawing WHERE id = %s FOR UPDATE", [drawing])
        (before,) = cursor.fetchone()
        cursor.execute("UPDATE recognizer_drawing SET confirmed_label = %s WHERE id = %s", [label, drawing])
        cursor.execute(
            "INSERT INTO recognizer_labelevent (drawing_id, at, actor, action, label, previous_label, reason, look) "
            "VALUES (%s, now(), 'contributor', 'confirmed', %s, %s, '', '')",
            [drawing, label, before],
        )


@contextmanager
def people(url: str) -> Iterator[People]:
    somebody = People(url)
    thread = threading.Thread(target=somebody.live)
    thread.start()
    try:
        yield somebody
    finally:
        somebody.over.set()
        thread.join()


def test_a_database_of_1_0_0_is_brought_up_to_date_while_people_label(tmp_path: Path) -> None:
    with running_postgres(known(find_binaries())) as url:
        for app, migration in RELEASE:
            manage(url, tmp_path, "migrate", app, migration, "--verbosity", "0")
        connection = psycopg2.connect(url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            insert(cursor, "recognizer_contributor", 20)
            version = {"number": "1", "is_champion": "true", "promoted_at": "now()"}
            insert(cursor, "recognizer_modelversion", 1, **version, tflite="'bytes'", keras="'more'")
            insert(
                cursor,
                "recognizer_drawing",
                DRAWINGS,
                contributor_id="(SELECT min(id) + n % 20 FROM recognizer_contributor)",
                model_version_id="(SELECT min(id) FROM recognizer_modelversion)",
                status="'unconfirmed'",
                content_hash="md5(n::text)",
                png="decode(md5(n::text), 'hex')",
            )
            with people(url) as somebody:
                manage(url, tmp_path, "migrate", "--verbosity", "0")
            assert somebody.troubles == []
            assert somebody.waits <= MOST_WAITS
            assert somebody.slowest < WEB.lock + 1
            assert len(somebody.labels) == DRAWINGS
            cursor.execute("SELECT id, confirmed_label FROM recognizer_drawing")
            assert dict(cursor.fetchall()) == somebody.labels
            cursor.execute("SELECT count(*) FROM recognizer_drawing WHERE png = decode(content_hash, 'hex')")
            assert cursor.fetchone() == (DRAWINGS,)
            cursor.execute(
                "SELECT convert_from(tflite, 'UTF8'), convert_from(keras, 'UTF8') FROM recognizer_modelartifacts "
                "WHERE version_id = (SELECT id FROM recognizer_modelversion WHERE number = 1)"
            )
            assert cursor.fetchall() == [("bytes", "more")]
        connection.close()

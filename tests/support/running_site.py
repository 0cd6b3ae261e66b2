"""Digitre as a person runs it: the launcher and every process it starts, over a folder and a port of their own."""

import functools
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.support.known import known
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.waiting import PATIENCE_SECONDS, wait_until

BASE_DIR = Path(__file__).resolve().parents[2]
# What a person's shell has, and nothing that the suite itself runs with
BARE_ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}

ON_ITS_OWN = {"SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3, "DIGITRE_INSECURE_HTTP": "on"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@functools.cache
def migrated_file() -> bytes:
    """The SQLite database of an installation that nobody has used yet, made once: migrations take five seconds."""
    with tempfile.TemporaryDirectory() as folder:
        environment = BARE_ENVIRONMENT | ON_ITS_OWN | {"DIGITRE_VAR_DIR": folder}
        command = [sys.executable, "manage.py", "migrate", "--noinput"]
        subprocess.run(command, check=True, cwd=BASE_DIR, env=environment, capture_output=True)
        return Path(folder, "db.sqlite3").read_bytes()


class Digitre:
    """One installation: its folder, its port, and its launcher while that runs."""

    def __init__(self, var_dir: Path, database_url: str) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.cookie = ""
        self.starts_from_nothing = False
        self.environment = dict(BARE_ENVIRONMENT)
        self.environment |= {"DIGITRE_VAR_DIR": str(var_dir), "PORT": str(self.port), "WEB_CONCURRENCY": "1"}
        if database_url:
            self.environment["DATABASE_URL"] = database_url

    def launch(self, **extra: str) -> subprocess.Popen[str]:
        return self.run([sys.executable, "-m", "digitre_site.launcher"], **extra)

    def serve(self, **extra: str) -> "Digitre":
        """Start the web alone, as on a host of its own: no queue, no worker, no clock."""
        if not self.take_migrated_file():
            migrate = self.run([sys.executable, "manage.py", "migrate", "--noinput"], **ON_ITS_OWN | extra)
            assert migrate.wait(timeout=PATIENCE_SECONDS) == 0, self.output
        return self.serve_again(**extra)

    def take_migrated_file(self) -> bool:
        """Put a migrated database where an installation without one would make it. Returns whether it did."""
        file = self.var_dir / "db.sqlite3"
        if self.starts_from_nothing or "DATABASE_URL" in self.environment or file.exists():
            return False
        self.var_dir.mkdir(parents=True, exist_ok=True)
        file.write_bytes(migrated_file())
        return True

    def serve_again(self, **extra: str) -> "Digitre":
        process = self.run([sys.executable, "-m", "gunicorn", "digitre_site.wsgi"], **ON_ITS_OWN | extra)
        wait_until(lambda: self.is_up() or process.poll() is not None)
        assert process.poll() is None, self.output
        return self

    def is_up(self) -> bool:
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def run(self, command: list[str], **extra: str) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=self.environment | extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self.read, args=(self.process,), daemon=True).start()
        return self.process

    def read(self, process: subprocess.Popen[str]) -> None:
        for line in known(process.stdout):
            self.lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def start(self, **extra: str) -> "Digitre":
        self.lines.clear()
        self.take_migrated_file()
        process = self.launch(**extra)
        wait_until(lambda: "Digitre is ready" in self.output or process.poll() is not None)
        assert process.poll() is None, self.output
        return self

    def end(self, number: int = signal.SIGINT) -> int:
        known(self.process).send_signal(number)
        return known(self.process).wait(timeout=PATIENCE_SECONDS)

    def processes(self, word: str = "") -> list[int]:
        """The processes of this installation, found by its folder: in their environment, or where they stand.

        The broker writes its title over its environment, and stands in the folder.
        """
        mark = f"DIGITRE_VAR_DIR={self.var_dir}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (folder / "environ").read_bytes().split(b"\0")
                is_ours = is_ours or (folder / "cwd").readlink() == self.var_dir
                if is_ours and word.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return sorted(found)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", "Cookie": self.cookie}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            if cookie := response.headers.get("Set-Cookie"):
                self.cookie = cookie.split(";", 1)[0]
            raw = response.read()
            return response.status, json.loads(raw) if raw else {}
        finally:
            connection.close()

    def query(self, statement: str) -> Any:
        """Ask the installation's database for one value."""
        if url := self.environment.get("DATABASE_URL"):
            connection = psycopg2.connect(url)
        else:
            connection = sqlite3.connect(self.var_dir / "db.sqlite3", timeout=20)
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchone()[0]
        finally:
            connection.close()

    def left_unread(self) -> list[int]:
        """What each socket of the web server holds: connections that nobody accepted yet, or bytes that nobody read."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(f":{self.port:04X}")]

    def worker_state(self) -> str:
        return str(self.call("GET", "/readyz")[1]["worker"])

    def clean_up(self) -> None:
        if self.process and self.process.poll() is None:
            self.end(signal.SIGTERM)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database of its own on the suite's PostgreSQL; on SQLite nothing, for then the folder holds it."""
    suite_url = os.environ.get("DATABASE_URL", "")
    if not suite_url.startswith("postgres"):
        yield ""
        return
    name = f"infra_{uuid.uuid4().hex[:12]}"
    run_alone(suite_url, f"CREATE DATABASE {name}")
    yield suite_url.replace("/postgres?", f"/{name}?")
    run_alone(suite_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres() -> Iterator[str]:
    """A PostgreSQL that a test may restart or freeze without anybody else noticing."""
    with running_postgres(known(find_binaries())) as url:
        yield url


def run_alone(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True  # databases are made and dropped outside transactions
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture
def digitre(tmp_path: Path, database_url: str) -> Iterator[Digitre]:
    """An installation that has not been started yet; whatever of it still runs afterwards is ended."""
    installation = Digitre(tmp_path / "var", database_url)
    yield installation
    installation.clean_up()

"""A whole installation on loopback: PostgreSQL, Redis, nginx, replicas, a worker and the clock."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2

from bench.chaos.parts import Disk, Part, Postgres, Wire, is_listening, redis_server, send
from tests.support.proxied_site import UNPROVEN, Nginx
from tests.support.running_site import BARE_ENVIRONMENT, BASE_DIR, free_port
from tests.support.waiting import wait_until

DATABASE_MEGABYTES, REPLICA_MEGABYTES = 900, 16
# A run as every other, of a few small epochs: what matters here is when it is killed, not what it learns
SMALL_RUN = {
    "fine_tune": {
        "epochs": 2,
        "epoch_pictures": 1_024,
        "batch": 64,
        "replay_mnist": 500,
        "replay_scans": 100,
        "replay_pen": 100,
        "replay_synthetic": 100,
        "replay_others": 100,
        "replay_unseen": 200,
    },
    "limits": {"nice": 19},
}
START_SECONDS = 300  # a machine that has other work; an idle one takes ten
NOBODY_LISTENS = "http://127.0.0.1:9"  # a proxy that is not there: no data set is downloaded


def find_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


class CannotRun(RuntimeError):
    """What this machine lacks, in a sentence."""


class Stack:
    """The installation. `people_port` is nginx's, which runs the project's own files; each replica listens on a port behind it.

    PostgreSQL and Redis are reached over wires, which can be slow, silent or cut.
    """

    _secret = secrets.token_urlsafe(48)

    def __init__(self, folder: Path, replicas: int = 3) -> None:
        redis = redis_server()
        if not all(map(find_program, ("nginx", "openssl"))) or redis is None:
            raise CannotRun(
                "This needs nginx, OpenSSL and a Redis server (Debian: apt install nginx openssl redis-server)."
            )
        self.folder = folder
        self.database_disk = Disk(folder / "database", DATABASE_MEGABYTES)
        self.postgres = Postgres(self.database_disk)
        self.redis_port = free_port()
        self.database_wire = Wire(self.postgres.port)
        self.redis_wire = Wire(self.redis_port)
        self.replica_disk = Disk(folder / "replica-1", REPLICA_MEGABYTES)
        self.replicas = [self._replica(number) for number in range(1, replicas + 1)]
        proxy = Nginx(folder / "nginx", [replica.port for replica in self.replicas])
        self.people_port = proxy.port
        celery = [sys.executable, "-m", "celery", "-A", "digitre_site.celery", "--quiet"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        options = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", str(self.redis_port)]
        self.redis = Part("redis", [redis, *options, "--dir", str(folder)], BARE_ENVIRONMENT, folder, self.redis_port)
        self.worker = self.celery("worker", [*celery, "worker", "--loglevel", "INFO", *quiet])
        self.beat = self.celery("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="])
        self.nginx = Part("nginx", proxy.command(), BARE_ENVIRONMENT, folder, self.people_port)

    @property
    def parts(self) -> list[Part]:
        return [self.nginx, *self.replicas, self.beat, self.worker, self.redis]

    def environment(self, name: str) -> dict[str, str]:
        """What a process of the site is told, as on a host of its own."""
        return BARE_ENVIRONMENT | {
            "DATABASE_URL": f"postgresql://digitre@127.0.0.1:{self.database_wire.port}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_wire.port}/0",
            "SECRET_KEY": self._secret,
            "NUM_PROXIES": "1",
            "DIGITRE_AUTO_APPROVE": "all",
            "DIGITRE_VAR_DIR": str(self.folder / name),
            "DIGITRE_RUN_CONFIG": json.dumps(SMALL_RUN),
            "DIGITRE_DATA_DIR": os.environ.get("DIGITRE_DATA_DIR", ""),
            "WEB_CONCURRENCY": "2",
            "PYTHONPATH": str(BASE_DIR),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "https_proxy": NOBODY_LISTENS,
        }

    def start(self) -> None:
        self.postgres.start()
        self.redis.start().wait_until_up()
        self.manage("migrate", "--noinput")
        self.work_out("from training.models import TrainingPolicy as P; P.load(); P.objects.update(enabled=False)")
        for part in [*self.replicas, self.nginx]:
            part.start()
        for part in [*self.replicas, self.nginx]:
            part.wait_until_up()
        self.worker.start()
        self.beat.start()
        wait_until(self.is_ready, START_SECONDS)

    def mend(self) -> None:
        """Start what has ended, as the supervisor of a host does, and take back what a fault left that failed half-way."""
        for wire in (self.database_wire, self.redis_wire):
            wire.tell("pass")
        for disk in (self.database_disk, self.replica_disk):
            disk.free()
        send(signal.SIGCONT, self.postgres.all_pids.union(*(part.all_pids for part in self.parts)))
        if not is_listening(self.postgres.port):
            with suppress(subprocess.CalledProcessError):  # it may be at its recovery
                self.postgres.start()
        for part in self.parts:
            if not part.is_running:
                part.start()

    def end(self) -> None:
        """End everything, whatever state a fault has left it in."""
        send(signal.SIGCONT, self.postgres.all_pids)
        for part in self.parts:
            part.end()
        self.postgres.stop("immediate")
        for wire in (self.database_wire, self.redis_wire):
            wire.end()
        for disk in (self.database_disk, self.replica_disk):
            disk.remove()

    def manage(self, *words: str, **extra: str) -> str:
        command = [sys.executable, "manage.py", *words]
        environment = self.environment("operator") | extra
        done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"manage.py {words[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def work_out(self, statement: str) -> str:
        """Do what an operator does, by the site's own verbs."""
        return self.manage("shell", "-v0", "-c", statement)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection of the operator's own, past the wire."""
        connection = psycopg2.connect(self.postgres.url, connect_timeout=5)
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def redis_call(self, *words: str) -> None:
        """Say something to Redis, past the wire."""
        from redis import Redis

        with Redis(port=self.redis_port, socket_timeout=5) as client:
            client.execute_command(*words)

    def probe(self, port: int, path: str, timeout: float = 10) -> int:
        """Ask a replica, by its port, or nginx, by the people's. Returns the status, 0 for no answer."""
        scheme, context = ("https", UNPROVEN) if port == self.people_port else ("http", None)
        try:
            with urllib.request.urlopen(
                f"{scheme}://127.0.0.1:{port}{path}", timeout=timeout, context=context
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def is_ready(self) -> bool:
        return all(self.probe(replica.port, "/readyz") == 200 for replica in self.replicas)

    def last_beat(self) -> float:
        """When a worker last finished a task, in the database's seconds; 0 for never."""
        return float(self.query("SELECT coalesce(extract(epoch FROM max(at)), 0) FROM training_workerheartbeat")[0][0])

    def celery(self, name: str, command: list[str]) -> Part:
        return Part(name, command, self.environment(name), self.folder)

    def _replica(self, number: int) -> Part:
        name, port = f"replica-{number}", free_port()
        environment = self.environment(name) | {"HOST": "127.0.0.1", "PORT": str(port)}
        command = [sys.executable, "-m", "gunicorn", "digitre_site.wsgi"]
        return Part(name, command, environment, self.folder, port)

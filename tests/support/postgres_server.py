"""Run a command with DATABASE_URL naming a PostgreSQL made for it alone, and thrown away after it.

    python tests/support/postgres_server.py pytest -n 2

Uses the binaries of this machine (no service, no account, no password). Without them it says so and ends with 0,
or with 1 where CI is set: there, nothing may go untested.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A test database needs no crash safety; a connection for each xdist worker, server and thread that the tests start
SERVER_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``: on PATH, or where Debian, Homebrew and Red Hat put them."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/pgsql-*/bin"):
        folders += sorted(Path("/").glob(pattern), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def as_server_account() -> list[str]:
    """PostgreSQL refuses to run as root, so root hands it to the account that its package made."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """Start a server that listens on a socket in a temporary folder only. Yields its DATABASE_URL."""
    folder = Path(tempfile.mkdtemp(prefix="digitre-pg-", dir="/tmp"))  # a socket's path may have 107 characters
    account = as_server_account()
    if account:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)

    def run(*command: str) -> None:
        subprocess.run([*account, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    pg_ctl, data = str(binaries / "pg_ctl"), str(folder / "data")
    try:
        run(str(binaries / "initdb"), "-D", data, "-U", "digitre", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"{SERVER_OPTIONS} -c listen_addresses='' -k {folder}"
        run(pg_ctl, "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://digitre@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    binaries = find_binaries()
    if binaries is None:
        print(
            "PostgreSQL is not installed here, so its half of the tests did not run (Debian: apt install postgresql)."
        )
        return 1 if os.environ.get("CI") else 0
    with running_postgres(binaries) as url:
        return subprocess.run(["env", *sys.argv[1:]], env=os.environ | {"DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main())

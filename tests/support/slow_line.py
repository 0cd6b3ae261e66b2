"""A line between two programs that is as long as a test wants it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from tests.support.waiting import let_time_pass


class SlowLine:
    """Carries bytes to a port of this machine and back; what comes back arrives `seconds` late, in order."""

    def __init__(self, port: int, seconds: float) -> None:
        self.seconds = seconds
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._carry, args=(here, there), daemon=True).start()
                threading.Thread(target=self._carry_late, args=(there, here), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _carry_late(self, source: socket.socket, target: socket.socket) -> None:
        """Send each piece when its time has come: one that waits holds up none that is on its way already."""
        pieces: list[tuple[float, bytes]] = []
        arrived = threading.Condition()

        def send() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with arrived:
                        arrived.wait_for(lambda: pieces)
                        due, data = pieces.pop(0)
                    let_time_pass(max(0.0, due - time.monotonic()))
                    target.sendall(data)

        threading.Thread(target=send, daemon=True).start()
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                with arrived:
                    pieces.append((time.monotonic() + self.seconds, data))
                    arrived.notify()

    def close(self) -> None:
        self._listener.close()


@contextlib.contextmanager
def slow_line(port: int, seconds: float) -> Iterator[SlowLine]:
    line = SlowLine(port, seconds)
    try:
        yield line
    finally:
        line.close()

"""Many connections at once against one server, in a loop that costs it little: it shares the cores with what it measures."""

import itertools
import os
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

PIECE = 262_144  # bytes read at a time
GIVE_UP_SECONDS = 60.0  # without a single answer


@dataclass
class Measured:
    """What came of it: seconds that each answer took, and over how many seconds they came."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def milliseconds(self, percent: float) -> float:
        return float(np.percentile(self.times, percent)) * 1000


class Connection:
    """A kept-alive connection of one visitor, who keeps the cookie; one request at a time is on its way."""

    def __init__(self, port: int, path: str, bodies: Sequence[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._path, self._bodies, self._cookie = path, itertools.cycle(bodies), ""
        self._received = bytearray()
        self.began = 0.0

    def send(self, began: float) -> None:
        self.began = began
        self._received.clear()
        body = next(self._bodies)
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            f"Sec-Fetch-Site: same-origin\r\nIdempotency-Key: {os.urandom(16).hex()}\r\n"
            f"Cookie: {self._cookie}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)

    def receive(self) -> bool:
        """Take in what has come. Returns whether the answer is whole."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise SystemExit(f"{self._path}: the server closed a connection after {bytes(self._received)[:200]!r}")
        self._received += piece
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return False
        lines = head.decode("latin-1").split("\r\n")
        if not lines[0].split()[1].startswith("2"):
            raise SystemExit(f"{self._path}: {lines[0]}: {bytes(rest)[:300]!r}")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if not line.lower().startswith("set-cookie"))
        if len(rest) < int(headers["content-length"]):
            return False
        for line in lines[1:]:
            if line.lower().startswith("set-cookie: "):
                self._cookie = line.split(": ", 1)[1].partition(";")[0]
        return True


def run(
    port: int, path: str, bodies: Sequence[bytes], connections: int, seconds: float, rate: float | None = None
) -> Measured:
    """Post bodies for so long over so many connections.

    Args:
        rate: requests a second, sent by the clock whether or not those before are answered, while a connection is free; what
            waits for one is counted from when it should have been sent. None: each connection sends as soon as it is answered.
    """
    selector = selectors.DefaultSelector()
    free = [_opened(port, path, bodies, selector) for _ in range(connections)]
    busy: set[Connection] = set()
    measured = Measured()
    start = time.perf_counter()
    due, end = start, start + seconds
    while (now := time.perf_counter()) < end or busy:
        while free and now < end and (rate is None or due <= now):
            connection = free.pop()
            connection.send(now if rate is None else due)
            busy.add(connection)
            due += 0 if rate is None else 1 / rate
        wait = GIVE_UP_SECONDS if rate is None or not free else max(0.0, min(due, end) - now)
        events = selector.select(wait if now < end else GIVE_UP_SECONDS)
        if not events and not free:
            raise SystemExit(f"{path}: no answer within {GIVE_UP_SECONDS:.0f} s")
        for key, _ in events:
            connection = key.data
            if connection not in busy:  # it had nothing to do for so long that the server closed it
                _close(connection, selector)
                free[free.index(connection)] = _opened(port, path, bodies, selector)
            elif connection.receive():
                measured.times.append(time.perf_counter() - connection.began)
                busy.remove(connection)
                free.append(connection)
    measured.seconds = time.perf_counter() - start
    for connection in free:
        _close(connection, selector)
    selector.close()
    return measured


def _opened(port: int, path: str, bodies: Sequence[bytes], selector: selectors.BaseSelector) -> Connection:
    connection = Connection(port, path, bodies)
    selector.register(connection.socket, selectors.EVENT_READ, connection)
    return connection


def _close(connection: Connection, selector: selectors.BaseSelector) -> None:
    selector.unregister(connection.socket)
    connection.socket.close()

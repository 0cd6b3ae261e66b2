"""Counts that all processes share: in Redis where there is one, else, and while it is away, in each process.

Exact: one atomic increment a call, in a window that starts on the clock; all that a call counts goes in one round trip.
DRF's own throttles read, add and write back, and let 78 of 120 calls at once through a limit of 10 (measured); they also answer
500 when the cache is down. A Redis that answers late is waited for: a process that counted alone meanwhile would let its own
120 through, and so would each other one. One that answers nobody costs one such wait, and then none until it is back.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)
# that an answer of the server's is waited for; with what the database may take, a visitor waits five
ANSWER_SECONDS = 2.5
CONNECT_SECONDS = 1.0
RETRY_SECONDS = 1.0  # between two looks whether it is back; no visitor waits for those
FAR_AWAY = 8  # of a limit, one part in so many may be used up unseen by each process
MANY_CALLS = 1_000  # a limit this high keeps one sender from all of the server; below it, each call counts
GRACE_SECONDS = 5  # that a count is kept beyond its window: the clocks of two processes differ
MOST_COUNTS = 20_000  # in one process; when there are more, those whose windows are over are dropped

Window = tuple[str, int]  # what is counted, and for how many seconds


class OwnCounts:
    """Counts of this process alone, for all its threads."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[float, int]] = {}  # when it ends, and how many there were
        self._lock = threading.Lock()

    def add(self, windows: Sequence[Window], times: int) -> list[int]:
        now = time.monotonic()
        with self._lock:
            if len(self._counts) > MOST_COUNTS:
                self._counts = {key: count for key, count in self._counts.items() if count[0] > now}
            return [self._add(key, now + seconds + GRACE_SECONDS, times) for key, seconds in windows]

    def _add(self, key: str, ends_at: float, times: int) -> int:
        ends_at, before = self._counts.get(key, (ends_at, 0))
        self._counts[key] = ends_at, before + times
        return before + times

    def learn(self, windows: Sequence[Window], counts: Sequence[int]) -> None:
        """Know that there were at least so many in all processes together."""
        with self._lock:
            for (key, _), count in zip(windows, counts, strict=True):
                ends_at, before = self._counts.get(key, (0.0, count))
                self._counts[key] = ends_at, max(before, count)

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()


@dataclass
class Asked:
    """An increment on its way to the server and back. `counts` is None where no answer came."""

    windows: Sequence[Window]
    at: float = field(default_factory=time.monotonic)
    counts: list[int] | None = None
    is_over: threading.Event = field(default_factory=threading.Event)


class SharedCounts:
    """One connection to Redis for all threads of a process. A thread of its own reads the answers, in order, and reconnects.

    So calls that wait for a late answer wait side by side, and none finds out for itself that the server is away.
    """

    def __init__(self, url: str, learn: Callable[[Sequence[Window], Sequence[int]], None]) -> None:
        self._learn = learn
        self._pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,  # no round trip to introduce itself
        )
        self._connection: Any = self._pool.make_connection()  # its methods have no types
        self._is_connected = False
        self._was_tried = threading.Event()
        self._asked: deque[Asked] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Connect, if nobody has begun to."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="counters", daemon=True)
                self._thread.start()

    def ask(self, windows: Sequence[Window], times: int) -> Asked | None:
        """Send so many calls to be counted in each window. None: the server is away."""
        self.start()
        self._was_tried.wait(ANSWER_SECONDS)
        with self._changed:
            if not self._is_connected:
                return None
            asked = Asked(windows)
            try:
                self._send(windows, times)
            except (RedisError, OSError):
                self._is_connected = False
                self._changed.notify()
                return None
            self._asked.append(asked)
            self._changed.notify()
        return asked

    def _send(self, windows: Sequence[Window], times: int) -> None:
        commands: list[tuple[str, str, int]] = []
        for key, seconds in windows:
            commands.append(("INCRBY", f"digitre:{key}", times))
            commands.append(("EXPIRE", f"digitre:{key}", seconds + GRACE_SECONDS))
        self._connection.send_packed_command(self._connection.pack_commands(commands), check_health=False)

    def _receive(self, windows: Sequence[Window]) -> list[int]:
        return [int(self._connection.read_response()) for _ in range(2 * len(windows))][::2]

    def _run(self) -> None:
        is_back = True
        while True:
            try:
                self._connect(check=not is_back)
                is_back = True
                self._read_answers()
            except Exception as error:  # whatever it is: if this thread ended, every call would wait for it in vain
                if is_back:
                    surprise = None if isinstance(error, RedisError | OSError) else error
                    logger.warning(
                        "the shared counters are away, each process counts for itself: %s", error, exc_info=surprise
                    )
                is_back = False
            self._give_up()
            time.sleep(RETRY_SECONDS)

    def _connect(self, *, check: bool) -> None:
        """Connect. One who was silent has to `check` a count first: a frozen server takes connections, too."""
        self._connection.connect()
        if check:
            probe = [("probe", 60)]
            self._send(probe, 0)
            self._receive(probe)
        with self._changed:
            self._is_connected = True
        self._was_tried.set()

    def _read_answers(self) -> None:
        while asked := self._next():
            if not self._connection.can_read(max(0.0, asked.at + ANSWER_SECONDS - time.monotonic())):
                raise TimeoutError(f"no answer within {ANSWER_SECONDS} s")
            counts = self._receive(asked.windows)
            self._learn(asked.windows, counts)
            with self._changed:
                self._asked.popleft()
            asked.counts = counts
            asked.is_over.set()

    def _next(self) -> Asked | None:
        """Wait for the oldest that is not answered. None: there is no connection any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._asked or not self._is_connected)
            return self._asked[0] if self._is_connected else None

    def _give_up(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_connected = False
            self._connection.disconnect()
            given_up, self._asked = self._asked, deque()
        self._was_tried.set()
        for asked in given_up:
            asked.is_over.set()


class Counter:
    """Counts by key. A key names its window: its count is kept for a window's length or longer, and never starts anew."""

    def __init__(self, redis_url: str) -> None:
        self._own = OwnCounts()
        self._shared = SharedCounts(redis_url, self._own.learn) if redis_url else None

    def start(self) -> None:
        """Connect before the first call that would have to wait for it."""
        if self._shared:
            self._shared.start()

    def add(self, windows: Sequence[Window], times: int = 1, limits: Sequence[int] | None = None) -> list[int]:
        """Count so many calls in each window. Returns how many there were in each, these included.

        With `limits`, a call that is over one of them as far as this process knows is counted here alone, and one that is far
        from them all waits for no answer: what it counts is sent, and what others have counted is learned when that comes.
        """
        own = self._own.add(windows, times)
        if limits is not None and any(count > limit for count, limit in zip(own, limits, strict=True)):
            return own
        asked = self._shared.ask(windows, times) if self._shared else None
        if asked is None or (limits is not None and are_far(own, limits)):
            return own
        asked.is_over.wait(ANSWER_SECONDS)
        return own if asked.counts is None else asked.counts

    def clear(self) -> None:
        """Forget what this process has counted for itself."""
        self._own.clear()


def are_far(counts: Sequence[int], limits: Sequence[int]) -> bool:
    return all(limit >= MANY_CALLS and count * FAR_AWAY <= limit for count, limit in zip(counts, limits, strict=True))

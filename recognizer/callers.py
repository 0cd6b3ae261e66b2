"""Whether whoever made a call still waits for its answer: what nobody waits for is not written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from recognizer.errors import CallerGone

_is_waiting: ContextVar[Callable[[], bool] | None] = ContextVar("is_waiting", default=None)


@contextmanager
def known_by(is_waiting: Callable[[], bool]) -> Iterator[None]:
    """Carry out a call, inside, whose caller is asked after by `is_waiting`."""
    token = _is_waiting.set(is_waiting)
    try:
        yield
    finally:
        _is_waiting.reset(token)


def check() -> None:
    """Go on where somebody waits, or where nobody can tell: a command, a test, another server.

    To be called last of all before something is written, and behind the lock of the row. A proxy that waited in vain has asked
    another replica meanwhile, and a person may have said something else since: a process that comes to itself after that, frozen
    in the midst of a call, would store a drawing twice, or an older label over a newer one.

    Raises:
        CallerGone: whoever asked has hung up.
    """
    is_waiting = _is_waiting.get()
    if is_waiting is not None and not is_waiting():
        raise CallerGone

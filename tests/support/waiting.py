"""Wait for an event or a condition, not for a time: the machine may be as slow as it likes."""

import threading
import time
from collections.abc import Callable

from playwright.sync_api import Page, Route

PATIENCE_SECONDS = 180  # a loaded machine; on an idle one nothing takes ten


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)


def wait_to_be_killed(seconds: float = 600) -> None:
    """Stop here; where nobody comes to kill this process, it goes on by itself one day."""
    threading.Event().wait(seconds)


def let_time_pass(seconds: float) -> None:
    """For what is about time itself: trouble that lasts, a caller who comes later."""
    time.sleep(seconds)


def let_page_settle(page: Page) -> None:
    """Wait until a page has done all that it had to do: what its handlers, promises and next two frames had left over.

    For what must *not* happen. A request is waited for by itself, with `finish`.
    """
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


def finish(held: list[Route]) -> None:
    """Let requests go on that were held back, and wait until each is answered or given up."""
    for route in held:
        route.continue_()
    for route in held:
        if response := route.request.response():
            response.finished()

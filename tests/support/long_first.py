"""The order of tests that several processes share: what takes minutes comes first, or one process ends long after the others."""

import os

import pytest

LONG = ("browser", "processes", "tensorflow", "docker")  # markers of what takes seconds to minutes


def put_long_first(items: list[pytest.Item]) -> None:
    """Reorder, in place: pytest-xdist gives each process a piece of the list, and each piece now begins with what takes long.

    The long ones keep their order, so that one process drives browsers while another trains; so do the others after them. A
    process alone gains nothing by it, and whoever waits before it sees the quick ones fail first.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes == 1:
        return
    long = [item for item in items if any(item.get_closest_marker(name) for name in LONG)]
    chosen = set(map(id, long))
    short = [item for item in items if id(item) not in chosen]
    items[:] = [item for piece in range(processes) for part in (long, short) for item in _piece(part, piece, processes)]


def _piece(items: list[pytest.Item], piece: int, pieces: int) -> list[pytest.Item]:
    """One of several pieces of a list, as alike in length as may be."""
    start, end = (len(items) * edge // pieces for edge in (piece, piece + 1))
    return items[start:end]

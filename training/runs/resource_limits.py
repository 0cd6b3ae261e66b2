"""What keeps a training process from harming its neighbours."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.config import RunLimits

try:
    import resource
except ImportError:  # Windows has neither; there the scheduler and the user decide
    resource = None  # type: ignore[assignment]


def confine(limits: RunLimits) -> None:
    """Make this process, and what it starts, nice and bounded in memory, until it ends. Call it in no process that serves.

    Beyond the limit an allocation fails: MemoryError from NumPy, an error from TensorFlow, both of which end the run
    with a reason and leave the champion alone.
    """
    if hasattr(os, "nice"):
        os.nice(max(0, limits.nice - os.nice(0)))
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limits.memory_bytes if hard == resource.RLIM_INFINITY else min(limits.memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give this process a folder for what Keras and LiteRT leave on disk, and clear away those of processes that are gone."""
    root = Path(tempfile.gettempdir())
    for remains in root.glob("digitre-run-*"):
        if not is_alive(remains.name.rpartition("-")[2]):
            shutil.rmtree(remains, ignore_errors=True)
    folder, before = root / f"digitre-run-{os.getpid()}", tempfile.tempdir
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:  # another account's
        return True
    return True

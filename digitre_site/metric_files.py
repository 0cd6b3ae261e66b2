"""Where the processes of one gunicorn count together: mapped files, each of which has its room on the disk beforehand.

A write to a mapped file for which the disk has no room ends the process by SIGBUS. Where no room can be had, a process
counts for itself, and serves.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = "PROMETHEUS_MULTIPROC_DIR"
KINDS = ("counter", "histogram")  # of the metrics in recognizer.monitoring; prometheus_client has a file for each
FILE_BYTES = 256 * 1024  # some 1,500 counts with their names: a dozen a route; a promoted version needs two
OWNER = "owner"  # locked by a gunicorn and its processes for as long as one of them lives


def own_folder(parent: Path) -> int:
    """Make a folder for this gunicorn and name it to prometheus_client; remove those of gunicorns that are gone.

    Others may share `parent`, also from other containers. Returns the lock's descriptor, to be kept open.

    Raises:
        OSError: there is no room for it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / "lock").open("a") as alone:  # else one that is being made looks like one whose owner is gone
        fcntl.flock(alone, fcntl.LOCK_EX)
        for folder in parent.iterdir():
            if folder.is_dir() and not _is_owned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(dir=parent))
        lock = os.open(folder / OWNER, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    os.environ[ENVIRONMENT] = str(folder)
    return lock


def _is_owned(folder: Path) -> bool:
    with suppress(FileNotFoundError), (folder / OWNER).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def count_in(slot: int) -> str:
    """Let this process count in the files of a slot, on from whoever had it before. To be called before a metric is made.

    Returns why it cannot, and counts for itself, or "".
    """
    folder = os.environ.get(ENVIRONMENT)
    if not folder:
        return ""
    paths = [Path(folder) / f"{kind}_{slot}.db" for kind in KINDS]
    try:
        for path in paths:
            _take_room(path)
    except OSError as error:
        os.environ.pop(ENVIRONMENT)
        return str(error)
    from prometheus_client import values  # it looks at the environment when it is imported

    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    return ""


def _take_room(path: Path) -> None:
    """Have a file of FILE_BYTES that lie on the disk; what it counts stays, unless it is half full of old versions."""
    if path.exists() and path.stat().st_size == FILE_BYTES and _used(path) < FILE_BYTES // 2:
        return
    new = path.with_suffix(".new")  # others read *.db at any moment
    try:
        with new.open("wb") as file:
            file.write(bytes(FILE_BYTES))
            file.flush()
            os.fsync(file.fileno())  # where blocks are given out late, this is when they are
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _used(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(4), byteorder="little", signed=True)

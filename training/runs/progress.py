"""Telling how far a run is: in its row, which the admin shows, and to whoever listens, such as a progress bar."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from recognizer.formatting import percent
from training.models import LOG_CHARACTERS, RunCheckpoint, TrainingRun
from training.runs.leases import Lease, LeaseLost

logger = logging.getLogger(__name__)
WRITE_SECONDS = 1.0  # the row is written at most this often, and at each change of phase
# Share of a run's time for each phase, measured with 5,000 new drawings: only the remaining time is guessed from it
PHASES = {
    "choosing drawings": 0.15,
    "preparing pictures": 0.25,
    "learning": 0.45,
    "exams": 0.14,
    "deciding": 0.01,
}

Listener = Callable[[str, float, str], None]  # phase, progress 0..1 of the whole run, the line just said or ""


def connect_anew() -> None:
    """Let the next query open a connection: Django does that for requests, not for a task that outlives the database."""
    if not connection.in_atomic_block:
        connection.close()


class Steps:
    """How far a piece of work is, for whoever listens."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._phase, self._share = "", 0.0

    def phase(self, name: str) -> None:
        self._phase = name
        self.at(0.0)

    def at(self, share: float) -> None:
        """Say how much of the current phase is done, 0..1."""
        names = list(PHASES)
        done = sum(PHASES[name] for name in names[: names.index(self._phase)])
        self._share = min(done + PHASES[self._phase] * share, 0.999)
        self._tell("")

    def epoch(self, entry: dict[str, float], epochs: int) -> None:
        """Report a finished epoch: {epoch, loss, accuracy, ...}."""
        loss, accuracy = entry["loss"], percent(entry["accuracy"], 2)
        self.say(f"epoch {entry['epoch']}/{epochs}: loss {loss:.4f}, validation {accuracy}")

    def say(self, line: str) -> None:
        self._tell(line)

    def check(self) -> None:
        """Stop here if the work must not go on. What takes seconds and has no share to report calls this within."""

    def note(self, **columns: object) -> None:
        """Record facts about the work, where there is a row for them."""

    def keep(self, content: bytes) -> None:
        """Keep what the work can go on from, where there is a row for it."""

    def kept(self) -> bytes:
        """Return what an earlier worker kept of this work; empty where there is nothing."""
        return b""

    def _tell(self, line: str) -> None:
        if self._listener is not None:
            self._listener(self._phase, self._share, line)


class Progress(Steps):
    """One run's progress, in its row. Every call also checks that the run may go on (see Lease.check)."""

    def __init__(self, run: TrainingRun, lease: Lease, listener: Listener | None = None) -> None:
        super().__init__(listener)
        self._run, self._lease = run, lease
        self._started = time.monotonic()
        self._written = float("-inf")
        self._columns: dict[str, object] = {}

    def check(self) -> None:
        self._lease.check()

    def phase(self, name: str) -> None:
        super().phase(name)
        self.note(phase=name)

    def at(self, share: float) -> None:
        super().at(share)
        spent = time.monotonic() - self._started
        self._columns["progress"] = self._share
        if self._share > 0.02:
            self._columns["eta_at"] = timezone.now() + timedelta(seconds=spent / self._share - spent)
        self._lease.check()
        if time.monotonic() - self._written >= WRITE_SECONDS:
            self._try_to_write()

    def epoch(self, entry: dict[str, float], epochs: int) -> None:
        curve = [*(earlier for earlier in self._run.curve if earlier["epoch"] < entry["epoch"]), entry]
        self._columns |= {"epoch": entry["epoch"], "epochs": epochs, "accuracy": entry["accuracy"], "curve": curve}
        super().epoch(entry, epochs)

    def say(self, line: str) -> None:
        """Add a line to the run's log."""
        self.note(log=f"{self._run.log}{timezone.now():%H:%M:%S} {line}\n"[-LOG_CHARACTERS:])
        super().say(line)

    def note(self, **columns: object) -> None:
        self._columns |= columns
        self._write()

    def keep(self, content: bytes) -> None:
        self._lease.check()
        RunCheckpoint.objects.update_or_create(run=self._run, defaults={"content": content})

    def kept(self) -> bytes:
        return bytes(RunCheckpoint.objects.filter(run=self._run).values_list("content", flat=True).first() or b"")

    def _try_to_write(self) -> None:
        try:
            self._write()
        except DatabaseError:  # it restarts, or is busy: how far a run is can be written later
            logger.warning("the run's progress could not be written just now", exc_info=True)
            connect_anew()
            self._written = time.monotonic()

    def _write(self) -> None:
        self._lease.check()
        if not self._run.write(**self._columns):
            raise LeaseLost("Another process has given this run up; its result is refused.")
        self._written = time.monotonic()
        self._columns = {}

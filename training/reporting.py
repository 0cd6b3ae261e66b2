"""Telling how far a run is: in its row, which the admin shows, and to whoever listens, such as a progress bar."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from training.leases import Lease, LeaseLost
from training.models import LOG_CHARACTERS, TrainingRun

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


class Progress:
    """One run's progress. Every call also checks that the run may go on (see Lease.check)."""

    def __init__(self, run: TrainingRun, lease: Lease, listener: Listener | None = None) -> None:
        self._run, self._lease, self._listener = run, lease, listener
        self._started = time.monotonic()
        self._written = float("-inf")
        self._columns: dict[str, object] = {}
        self._phase, self._overall_share = "", 0.0

    def phase(self, name: str) -> None:
        self._phase = name
        self._set(phase=name, progress=self._overall(0.0))
        self._lease.check()
        self._write()
        self._tell("")

    def at(self, share: float) -> None:
        """Say how much of the current phase is done, 0..1."""
        self._lease.check()
        progress = self._overall(share)
        spent = time.monotonic() - self._started
        self._set(progress=progress)
        if progress > 0.02:
            self._set(eta_at=timezone.now() + timedelta(seconds=spent / progress - spent))
        if time.monotonic() - self._written >= WRITE_SECONDS:
            self._write()
        self._tell("")

    def epoch(self, entry: dict, epochs: int) -> None:
        """Record a finished epoch: {epoch, loss, accuracy, seconds}."""
        self._set(epoch=entry["epoch"], epochs=epochs, accuracy=entry["accuracy"], curve=[*self._run.curve, entry])
        self._run.curve = [*self._run.curve, entry]
        self.say(
            f"epoch {entry['epoch']}/{epochs}: loss {entry['loss']:.4f}, validation {100 * entry['accuracy']:.2f} %"
        )

    def say(self, line: str) -> None:
        """Add a line to the run's log."""
        stamped = f"{timezone.now():%H:%M:%S} {line}"
        self._run.log = f"{self._run.log}{stamped}\n"[-LOG_CHARACTERS:]
        self._set(log=self._run.log)
        self._write()
        self._tell(line)

    def _overall(self, share: float) -> float:
        names = list(PHASES)
        done = sum(PHASES[name] for name in names[: names.index(self._phase)])
        self._overall_share = min(done + PHASES[self._phase] * share, 0.999)
        return self._overall_share

    def _set(self, **columns: object) -> None:
        self._columns.update(columns)

    def _write(self) -> None:
        self._lease.check()
        if not self._run.write(**self._columns):
            raise LeaseLost("Another process has given this run up; its result is refused.")
        self._written = time.monotonic()
        self._columns = {}

    def _tell(self, line: str) -> None:
        if self._listener is not None:
            self._listener(self._phase, self._overall_share, line)

"""One run: people draw all the time, one fault comes after the other, and at the end everything is counted."""

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.chaos.faults import Fault, NotHere
from bench.chaos.people import Call, Crowd, Ledger, is_failure
from bench.chaos.stack import Stack
from bench.chaos.verdict import Verdict, judge
from tests.support.waiting import let_time_pass, wait_until

QUIET_SECONDS = 1.5  # without a failed call, and the installation counts as healthy
HEALING_SECONDS = 90  # after which it never will
PROBE_SECONDS = 0.25
RUN_ENDS_SECONDS = 120  # that a run's lease and the next tick may take
BEFORE_SECONDS = 3.0  # of drawing, before the first fault


@dataclass
class Outcome:
    """What one fault did. Times in seconds; `not_tried`: why not, where it was not."""

    name: str
    lasted: float = 0.0
    healthy_after: float | None = None
    slowest_probe: float = 0.0
    failed_probes: int = 0
    not_tried: str = ""


@dataclass
class Report:
    outcomes: list[Outcome] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0

    @property
    def tried(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.not_tried]

    @property
    def all_healed(self) -> bool:
        return all(outcome.healthy_after is not None for outcome in self.tried)

    def calls(self, outcome: Outcome) -> list[Call]:
        return self.ledger.of(outcome.name)

    def failures(self, outcome: Outcome) -> Counter[str]:
        return Counter(call.outcome for call in self.calls(outcome) if is_failure(call.outcome))

    def slowest(self, outcome: Outcome) -> float:
        return max((call.seconds for call in self.calls(outcome)), default=0.0)


class Probes:
    """Asks each replica for /healthz, past nginx, four times a second."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._over = threading.Event()
        self._excused: tuple[int, ...] = ()
        self._outcome = Outcome("before")
        self._threads = [
            threading.Thread(target=self._probe, args=(n,), daemon=True) for n in range(len(stack.replicas))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def watch(self, outcome: Outcome, excused: tuple[int, ...]) -> None:
        self._outcome, self._excused = outcome, excused

    def _probe(self, number: int) -> None:
        while not self._over.wait(PROBE_SECONDS):
            outcome, start = self._outcome, time.monotonic()
            if number in self._excused:
                continue
            status = self._stack.probe(self._stack.replicas[number].port, "/healthz")
            if number in self._excused or outcome is not self._outcome:
                continue
            outcome.slowest_probe = max(outcome.slowest_probe, time.monotonic() - start)
            outcome.failed_probes += status != 200


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one installation, which PostgreSQL may enter also where it runs under an account of its own."""
    folder = Path(tempfile.mkdtemp(prefix="digitre-chaos-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, faults: Sequence[Fault], *, people: int, calls: int, seconds_between: float) -> Report:
    """Start an installation, let it be used and hurt, and compare what people were told with what there is.

    Args:
        calls: people go on after the last fault until so many were made.
        seconds_between: two drawings of one person.
    """
    report, began = Report(), time.monotonic()
    stack = Stack(folder)
    try:
        stack.start()
        crowd = Crowd(people, report.ledger, stack.people_port, seconds_between)
        probes = Probes(stack)
        crowd.start()
        probes.start()
        let_time_pass(BEFORE_SECONDS)
        for fault in faults:
            report.outcomes.append(hurt(stack, report.ledger, probes, fault))
            say(report, report.outcomes[-1])
        report.ledger.fault = "after the last"
        while len(report.ledger.calls) < calls:
            let_time_pass(1)
        crowd.end()
        probes.end()
        let_runs_end(stack)
        excused = {fault.name for fault in faults if fault.others_answer}
        report.verdict = judge(stack, report.ledger, excused, read_again=500)
    finally:
        stack.end()
    report.seconds = time.monotonic() - began
    return report


def hurt(stack: Stack, ledger: Ledger, probes: Probes, fault: Fault) -> Outcome:
    outcome = Outcome(fault.name)
    ledger.fault = fault.name
    probes.watch(outcome, fault.hits)
    start = time.monotonic()
    try:
        fault.make(stack)
    except NotHere as reason:
        outcome.not_tried = str(reason)
    except Exception as error:  # whatever it is, the other faults are still worth their time
        outcome.not_tried = f"making it failed: {error!r}"[:300]
        ledger.surprises[f"the harness could not make: {fault.name}"] += 1
    stack.mend()
    over = time.monotonic()
    outcome.lasted = over - start
    try:
        wait_until(lambda: is_healthy(stack, ledger, over), HEALING_SECONDS)
    except AssertionError:
        return outcome
    outcome.healthy_after = max(0.0, ledger.last_failure() - over)
    return outcome


def is_healthy(stack: Stack, ledger: Ledger, over: float) -> bool:
    quiet_since = max(over, ledger.last_failure())
    if time.monotonic() - quiet_since < QUIET_SECONDS or not ledger.successes_since(quiet_since):
        return False
    return stack.is_ready()


def let_runs_end(stack: Stack) -> None:
    """Wait until no run is at work: one whose worker is gone ends with its lease, at the next tick."""
    live = "SELECT 1 FROM training_trainingrun WHERE status IN ('running', 'requested')"
    stack.query("UPDATE training_trainingrun SET cancel_requested_at = now() WHERE status = 'running'")
    stack.query("UPDATE training_trainingrun SET status = 'cancelled' WHERE status = 'requested'")
    try:
        wait_until(lambda: not stack.query(live), RUN_ENDS_SECONDS)
    except AssertionError:
        return  # the verdict counts it


def say(report: Report, outcome: Outcome) -> None:
    """Tell who waits how far it is."""
    calls = len(report.calls(outcome))
    failed = sum(report.failures(outcome).values())
    healed = "never healthy" if outcome.healthy_after is None else f"healthy after {outcome.healthy_after:.1f} s"
    text = outcome.not_tried or f"{calls} calls, {failed} failed, {healed}"
    print(f"{len(report.outcomes):3} {outcome.name}: {text}", flush=True)

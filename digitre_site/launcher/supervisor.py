"""Keep a few processes running side by side, show what they say, and end them all."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

LEASH = str(Path(__file__).with_name("leash.py"))
POLL_SECONDS = 0.2
GRACE_SECONDS = 12  # gunicorn gives requests in flight 10
RESTART_DELAY_SECONDS = 1
MOST_RESTARTS = 5  # within RESTART_WINDOW_SECONDS; more is a fault that restarting does not mend
RESTART_WINDOW_SECONDS = 60
COLOURS = {"web": 36, "worker": 35, "beat": 33, "broker": 34, "set-up": 32}
print_lock = threading.Lock()


def say(name: str, line: str) -> None:
    """Print one line with its speaker before it. A closed terminal must not stop the stopping."""
    colour = COLOURS.get(name, 37)
    prefix = f"\033[{colour}m{name:7}|\033[0m" if sys.stdout.isatty() else f"{name:7}|"
    with print_lock, contextlib.suppress(OSError, ValueError):
        print(f"{prefix} {line}", flush=True)


@dataclass
class Service:
    """One kind of process that should be running."""

    name: str
    command: list[str]
    stops_last: bool = False
    process: subprocess.Popen[str] | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_RESTARTS + 1))

    def start(self, environment: dict[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the launcher alone."""
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(
            [sys.executable, "-S", LEASH, *self.command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self.relay, args=(self.process,), daemon=True).start()

    def relay(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            say(self.name, line.rstrip())

    def signal_group(self, number: int) -> None:
        """Reach the process and whatever it started: a killed worker leaves its pool child behind."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def keeps_falling(self) -> bool:
        return len(self.starts) > MOST_RESTARTS and self.starts[-1] - self.starts[0] < RESTART_WINDOW_SECONDS


class Supervisor:
    """Start services, restart those that fall, end all on a signal."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.services: list[Service] = []
        self.stop_asked = threading.Event()
        self.parent = os.getppid()

    def listen_for_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.on_signal())

    def on_signal(self) -> None:
        if self.stop_asked.is_set():  # asked twice: no more patience
            for service in self.services:
                service.signal_group(signal.SIGKILL)
        self.stop_asked.set()

    def start(self, service: Service) -> None:
        self.services.append(service)
        service.start(self.environment)

    def finish(self, command: list[str]) -> subprocess.CompletedProcess[str] | None:
        """Run one command to its end, its words on this terminal. None: a stop was asked for, and it was ended."""
        step = subprocess.Popen(
            [sys.executable, "-S", LEASH, *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        while step.poll() is None:
            if self.stop_asked.wait(POLL_SECONDS / 4):
                os.killpg(step.pid, signal.SIGKILL)
                step.wait()
                return None
        return subprocess.CompletedProcess(command, step.returncode, step.stdout.read() if step.stdout else "")

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds. False: it did not, a service ended first, or a stop was asked for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.stop_asked.is_set():
            if condition():
                return True
            if any(service.has_ended for service in self.services):
                return False
            self.stop_asked.wait(POLL_SECONDS)
        return False

    def watch(self) -> int:
        """Restart what falls until a stop is asked for. Returns the exit status for the shell."""
        while not self.stop_asked.wait(POLL_SECONDS):
            if self.make_was_killed():
                return 1
            for service in self.services:
                if service.has_ended and not self.bring_back(service):
                    return 1
        return 0

    def make_was_killed(self) -> bool:
        return "MAKELEVEL" in os.environ and os.getppid() != self.parent

    def bring_back(self, service: Service) -> bool:
        assert service.process is not None
        service.signal_group(signal.SIGKILL)
        if service.keeps_falling:
            say(service.name, f"fell {MOST_RESTARTS} times within a minute. Its last lines above say why.")
            return False
        say(service.name, f"ended with status {service.process.returncode}; starting it again.")
        self.stop_asked.wait(RESTART_DELAY_SECONDS)
        if not self.stop_asked.is_set():
            service.start(self.environment)
        return True

    def stop(self) -> None:
        """End every service and all they started: politely, then not."""
        for last in (False, True):
            group = [service for service in self.services if service.stops_last is last]
            for service in group:
                service.signal_group(signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            while not all(service.has_ended for service in group) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS / 4)
            for service in group:
                service.signal_group(signal.SIGKILL)
                if service.process is not None:
                    service.process.wait()

"""What a call costs, how many there are room for, and how long they take: prints it and writes docs/benchmarks.md.

    make bench, or python -m bench load [SECONDS [REQUESTS]]    4 for each row, and 50,000 to see whether memory grows

The site runs as `make run` and the images run it, gunicorn and all, with as many workers as there are cores and its limits off;
the floor and the 2017 design (bench/contestants.py) run behind the same gunicorn. All share the machine's cores with the load.
"""

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench import load, stages
from bench.load import Measured
from recognizer.imaging.strokes import ink_strokes
from tests.support.digits import SIDE, digit_path
from tests.support.known import known
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.running_site import ON_ITS_OWN, Digitre, free_port
from tests.support.waiting import wait_until

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
CONNECTIONS = (1, 4, 16, 64)
COMPARED = 4  # connections
WORKERS = os.cpu_count() or 1
DRAWINGS = 20  # different ones, in turn
SHAPES = [(1, 1), (1, 4), (WORKERS, 1), (WORKERS, 2), (WORKERS, 4), (WORKERS, 8), (2 * WORKERS, 1), (2 * WORKERS, 4)]
BATCH = 64
PEN = 22.4  # px, the page's
POINT_MS = 16.7  # a pen is asked for its place once a frame
WARM_UP_SECONDS = 1.5
PACED_CONNECTIONS = 32
MANY = 50_000  # requests in which memory must not grow
GUESSES, STORED, BATCHES = "/api/v1/guesses/", "/api/v1/drawings/", "/api/v1/guesses/batch/"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """One row: calls a second, and CPU milliseconds of the server's for each."""

    rate: float
    cpu: float


def drawings() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Some digits as pages send them, and the same as a canvas gives their picture: black on nothing, RGBA."""
    paths, pictures = [], []
    for i in range(DRAWINGS):
        strokes = digit_path(i % 10, np.random.default_rng((i, 5)))
        timed = [[[*point, k * POINT_MS] for k, point in enumerate(stroke)] for stroke in strokes]
        paths.append({"strokes": timed, "canvas": {"width": SIDE, "height": SIDE}})
        alpha = Image.fromarray(ink_strokes(strokes, SIDE, PEN))
        buffer = io.BytesIO()
        Image.merge("RGBA", [Image.new("L", alpha.size)] * 3 + [alpha]).save(buffer, "PNG")
        pictures.append({"image": "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()})
    return paths, pictures


def encoded(bodies: Sequence[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(body, separators=(",", ":")).encode() for body in bodies]


def batches(bodies: Sequence[dict[str, Any]]) -> list[bytes]:
    return encoded([{"drawings": [bodies[i % len(bodies)] for i in range(BATCH)]}])


PATHS, PICTURES = drawings()
CALLS: list[tuple[str, str, list[bytes]]] = [
    ("guess, path", GUESSES, encoded(PATHS)),
    ("guess, picture", GUESSES, encoded(PICTURES)),
    ("stored, path", STORED, encoded(PATHS)),
    ("stored, picture", STORED, encoded(PICTURES)),
    ("batch of 64, path", BATCHES, batches(PATHS)),
    ("batch of 64, picture", BATCHES, batches(PICTURES)),
]


@contextmanager
def site(url: str, **extra: str) -> Iterator[Digitre]:
    """Run the web of one installation, warm."""
    with tempfile.TemporaryDirectory() as folder:
        served = Digitre(Path(folder), url)
        served.environment |= {"WEB_CONCURRENCY": str(WORKERS), "DIGITRE_THROTTLES": "off"}
        served.serve(**extra)
        try:
            yield served
        finally:
            served.end()


@contextmanager
def contestant(name: str, database: str = "") -> Iterator[tuple[int, int]]:
    """Run one of bench.contestants behind gunicorn, warm. Yields its process and its port."""
    port = free_port()
    options = f"--config /dev/null --bind 127.0.0.1:{port} --keep-alive 75 --timeout 300 --no-control-socket"
    options += f" --workers {WORKERS} --worker-class gthread --threads 1"  # neither keeps its threads apart
    command = [sys.executable, "-m", "gunicorn", *options.split()]
    process = subprocess.Popen(
        [*command, f"bench.contestants:{name}"],
        env=os.environ | {"BENCH_DATABASE": database},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: is_listening(port))
        load.run(port, "/", encoded(PICTURES), 1, 0.1)  # one worker makes the table, not two at once
        load.run(port, "/", encoded(PICTURES), 32, 0.1)  # so many that each worker gets some
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def is_listening(port: int) -> bool:
    try:
        load.Connection(port, "/", [b""]).socket.close()
    except OSError:
        return False
    return True


def cpu_seconds(server: int) -> float:
    """Return the processor time that gunicorn's workers have used since they began; `server` is the process that started them."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12]) if int(fields[1]) == server else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def measured(port: int, path: str, bodies: Sequence[bytes], connections: int, seconds: float) -> Measured:
    load.run(port, path, bodies, min(connections, COMPARED), WARM_UP_SECONDS)
    return load.run(port, path, bodies, connections, seconds)


def rates(say: Say, database: str, url: str, seconds: float) -> dict[str, Compared]:
    """Write the table of one database. Returns what is compared, by name."""
    say(f"\n## {database}\n")
    say("| call | connections | a second | p50, ms | p99, ms | CPU, ms |\n| --- | --- | --- | --- | --- | --- |")
    compared: dict[str, Compared] = {}

    def rows(name: str, server: int, port: int, path: str, bodies: Sequence[bytes]) -> None:
        for connections in CONNECTIONS:
            load.run(port, path, bodies, min(connections, COMPARED), WARM_UP_SECONDS)
            before = cpu_seconds(server)
            found = load.run(port, path, bodies, connections, seconds)
            cpu = (cpu_seconds(server) - before) / len(found.times) * 1000
            times = f"{found.milliseconds(50):.1f} | {found.milliseconds(99):.1f} | {cpu:.1f}"
            say(f"| {name} | {connections} | {found.rate:.{0 if found.rate >= 10 else 1}f} | {times} |")
            if connections == COMPARED:
                compared[name] = Compared(found.rate, cpu)

    with site(url) as served:
        for name, path, bodies in CALLS:
            rows(name, known(served.process).pid, served.port, path, bodies)
    with (
        tempfile.TemporaryDirectory() as folder,
        contestant("floor", url or f"{folder}/floor.sqlite3") as (server, port),
    ):
        rows("*the floor*", server, port, "/", encoded(PICTURES))
    with contestant("design_2017") as (server, port):
        rows("*the 2017 design*", server, port, "/", encoded(PICTURES))
    return compared


def comparison(say: Say, compared: dict[str, Compared]) -> None:
    floor, old = compared["*the floor*"], compared["*the 2017 design*"]
    for name, goal in (("stored, picture", "0.6 and 10"), ("stored, path", "0.9")):
        ours = compared[name]
        ratios = f"{ours.rate / floor.rate:.2f} of the floor, {ours.rate / old.rate:.1f} times the 2017 design"
        say(f"* {name}: {ratios} (goal: {goal});")
        say(f"  by the CPU that it takes in the server alone {floor.cpu / ours.cpu:.2f} and {old.cpu / ours.cpu:.1f}.")


def spread(say: Say, url: str, seconds: float) -> None:
    """Write how long answers take at half of the most that there is room for, alone and beside a training."""
    say("\n## At half of that rate, PostgreSQL\n")
    say("Drawings by path are stored by the clock, at half of the rate that 16 connections reach.\n")
    say("| beside | a second | p50, ms | p99, ms | p99 / p50 | goal |\n| --- | --- | --- | --- | --- | --- |")
    with site(url) as served:
        most = measured(served.port, STORED, encoded(PATHS), 16, seconds).rate
        for beside, goal in (("nothing", 3), ("a training at its low priority", 6)):
            training = start_training() if beside != "nothing" else None
            try:
                found = load.run(served.port, STORED, encoded(PATHS), PACED_CONNECTIONS, 3 * seconds, most / 2)
            finally:
                if training:
                    training.terminate()
                    training.wait()
            half, far = found.milliseconds(50), found.milliseconds(99)
            say(f"| {beside} | {found.rate:.0f} | {half:.1f} | {far:.1f} | {far / half:.1f} | {goal} |")


def workers_and_threads(say: Say, url: str, seconds: float) -> None:
    """Write what gunicorn.conf.py's numbers come to, and others."""
    say("\n## Workers and threads\n")
    say("Drawings by path stored on PostgreSQL over 16 connections.\n")
    say("| workers | threads | a second | p50, ms | p99, ms |\n| --- | --- | --- | --- | --- |")
    for workers, threads in SHAPES:
        with site(url, WEB_CONCURRENCY=str(workers), GUNICORN_CMD_ARGS=f"--threads {threads}") as served:
            found = measured(served.port, STORED, encoded(PATHS), 16, seconds)
        half, far = found.milliseconds(50), found.milliseconds(99)
        say(f"| {workers} | {threads} | {found.rate:.0f} | {half:.1f} | {far:.1f} |")


def start_training() -> "subprocess.Popen[str]":
    """Fine-tune the baseline as the worker does, over and over. Returns once it has begun to learn."""
    program = (
        "from bench import fingerprint\nfrom training.config import RunLimits\n"
        "from training.runs.resource_limits import confine\nconfine(RunLimits())\n"
        "print('learning', flush=True)\nwhile True: fingerprint.fine_tuned()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert known(process.stdout).readline() == "learning\n"
    return process


def resident(served: Digitre) -> list[float]:
    """Return MB of each web worker; the first of gunicorn's processes is not one."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in served.processes("gunicorn")]
    return sorted(count * os.sysconf("SC_PAGE_SIZE") / 1e6 for count in pages)[1:]


def first_answer(served: Digitre) -> float:
    """Return seconds from the start of a process of gunicorn's to its first guess, the database being as it is."""
    served.end()
    start = time.perf_counter()
    served.run([sys.executable, "-m", "gunicorn", "digitre_site.wsgi"], **ON_ITS_OWN)
    wait_until(lambda: answers(served))
    return time.perf_counter() - start


def answers(served: Digitre) -> bool:
    try:
        return served.call("POST", GUESSES, PATHS[0])[0] == 200
    except OSError:
        return False


def memory(say: Say, url: str, requests: int) -> None:
    say("\n## Memory and start\n")
    with site(url) as served:
        seconds = min(first_answer(served) for _ in range(3))
        measured(served.port, STORED, encoded(PATHS), 16, WARM_UP_SECONDS)
        load.run(served.port, BATCHES, batches(PICTURES), 4, WARM_UP_SECONDS)
        before = resident(served)
        sent = 0
        while sent < requests:
            for path, bodies in ((GUESSES, PATHS), (GUESSES, PICTURES), (STORED, PATHS)):
                sent += len(load.run(served.port, path, encoded(bodies), 16, 5).times)
        after = resident(served)
    shown = ", ".join(f"{one:.0f}" for one in before), ", ".join(f"{one:.0f}" for one in after)
    say(f"* From the start of gunicorn to the first answer: {seconds:.1f} s, the best of three (goal: 2 s).")
    say(
        f"* Each web worker takes {shown[0]} MB warm, and {shown[1]} MB after {sent:,} requests more (goal: 150, no growth)."
    )


def by_stage(say: Say) -> None:
    say("\n## CPU a call, by stage\n")
    say(
        "One process, SQLite in a file; milliseconds of a core, best of seven rounds. A stage alone is warmer than in a call.\n"
    )
    found = stages.measure(PATHS[0], PICTURES[0])
    say("| stage | path | picture |\n| --- | --- | --- |")
    for stage in found:
        say(f"| {stage.name} | {stage.path:.2f} | {stage.picture:.2f} |")
    say("\nGoals: a guess 1.0 by path and 1.8 by picture, a stored drawing 2.5.")


def setting(say: Say) -> None:
    kind = next(
        (line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?"
    )
    one, five, fifteen = os.getloadavg()
    say("# Benchmarks\n")
    say("Written by `make bench`; what it means is in [operations](operations.md#how-much-one-machine-carries).\n")
    say(
        f"* {WORKERS} cores ({kind}), shared by the server ({WORKERS} workers of 4 threads), the database and the load."
    )
    say("* PostgreSQL without fsync, SQLite as it is shipped (WAL, synchronous = NORMAL). Limits are off.")
    say(
        "* A picture is 280 x 280 RGBA, black on nothing, as a canvas gives it; a path has 40 to 70 points with their times."
    )
    say(f"* What else ran: a load of {one:.1f}, {five:.1f} and {fifteen:.1f} over 1, 5 and 15 minutes when this began.")
    steps = f"{stages.YARDSTICK_STEPS:,} steps of a Python loop"
    say(
        "* CPU is the server's own for one call, by the kernel's count: what else runs shows less in it than in the times."
    )
    say(f"* A yardstick, {steps}: {stages.yardstick():.0f} ms of CPU; 20 where such a machine does nothing else.")


def main(seconds: float = 4.0, requests: float = MANY) -> None:
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    setting(say)
    by_stage(say)
    binaries = find_binaries()
    rates(say, "SQLite", "", seconds)
    if binaries is None:
        print("PostgreSQL is not installed here, so its half was not measured and nothing is written.")
        return
    with running_postgres(binaries) as url:
        compared = rates(say, "PostgreSQL", url, seconds)
        say("")
        comparison(say, compared)
        workers_and_threads(say, url, seconds)
        spread(say, url, seconds)
        memory(say, url, round(requests))
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")

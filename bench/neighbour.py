"""What a neighbour notices while one address asks for as much as it can get, on one route after the other.

    python -m bench.neighbour [SECONDS]        fifteen seconds a route unless said otherwise; everything shares the machine

Three replicas behind nginx, PostgreSQL and Redis on loopback, throttles on. The address has eight connections and waits for
nothing but answers: what its limits refuse is asked again at once. The neighbour has five drawings a second read. Prints a table
in Markdown; ends with 1 if the neighbour's p99 is over LIMIT_MS on a route.
"""

import http.client
import itertools
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.support.known import known
from tests.support.pictures import seven_form
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.proxied_site import UNPROVEN, proxied_site

LIMIT_MS = 150
CONNECTIONS = 8
GREEDY, NEIGHBOUR = "127.7.7.7", "127.8.8.8"
PACE_SECONDS = 0.2
START_SECONDS = 2.0  # that the process which presses gets to begin
BODIES = 20  # made before, and sent in turn
MOST_POINTS, STROKES = 4096, 64  # of one drawing, as far as the site takes them
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Route:
    """One thing to ask for, over and over. `body` makes one, of `kind`."""

    method: str
    path: str
    body: Callable[[], str] = lambda: ""
    kind: str = "application/json"


def dear_drawing() -> dict[str, Any]:
    """As many strokes and points as are taken: what costs the most to ink, and to explain."""
    shaky = random.Random()
    points = MOST_POINTS // STROKES
    strokes = [[[shaky.uniform(20, 260), shaky.uniform(20, 260)] for _ in range(points)] for _ in range(STROKES)]
    return {"strokes": strokes, "canvas": {"width": 280, "height": 280}}


def dear() -> str:
    return json.dumps(dear_drawing())


def batch() -> str:
    form = seven_form()
    return json.dumps({"drawings": [{"strokes": form["strokes"], "canvas": form["canvas"]}] * STROKES})


def sign_in() -> str:
    return f"username=x{random.getrandbits(60):x}&password=guess&next=/admin/"


ROUTES = {
    "guesses": Route("POST", "/api/v1/guesses/", dear),
    "drawings, stored": Route("POST", "/api/v1/drawings/", dear),
    "explanations": Route("POST", "/api/v1/explanations/", dear),
    "batches of 64": Route("POST", "/api/v1/guesses/batch/", batch),
    "ten digits to draw": Route("GET", "/api/v1/rounds/"),
    "one's own list": Route("GET", "/api/v1/drawings/"),
    "one's own file": Route("GET", "/api/v1/drawings/export/"),
    "progress": Route("GET", "/api/v1/progress/"),
    "what taught": Route("GET", "/api/v1/progress/drawings/"),
    "model": Route("GET", "/api/v1/model/"),
    "a campaign's wall": Route("GET", "/api/v1/walls/CCCC/"),
    "the draw page": Route("GET", "/"),
    "the progress page": Route("GET", "/progress/"),
    "the schema": Route("GET", "/api/schema/"),
    "sign-in, a name each": Route("POST", "/admin/login/", sign_in, FORM),
    "what is not there": Route("GET", "/nothing/"),
    "the seed's route": Route("POST", "/_get_digit", dear),
}


class Caller:
    """One kept connection from an address of its own."""

    def __init__(self, port: int, address: str) -> None:
        self._port, self._address = port, address
        self._connection: http.client.HTTPSConnection | None = None

    def ask(self, route: Route, body: str) -> int:
        """Return the status; 0 for no answer."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(
                    "127.0.0.1", self._port, timeout=60, source_address=(self._address, 0), context=UNPROVEN
                )
            self._connection.request(route.method, route.path, body or None, {"Content-Type": route.kind})
            response = self._connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return 0


def press(port: int, name: str, over: Event, answered: "Queue[Counter[int]]") -> None:
    """Ask for a route over several connections, in a process of its own: who presses must not hold up who measures."""
    route = ROUTES[name]
    bodies = [route.body() for _ in range(BODIES)]
    answers: Counter[int] = Counter()

    def ask_on() -> None:
        caller, turn = Caller(port, GREEDY), itertools.cycle(random.sample(bodies, len(bodies)))
        while not over.is_set():
            answers[caller.ask(route, next(turn))] += 1

    threads = [threading.Thread(target=ask_on) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered.put(answers)


def neighbour(port: int, seconds: float) -> list[float]:
    """Draw for so long; how long each answer took, in milliseconds."""
    caller, took = Caller(port, NEIGHBOUR), []
    drawing, body = Route("POST", "/api/v1/guesses/"), json.dumps(seven_form())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        start = time.perf_counter()
        status = caller.ask(drawing, body)
        took.append(1000 * (time.perf_counter() - start))
        if status != 200:
            raise SystemExit(f"the neighbour was answered {status}")
        time.sleep(PACE_SECONDS)
    return took


def beside(port: int, name: str | None, seconds: float) -> tuple[list[float], Counter[int]]:
    """The neighbour's milliseconds while a route is pressed, or none, and how often what was answered there."""
    if name is None:
        return neighbour(port, seconds), Counter()
    spawn = get_context("spawn")
    over, answered = spawn.Event(), spawn.Queue()
    greedy = spawn.Process(target=press, args=(port, name, over, answered), daemon=True)
    greedy.start()
    time.sleep(START_SECONDS)
    took = neighbour(port, seconds)
    over.set()
    answers = answered.get()
    greedy.join()
    return took, answers


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15
    over = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres(known(find_binaries())) as url,
        proxied_site(Path(folder), url) as site,
    ):
        port = site.nginx.port
        neighbour(port, 3)  # connections and caches
        print(f"{os.cpu_count()} cores for all of it, {CONNECTIONS} connections, {seconds:.0f} s a route\n")
        print("| what one address asks for | answers a second | refused | neighbour's p50, ms | p99, ms | load |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name in (None, *ROUTES):
            what = name or "nothing"
            took, answers = beside(port, name, seconds)
            refused = answers[429] / max(1, answers.total())
            p50, p99 = median(took), quantiles(took, n=100)[-1]
            over += [what] if p99 > LIMIT_MS else []
            load = os.getloadavg()[0]
            row = [
                what,
                f"{answers.total() / seconds:.0f}",
                f"{refused:.0%}",
                f"{p50:.0f}",
                f"{p99:.0f}",
                f"{load:.1f}",
            ]
            print(f"| {' | '.join(row)} |", flush=True)
            troubles = {status for status in answers if status == 0 or status >= 500}
            if troubles:
                print(f"    answered {sorted(troubles)} to some", flush=True)
    print(f"\nneighbour's p99 over {LIMIT_MS} ms: {', '.join(over) or 'nowhere'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())

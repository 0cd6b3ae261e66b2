"""How much one machine carries: nginx, one to three replicas, PostgreSQL and Redis on loopback, and people who draw and label.

    python -m bench.sizing [SECONDS]        half a minute a row unless said otherwise; load generator and site share the machine

Prints a table in Markdown. A drawing here is two calls: it is stored, and its label confirmed.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

from tests.support.known import known
from tests.support.postgres_server import find_binaries, running_postgres
from tests.support.proxied_site import ProxiedSite, Visitor, proxied_site
from tests.support.running_site import Digitre

PEOPLE = 12
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
Times = list[float]


def draw_until(deadline: float, visitor: Visitor, times: Times) -> None:
    while time.monotonic() < deadline:
        start = time.perf_counter()
        status, answer = visitor.draw()
        times.append(time.perf_counter() - start)
        if status != 201 or visitor.label(answer["id"], 7)[0] != 200:
            raise SystemExit(f"{status}: {answer}")


def megabytes(replica: Digitre) -> float:
    """Resident memory of a replica's processes; what they share is counted in each."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in replica.processes("gunicorn")]
    return sum(pages) * PAGE_BYTES / 1e6


def measure(site: ProxiedSite, seconds: float) -> tuple[Times, float]:
    times: Times = []
    draw_until(time.monotonic() + 2, site.visitor(), [])  # connections and caches
    deadline = time.monotonic() + seconds
    people = [threading.Thread(target=draw_until, args=(deadline, site.visitor(), times)) for _ in range(PEOPLE)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return times, max(map(megabytes, site.replicas))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    print(f"{os.cpu_count()} cores for all of it, {PEOPLE} people who draw without a pause, {seconds:.0f} s a row\n")
    print(
        "| replicas | drawings a second | p50, ms | p99, ms | memory of a replica, MB |\n| --- | --- | --- | --- | --- |"
    )
    for replicas in (1, 2, 3):
        with (
            tempfile.TemporaryDirectory() as folder,
            running_postgres(known(find_binaries())) as url,
            proxied_site(Path(folder), url, replicas=replicas, DIGITRE_THROTTLES="off") as site,
        ):
            times, memory = measure(site, seconds)
            p50, p99 = 1000 * median(times), 1000 * quantiles(times, n=100)[-1]
            print(f"| {replicas} | {len(times) / seconds:.0f} | {p50:.0f} | {p99:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()

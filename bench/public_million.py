"""How long the public pages and calls take with a million drawings and ten million events, and what the long verbs hold up.

    python tests/support/postgres_server.py python -m bench.public_million [rows]

Three tables: every page and call (medians of server time, warm; budget 300 ms), asked by the busiest contributor; the longest
transaction and the time of purge, deletion and campaigns; largest resident memory of export, snapshot and one's own file at a
tenth of the rows and at all of them. Ends with 1 if a budget is broken.
"""

import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

os.environ.setdefault("DIGITRE_VAR_DIR", tempfile.mkdtemp(prefix="digitre-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

LIMIT_MS = 300
LONGEST_SECONDS = 1.0  # of one transaction of a verb that goes through many rows, on an idle machine
MEMORY_RATIO = 1.2  # of ten times the rows, for what streams
EXPORTED = 10_000  # drawings after which an export of all is broken off: it asks for all of them all the same
Table = dict[str, tuple[float, ...]]


def main() -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if sys.argv[2:]:  # a step, in a process of its own
        STREAMS[sys.argv[2]]()
        print(largest_memory())
        return 0
    from bench.million import fill

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    memory: dict[str, list[float]] = {name: [] for name in STREAMS}
    start = time.perf_counter()
    for seed, part in enumerate((rows // 10, rows - rows // 10)):
        fill(part, seed)
        for name, seen in memory.items():
            seen.append(peak(rows, name))
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM recognizer_drawing), (SELECT count(*) FROM recognizer_labelevent)")
        drawings, events = cursor.fetchone()
        cursor.execute(
            "SELECT pg_total_relation_size('recognizer_drawing'), pg_total_relation_size('recognizer_labelevent')"
        )
        sizes = [f"{size / 1e9:.1f} GB" for size in cursor.fetchone()]
    took = time.perf_counter() - start
    print(
        f"{drawings:,} drawings ({sizes[0]}), {events:,} events ({sizes[1]}), {took:.0f} s; load {os.getloadavg()[0]:.1f}\n"
    )
    broken = [*pages(), *verbs()]
    print(f"\n{'largest memory':44} {'a tenth':>10} {'all':>10}")
    for name, (small, large) in memory.items():
        print(f"{name:44} {small:7.0f} MB {large:7.0f} MB")
        broken += [name] if large > MEMORY_RATIO * small else []
    print(f"\nover budget: {', '.join(broken) or 'none'}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 1 if broken else 0


def largest_memory() -> float:
    """Of this process, MB. getrusage also knows what the process was before it became this program."""
    (peak_kb,) = re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(peak_kb) / 1024


def peak(rows: int, step: str) -> float:
    command = [sys.executable, "-m", "bench.public_million", str(rows), step]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


# pages and calls


def pages() -> list[str]:
    """Measure each, print a row each. Returns those over budget."""
    from django.core.cache import cache
    from django.test import Client

    from bench.admin_million import measure

    client = Client()
    client.cookies["digitre_contributor"] = cookie_of_the_busiest()
    over = []
    print(f"{'page or call':44} {'clock':>9} {'Python':>9} {'queries take':>13} {'queries':>8}")
    for name, ask in asked(client).items():
        clock, processor, database, queries, slowest = measure(
            ask, before=cache.clear if name.endswith("not cached") else lambda: None
        )
        print(f"{name:44} {clock:6.0f} ms {processor:6.0f} ms {database:10.0f} ms {queries:8}", flush=True)
        if clock > LIMIT_MS:
            over.append(name)
            print(f"    {slowest['time']} s for {slowest['sql'][:600]}")
    return over


def cookie_of_the_busiest() -> str:
    from recognizer import contributor_cookie
    from recognizer.models import Contributor

    return contributor_cookie.signed(Contributor.objects.earliest("id"))


def asked(client: "Client") -> dict[str, Callable[[], object]]:
    from recognizer.models import Contributor, Drawing
    from tests.support.pictures import seven_form

    def get(path: str) -> Callable[[], object]:
        return lambda: sound(client.get(path))

    def post(path: str, form: Any = None) -> Callable[[], object]:
        return lambda: sound(client.post(path, seven_form() if form is None else form, content_type="application/json"))

    def feedback() -> None:
        drawing = sound(client.post("/api/v1/drawings/", seven_form(), content_type="application/json")).json()["id"]
        sound(client.put(f"/api/v1/drawings/{drawing}/feedback/", {"label": 3}, content_type="application/json"))
        sound(client.delete(f"/api/v1/drawings/{drawing}/feedback/"))
        sound(client.delete(f"/api/v1/drawings/{drawing}/"))

    mine = Drawing.objects.of(Contributor.objects.earliest("id")).order_by("created_at").values_list("pk", flat=True)
    public = {f"page {path}": get(path) for path in PAGES}
    calls = {
        "guess": post("/api/v1/guesses/"),
        "draw": post("/api/v1/drawings/"),
        "draw, label, take back, delete (4 calls)": feedback,
        "explain": post("/api/v1/explanations/"),
        "Yours, first page": get("/api/v1/drawings/"),
        "Yours, a page in the middle": get(f"/api/v1/drawings/?{cursor_after(client, 30)}"),
        "Yours, one drawing": get(f"/api/v1/drawings/{mine[0]}/"),
        "Yours, what taught": get("/api/v1/progress/drawings/"),
        "Yours, the file's first line": lambda: next(
            iter(sound(client.get("/api/v1/drawings/export/")).streaming_content)
        ),
        "progress": get("/api/v1/progress/"),
        "progress, not cached": get("/api/v1/progress/"),
        "ten digits to draw": get("/api/v1/rounds/"),
        "model": get("/api/v1/model/"),
    }
    return public | calls


PAGES = ("/", "/rounds/", "/drawings/", "/progress/", "/model/", "/about/", "/privacy/", "/kiosk/")


def sound(response: Any) -> Any:
    if response.status_code >= 400:
        raise SystemExit(f"{response.request['PATH_INFO']}: {response.status_code} {response.content[:300]}")
    return response


def cursor_after(client: "Client", pages_on: int) -> str:
    query = ""
    for _ in range(pages_on):
        following = sound(client.get(f"/api/v1/drawings/?{query}")).json()["next"]
        if not following:
            break
        query = following.partition("?")[2]
    return query


# verbs that go through many rows


def verbs() -> list[str]:
    """Do them, and print how long each took, how many transactions and how long the longest. Returns those over budget."""
    from django.utils import timezone

    from recognizer import campaigns, services
    from recognizer.models import Campaign, Contributor, Drawing

    month_ago = timezone.now() - timedelta(days=31)
    overdue = Drawing.objects.filter(created_at__lt=month_ago, confirmed_label=None).count()
    busiest = Contributor.objects.earliest("id")
    campaign = Campaign.objects.create(name="A school")
    people = Contributor.objects.filter(pk__gt=busiest.pk)[:200].values_list("pk", flat=True)
    Contributor.objects.filter(pk__in=list(people)).update(campaign=campaign)
    Drawing.objects.filter(contributor__in=list(people)).update(campaign=campaign)
    count = Drawing.objects.of(busiest).count()
    table: Table = {}
    for name, act in {
        f"forget a contributor of {count:,} drawings": lambda: services.forget(busiest),
        f"delete a campaign of 200, {campaign.drawings.count():,} drawings": lambda: campaigns.delete(campaign, None),
        f"purge {overdue:,} unconfirmed": services.purge_unconfirmed,
        "forget senders": services.forget_senders,
    }.items():
        start = time.perf_counter()
        with transactions() as lasted:
            act()
        table[name] = (time.perf_counter() - start, len(lasted), max(lasted, default=0))
    print(f"\n{'verb':44} {'in all':>9} {'transactions':>13} {'longest':>9}")
    for name, (seconds, number, longest) in table.items():
        print(f"{name:44} {seconds:7.1f} s {number:13} {longest:7.2f} s")
    return [name for name, (_, _, longest) in table.items() if longest > LONGEST_SECONDS]


@contextmanager
def transactions() -> Iterator[list[float]]:
    """How long each transaction lasted, in seconds; a statement outside of one is one."""
    from django.db import connection, transaction

    lasted: list[float] = []
    began: list[float] = []
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__

    def entered(atomic: Any) -> None:
        began.append(time.perf_counter())
        enter(atomic)

    def left(atomic: Any, *reason: Any) -> None:
        leave(atomic, *reason)
        since = began.pop()
        if not began:
            lasted.append(time.perf_counter() - since)

    def execute(run: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        since = time.perf_counter()
        try:
            return run(sql, values, many, context)
        finally:
            if not began and not re.match(r"\s*SELECT", sql):
                lasted.append(time.perf_counter() - since)

    transaction.Atomic.__enter__, transaction.Atomic.__exit__ = entered, left  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(execute):
            yield lasted
    finally:
        transaction.Atomic.__enter__, transaction.Atomic.__exit__ = enter, leave  # type: ignore[method-assign]


# what streams


def export_all() -> None:
    from training.exchange.exporting import export_drawings
    from training.exchange.records import read_records
    from training.exchange.selection import Selection

    drawings = itertools.islice(read_records(Selection(statuses=()).drawings()), EXPORTED)
    with tempfile.TemporaryDirectory() as folder:
        export_drawings(Path(folder) / "out", ("jsonl",), drawings)


def choose_snapshot() -> None:
    from training.config import SnapshotConfig
    from training.curation import snapshots

    chosen = snapshots.choose(SnapshotConfig(), set())
    assert chosen.members


def own_file() -> None:
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.cookies["digitre_contributor"] = cookie_of_the_busiest()
    for _ in sound(client.get("/api/v1/drawings/export/")).streaming_content:
        pass


STREAMS: dict[str, Callable[[], None]] = {
    f"export of all, its first {EXPORTED:,}": export_all,
    "snapshot, chosen": choose_snapshot,
    "one's own file": own_file,
}

if __name__ == "__main__":
    sys.exit(main())

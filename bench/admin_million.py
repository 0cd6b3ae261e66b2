"""How long the review desk takes with a million drawings in PostgreSQL: medians of server time, and queries a page.

    python tests/support/postgres_server.py python -m bench.admin_million [rows]

Makes the rows by generate_series (unless they are there), signs in, and asks for each page through Django's test client, warm.
Prints a table, and ends with 1 if a page's median is over LIMIT_MS.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support.known import known

if TYPE_CHECKING:
    from django.test import Client

LIMIT_MS = 300
REPEATS = 15
PICTURES = 200
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

FILL = """
INSERT INTO recognizer_contributor (token, created_at, is_exam)
SELECT gen_random_uuid(), now() - random() * interval '400 days', n %% 5 = 0 FROM generate_series(1, %(people)s) n;

CREATE TEMP TABLE heap AS
SELECT gen_random_uuid() AS id, n, 1 + (random() * (%(people)s - 1))::int AS person,
       now() - (random() ^ 2) * interval '365 days' AS created_at,
       (random() * 9)::int AS drawn, 0.4 + 0.6 * (1 - random() ^ 3) AS confidence, random() AS luck, random() AS fate
FROM generate_series(1, %(rows)s) n;

INSERT INTO recognizer_drawing (
    id, contributor_id, created_at, png, content_hash, preprocessing_version, model_version_id, probabilities,
    predicted_label, top_label, confidence, margin, confirmed_label, confirmed_at, status, status_reason,
    reviewed_label, reviewed_at, reviewed_by_id, suspicion, review_priority, check_due,
    claimed_window, claimed_look, is_known, rarity)
SELECT h.id, person, h.created_at, picture.png, md5(n::text) || md5(n::text), 1, %(version)s, picture.probabilities,
       CASE WHEN luck < 0.01 THEN NULL WHEN luck < 0.06 THEN (drawn + 1) %% 10 ELSE drawn END,
       CASE WHEN luck < 0.06 THEN (drawn + 1) %% 10 ELSE drawn END,
       confidence, greatest(0, 2 * confidence - 1),
       CASE WHEN fate < 0.2 THEN NULL WHEN luck > 0.995 THEN 10 ELSE drawn END,
       CASE WHEN fate < 0.2 THEN NULL ELSE h.created_at END,
       CASE WHEN fate < 0.2 THEN 'unconfirmed' WHEN fate < 0.3 OR luck < 0.06 THEN 'waiting'
            WHEN fate < 0.33 THEN 'rejected' WHEN fate < 0.34 THEN 'quarantined' ELSE 'approved' END,
       '',
       CASE WHEN fate > 0.8 AND luck >= 0.06 THEN drawn END,
       CASE WHEN fate > 0.8 AND luck >= 0.06 THEN h.created_at END,
       CASE WHEN fate > 0.8 AND luck >= 0.06 THEN %(user)s END,
       CASE WHEN fate < 0.2 THEN NULL ELSE (1 - confidence) END,
       CASE WHEN fate < 0.2 THEN 0 ELSE (CASE WHEN luck < 0.06 THEN 2 ELSE 0 END) + (1 - confidence) END,
       CASE WHEN fate BETWEEN 0.34 AND 0.37 AND luck >= 0.06 THEN 'audit'
            WHEN fate > 0.98 AND luck >= 0.06 THEN 'second' ELSE '' END,
       '', '', fate > 0.999 AND luck >= 0.06, random()
FROM heap h JOIN pictures picture ON picture.number = h.n %% %(pictures)s;

INSERT INTO recognizer_labelevent (drawing_id, at, actor, action, label, previous_label, reason, look, user_id)
SELECT * FROM (
    SELECT id, created_at AS at, 'contributor', 'confirmed', drawn, NULL::int, '', '', NULL::int FROM heap WHERE fate >= 0.2
    UNION ALL
    SELECT id, created_at + interval '1 day', 'reviewer', 'approved', drawn, drawn, '',
           CASE WHEN fate > 0.99 THEN 'audit' ELSE '' END, %(user)s FROM heap WHERE fate > 0.8
) events ORDER BY at;
"""


def fill(rows: int, user_id: int) -> None:
    from django.db import connection

    from recognizer import registry
    from recognizer.models import ModelVersion
    from tests.support.drawings import make_drawing

    samples = [make_drawing(seed=number, drawn=number % 10) for number in range(PICTURES)]
    version = ModelVersion.objects.champion() or registry.ensure_baseline()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE pictures (number int PRIMARY KEY, png bytea, probabilities jsonb)")
        cursor.executemany(
            "INSERT INTO pictures VALUES (%s, %s, %s)",
            [(number, bytes(sample.png), json.dumps(sample.probabilities)) for number, sample in enumerate(samples)],
        )
        values = {
            "rows": rows,
            "people": max(10, rows // 50),
            "version": version.pk,
            "user": user_id,
            "pictures": PICTURES,
        }
        # making the indexes over the rows takes a fraction of keeping them up to date row by row
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexname LIKE 'drawing\\_%%'", [])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for statement in FILL.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")


def lay_map() -> None:
    """Put as many drawings on the champion's map as it holds, at places by lot: what is measured is the page, not the layout."""
    import numpy as np

    from recognizer.models import DrawingMap, MapPoint, ModelVersion
    from recognizer.models.drawing_map import SIDE
    from recognizer.models.prototypes import pack
    from training.config import MapConfig
    from training.curation.drawing_map import wanted_drawings

    config, lot = MapConfig(), np.random.default_rng(0)
    landmarks = config.references + config.drawn
    drawn = DrawingMap.objects.create(
        version=known(ModelVersion.objects.champion()),
        features=pack(lot.normal(size=(landmarks, 128)).astype("float32")),
        places=(lot.random((landmarks, 2)) * SIDE).astype("<f4").tobytes(),
        labels=bytes(number % 11 for number in range(landmarks)),
        drawings=config.drawn,
    )
    ids = wanted_drawings(config)
    places, features = lot.integers(0, SIDE + 1, (len(ids), 2)).tolist(), lot.normal(size=(len(ids), 128))
    MapPoint.objects.bulk_create(
        MapPoint(
            map=drawn,
            drawing_id=pk,
            x=x,
            y=y,
            answered=number % 11,
            cluster=number // 11 % 40 if number % 11 == 10 else 0,
            features=pack(seen.astype("float32")),
        )
        for number, (pk, (x, y), seen) in enumerate(zip(ids, places, features, strict=True))
    )


def row_at(rows: Any, place: int) -> Any:
    """The row of a sorted queryset at a place, or its last one where there are fewer."""
    return next(iter(rows[place : place + 1]), None) or rows.reverse()[0]


def pages() -> dict[str, str]:
    from recognizer.models import Contributor, Drawing, MapPoint, ModelVersion

    drawings = "/admin/recognizer/drawing/"
    busy = row_at(Contributor.objects.order_by("pk"), 7).pk
    version = known(ModelVersion.objects.champion()).pk
    reviewer = known(Drawing.objects.filter(reviewed_by__isnull=False).values_list("reviewed_by", flat=True).first())
    waiting = Drawing.objects.filter(status="waiting").order_by("review_priority")
    far = row_at(waiting.values_list("review_priority", "id"), 1000)
    old = row_at(Drawing.objects.order_by("created_at").values_list("created_at", "id"), 5000)
    on_the_map = known(MapPoint.objects.values_list("drawing_id", flat=True).first())
    return {
        "dashboard": "/admin/",
        "list, waiting (as it opens)": drawings,
        "list, its last pages": f"{drawings}?after={far[0]}~{far[1]}",
        "list, any status, newest": f"{drawings}?status=all",
        "list, any status, oldest pages": f"{drawings}?status=all&after={old[0].isoformat().replace('+', '%2B')}~{old[1]}",
        "list, approved": f"{drawings}?status=approved",
        "list, approved, newest": f"{drawings}?status=approved&order=newest",
        "list, model and person differ": f"{drawings}?status=all&answer=differs",
        "list, approved, differ": f"{drawings}?status=approved&answer=differs",
        "list, refused": f"{drawings}?status=all&answer=refused",
        "list, not sure": f"{drawings}?status=all&confidence=unsure",
        "list, label 7": f"{drawings}?status=all&label=7",
        "list, not a digit": f"{drawings}?status=all&label=10",
        "list, suspicious first": f"{drawings}?status=all&order=suspicious",
        "list, high suspicion": f"{drawings}?status=all&suspicion=high",
        "list, three rare filters at once": f"{drawings}?status=quarantined&answer=refused&label=10",
        "list, four filters that nothing fits": f"{drawings}?status=all&answer=refused&confidence=very&label=10&suspicion=high",
        "list, one contributor": f"{drawings}?status=all&contributor={busy}",
        "list, one version": f"{drawings}?status=all&version={version}",
        "list, search by id": f"{drawings}?status=all&q={str(far[1])[:10]}",
        "list, search by contributor": f"{drawings}?status=all&q={Contributor.objects.get(pk=busy).short_name}",
        "list, one reviewer": f"{drawings}?status=all&reviewer={reviewer}",
        "list, last reviewed first": f"{drawings}?status=all&order=reviewed",
        "list, two reviewers differ": f"{drawings}?status=all&dispute=third",
        "queue page": f"{drawings}queue/",
        "one contributor's sheet": f"{drawings}sheet/{busy}/",
        "map": f"{drawings}map/",
        "map, what waits of one label": f"{drawings}map/?status=waiting&label=7",
        "map, a sheet of all that is drawn around": f"{drawings}map/sheet/?within=100,100,900,100,900,900,100,900",
        "map, a cluster": f"{drawings}map/sheet/?cluster=3",
        "map, more like a drawing on it": f"{drawings}map/sheet/?like={on_the_map}",
        "map, more like one that is not": f"{drawings}map/sheet/?like={old[1]}",
        "batches": "/admin/recognizer/reviewbatch/",
        "contradicting labels": f"{drawings}contradictions/",
        "compare two versions": "/admin/recognizer/modelversion/compare/",
        "reviewers' figures": "/admin/training/trainingpolicy/reviewers/",
        "drawing": f"{drawings}{far[1]}/change/",
        "label events": "/admin/recognizer/labelevent/",
        "label events, audits": "/admin/recognizer/labelevent/?look=audit",
        "contributors": "/admin/recognizer/contributor/",
        "versions": "/admin/recognizer/modelversion/",
        "version": f"/admin/recognizer/modelversion/{version}/change/",
    }


def measure(
    ask: Callable[[], object], before: Callable[[], None] = lambda: None
) -> tuple[float, float, float, int, dict[str, Any]]:
    """Ask warm calls; return medians in ms of the clock, of Python's processor time and of the queries, how many these
    are, and the slowest of the last call.

    On a busy machine the clock also counts the waiting for a processor; the other two add up to what the page itself costs.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    clock, processor, database = [], [], []
    for _ in range(REPEATS + 2):
        before()
        with CaptureQueriesContext(connection) as queries:
            start, worked = time.perf_counter(), time.process_time()
            ask()
            clock.append(1000 * (time.perf_counter() - start))
            processor.append(1000 * (time.process_time() - worked))
        database.append(1000 * sum(float(query["time"]) for query in queries))
    none: dict[str, Any] = {"time": "0", "sql": "nothing"}
    slowest = max(queries, key=lambda query: float(query["time"]), default=none)
    medians = [statistics.median(times[2:]) for times in (clock, processor, database)]
    return medians[0], medians[1], medians[2], len(queries), slowest


def main() -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command
    from django.test import Client

    from recognizer.admin.keyset import estimated_rows
    from recognizer.models import Drawing, DrawingMap
    from recognizer.review.queue import ORDERS

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    user = User.objects.filter(username="bench").first() or User.objects.create_superuser("bench", password="bench")
    start = time.perf_counter()
    if (estimated_rows(Drawing) or 0) < rows // 2:
        fill(rows, user.pk)
    if not DrawingMap.objects.exists():
        lay_map()
    print(f"{rows:,} drawings made in {time.perf_counter() - start:.0f} s; load {os.getloadavg()[0]:.1f}\n", flush=True)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    figures = {}
    for name, address in pages().items():

        def ask(address: str = address) -> None:
            status = client.get(address).status_code
            if status != 200:
                raise SystemExit(f"{address}: {status}")

        figures[name] = measure(ask)
    figures["dashboard, its daily chart not cached"] = measure(lambda: client.get("/admin/"), before=cache.clear)
    figures["queue, claim four"] = measure(
        lambda: client.post(
            "/admin/recognizer/drawing/queue/claim/",
            {"held": [], "unsent": [], "blind": True},
            content_type="application/json",
        )
    )
    choices: list[dict[str, object]] = [{"order": order} for order in ORDERS]
    choices += [{"label": 7}, {"source": "round"}, {"label": 10, "order": "oldest"}]
    for wanted in choices:
        figures[f"queue, claim four, {json.dumps(wanted)}"] = measure(partial(claim_by, client, wanted))
    figures["queue, claim one and decide"] = measure(lambda: claim_and_decide(client))
    print(f"{'page':40} {'clock':>9} {'Python':>9} {'queries take':>13} {'queries':>8}")
    for name, (clock, processor, database, queries, _) in figures.items():
        print(f"{name:40} {clock:6.0f} ms {processor:6.0f} ms {database:10.0f} ms {queries:8}")
    over = [name for name, (clock, *_) in figures.items() if clock > LIMIT_MS]
    print(f"\nover {LIMIT_MS} ms by the clock: {', '.join(over) or 'none'}")
    for name in over:
        print(f"\n{name}: {figures[name][-1]['time']} s for {figures[name][-1]['sql']}")
    return 1 if over else 0


def claim_by(client: "Client", wanted: dict[str, object]) -> None:
    client.post(
        "/admin/recognizer/drawing/queue/claim/",
        {"held": [], "unsent": [], "blind": False, "wanted": wanted},
        content_type="application/json",
    )


def claim_and_decide(client: "Client") -> None:
    address = "/admin/recognizer/drawing/queue/"
    answer = client.post(
        f"{address}claim/", {"held": [], "unsent": [], "blind": False}, content_type="application/json"
    ).json()
    for drawing in answer["drawings"][:1]:
        client.post(
            f"{address}decide/", {"id": drawing["id"], "label": 3, "blind": False}, content_type="application/json"
        )


if __name__ == "__main__":
    sys.exit(main())

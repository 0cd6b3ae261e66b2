"""No list carries what it does not show: models, manifests, paths, whole exam reports. Every page without arguments is walked."""

import re
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from recognizer import contributor_cookie, registry
from recognizer.baseline import shipped_baseline
from recognizer.models import Contributor, ModelVersion
from tests.support.drawings import make_drawing
from tests.support.known import known
from training.models import DatasetSnapshot, SnapshotManifest, TrainingRun

DRAWINGS = 60
NEVER = ("recognizer_modelartifacts", "training_snapshotmanifest")
HEAVY = {
    "recognizer_drawing": {"png", "strokes", "probabilities"},
    "recognizer_modelversion": {"metrics"},
    "training_trainingrun": {"log", "config", "environment", "curve", "reports", "measured", "changed"},
}
# What a page is there to show
SHOWN = {
    "/api/v1/drawings/": {"png"},
    "/api/v1/drawings/export/": {"png", "strokes", "probabilities"},
    "/api/v1/model/": {"metrics"},
    "/api/v1/progress/": {"metrics"},
    "/api/v1/rounds/": {"metrics"},
    "/admin/recognizer/drawing/": {"png"},
    "/admin/recognizer/drawing/queue/": {"png"},
    "/admin/recognizer/drawing/contradictions/": {"png"},
    "/admin/recognizer/modelversion/": {"metrics"},
    "/admin/recognizer/modelversion/compare/": {"metrics", "png"},
    "/admin/": {"metrics"},
    "/model/": {"metrics"},
    "/progress/": {"metrics"},
}
NO_LISTS = {"/admin/logout/", "/admin/jsi18n/", "/admin/recognizer/modelversion/roll-back/", "/readyz", "/metrics"}


def addresses(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    """Every address of the site that takes no argument."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if "<" in route or "^" in route or "$" in route:
            continue
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        elif isinstance(entry, URLPattern):
            yield route


def heavy_columns(statements: list[str]) -> set[str]:
    found = set()
    for statement in statements:
        selected = statement.partition(" FROM ")[0]
        if not selected.startswith("SELECT"):
            continue
        for table, column in re.findall(r'"(\w+)"\."(\w+)"', selected):
            if table in NEVER:
                found.add(table)
            if column in HEAVY.get(table, ()):
                found.add(column)
    return found


@pytest.fixture
def somebody(db: None) -> Contributor:
    """Who drew sixty drawings, which made a version that serves."""
    contributor, baseline = Contributor.join(), registry.ensure_baseline()
    for number in range(DRAWINGS):
        make_drawing(seed=number, drawn=number % 10, contributor=contributor, model_version=baseline)
    snapshot = DatasetSnapshot.objects.create(digest="d", drawings=DRAWINGS, contributors=1)
    SnapshotManifest.pack(snapshot, {"members": [], "excluded": {}})
    shipped = shipped_baseline()
    version = registry.register(
        shipped.keras,
        shipped.model.tflite,
        preprocessing_version=baseline.preprocessing_version,
        calibration=baseline.calibration,
        metrics=baseline.metrics,
        parent=baseline,
        origin="a run",
    )
    run = TrainingRun.objects.create(
        trigger="schedule", status="promoted", snapshot=snapshot, champion=baseline, challenger=version
    )
    assert run.pk
    registry.promote(version, by=None, reason="better")
    return contributor


@pytest.fixture
def client_of_everything(somebody: Contributor) -> Client:
    """May see all there is, and owns the drawings."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"), "django.contrib.auth.backends.ModelBackend")
    client.cookies[contributor_cookie.COOKIE] = contributor_cookie.signed(somebody)
    return client


def answered(client: Client, address: str) -> tuple[int, list[str]]:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
        body = b"".join(response)  # an export asks as it goes
        assert body or response.status_code != 200
    return response.status_code, [query["sql"] for query in captured]


@pytest.mark.slow
def test_no_page_loads_what_it_does_not_show(client_of_everything: Client) -> None:
    walked, too_much = [], {}
    for address in sorted(set(addresses(get_resolver())) - NO_LISTS):
        client_of_everything.get(address)  # what a process does once: content types, the model
        status, statements = answered(client_of_everything, address)
        walked += [address] if status == 200 else []
        if surplus := heavy_columns(statements) - SHOWN.get(address, set()):
            too_much[address] = surplus
    assert not too_much, "\n".join(f"{address} {sorted(surplus)}" for address, surplus in too_much.items())
    assert set(SHOWN) <= set(walked)
    assert len([address for address in walked if address.startswith("/admin/")]) > 10


@pytest.mark.slow
def test_a_list_of_sixty_drawings_is_light_and_quick(client_of_everything: Client) -> None:
    mine = "/api/v1/drawings/"
    assert len(client_of_everything.get(mine).json()["results"]) == DRAWINGS
    tracemalloc.start()
    client_of_everything.get(mine)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000

    took = []
    for _ in range(10):  # the quickest of ten, in seconds of this process: the machine may be busy
        start = time.process_time()
        client_of_everything.get(mine)
        took.append(time.process_time() - start)
    assert min(took) < 0.05


@pytest.mark.parametrize("relation", ["model_version", "model_version__run__snapshot", "model_version__parent"])
def test_no_relation_leads_to_a_file(somebody: Contributor, relation: str) -> None:
    drawings = somebody.drawings.select_related(relation)
    assert not heavy_columns([str(drawings.query)]) & set(NEVER)


def test_a_version_that_is_loaded_anew_leaves_its_files_where_they_are(somebody: Contributor) -> None:
    version = ModelVersion.objects.latest("number")
    with CaptureQueriesContext(connection) as captured:
        version.refresh_from_db()
        _ = known(version.parent).number
        _ = known(somebody.drawings.first()).model_version.number
    assert not heavy_columns([query["sql"] for query in captured]) & set(NEVER)
    assert len(version.tflite) > 1_000_000

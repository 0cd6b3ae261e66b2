"""What every test may ask for. The database is whatever DATABASE_URL names; `make test` runs the suite on both kinds."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection

from recognizer import campaigns, contributor_cookie, own_drawings, personalization, prototypes, serving, views
from recognizer.api import throttles
from tests.support.long_first import put_long_first
from tests.support.two_databases import leave_out_what_reads_no_rows
from training.api import campaign_progress, provenance

pytest_plugins = ["tests.support.accounts", "tests.support.running_site"]


def pytest_configure(config: pytest.Config) -> None:
    # Playwright keeps an event loop running, in which Django would otherwise refuse to touch the database
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with a sentence, what this machine or this database cannot run; on PostgreSQL leave out what has no rows."""
    if connection.vendor == "postgresql":
        leave_out_what_reads_no_rows(config, items)
    data_dir = os.environ.get("DIGITRE_DATA_DIR", "")
    has_mnist = bool(data_dir) and (Path(data_dir) / "mnist.npz").exists()
    missing = {
        "browser": None if shutil.which("chromium") else "chromium is not installed",
        "node": None if shutil.which("node") else "node is not installed",
        "mnist": None if has_mnist else "DIGITRE_DATA_DIR does not name a folder with mnist.npz",
        "postgres": None if connection.vendor == "postgresql" else "this run's database is not PostgreSQL",
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
    put_long_first(items)


@pytest.fixture(autouse=True)
def fresh_process_state() -> None:
    """Each test starts as a new process would: no model loaded, nothing counted, no row of another test remembered."""
    serving.champion.reset()
    prototypes.prototypes.reset()
    for remembered in (
        own_drawings._load,
        personalization._features,
        personalization._traces,
        provenance._manifest,
        campaign_progress._answers,
    ):
        remembered.cache_clear()
    several: list[Any] = [campaigns.known, contributor_cookie.known, personalization._collected, views.rendered]
    for kept in (*several, *campaign_progress.kept):
        kept.clear()
    caches["default"].clear()
    throttles.counter.clear()

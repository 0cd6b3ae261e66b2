"""kill -9 at each step: the run is failed by its lease, nothing of it is visible, and the next one trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from recognizer import registry
from recognizer.models import ModelVersion, PromotionEvent
from tests.training.stopping_run import CONFIG, IN_THE_LAST_TRANSACTION, learn
from training import pipeline
from training.models import DatasetSnapshot, TrainingRun

ROOT = Path(__file__).resolve().parents[2]
Status = TrainingRun.Status
pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("little_data")]


def start_child(point: str) -> subprocess.Popen:
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        url = os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.stopping_run", point],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("point", ["choosing drawings", "learning", "deciding", IN_THE_LAST_TRANSACTION])
def test_killed_run_is_failed_and_the_next_one_trains(draw, claim, monkeypatch, point):
    registry.ensure_baseline()
    draw(3, style=1), draw(4, style=1)
    child = start_child(point)
    try:
        assert child.stdout.readline() == "stopped\n"
    finally:
        child.kill()
        child.wait()
    dead = TrainingRun.objects.get()
    assert dead.status == Status.RUNNING
    assert ModelVersion.objects.count() == PromotionEvent.objects.count() == 1
    assert claim() is None  # its lease still runs: it may be alive for all we know

    TrainingRun.objects.update(lease_expires_at=timezone.now())
    monkeypatch.setattr(pipeline, "learn", learn)
    following = pipeline.execute(claim(), CONFIG)
    dead.refresh_from_db()
    assert dead.status == Status.FAILED
    assert following.status == Status.PROMOTED, following.error
    assert ModelVersion.objects.champion() == following.challenger
    assert DatasetSnapshot.objects.count() == 1

"""The queue for real: a broker, a clock and a worker, and what happens when they go."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from celery import signals
from celery.exceptions import WorkerLostError
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from digitre_site import celery
from tests.support.pictures import seven_form
from tests.support.running_site import Digitre
from tests.support.waiting import wait_until
from training.config import RunLimits
from training.models import WorkerHeartbeat
from training.runs import schedule


def test_without_redis_the_queue_is_a_folder() -> None:
    assert settings.REDIS_URL == ""
    assert celery.broker_options()["broker_url"] == "filesystem://"


def test_a_redis_message_is_not_delivered_again_while_its_task_runs(settings: Settings) -> None:
    settings.REDIS_URL = "redis://somewhere/0"
    options = celery.broker_options()["broker_transport_options"]
    assert options["visibility_timeout"] == celery.LONGEST_TASK.total_seconds()
    assert options["visibility_timeout"] > RunLimits().hard_seconds
    assert options["socket_connect_timeout"] <= 1


def test_one_task_at_a_time_in_a_child_that_ends_with_it() -> None:
    conf = celery.app.conf
    assert (conf.worker_concurrency, conf.worker_max_tasks_per_child, conf.worker_prefetch_multiplier) == (1, 1, 1)
    assert not conf.result_backend


def test_every_scheduled_task_exists_and_does_not_pile_up() -> None:
    celery.app.loader.import_default_modules()
    for entry in celery.app.conf.beat_schedule.values():
        assert entry["task"] in celery.app.tasks
        assert entry["options"]["expires"] > 0


def test_a_worker_tells_how_the_child_ended_that_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(schedule, "fail_lost_here", told.append)
    monkeypatch.setattr(connections, "close_all", lambda: None)  # the suite's own stays open
    for error in (ValueError("the run's own affair"), WorkerLostError("signal 11 (SIGSEGV)")):
        signals.task_failure.send(sender=celery.app, exception=error)
    assert told == ["signal 11 (SIGSEGV)"]


def test_the_purge_comes_also_where_everything_is_restarted_daily() -> None:
    # an interval counts from the clock's start, and a container's clock forgets
    assert celery.app.conf.beat_schedule["purge"]["schedule"] <= timedelta(hours=1)


@pytest.mark.slow
def test_a_web_thread_asks_the_same_queue(tmp_path: Path) -> None:
    ask = """
from concurrent.futures import ThreadPoolExecutor
import digitre_site.wsgi
from training.tasks import tick
print(ThreadPoolExecutor(1).submit(lambda: tick.app.conf.broker_url).result())
"""
    environment = os.environ | {"DEBUG": "on", "DJANGO_SETTINGS_MODULE": "digitre_site.settings"}
    environment |= {"REDIS_URL": "redis://127.0.0.1:9/3", "DIGITRE_VAR_DIR": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", ask], env=environment, cwd=settings.BASE_DIR, text=True, stdout=-1)
    assert said.stdout.splitlines()[-1] == "redis://127.0.0.1:9/3"


@pytest.mark.slow
@pytest.mark.django_db
def test_a_containers_health_check_tells_a_dead_worker_from_a_live_one() -> None:
    with pytest.raises(CommandError, match="never seen"):
        call_command("worker_state")
    WorkerHeartbeat.objects.beat("worker")
    call_command("worker_state")
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(minutes=5))
    with pytest.raises(CommandError, match="dead"):
        call_command("worker_state")


@pytest.mark.processes
def test_drawing_goes_on_without_the_broker_and_the_worker_consumes_again_after(digitre: Digitre) -> None:
    digitre.start()
    wait_until(lambda: digitre.worker_state() == "alive")
    (broker,) = digitre.processes("valkey-server")

    os.kill(broker, signal.SIGSTOP)  # a black hole: it accepts and never answers, which is worse than being gone
    for _ in range(5):
        status, answer = digitre.call("POST", "/api/v1/drawings/", seven_form())
        assert status == 201
        status, _ = digitre.call("PUT", f"/api/v1/drawings/{answer['id']}/feedback/", {"label": 7})
        assert status == 200

    os.kill(broker, signal.SIGKILL)
    wait_until(lambda: digitre.processes("valkey-server") not in ([], [broker]))
    before = digitre.query("SELECT max(at) FROM training_workerheartbeat")
    wait_until(lambda: digitre.query("SELECT max(at) FROM training_workerheartbeat") > before)

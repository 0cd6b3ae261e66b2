"""The queue: one worker, one task at a time, and a clock that never changes.

    celery -A digitre_site.celery worker      learns; its pool is one child that ends with its task
    celery -A digitre_site.celery beat        the clock

The database is the real queue (claims, leases, what is waiting): a lost message costs one tick, never a drawing.
"""

import logging
import os
import signal
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery import Celery, signals
from celery.exceptions import WorkerLostError
from django.conf import settings
from django.db import connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from digitre_site import database_limits, tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")

TICK = timedelta(seconds=30)  # a look at a few rows; who waits for the first run of the day need not wait long
HEARTBEAT = timedelta(seconds=15)
WATCH = timedelta(minutes=1)  # a few seconds of work, while nobody learns
PROTOTYPES = timedelta(seconds=20)  # from an approval on: as long as the next person may wait for it
PREPARED = timedelta(seconds=60)  # asking for a file wakes the worker; this is for when the message got lost
DELIVERIES = timedelta(seconds=20)  # from an event on, where no run keeps the worker busy
LONGEST_TASK = timedelta(hours=4)  # a message unacknowledged for longer is delivered again: a second copy


def broker_options() -> dict[str, Any]:
    """Redis where there is one, else a folder: slow (0.5 s a task) and fit for one machine without Redis."""
    if settings.REDIS_URL:
        return {
            "broker_url": settings.REDIS_URL,
            "broker_transport_options": {
                "visibility_timeout": LONGEST_TASK.total_seconds(),
                "socket_connect_timeout": 1,
                "socket_timeout": 5,
                "health_check_interval": 10,
            },
        }
    folder = settings.VAR_DIR / "queue"
    with suppress(OSError):  # a web process loads this too, and serves where nothing can be written
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "control_folder": str(folder / "control"),
        },
    }


def every(interval: timedelta, task: str) -> dict[str, Any]:
    """A scheduled task that is dropped when the worker has been busy past the next one: ticks must not pile up."""
    return {"task": task, "schedule": interval, "options": {"expires": interval.total_seconds()}}


app = Celery("digitre")
app.conf.update(
    **broker_options(),
    result_backend=None,  # outcomes are rows; a Redis backend blocks 19.5 s when Redis is down
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    timezone="UTC",
    # One training at a time, in a child that ends with it: TensorFlow's memory and threads die there
    task_default_queue="training",
    worker_concurrency=1,
    worker_max_tasks_per_child=1,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
    beat_schedule={
        "tick": every(TICK, "training.tick"),
        "heartbeat": every(HEARTBEAT, "training.heartbeat"),
        "prototypes": every(PROTOTYPES, "training.refresh_prototypes"),
        "sign-ins": every(timedelta(hours=1), "digitre_site.forget_sign_ins"),
        "prepared files": every(PREPARED, "training.prepare_files"),
        "deliveries": every(DELIVERIES, "recognizer.deliver"),
        "watch": every(WATCH, "training.watch"),
        # An interval counts from beat's start: a day would never end in a stack that is restarted daily
        "purge": every(timedelta(hours=1), "recognizer.purge"),
    },
)
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@app.task(name="digitre_site.forget_sign_ins", ignore_result=True)
def forget_sign_ins() -> None:
    from digitre_site import sign_in_records  # the apps are ready by now

    sign_in_records.forget_old()


@signals.setup_logging.connect
def keep_djangos_logging(**kwargs: object) -> None:
    """Stop Celery from replacing the log handlers, and from four lines a heartbeat; what fails is still said."""
    for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_init.connect  # its children inherit it
def limit_waiting(**kwargs: object) -> None:
    database_limits.limit(database_limits.WORKER)


@signals.task_failure.connect
def tell_why_a_run_ended(exception: BaseException | None = None, **kwargs: object) -> None:
    """A child that was killed, or that fell, tells nobody; the worker that had it knows by which signal."""
    if isinstance(exception, WorkerLostError):
        from training.runs import schedule  # the apps are ready by now

        try:
            schedule.fail_lost_here(str(exception))
        finally:
            connections.close_all()  # the next child would inherit it


@signals.worker_process_init.connect
def trace(**kwargs: object) -> None:
    tracing.set_up("digitre-worker")


@signals.worker_ready.connect
def show_life_at_once(**kwargs: object) -> None:
    """Do not look dead until the clock's first beat."""
    app.send_task("training.heartbeat", expires=HEARTBEAT.total_seconds())


@signals.worker_shutting_down.connect
def hand_runs_back(**kwargs: object) -> None:
    """Tell the child that trains: Celery waits for its task, which may take half an hour, and tells it nothing."""
    from celery.worker import state  # web and clock load this module too, and need neither

    from training.runs import leases

    leases.begin_no_more()
    for request in list(state.active_requests):
        if request.name == "training.tick" and request.worker_pid:
            with suppress(ProcessLookupError):
                os.kill(request.worker_pid, signal.SIGTERM)

"""How `gunicorn digitre_site.wsgi` serves; gunicorn finds this file by its name and place."""

import logging
import os
import re
import shutil
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, os.cpu_count() or 1))
worker_class = "digitre_site.web_worker.WebWorker"  # gthread, with probes that wait for no thread
threads = 4  # the model answers in under a millisecond; threads wait for the database and for slow phones
preload_app = False  # a model loaded before the fork would share its interpreter's state
timeout = 30
graceful_timeout = 10  # seconds that requests in flight get on SIGTERM
keepalive = 5
max_requests = 50_000  # a slow leak ends with its process; the jitter keeps the workers from leaving together
max_requests_jitter = 5_000
control_socket_disable = True
accesslog = None  # an access log is a list of addresses


def leave_out_address(record: logging.LogRecord) -> bool:
    record.msg = re.sub(r"^Invalid request from ip=\S*:", "Invalid request:", str(record.msg))
    return True


logging.getLogger("gunicorn.error").addFilter(leave_out_address)

# Each process counts into files of its own, and /metrics adds them up
METRICS_DIR = Path(os.environ.get("DIGITRE_VAR_DIR") or "var").resolve() / "metrics"
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(METRICS_DIR))


def on_starting(server: object) -> None:
    """Begin counting at zero: a Prometheus server expects a restart to reset its counters."""
    shutil.rmtree(METRICS_DIR, ignore_errors=True)
    METRICS_DIR.mkdir(parents=True, exist_ok=True)


def post_worker_init(worker: object) -> None:
    """Load routes and model before the first visitor asks, who would wait a second for them."""
    from digitre_site.warm_up import warm_up

    warm_up()


def child_exit(server: object, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

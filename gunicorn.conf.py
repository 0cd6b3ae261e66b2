"""How `gunicorn digitre_site.wsgi` serves; gunicorn finds this file by its name and place."""

import itertools
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gunicorn.arbiter import Arbiter

if TYPE_CHECKING:  # our own code can be imported when gunicorn has gone to its folder: later than this
    from digitre_site.web_worker import WebWorker

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(4, os.cpu_count() or 1))
worker_class = "digitre_site.web_worker.WebWorker"  # gthread, with probes that wait for no thread
threads = 4  # the model answers in under a millisecond; threads wait for the database and for slow phones
preload_app = False  # a model loaded before the fork would share its interpreter's state
timeout = 30
graceful_timeout = 10  # seconds that requests in flight get on SIGTERM
# Longer than a proxy keeps a connection open, 60 s for nginx (1.5 s as docker/nginx sets it): it must be the one that closes
keepalive = 75 if os.environ.get("NUM_PROXIES", "").strip() not in ("", "0") else 5
forwarder_headers = ""  # a request may say nothing of where this site is mounted
max_requests = 50_000  # a slow leak ends with its process; the jitter keeps the workers from leaving together
max_requests_jitter = 5_000
control_socket_disable = True
accesslog = None  # an access log is a list of addresses


def leave_out_address(record: logging.LogRecord) -> bool:
    record.msg = re.sub(r"^Invalid request from ip=\S*:", "Invalid request:", str(record.msg))
    return True


logging.getLogger("gunicorn.error").addFilter(leave_out_address)


def on_starting(server: Arbiter) -> None:
    """Begin counting at zero, in files that this server's processes share and /metrics adds up."""
    from digitre_site import metric_files

    var_dir = Path(os.environ.get("DIGITRE_VAR_DIR") or "var").resolve()
    try:
        server.metrics_lock = metric_files.own_folder(
            Path(os.environ.get(metric_files.ENVIRONMENT) or var_dir / "metrics")
        )
    except OSError as error:
        os.environ.pop(metric_files.ENVIRONMENT, None)
        server.log.warning("each process counts for itself: %s", error)


def pre_fork(server: Arbiter, worker: "WebWorker") -> None:
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in itertools.count() if slot not in taken)


def post_fork(server: Arbiter, worker: "WebWorker") -> None:
    from digitre_site import metric_files

    if problem := metric_files.count_in(worker.slot):
        server.log.warning("this process counts for itself: %s", problem)


def post_worker_init(worker: "WebWorker") -> None:
    """Load routes and model before the first visitor asks, who would wait a second for them."""
    from digitre_site.warm_up import warm_up

    warm_up()

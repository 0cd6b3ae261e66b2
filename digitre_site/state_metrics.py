"""How things stand, read from rows whenever a Prometheus server asks: every replica says the same, so take the max().

Nothing counts a table: what may be many is counted up to a limit, along an index.
"""

import logging
from collections.abc import Iterator
from itertools import takewhile

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from django.utils.functional import cached_property
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from digitre_site import database_limits
from recognizer import serving
from recognizer.errors import NoChampion
from recognizer.models import Drawing, ModelVersion
from recognizer.review.queue import count_up_to_most
from training.models import TrainingRun, WorkerHeartbeat
from training.runs import watching

logger = logging.getLogger(__name__)
SECONDS = 2.0  # of waiting for the database; a scrape has ten
RECENT_RUNS = 200  # the latest, counted by outcome
QUEUE = "training"  # Celery's, a list in Redis
REDIS_SECONDS = 0.3
Gauges = Iterator[GaugeMetricFamily]


class StateCollector(Collector):
    def collect(self) -> Gauges:
        yield from self._queue()
        try:
            with database_limits.budget(SECONDS):
                found = [*self._models(), *self._runs(), *self._drawings(), *self._connections()]
                found += watching.figures()
        except DatabaseError:
            logger.warning("the database did not answer a scrape", exc_info=True)
            found = []
        yield gauge("digitre_database_up", "Whether PostgreSQL or SQLite answered this scrape.", bool(found))
        yield from found

    def _models(self) -> Gauges:
        champion = ModelVersion.objects.filter(is_champion=True).values_list("number", "promoted_at").first()
        if champion is not None and champion[1] is not None:
            yield gauge("digitre_champion_version", "The version that should answer.", champion[0])
            promoted = champion[1].timestamp()
            yield gauge("digitre_champion_promoted_timestamp_seconds", "When it became champion.", promoted)
        try:
            served = serving.current_classifier()
        except NoChampion:
            return
        yield gauge("digitre_served_version", "The version that this process answers with.", served.version)
        yield gauge(
            "digitre_served_degraded", "Whether that is not the champion, which is broken.", bool(served.degraded)
        )

    def _runs(self) -> Gauges:
        now = timezone.now()
        latest = WorkerHeartbeat.objects.order_by("-at").values_list("at", flat=True).first()
        if latest is not None:
            age = (now - latest).total_seconds()
            yield gauge("digitre_worker_heartbeat_age_seconds", "Since a worker last finished a task.", age)
        runs = TrainingRun.objects.order_by("-pk").values_list("status", "phase", "started_at")[:RECENT_RUNS]
        statuses = [status for status, _, _ in runs]
        by_status = GaugeMetricFamily(
            "digitre_recent_runs", f"The latest {RECENT_RUNS} runs, by what came of them.", labels=["status"]
        )
        for status in TrainingRun.Status.values:
            by_status.add_metric([status], statuses.count(status))
        yield by_status
        over = [status for status in statuses if status not in TrainingRun.LIVE]
        failed = sum(1 for _ in takewhile(lambda status: status == TrainingRun.Status.FAILED, over))
        yield gauge("digitre_failed_runs_in_a_row", "Runs that failed since the last one that did not.", failed)
        at_work = GaugeMetricFamily(
            "digitre_run_seconds", "How long the run at work has been at it, by its phase.", labels=["phase"]
        )
        for status, phase, started_at in runs:
            if status == TrainingRun.Status.RUNNING and started_at is not None:
                at_work.add_metric([phase or "claimed"], (now - started_at).total_seconds())
        yield at_work

    def _drawings(self) -> Gauges:
        counted = GaugeMetricFamily(
            "digitre_drawings", "Drawings that somebody should look at, counted up to a limit.", labels=["status"]
        )
        for status in (Drawing.Status.WAITING, Drawing.Status.QUARANTINED):
            counted.add_metric([status], count_up_to_most(Drawing.objects.filter(status=status)))
        yield counted

    def _connections(self) -> Gauges:
        if connection.vendor != "postgresql":
            return
        by_state = GaugeMetricFamily(
            "digitre_database_connections", "Connections to this database, all clients' together.", labels=["state"]
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1"
            )
            for state, count in cursor.fetchall():
                by_state.add_metric([state], count)
            cursor.execute("SELECT current_setting('max_connections')::int")
            yield by_state
            yield gauge("digitre_database_connections_limit", "PostgreSQL's max_connections.", cursor.fetchone()[0])

    def _queue(self) -> Gauges:
        if not settings.REDIS_URL:
            return
        try:
            waiting = self._redis.llen(QUEUE)
        except (RedisError, OSError):
            yield gauge("digitre_redis_up", "Whether Redis answered this scrape.", False)
            return
        yield gauge("digitre_redis_up", "Whether Redis answered this scrape.", True)
        yield gauge("digitre_queue_messages", "Messages that no worker has taken yet.", int(str(waiting)))

    @cached_property
    def _redis(self) -> Redis:
        timeout = REDIS_SECONDS
        return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=timeout, socket_timeout=timeout, retry=None)


def gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=float(value))

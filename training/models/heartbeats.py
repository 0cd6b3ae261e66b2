"""Whether the workers are alive."""

from datetime import timedelta

from django.db import models

from training.models.clock import database_now

HEARTBEAT_FRESH = timedelta(seconds=60)  # four beats of 15 s; a restart of the broker may swallow some
HEARTBEAT_KEPT = timedelta(days=1)  # each run speaks under a name of its own


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def beat(self, name: str) -> None:
        """Record that a worker has just finished a task, and forget those that have been silent for long."""
        now = database_now()
        self.update_or_create(name=name, defaults={"at": now})
        self.filter(at__lt=now - HEARTBEAT_KEPT).delete()

    def state(self) -> str:
        """Return "alive", "dead", or "never seen"."""
        latest = self.aggregate(latest=models.Max("at"))["latest"]
        if latest is None:
            return "never seen"
        return "alive" if database_now() - latest < HEARTBEAT_FRESH else "dead"


class WorkerHeartbeat(models.Model):
    """When a worker last finished a task: a process that is up but consumes nothing is as dead as one that is gone."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    objects = WorkerHeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M:%S}"

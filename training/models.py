"""What was learned from, by which run, and whether the workers are alive."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

HEARTBEAT_FRESH = timedelta(seconds=60)  # four beats of 15 s; a restart of the broker may swallow some


class WorkerHeartbeatQuerySet(models.QuerySet):
    def beat(self, name: str) -> None:
        """Record that a worker has just finished a task."""
        self.update_or_create(name=name, defaults={"at": timezone.now()})

    def state(self) -> str:
        """Return "alive", "dead", or "never seen"."""
        latest = self.aggregate(latest=models.Max("at"))["latest"]
        if latest is None:
            return "never seen"
        return "alive" if timezone.now() - latest < HEARTBEAT_FRESH else "dead"


class WorkerHeartbeat(models.Model):
    """When a worker last finished a task: a process that is up but consumes nothing is as dead as one that is gone."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    objects = WorkerHeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M:%S}"

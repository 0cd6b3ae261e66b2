"""Doors for Celery. The rows decide; a lost or repeated message changes nothing."""

from celery import Task, shared_task

from training import schedule
from training.config import RunLimits
from training.confinement import confine
from training.models import WorkerHeartbeat

LIMITS = RunLimits()


@shared_task(name="training.heartbeat", bind=True, ignore_result=True)
def heartbeat(self: Task) -> None:
    """Prove that a worker finishes tasks, which "the process is up" does not."""
    WorkerHeartbeat.objects.beat(self.request.hostname or "worker")


# The run stops itself at the soft limit; Celery's own come later, for a run that is stuck where it looks at no clock
@shared_task(
    name="training.tick",
    ignore_result=True,
    soft_time_limit=LIMITS.soft_seconds + 60,
    time_limit=LIMITS.hard_seconds,
)
def tick() -> str:
    """Start a run if one was asked for or is due. Returns its outcome, or why there was none."""
    run, reason = schedule.start_if_due()
    if run is None:
        return reason
    confine(LIMITS)
    from training import (
        pipeline,
    )  # loads much, and TensorFlow when it learns: in this child only, which ends with the task

    return pipeline.execute(run).status

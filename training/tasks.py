"""Doors for Celery. The rows decide; a lost or repeated message changes nothing."""

import logging

from celery import Task, shared_task

from training.config import PrototypeConfig, RunConfig
from training.models import TrainingPolicy, WorkerHeartbeat
from training.runs import leases, schedule
from training.runs.resource_limits import confine

logger = logging.getLogger(__name__)
LIMITS = RunConfig.from_environment().limits
ONE_TRY = {"max_retries": 1, "interval_start": 0}  # retry=False would still try to connect for 6 s, and people wait


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
    if not leases.may_begin():
        return "this worker is about to end"
    with leases.leave_when_told():
        return _run_if_due()


def _run_if_due() -> str:
    run, reason = schedule.start_if_due()
    if run is None:
        return reason
    config = RunConfig.from_environment(TrainingPolicy.load().run_config())
    confine(config.limits)
    from training.runs import (
        pipeline,  # loads much, and TensorFlow when it learns: in this child only, which ends with the task
    )

    return pipeline.execute(run, config).status


@shared_task(name="training.refresh_prototypes", ignore_result=True)
def refresh_prototypes() -> str:
    """Let what was approved since help the next person. Returns what was done, or that nothing had changed."""
    from training.curation import prototypes  # loads LiteRT: in this child only

    return prototypes.refresh(PrototypeConfig())


def wake_worker() -> None:
    """Have a worker look for a requested run now rather than at the next tick. Best effort: the row is what counts."""
    try:
        tick.apply_async(retry_policy=ONE_TRY, expires=60)
    except Exception:  # whatever the broker's client raises, the next tick picks the row up
        logger.warning("cannot reach the broker; the run starts with the next tick", exc_info=True)

"""Doors for Celery. The rows decide; a lost or repeated message changes nothing."""

import logging

from celery import Task, shared_task

from recognizer.tasks import ONE_TRY
from training.config import PrototypeConfig, RunConfig
from training.models import TrainingPolicy, WorkerHeartbeat
from training.runs import leases, prepared_files, schedule
from training.runs.resource_limits import confine

logger = logging.getLogger(__name__)
LIMITS = RunConfig.from_environment().limits


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


@shared_task(name="training.prepare_files", ignore_result=True)
def prepare_files() -> int:
    """Make what was asked for in the admin. Returns how many files that were."""
    if not prepared_files.is_wanted():
        return 0
    return prepared_files.make_all()


def wake_preparer() -> None:
    """Have a worker make a requested file now rather than at the clock's next beat. Best effort, as above."""
    try:
        prepare_files.apply_async(retry_policy=ONE_TRY, expires=60)
    except Exception:  # whatever the broker's client raises, the clock comes round
        logger.warning("cannot reach the broker; the file is made later", exc_info=True)


@shared_task(name="training.watch", ignore_result=True)
def watch() -> str:
    """Let the site look at what its champion does, and read anew what waits. Returns what was done."""
    from training.runs import watching  # loads LiteRT: in this child only

    return watching.look()


def wake_worker() -> None:
    """Have a worker look for a requested run now rather than at the next tick. Best effort: the row is what counts."""
    try:
        tick.apply_async(retry_policy=ONE_TRY, expires=60)
    except Exception:  # whatever the broker's client raises, the next tick picks the row up
        logger.warning("cannot reach the broker; the run starts with the next tick", exc_info=True)

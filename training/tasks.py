"""Doors for Celery. The rows decide; a lost or repeated message changes nothing."""

from celery import shared_task

from training.models import WorkerHeartbeat


@shared_task(name="training.heartbeat", bind=True, ignore_result=True)
def heartbeat(self: object) -> None:
    """Prove that a worker finishes tasks, which "the process is up" does not."""
    WorkerHeartbeat.objects.beat(self.request.hostname or "worker")


@shared_task(name="training.tick", ignore_result=True)
def tick() -> str:
    """Start a run if one was asked for or is due; say why not otherwise."""
    return "not yet"

"""How a run ends, told in the same transaction: models write rows, and this writes beside them who is to be told."""

from typing import Any

from django.db import transaction

from recognizer.models import Event
from recognizer.notices.announcing import announce
from training.models import TrainingRun

Status = TrainingRun.Status
EVENTS: dict[str, str] = {
    Status.PROMOTED: Event.RUN_PROMOTED,
    Status.HELD: Event.RUN_HELD,
    Status.FAILED: Event.RUN_FAILED,
}


def finish(run: TrainingRun, status: str, **columns: object) -> bool:
    """Record the outcome if the lease is still ours, and tell of it. Returns whether it was."""
    with transaction.atomic():
        is_ours = run.finish(status, **columns)
        if is_ours:
            tell(run)
    return is_ours


def give_up_expired() -> None:
    """Mark runs whose process is gone as failed, and tell of them."""
    with transaction.atomic():
        running = TrainingRun.objects.select_for_update().filter(status=Status.RUNNING).values_list("pk", flat=True)
        candidates = list(running)
        if TrainingRun.objects.fail_expired():
            for run in TrainingRun.objects.filter(pk__in=candidates, status=Status.FAILED).select_related("champion"):
                tell(run)


def tell(run: TrainingRun) -> None:
    if run.status in EVENTS:
        announce(EVENTS[run.status], facts(run))


def facts(run: TrainingRun) -> dict[str, Any]:
    """What is told of a run: its versions by number, and why. The whole of it is at /api/v1/runs/."""
    return {
        "run": run.pk,
        "status": str(run.status),
        "champion": run.champion.number if run.champion else None,
        "challenger": run.challenger.number if run.challenger else None,
        "reasons": run.decision.get("reasons", []),
        "error": run.error,
    }

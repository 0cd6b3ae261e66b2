"""Is a run due? What the tick asks, and what the pages tell people."""

import logging
import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db import transaction
from django.utils import timezone

from recognizer.models import ModelVersion
from training.curation.snapshots import is_anything_corrected, latest_event, new_labels
from training.models import TrainingPolicy, TrainingRun
from training.runs import outcomes
from training.runs.resource_limits import is_alive

logger = logging.getLogger(__name__)
RETRIES = 3  # failures in a row that are tried again at the next tick; after that the interval holds


class Difference(TypedDict):
    """What a run saw when it was claimed: why it began, as numbers.

    `new_labels` counts drawings approved after event `since_event` (the newest that the last decided run had seen) and up to
    `latest_event`; `is_corrected` says whether any of their labels is not what the model had answered; `champion` is the number
    of the version that it set out to beat, None before the first.
    """

    since_event: int
    latest_event: int
    new_labels: int
    needed: int
    is_corrected: bool
    champion: int | None


def difference() -> Difference:
    """Look what is new now, whoever asks for the run."""
    champion = ModelVersion.objects.filter(is_champion=True).values_list("number", flat=True).first()
    return {
        "since_event": TrainingRun.objects.last_event_seen(),
        "latest_event": latest_event(),
        "new_labels": new_labels(),
        "needed": TrainingPolicy.load().minimum_new_labels,
        "is_corrected": is_anything_corrected(),
        "champion": champion,
    }


def difference_text(seen: Mapping[str, Any]) -> str:
    """Say a run's difference in a sentence; "" for a run of an older release, which kept none."""
    if not seen:
        return ""
    kept = "some are not what the model had answered" if seen["is_corrected"] else "all are what the model had answered"
    labels = f"{seen['new_labels']:,} new labels" + (f", {kept}" if seen["new_labels"] else "")
    return (
        f"{labels}; events {seen['since_event']:,} to {seen['latest_event']:,}. The policy asks for {seen['needed']:,}."
    )


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def fail_lost_here(how: str) -> None:
    """Fail the run of a process of this host that is gone: at once, and with how it ended, not when its lease runs out."""
    run = TrainingRun.objects.running()
    host, _, pid = run.worker.rpartition(":") if run else ("", "", "")
    if run is None or host != socket.gethostname() or is_alive(pid):
        return
    reason = f"Its process was ended: {how}."
    if "SIGTERM" not in how:  # which is somebody's wish
        reason += " Mostly that is memory: the limit of a run, or of the container or machine."
    with transaction.atomic():
        if not TrainingRun.objects.fail_lost(run.worker, reason):
            return
        run.refresh_from_db()
        outcomes.tell(run)
    logger.error("%s: %s", run, reason)


def start_if_due() -> tuple[TrainingRun | None, str]:
    """Claim a run that was asked for or is due. Returns it, or None and the reason in words."""
    outcomes.give_up_expired()
    running = TrainingRun.objects.running()
    if running is not None:
        return None, f"{running} is at work"
    is_requested = TrainingRun.objects.filter(status=TrainingRun.Status.REQUESTED).exists()
    reason = "" if is_requested else why_not_due(TrainingPolicy.load(), timezone.now())
    if reason:
        return None, reason
    trigger = None if is_requested else TrainingRun.Trigger.SCHEDULE
    run = TrainingRun.objects.claim(worker=worker_name(), trigger=trigger, difference=difference())
    return run, "" if run else "another worker was first, or the request was taken back"


def why_not_due(policy: TrainingPolicy, now: datetime) -> str:
    """Say why no run starts by itself now, or "" if one does."""
    if not policy.enabled:
        return "training is switched off"
    if policy.preferred_hour is not None and now.hour != policy.preferred_hour:
        return f"training waits for {policy.preferred_hour}:00 UTC"
    earliest = earliest_start(policy)
    if earliest is not None and now < earliest:
        return f"the last run was too recent; the next may start at {earliest:%H:%M} UTC"
    fresh = new_labels(policy.minimum_new_labels)
    if fresh < policy.minimum_new_labels:
        return f"{fresh} new labels, {policy.minimum_new_labels} are needed"
    if not is_anything_corrected():
        return "every new label is what the model answered: there is nothing to learn, and the champion stays"
    return ""


def earliest_start(policy: TrainingPolicy) -> datetime | None:
    """When the interval since the last run is over; None where there is nothing to wait for."""
    begun = TrainingRun.objects.exclude(started_at=None).order_by("-started_at")
    last = list(begun.only("status", "started_at")[:RETRIES])
    failed = [run.status == TrainingRun.Status.FAILED for run in last]
    started = last[0].started_at if last else None
    if started is None or (failed[0] and not (len(failed) == RETRIES and all(failed))):
        return None
    return started + timedelta(minutes=policy.minimum_interval_minutes)

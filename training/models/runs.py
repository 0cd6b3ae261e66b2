"""Attempts to learn: who asked, how far they are, what came of them, and which process may write to them."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q
from django.utils import timezone

from recognizer.models import ModelVersion
from training.models.clock import database_now
from training.models.snapshots import DatasetSnapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LEASE = timedelta(seconds=60)  # six renewals of 10 s: a slow machine may miss some, the next tick finds a dead one
LOG_CHARACTERS = 8000  # the tail of a run's log that its row keeps: the last hundred lines


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def running(self) -> "TrainingRun | None":
        return self.filter(status=TrainingRun.Status.RUNNING).first()

    def decided(self) -> Self:
        return self.filter(status__in=TrainingRun.DECIDED)

    def last_event_seen(self) -> int:
        """The newest label event that a run has judged, or found nothing to learn in; 0 before the first."""
        judged = self.filter(status__in=(*TrainingRun.DECIDED, TrainingRun.Status.NOTHING_NEW))
        return judged.aggregate(last=Max("snapshot__last_event"))["last"] or 0

    def in_brief(self) -> Self:
        """Without what only a run's own page shows: together some hundred kilobytes a row."""
        return self.defer(*TrainingRun.ON_ITS_PAGE)

    def request(self, *, by: "User | None") -> tuple["TrainingRun", bool]:
        """Ask for a run ("Train now"). The row is the request: the next tick picks it up, whatever became of the message.

        Returns:
            The run and whether this call asked for it; False: that one was waiting or running already.
        """
        self.fail_expired()  # a dead worker's run is no answer
        live = self.filter(status__in=TrainingRun.LIVE).first()
        if live is not None:
            return live, False
        try:
            with transaction.atomic():
                run = self.create(requested_by=by, trigger=TrainingRun.Trigger.REQUEST)
        except IntegrityError:  # somebody else asked at the same moment
            return self.get(status=TrainingRun.Status.REQUESTED), False
        return run, True

    def fail_expired(self) -> int:
        """Mark runs whose lease ran out as failed. Returns how many there were (0 or 1)."""
        expired = self.filter(status=TrainingRun.Status.RUNNING, lease_expires_at__lt=database_now())
        return expired.fail("The process that ran it is gone: its lease ran out. It made no version.")

    def fail_lost(self, worker: str, reason: str) -> int:
        """Mark the run of a process that is known to be gone as failed, with how it ended. Returns how many there were."""
        return self.filter(status=TrainingRun.Status.RUNNING, worker=worker).fail(f"{reason} It made no version.")

    def fail(self, error: str) -> int:
        return self.update(status=TrainingRun.Status.FAILED, finished_at=timezone.now(), error=error)

    def claim(
        self, *, worker: str, trigger: str | None, difference: Mapping[str, object] | None = None
    ) -> "TrainingRun | None":
        """Become the one running run: take the requested one, or make one, unless `trigger` is None. None: another is running.

        `difference` is what is new since the last one, as its row keeps it. The partial unique constraint on `status` decides
        between two at once, not what was read before.
        """
        self.fail_expired()
        started = {
            "status": TrainingRun.Status.RUNNING,
            "token": uuid.uuid4(),
            "worker": worker[:100],
            "difference": dict(difference or {}),
            "started_at": timezone.now(),
            "lease_expires_at": database_now() + LEASE,
        }
        try:
            with transaction.atomic():
                requested = self.filter(status=TrainingRun.Status.REQUESTED).first()
                if requested is None:
                    # without a trigger the requested one was meant, and it was cancelled meanwhile
                    return self.create(trigger=trigger, **started) if trigger else None
                taken = self.filter(pk=requested.pk, status=TrainingRun.Status.REQUESTED).update(**started)
                return self.get(pk=requested.pk) if taken else None
        except IntegrityError:
            return None


class TrainingRun(models.Model):
    """One attempt to learn: who asked, what it did, what the exams said and what the gate decided.

    While it runs, its row holds a lease: whoever has the row's `token` may write to it, until `lease_expires_at`. A process
    that lost its lease (it slept, or another took over) changes no row when it writes, and so learns that it is not the one.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", "waiting for a worker"
        RUNNING = "running", "running"
        PROMOTED = "promoted", "promoted"
        HELD = "held", "held by the gate"
        NOTHING_NEW = "nothing_new", "nothing new to learn"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "the schedule"
        REQUEST = "request", "Train now"
        COMMAND = "command", "the command line"

    LIVE = (Status.REQUESTED, Status.RUNNING)
    DECIDED = (Status.PROMOTED, Status.HELD)
    ON_ITS_PAGE = ("log", "config", "environment", "curve", "reports", "measured", "changed")

    # who and when
    status = models.CharField(max_length=12, choices=Status, default=Status.REQUESTED, editable=False)
    trigger = models.CharField(max_length=10, choices=Trigger, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    difference = models.JSONField(
        default=dict,
        editable=False,
        help_text="What was new when it was claimed; see training.runs.schedule.Difference.",
    )

    # the lease
    token = models.UUIDField(null=True, editable=False)
    worker = models.CharField(max_length=100, blank=True, editable=False, help_text="host:pid")
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    cancel_requested_at = models.DateTimeField(null=True, editable=False)

    # live progress
    phase = models.CharField(max_length=40, blank=True, editable=False)
    epoch = models.PositiveSmallIntegerField(default=0, editable=False)
    epochs = models.PositiveSmallIntegerField(default=0, editable=False)
    progress = models.FloatField(default=0.0, editable=False, help_text="0..1 of the whole run.")
    accuracy = models.FloatField(null=True, editable=False, help_text="On the validation drawings, 0..1.")
    eta_at = models.DateTimeField(null=True, editable=False, help_text="When it should be over.")
    log = models.TextField(blank=True, editable=False, help_text="The last lines.")

    # what it learned from and how
    config = models.JSONField(default=dict, editable=False, help_text="fine_tune, gate: every number that was used.")
    seed = models.BigIntegerField(null=True, editable=False)
    environment = models.JSONField(default=dict, editable=False, help_text="Versions, threads, sources of replay data.")
    snapshot = models.ForeignKey(
        DatasetSnapshot, null=True, editable=False, on_delete=models.PROTECT, related_name="runs"
    )
    curve = models.JSONField(
        default=list, editable=False, help_text="One an epoch: {epoch, loss, accuracy (validation), seconds}."
    )

    # what came of it
    champion = models.ForeignKey(
        ModelVersion, null=True, editable=False, on_delete=models.PROTECT, related_name="challenged_by"
    )
    challenger = models.OneToOneField(
        ModelVersion, null=True, editable=False, on_delete=models.PROTECT, related_name="run"
    )
    reports = models.JSONField(
        default=dict, editable=False, help_text="exam name: {champion, challenger, baseline, paired}: each a report."
    )
    measured = models.JSONField(
        default=dict,
        editable=False,
        help_text="What the gate was given besides the reports; see training.evaluation.verdicts.",
    )
    decision = models.JSONField(
        default=dict,
        editable=False,
        help_text="promote, reasons, notes, and rows of {metric, champion, challenger, limit, verdict, passed}.",
    )
    changed = models.JSONField(
        default=dict,
        editable=False,
        help_text="fixed, broken: ids of exam drawings whose answer changed; wrong: [id, answer].",
    )
    error = models.TextField(blank=True, editable=False)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="running"), name="one_running_run"),
            models.UniqueConstraint(fields=["status"], condition=Q(status="requested"), name="one_requested_run"),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(token__isnull=False, lease_expires_at__isnull=False),
                name="running_holds_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    def write(self, **columns: object) -> bool:
        """Change this run's row if its lease is still ours. Returns whether it was; believe it."""
        held = TrainingRun.objects.filter(pk=self.pk, token=self.token, status=self.Status.RUNNING)
        if not held.update(**columns):
            return False
        for name, value in columns.items():
            setattr(self, name, value)
        return True

    def renew(self) -> bool:
        """Prolong the lease. Returns whether it was still ours, also if it had run out and nobody took it."""
        return self.write(lease_expires_at=database_now() + LEASE)

    def finish(self, status: str, **columns: object) -> bool:
        """Record the outcome if the lease is still ours."""
        return self.write(status=status, finished_at=timezone.now(), eta_at=None, **columns)

    def hand_back(self) -> bool:
        """Let another worker go on with this run: it waits again, with its snapshot and what it has learned so far."""
        try:
            with transaction.atomic():
                return self.write(
                    status=self.Status.REQUESTED, token=None, worker="", lease_expires_at=None, phase="", eta_at=None
                )
        except IntegrityError:  # somebody has asked for another one meanwhile, which learns from the same drawings
            return self.finish(
                self.Status.CANCELLED, error="Its worker was stopped, and another run was waiting already."
            )

    def cancel(self) -> bool:
        """Ask the run to stop: at once if no worker has it yet, else after its current batch. Returns whether it was live."""
        now = timezone.now()
        waiting = TrainingRun.objects.filter(pk=self.pk, status=self.Status.REQUESTED)
        if waiting.update(status=self.Status.CANCELLED, finished_at=now):
            return True
        running = TrainingRun.objects.filter(pk=self.pk, status=self.Status.RUNNING, cancel_requested_at__isnull=True)
        return bool(running.update(cancel_requested_at=now))


class RunCheckpoint(models.Model):
    """What a run had learned after its last whole epoch, for whoever goes on with it. It ends with the run."""

    run = models.OneToOneField(TrainingRun, primary_key=True, on_delete=models.CASCADE, related_name="checkpoint")
    content = models.BinaryField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"checkpoint of run {self.run_id}"

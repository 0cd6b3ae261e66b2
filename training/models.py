"""What was learned from, by which run, when the next one is due, and whether the workers are alive."""

import json
import logging
import uuid
import zlib
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q
from django.utils import timezone

from recognizer.models import ModelVersion

logger = logging.getLogger(__name__)
HEARTBEAT_FRESH = timedelta(seconds=60)  # four beats of 15 s; a restart of the broker may swallow some
HEARTBEAT_KEPT = timedelta(days=1)  # each run speaks under a name of its own
ONE_TRY = {"max_retries": 1, "interval_start": 0}  # retry=False would still try to connect for 6 s, and people wait
LEASE = timedelta(seconds=60)  # six renewals of 10 s: a slow machine may miss some, the next tick finds a dead one
LOG_CHARACTERS = 8000  # the tail of a run's log that its row keeps: the last hundred lines


class TrainingPolicy(models.Model):
    """When a run starts by itself. One row, edited in the admin; `TrainingPolicy.load()` makes it where it is missing."""

    enabled = models.BooleanField(default=True, help_text="Off: runs start only by hand.")
    minimum_new_labels = models.PositiveIntegerField(
        default=100,  # below, a run's change is smaller than the exams can tell
        validators=[MinValueValidator(1)],
        help_text="Newly approved drawings since the last version was trained.",
    )
    minimum_interval_minutes = models.PositiveIntegerField(
        default=60, help_text="Minutes between the start of two runs; runs asked for by hand do not wait."
    )
    preferred_hour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text="Start only in this hour of the day (0-23, UTC). Empty: at any hour.",
    )

    class Meta:
        verbose_name_plural = "training policy"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_training_policy")]

    def __str__(self) -> str:
        return "training policy"

    def save(self, *args: Any, **options: Any) -> None:
        self.pk = 1
        super().save(*args, **options)

    @classmethod
    def load(cls) -> Self:
        return cls.objects.get_or_create(pk=1)[0]


class DatasetSnapshotQuerySet(models.QuerySet["DatasetSnapshot"]):
    def last_event_seen(self) -> int:
        """The newest label event that a run which came to a decision has looked at; 0 before the first."""
        return self.filter(runs__status__in=TrainingRun.DECIDED).aggregate(last=Max("last_event"))["last"] or 0


class DatasetSnapshot(models.Model):
    """Which drawings a run learned from, with which label: frozen. The same drawings give the same digest, hence the same row.

    A deleted drawing stays in old manifests as an id that leads nowhere, and is in no later one.
    """

    taken_at = models.DateTimeField(default=timezone.now, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the members.")
    last_event = models.BigIntegerField(
        default=0, editable=False, help_text="The newest label event that was seen: what is newer is new."
    )
    drawings = models.PositiveIntegerField(editable=False)
    contributors = models.PositiveIntegerField(editable=False)
    counts = models.JSONField(default=dict, editable=False, help_text="labels: {label: n}; excluded: {reason: n}")

    objects = DatasetSnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-id"]

    def __str__(self) -> str:
        return f"snapshot {self.digest[:8]}, {self.drawings} drawings"

    @property
    def manifest(self) -> dict:
        """{"members": [[drawing id, label], ...] sorted by id, "excluded": {drawing id: reason}}, read from the database."""
        packed = SnapshotManifest.objects.values_list("packed", flat=True).get(snapshot=self)
        return json.loads(zlib.decompress(bytes(packed)))


class SnapshotManifest(models.Model):
    """Every drawing of a snapshot: a table of its own, so that no row that names a snapshot carries megabytes along."""

    snapshot = models.OneToOneField(DatasetSnapshot, primary_key=True, on_delete=models.CASCADE, related_name="+")
    packed = models.BinaryField(help_text="zlib of JSON: members and exclusions.")

    class Meta:
        default_permissions = ()  # nobody handles it but through its snapshot

    def __str__(self) -> str:
        return f"manifest of {self.snapshot_id}"

    @classmethod
    def pack(cls, snapshot: DatasetSnapshot, manifest: dict) -> Self:
        return cls.objects.create(snapshot=snapshot, packed=zlib.compress(json.dumps(manifest).encode()))


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def running(self) -> "TrainingRun | None":
        return self.filter(status=TrainingRun.Status.RUNNING).first()

    def decided(self) -> Self:
        return self.filter(status__in=TrainingRun.DECIDED)

    def in_brief(self) -> Self:
        """Without what only a run's own page shows: together some hundred kilobytes a row."""
        return self.defer(*TrainingRun.ON_ITS_PAGE)

    def request(self, *, by: models.Model | None) -> tuple["TrainingRun", bool]:
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
        transaction.on_commit(publish_tick)
        return run, True

    def fail_expired(self) -> int:
        """Mark runs whose lease ran out as failed. Returns how many there were (0 or 1)."""
        now = timezone.now()
        return self.filter(status=TrainingRun.Status.RUNNING, lease_expires_at__lt=now).update(
            status=TrainingRun.Status.FAILED,
            finished_at=now,
            error="The process that ran it is gone: its lease ran out. It made no version.",
        )

    def claim(self, *, worker: str, trigger: str | None) -> "TrainingRun | None":
        """Become the one running run: take the requested one, or make one, unless `trigger` is None. None: another is running.

        The partial unique constraint on `status` decides between two at once, not what was read before.
        """
        self.fail_expired()
        started = {
            "status": TrainingRun.Status.RUNNING,
            "token": uuid.uuid4(),
            "worker": worker[:100],
            "started_at": timezone.now(),
            "lease_expires_at": timezone.now() + LEASE,
        }
        try:
            with transaction.atomic():
                requested = self.filter(status=TrainingRun.Status.REQUESTED).first()
                if requested is None and trigger is None:
                    return None  # it was cancelled meanwhile
                if requested is None:
                    return self.create(trigger=trigger, **started)
                taken = self.filter(pk=requested.pk, status=TrainingRun.Status.REQUESTED).update(**started)
                return self.get(pk=requested.pk) if taken else None
        except IntegrityError:
            return None


def publish_tick() -> None:
    """Wake a worker now rather than at the next tick. Best effort: the row is what counts."""
    from training.tasks import tick

    try:
        tick.apply_async(retry_policy=ONE_TRY, expires=60)
    except Exception:  # whatever the broker's client raises, the next tick picks the row up
        logger.warning("cannot reach the broker; the run starts with the next tick", exc_info=True)


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
    ON_ITS_PAGE = ("log", "config", "environment", "curve", "reports", "changed")

    # who and when
    status = models.CharField(max_length=12, choices=Status, default=Status.REQUESTED, editable=False)
    trigger = models.CharField(max_length=10, choices=Trigger, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

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
        return self.write(lease_expires_at=timezone.now() + LEASE)

    def finish(self, status: str, **columns: object) -> bool:
        """Record the outcome if the lease is still ours."""
        return self.write(status=status, finished_at=timezone.now(), eta_at=None, **columns)

    def cancel(self) -> bool:
        """Ask the run to stop: at once if no worker has it yet, else after its current batch. Returns whether it was live."""
        now = timezone.now()
        waiting = TrainingRun.objects.filter(pk=self.pk, status=self.Status.REQUESTED)
        if waiting.update(status=self.Status.CANCELLED, finished_at=now):
            return True
        running = TrainingRun.objects.filter(pk=self.pk, status=self.Status.RUNNING, cancel_requested_at__isnull=True)
        return bool(running.update(cancel_requested_at=now))


class WorkerHeartbeatQuerySet(models.QuerySet["WorkerHeartbeat"]):
    def beat(self, name: str) -> None:
        """Record that a worker has just finished a task, and forget those that have been silent for long."""
        now = timezone.now()
        self.update_or_create(name=name, defaults={"at": now})
        self.filter(at__lt=now - HEARTBEAT_KEPT).delete()

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

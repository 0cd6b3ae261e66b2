"""What was drawn, and its three labels.

A drawing carries three labels by three writers, and none overwrites another: the model's (`predicted_label`), its
contributor's (`confirmed_label`) and a reviewer's (`reviewed_label`). Every change of a label or of a status is also a
`LabelEvent`, which is only ever added to.
"""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from recognizer import callers
from recognizer.errors import AlreadyReviewed
from recognizer.labels import NOT_A_DIGIT
from recognizer.models.batches import ReviewBatch
from recognizer.models.campaigns import Campaign
from recognizer.models.contributors import Contributor
from recognizer.models.events import LabelEvent, Look
from recognizer.models.label_fields import Status, label_field, label_text
from recognizer.models.strokes_field import StrokesField
from recognizer.models.versions import ModelVersion

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CLAIM_TIMEOUT = timedelta(minutes=5)  # a reviewer who left gives the drawing back after this
AUDIT_EVERY = 20  # of the drawings that a rule approved, one in so many is shown to a reviewer anyway, blind
SECOND_OPINION_EVERY = 10  # of the drawings that a reviewer decided on, one in so many is asked of another, blind
CONFIRMATION = ("confirmed_label", "status", "status_reason")  # what a change of the contributor's label depends on


class DrawingQuerySet(models.QuerySet["Drawing"]):
    def of(self, contributor: Contributor | None) -> Self:
        """A contributor's drawings; nobody has none."""
        return self.filter(contributor=contributor) if contributor else self.none()

    def in_campaign(self, campaign: Campaign | None) -> Self:
        """Those that people of a campaign drew; without one, all."""
        return self.filter(campaign=campaign) if campaign else self

    def confirmed(self) -> Self:
        return self.filter(confirmed_label__isnull=False)

    def waiting(self) -> Self:
        """Drawings a reviewer should look at, the most telling first."""
        return self.filter(status=Drawing.Status.WAITING).order_by("-review_priority", "id")

    def approved(self) -> Self:
        return self.filter(status=Drawing.Status.APPROVED)

    def trainable(self) -> Self:
        """Approved drawings of people who are neither examined nor blocked: the only door to training.

        A snapshot narrows it further: duplicates out, capped per contributor and class (see training.curation.snapshots).
        """
        return self.approved().filter(contributor__is_exam=False, contributor__blocked_at__isnull=True)

    def exam(self) -> Self:
        """Approved drawings of exam contributors: questions for every version, taught to none."""
        return self.approved().filter(contributor__is_exam=True, contributor__blocked_at__isnull=True)

    def showable(self) -> Self:
        """Digits that a reviewer looked at and approved: what a wall may show. What a rule approved nobody has looked at."""
        digits = Q(reviewed_label__lt=NOT_A_DIGIT)
        return self.approved().filter(digits, reviewed_at__isnull=False, contributor__blocked_at__isnull=True)

    def unconfirmed_before(self, moment: datetime) -> Self:
        """Drawings without a word of their contributor's, which are not kept: also those that were set aside since."""
        idle = [Drawing.Status.UNCONFIRMED, Drawing.Status.REJECTED, Drawing.Status.QUARANTINED]
        return self.filter(status__in=idle, confirmed_label__isnull=True, created_at__lt=moment)

    def without_pixels(self) -> Self:
        return self.defer("png", "strokes")

    def with_fate(self) -> Self:
        """With whose they are and which version answered: its number, not all that is known of it."""
        return self.select_related("contributor", "model_version").defer(
            "model_version__metrics", "model_version__calibration"
        )


class Drawing(models.Model):
    """One picture a contributor sent, what the model answered, and what people said of it since."""

    Status = Status

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contributor = models.ForeignKey(Contributor, on_delete=models.CASCADE, related_name="drawings")
    campaign = models.ForeignKey(
        Campaign, null=True, editable=False, on_delete=models.PROTECT, related_name="drawings", db_index=False
    )  # found by the two indexes below, which hold nobody else's drawings
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    idempotency_key = models.CharField(max_length=64, null=True, editable=False)
    retry_digest = models.CharField(
        max_length=64, null=True, editable=False, help_text="For some minutes: who may ask for the first answer again."
    )

    # what was drawn
    png = models.BinaryField(editable=False, help_text="Greyscale PNG made by us from the pixels that were sent.")
    strokes = StrokesField(null=True, editable=False)
    canvas_width = models.FloatField(null=True, editable=False)
    canvas_height = models.FloatField(null=True, editable=False)
    content_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the 28 x 28 the model saw.")
    preprocessing_version = models.PositiveIntegerField(editable=False)
    prompted_label = label_field(editable=False, help_text="What the page had asked for, if it asked.")

    # what the model said: the network alone, never a browser, never the personal memory
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="drawings", editable=False)
    probabilities = models.JSONField(editable=False)
    predicted_label = label_field(editable=False, help_text="Empty when the model refused to answer.")
    top_label = models.PositiveSmallIntegerField(editable=False, help_text="The likeliest digit, also when refused.")
    confidence = models.FloatField(editable=False)
    margin = models.FloatField(editable=False)

    # what its contributor said
    confirmed_label = label_field(editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)

    # what a reviewer, or a rule, decided
    status = models.CharField(max_length=12, choices=Status, default=Status.UNCONFIRMED, editable=False)
    status_reason = models.CharField(max_length=300, blank=True, editable=False)
    reviewed_label = label_field(editable=False)
    reviewed_at = models.DateTimeField(null=True, editable=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    suspicion = models.FloatField(
        null=True, editable=False, help_text="0..1: how strongly others contradict the label."
    )
    review_priority = models.FloatField(default=0.0, editable=False, help_text="Queue order, higher first.")
    check_due = models.CharField(
        max_length=6,
        choices=Look,
        default=Look.OPEN,
        blank=True,
        editable=False,
        help_text="Decided, and wanted once more by a reviewer who does not see how.",
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, editable=False)
    claimed_window = models.CharField(
        max_length=36,
        default="",
        blank=True,
        editable=False,
        help_text="Which of the reviewer's windows has it in hand.",
    )
    claimed_look = models.CharField(
        max_length=6,
        choices=Look,
        default=Look.OPEN,
        blank=True,
        editable=False,
        help_text="As what they were handed it.",
    )
    is_known = models.BooleanField(
        default=False, editable=False, help_text="Two reviewers said the same, one blind: it may test others."
    )
    rarity = models.FloatField(
        default=0.0, editable=False, help_text="0..1: how unlike its form is to every form that is known."
    )

    objects = DrawingQuerySet.as_manager()

    class Meta:
        permissions = [("export_drawing", "Can export drawings")]
        constraints = [
            models.UniqueConstraint(fields=["contributor", "idempotency_key"], name="one_drawing_per_idempotency_key"),
            models.UniqueConstraint(
                fields=["retry_digest"], condition=Q(retry_digest__isnull=False), name="one_drawing_per_first_call"
            ),
            *[
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lte": most}),
                    name=f"{name}_range",
                )
                for name, most in [
                    ("prompted_label", 9),
                    ("predicted_label", 9),
                    ("top_label", 9),
                    ("confirmed_label", NOT_A_DIGIT),
                    ("reviewed_label", NOT_A_DIGIT),
                ]
            ],
            models.CheckConstraint(
                condition=~Q(status="waiting") | Q(confirmed_label__isnull=False), name="waiting_is_confirmed"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-review_priority", "id"], name="drawing_queue"),
            models.Index(fields=["-created_at", "id"], name="drawing_newest"),
            models.Index(fields=["status", "-created_at"], name="drawing_status_newest"),
            models.Index(fields=["contributor", "-created_at"], name="drawing_contributor_newest"),
            models.Index(fields=["content_hash"], name="drawing_content"),
            models.Index(fields=["model_version", "-created_at", "id"], name="drawing_version_newest"),
            models.Index(fields=["-suspicion", "id"], name="drawing_suspicion", condition=Q(suspicion__isnull=False)),
            models.Index(fields=["check_due", "id"], name="drawing_check_due", condition=~Q(check_due="")),
            # the orders of the queue beside `drawing_queue`; no drawing pays for them that does not wait
            models.Index(fields=["-suspicion", "id"], name="drawing_waiting_suspicion", condition=Q(status="waiting")),
            models.Index(fields=["-rarity", "id"], name="drawing_waiting_rarity", condition=Q(status="waiting")),
            models.Index(fields=["margin", "id"], name="drawing_waiting_margin", condition=Q(status="waiting")),
            models.Index(fields=["created_at", "id"], name="drawing_waiting_oldest", condition=Q(status="waiting")),
            models.Index(  # where few were asked for, none of the orders finds them soon
                fields=["id"],
                name="drawing_waiting_round",
                condition=Q(status="waiting", prompted_label__isnull=False),
            ),
            models.Index(
                fields=["reviewed_by", "-reviewed_at", "id"],
                name="drawing_reviewer",
                condition=Q(reviewed_by__isnull=False),
            ),
            models.Index(
                fields=["-reviewed_at", "id"], name="drawing_reviewed", condition=Q(reviewed_at__isnull=False)
            ),
            models.Index(fields=["id"], name="drawing_known", condition=Q(is_known=True)),
            models.Index(
                fields=["campaign", "-created_at", "id"],
                name="drawing_campaign_newest",
                condition=Q(campaign__isnull=False),
            ),
            models.Index(
                fields=["campaign", "status", "-review_priority", "id"],
                name="drawing_campaign_queue",
                condition=Q(campaign__isnull=False),
            ),
            # one drawing in two hundred is no digit: too few to find them by passing the others
            models.Index(
                fields=["-created_at", "id"],
                name="drawing_no_digit",
                condition=Q(confirmed_label=NOT_A_DIGIT) | Q(reviewed_label=NOT_A_DIGIT),
            ),
            # the dashboard's counts by day are answered from this index alone
            models.Index(
                fields=["created_at", "status", "contributor", "confirmed_label", "predicted_label"],
                name="drawing_daily",
            ),
        ]

    def __str__(self) -> str:
        return f"drawing {str(self.pk)[:8]}"

    @property
    def label(self) -> int | None:
        """The label to train with: a reviewer's word, else the contributor's."""
        return self.confirmed_label if self.reviewed_label is None else self.reviewed_label

    @property
    def answered(self) -> int:
        """What its contributor was told: 0-9, NOT_A_DIGIT where it was refused."""
        return NOT_A_DIGIT if self.predicted_label is None else self.predicted_label

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_at is not None

    def confirm(self, label: int, *, priority: float = 0.0, suspicion: float | None = None) -> bool:
        """Record what the contributor says it is; put it in the queue. Returns whether anything changed.

        What was quarantined stays so, whatever its contributor says: that is a reviewer's to lift.

        Raises:
            AlreadyReviewed: a reviewer has decided; their decision is not reopened from outside.
        """
        with transaction.atomic():
            unreviewed = Drawing.objects.filter(pk=self.pk, reviewed_at__isnull=True)
            row = unreviewed.select_for_update(of=("self",)).only(*CONFIRMATION).first()
            if row is None:
                raise AlreadyReviewed
            if row.confirmed_label == label:
                return False
            self.confirmed_label, self.confirmed_at = label, timezone.now()
            self._move(
                *row._unless_quarantined(self.Status.WAITING),
                review_priority=priority,
                suspicion=suspicion,
                confirmed_label=label,
                confirmed_at=self.confirmed_at,
            )
            self._note(
                LabelEvent.Actor.CONTRIBUTOR,
                LabelEvent.Action.CONFIRMED,
                label=label,
                previous=row.confirmed_label,
            )
        return True

    def withdraw(self) -> bool:
        """Take back what the contributor said: the drawing is unconfirmed again, or still quarantined.

        Returns whether anything changed.

        Raises:
            AlreadyReviewed: a reviewer has decided.
        """
        with transaction.atomic():
            unreviewed = Drawing.objects.filter(pk=self.pk, reviewed_at__isnull=True)
            row = unreviewed.select_for_update(of=("self",)).only(*CONFIRMATION).first()
            if row is None:
                raise AlreadyReviewed
            if row.confirmed_label is None:
                return False
            self.confirmed_label = self.confirmed_at = None
            self._move(
                *row._unless_quarantined(self.Status.UNCONFIRMED),
                confirmed_label=None,
                confirmed_at=None,
            )
            self._note(LabelEvent.Actor.CONTRIBUTOR, LabelEvent.Action.WITHDRAWN, previous=row.confirmed_label)
        return True

    def approve_by_rule(self, reason: str) -> None:
        """Let a rule accept the confirmed label of a drawing that waits; reviewer and contributor may still overrule it."""
        if self.status != self.Status.WAITING:
            return
        is_sampled = self.pk.int % AUDIT_EVERY == 0  # the last bits of a random UUID are random
        with transaction.atomic():
            self._move(self.Status.APPROVED, reason, check_due=Look.AUDIT if is_sampled else Look.OPEN)
            self._note(LabelEvent.Actor.RULE, LabelEvent.Action.APPROVED, label=self.confirmed_label, reason=reason)

    def approve(
        self, label: int, by: "User", reason: str = "", *, look: str = Look.OPEN, batch: ReviewBatch | None = None
    ) -> None:
        """Record a reviewer's label (0-9 or NOT_A_DIGIT) and let it train."""
        self._review(
            self.Status.APPROVED, LabelEvent.Action.APPROVED, by, label=label, reason=reason, look=look, batch=batch
        )

    def reject(self, reason: str, by: "User", *, look: str = Look.OPEN, batch: ReviewBatch | None = None) -> None:
        self._review(
            self.Status.REJECTED, LabelEvent.Action.REJECTED, by, label=None, reason=reason, look=look, batch=batch
        )

    def note(self, by: "User", text: str) -> None:
        """Leave a sentence for whoever looks at it next. It decides nothing."""
        self._note(LabelEvent.Actor.REVIEWER, LabelEvent.Action.NOTED, user=by, label=self.label, reason=text[:300])

    def test_answer(self, label: int | None, by: "User") -> None:
        """Record what a reviewer says of a drawing whose answer is known. It tells of them, and changes nothing of it."""
        Drawing.objects.filter(pk=self.pk).update(claimed_by=None, claimed_until=None, claimed_look=Look.OPEN)
        self._note(
            LabelEvent.Actor.REVIEWER,
            LabelEvent.Action.SECONDED,
            user=by,
            label=label,
            previous=self.label,
            look=Look.KNOWN,
        )

    def second_opinion(self, label: int | None, by: "User") -> None:
        """Record another reviewer's blind word (None: reject it). Where the two differ, it waits for a third, who is told."""
        first = None if self.status == self.Status.REJECTED else self.label
        with transaction.atomic():
            if label == first:
                is_known = self.status == self.Status.APPROVED
                self._move(self.status, self.status_reason, claimed_by=None, claimed_until=None, is_known=is_known)
            else:
                # without their names: a reason leaves with its drawing
                said = " and ".join(
                    f"{who} says {label_text(word) if word is not None else 'reject it'}"
                    for who, word in (("one", first), ("the other", label))
                )
                self.put_back(by, "two reviewers differ", look=Look.SECOND)
                # what nobody had confirmed waits for its third reviewer in no queue
                if self.status == self.Status.WAITING:
                    self._move(self.status, f"two reviewers differ: {said}"[:300], check_due=Look.THIRD)
            self._note(
                LabelEvent.Actor.REVIEWER,
                LabelEvent.Action.SECONDED,
                user=by,
                label=label,
                previous=first,
                look=Look.SECOND,
            )

    def undo(self, by: "User", batch: ReviewBatch | None = None) -> bool:
        """Take back this reviewer's last word and restore what stood before it. Returns whether there was one.

        With a batch: take back what it decided, whoever did, if nothing was said since.

        History is added to: an "undone" event, then the restored decision once more.
        """
        with transaction.atomic():
            spoken = self.events.exclude(action=LabelEvent.Action.NOTED)
            history = list(spoken.select_for_update(of=("self",)).order_by("-id"))
            if history and history[0].look == Look.KNOWN and history[0].user_id == by.pk:
                return self._undo_test(by, history[0])
            history = [event for event in history if event.look != Look.KNOWN]
            if not history or history[0].action == LabelEvent.Action.UNDONE:
                return False
            if (history[0].batch_id != batch.pk) if batch else (history[0].user_id != by.pk):
                return False
            before = next((event for event in history[1:] if event.look != Look.SECOND), None)
            self.put_back(by, "undone", look=history[0].look, action=LabelEvent.Action.UNDONE)
            if before is not None and before.action in LabelEvent.DECISIONS:
                self._restore(before)
        return True

    def _undo_test(self, by: "User", last: "LabelEvent") -> bool:
        """Take back a word on a drawing whose answer is known: nothing but the word has to go."""
        if last.action == LabelEvent.Action.UNDONE:
            return False
        Drawing.objects.filter(pk=self.pk).update(claimed_look=Look.KNOWN)
        self._note(LabelEvent.Actor.REVIEWER, LabelEvent.Action.UNDONE, user=by, previous=last.label, look=Look.KNOWN)
        return True

    def _restore(self, event: "LabelEvent") -> None:
        """Bring back the state that a decision had left, and note the decision again in its author's name."""
        status = LabelEvent.DECISIONS[event.action]
        is_review = event.actor == LabelEvent.Actor.REVIEWER
        self.reviewed_label = event.label if is_review else None
        self.reviewed_at = event.at if is_review else None
        self.reviewed_by = event.user if is_review else None
        due = Look.OPEN
        if status == self.Status.APPROVED and not is_review and self.pk.int % AUDIT_EVERY == 0:
            due = Look.AUDIT
        if is_review:
            due = self._second_opinion_due()
        self._move(
            status,
            event.reason,
            reviewed_label=self.reviewed_label,
            reviewed_at=self.reviewed_at,
            reviewed_by=self.reviewed_by,
            check_due=due,
        )
        self._note(
            event.actor,
            event.action,
            user=event.user,
            label=event.label,
            previous=event.previous_label,
            reason=event.reason,
            look=event.look,
        )

    def _second_opinion_due(self) -> Look:
        is_sampled = self.pk.int // AUDIT_EVERY % SECOND_OPINION_EVERY == 0
        return Look.SECOND if is_sampled and self.confirmed_label is not None else Look.OPEN

    def put_back(
        self,
        by: "User",
        reason: str = "",
        *,
        look: str = Look.OPEN,
        action: str = "put back",
        batch: ReviewBatch | None = None,
    ) -> None:
        """Undo a review: the drawing waits again, with the contributor's label alone."""
        with transaction.atomic():
            previous = self.reviewed_label
            status = self.Status.UNCONFIRMED if self.confirmed_label is None else self.Status.WAITING
            self.reviewed_label = self.reviewed_at = self.reviewed_by = None
            self._move(
                status,
                "",
                reviewed_label=None,
                reviewed_at=None,
                reviewed_by=None,
                claimed_by=None,
                claimed_until=None,
                is_known=False,
            )
            self._note(
                LabelEvent.Actor.REVIEWER,
                action,
                user=by,
                previous=previous,
                reason=reason,
                look=look,
                batch=batch,
            )

    def quarantine(self, reason: str) -> None:
        """Set aside what looks wrong until a reviewer looks; it neither trains nor examines."""
        with transaction.atomic():
            self._move(self.Status.QUARANTINED, reason)
            self._note(LabelEvent.Actor.TRAINING, LabelEvent.Action.QUARANTINED, label=self.label, reason=reason)

    def _review(
        self,
        status: str,
        action: str,
        by: "User",
        *,
        label: int | None,
        reason: str,
        look: str,
        batch: ReviewBatch | None,
    ) -> None:
        with transaction.atomic():
            previous = self.label
            self.reviewed_label, self.reviewed_at, self.reviewed_by = label, timezone.now(), by
            self._move(
                status,
                reason,
                reviewed_label=label,
                reviewed_at=self.reviewed_at,
                reviewed_by=by,
                # a third reviewer's word is the last one
                check_due=Look.OPEN if look == Look.THIRD else self._second_opinion_due(),
                claimed_by=None,
                claimed_until=None,
                is_known=False,
            )
            self._note(
                LabelEvent.Actor.REVIEWER,
                action,
                user=by,
                label=label,
                previous=previous,
                reason=reason,
                look=look,
                batch=batch,
            )

    def _unless_quarantined(self, status: str) -> tuple[str, str]:
        """Return `status` without a reason, or for a quarantined drawing the quarantine with the one it has."""
        return (self.status, self.status_reason) if self.status == self.Status.QUARANTINED else (status, "")

    def _move(self, status: str, reason: str, *, check_due: str = Look.OPEN, **columns: object) -> None:
        self.status, self.status_reason, self.check_due = status, reason, check_due
        Drawing.objects.filter(pk=self.pk).update(status=status, status_reason=reason, check_due=check_due, **columns)

    def _note(
        self,
        actor: str,
        action: str,
        *,
        user: "User | None" = None,
        label: int | None = None,
        previous: int | None = None,
        reason: str = "",
        look: str = Look.OPEN,
        batch: ReviewBatch | None = None,
    ) -> None:
        """Keep what was said, behind the row's lock where it changed something: all of that is undone where nobody waits for it.

        Raises:
            CallerGone: whoever said it in this call has hung up.
        """
        callers.check()
        LabelEvent.objects.create(
            drawing=self,
            actor=actor,
            user=user,
            action=action,
            label=label,
            previous_label=previous,
            reason=reason,
            look=look,
            batch=batch,
        )

"""The verbs that touch several rooms: recognize, give feedback, forget."""

import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from numpy.typing import NDArray

from recognizer import callers, campaigns, monitoring, personalization, retreat, serving
from recognizer.campaign_cookie import Membership
from recognizer.errors import InvalidDrawing
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.models import Admission, Contributor, Drawing, DrawingQuerySet, Tombstone
from recognizer.notices.announcing import announce_correction
from recognizer.review.priority import approval_rule, assess
from recognizer.submissions import Reading, Submission

logger = logging.getLogger(__name__)
RETRY_WINDOW = timedelta(minutes=10)  # how long a lost answer may be asked for again by someone who never got a cookie
SECRET_KEY_LENGTH, SECRET_KEY_SIGNS = 22, 8  # a key of so many characters, so many of them different, is not guessed
PURGE_BATCH = 200  # drawings in one transaction: visitors of a SQLite site wait for each


def read(submission: Submission) -> Reading:
    """Answer a drawing without storing anything.

    Raises:
        InvalidDrawing: there is no ink to read.
        NoChampion: there is no model to read it with.
    """
    (reading,) = read_all([submission])
    if isinstance(reading, InvalidDrawing):
        raise reading
    return reading


def read_all(submissions: Sequence[Submission]) -> list[Reading | InvalidDrawing]:
    """Answer many drawings in one pass through the network, each by its reading or by why it cannot be read.

    Raises:
        NoChampion: there is no model to read them with.
    """
    start = time.perf_counter()
    images = [_image(submission) for submission in submissions]
    sound = [image for image in images if not isinstance(image, InvalidDrawing)]
    readings = iter(_read_images(sound, start) if sound else [])
    return [image if isinstance(image, InvalidDrawing) else next(readings) for image in images]


def recognize(
    submission: Submission,
    contributor: Contributor | None,
    idempotency_key: str | None = None,
    sender: str = "",
    membership: Membership | None = None,
) -> tuple[Drawing, Reading]:
    """Answer a drawing and store it, for a contributor who is made on the spot if there is none yet.

    The same picture with the same idempotency key gives its contributor the same drawing again. Who has no cookie is the
    contributor of that drawing only as `retry_digest` says; `sender` stands for where the call came from. Whoever is made on the
    spot joins the campaign that the device has joined, as its `membership` says.

    It is stored first, in one statement, and looked for only where that is refused: a call is seldom sent twice.

    Raises:
        NotAdmitted: the campaign takes no drawings now, or asks for a consent that was not given.
        CallerGone: nobody waits for the answer any more.
    """
    if contributor is not None and contributor.campaign_id:
        campaigns.check_open(contributor.campaign_id)
    by = contributor or campaigns.admission(membership)
    reading = read(submission)
    key = picture_key(submission, idempotency_key) if idempotency_key else None
    retry = retry_digest(submission, idempotency_key, sender) if idempotency_key and contributor is None else None
    try:
        return _store(submission, reading, by, key, retry), reading
    except IntegrityError:  # the same call has stored it; else it is another's, or the contributor is gone
        earlier = _earlier(contributor or _returning_contributor(retry), key)
        return earlier or _store(submission, reading, campaigns.admission(membership), key, None), reading


def give_feedback(drawing_id: UUID, contributor: Contributor, label: int) -> Drawing:
    """Record what the contributor says the drawing is, and let the approval rule decide if it may.

    Raises:
        Drawing.DoesNotExist: no such drawing of theirs.
        AlreadyReviewed: a reviewer has decided.
        CallerGone: nobody waits for the answer any more.
    """
    with transaction.atomic():
        drawing = Drawing.objects.without_pixels().get(pk=drawing_id, contributor=contributor)
        changed = drawing.confirm(label, **assess(drawing, label))
        rule = approval_rule(drawing, label, settings.DIGITRE_AUTO_APPROVE)
        is_correction = changed and label != drawing.answered
        if changed:
            monitoring.FEEDBACK.labels(agreed=not is_correction).inc()
        if is_correction:
            announce_correction(drawing)
        if changed and rule and not contributor.is_blocked:
            drawing.approve_by_rule(rule)
    personalization.forget(contributor.pk)
    if is_correction:
        _look_after_champion()
    return drawing


def _look_after_champion() -> None:
    """Step back from a version that is corrected too much. A visitor's label is stored, whatever comes of it."""
    try:
        retreat.step_back_if_worse()
    except Exception:  # the worker looks as well
        logger.exception("could not look at what was corrected since the last promotion")


def withdraw_feedback(drawing_id: UUID, contributor: Contributor) -> Drawing:
    """Undo what the contributor said of a drawing.

    Raises:
        Drawing.DoesNotExist: no such drawing of theirs.
        AlreadyReviewed: a reviewer has decided.
        CallerGone: nobody waits for the answer any more.
    """
    drawing = Drawing.objects.without_pixels().get(pk=drawing_id, contributor=contributor)
    drawing.withdraw()
    personalization.forget(contributor.pk)
    return drawing


def forget(contributor: Contributor, drawing_id: UUID | None = None) -> None:
    """Delete one drawing with its events, or all of a contributor's and the contributor. No export brings them back.

    Thousands, as a tablet on a wall collects, go some at a time; if that is broken off, doing it again goes on with the rest.

    Raises:
        Drawing.DoesNotExist: no such drawing of theirs.
    """
    pk = contributor.pk
    if drawing_id is None:
        mine = Drawing.objects.of(contributor)
        while mine.count() > PURGE_BATCH:
            _delete_some(mine)
        with transaction.atomic():
            Tombstone.objects.bury(mine.values_list("pk", "content_hash"))
            contributor.delete()
    else:
        with transaction.atomic():
            drawing = Drawing.objects.without_pixels().get(pk=drawing_id, contributor=contributor)
            Tombstone.objects.bury([(drawing.pk, drawing.content_hash)])
            drawing.delete()
    personalization.forget(pk)


def purge_unconfirmed() -> int:
    """Delete drawings that their contributor did not confirm within the retention time. Returns how many.

    Contributors of whom no drawing is left go, too: one in five of them would stand for an exam contributor without a question.
    """
    moment = timezone.now() - timedelta(days=settings.DIGITRE_RETENTION_DAYS)
    purged = 0
    while count := _delete_some(Drawing.objects.unconfirmed_before(moment)):
        purged += count
    while _purge_contributors(moment):
        pass
    return purged


def forget_senders() -> None:
    """Delete what stands for a sender, once nobody may ask for the first answer again."""
    over = Drawing.objects.filter(retry_digest__isnull=False, created_at__lt=timezone.now() - RETRY_WINDOW)
    while some := list(over.values_list("pk", flat=True)[:PURGE_BATCH]):
        Drawing.objects.filter(pk__in=some).update(retry_digest=None)


def _delete_some(drawings: DrawingQuerySet) -> int:
    """Delete a batch of drawings in a transaction of its own. What is none of them any more when its row is locked stays."""
    with transaction.atomic():
        doomed = list(drawings.select_for_update().values_list("pk", "content_hash")[:PURGE_BATCH])
        Tombstone.objects.bury(doomed)
        _, counts = Drawing.objects.filter(pk__in=[pk for pk, _ in doomed]).only("pk").delete()
    return counts.get(Drawing._meta.label, 0)


def idle_before(moment: datetime) -> QuerySet[Contributor]:
    """Those who joined before that moment and have no drawing; a block outlasts its drawings.

    Each is asked for by itself: joined, a million drawings are gone through for two hundred people, in a second and a half.
    """
    has_drawn = Exists(Drawing.objects.filter(contributor=OuterRef("pk")))
    return Contributor.objects.filter(~has_drawn, created_at__lt=moment, blocked_at=None)


def _purge_contributors(moment: datetime) -> int:
    """Delete some of those who joined before that moment and have no drawing. Who stores one meanwhile is refused by its key."""
    with transaction.atomic():
        ids = list(idle_before(moment).select_for_update().values_list("pk", flat=True)[:PURGE_BATCH])
        return Contributor.objects.filter(pk__in=ids, drawings=None).delete()[0]


def picture_key(submission: Submission, idempotency_key: str) -> str:
    """Bind a key to the picture that came with it: a key that is used again for more ink is another drawing's."""
    return hashlib.sha256(idempotency_key.encode() + b"\0" + submission.png).hexdigest()


def retry_digest(submission: Submission, idempotency_key: str, sender: str) -> str | None:
    """Say by what a call without a cookie is known to be a first call once more, whose answer and cookie got lost.

    By a key that nobody guesses, with the very picture, from the same sender. None: by nothing.
    """
    if len(idempotency_key) < SECRET_KEY_LENGTH or len(set(idempotency_key)) < SECRET_KEY_SIGNS or not sender:
        return None
    known_by = f"{picture_key(submission, idempotency_key)} {sender}"
    return salted_hmac("recognizer.retry", known_by, algorithm="sha256").hexdigest()


def _image(submission: Submission) -> NDArray[np.float32] | InvalidDrawing:
    try:
        return submission.image
    except InvalidDrawing as error:
        return error


def _read_images(images: Sequence[NDArray[np.float32]], start: float) -> list[Reading]:
    """Read images float32 (28, 28, 1), 1 or more, and count them; each took its share of the time since `start`."""
    served = serving.current_classifier()
    together = served.model.predict(np.stack(images))
    answers = [served.model.interpret(together, row) for row in range(len(images))]
    seconds = (time.perf_counter() - start) / len(images)
    for answer in answers:
        monitoring.READING_SECONDS.observe(seconds)
        monitoring.of(monitoring.READINGS, served.version, answer.refused).inc()
        monitoring.of(monitoring.ANSWERS, answer.likely_digit, answer.kind).inc()
    return [
        Reading(image, together.row(row), answer, served)
        for row, (image, answer) in enumerate(zip(images, answers, strict=True))
    ]


def _earlier(contributor: Contributor | None, key: str | None) -> Drawing | None:
    if contributor is None or key is None:
        return None
    return Drawing.objects.filter(contributor=contributor, idempotency_key=key).select_related("contributor").first()


def _returning_contributor(retry: str | None) -> Contributor | None:
    """Find who made this very call a moment ago and has not come back with the cookie since."""
    if retry is None:
        return None
    recent = Drawing.objects.filter(retry_digest=retry, created_at__gte=timezone.now() - RETRY_WINDOW)
    earlier = recent.filter(contributor__returned_at=None).without_pixels().select_related("contributor").first()
    return earlier.contributor if earlier else None


def _whole(statements: int) -> AbstractContextManager[object]:
    """Let so many statements succeed or fail together. One alone does anyway, and needs a savepoint only inside a transaction."""
    return transaction.atomic() if statements > 1 or connection.in_atomic_block else nullcontext()


def _store(
    submission: Submission, reading: Reading, by: Contributor | Admission | None, key: str | None, retry: str | None
) -> Drawing:
    """Add the row, and its contributor if there is none yet: in the campaign that admits them, or by themselves.

    Raises:
        NotAdmitted: the campaign was deleted a moment ago.
        IntegrityError: the contributor has that key already, or is there no more; or there is a first call like it.
    """
    answer, (width, height) = reading.answer, submission.canvas or (None, None)
    drawing = Drawing(
        idempotency_key=key,
        retry_digest=retry,
        png=submission.png,
        strokes=submission.strokes,
        canvas_width=width,
        canvas_height=height,
        content_hash=content_hash(to_grey(reading.image)),
        preprocessing_version=PREPROCESSING_VERSION,
        prompted_label=submission.prompted,
        model_version_id=reading.served.version_id,
        probabilities=answer.probabilities,
        predicted_label=answer.digit,
        top_label=answer.likely_digit,
        confidence=answer.confidence,
        margin=answer.margin,
    )
    with _whole(1 if isinstance(by, Contributor) else 2):
        drawing.contributor = by if isinstance(by, Contributor) else campaigns.join(by)
        drawing.campaign_id = drawing.contributor.campaign_id
        callers.check()
        drawing.save(force_insert=True)
    monitoring.STORED.inc()
    return drawing

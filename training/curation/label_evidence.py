"""What the shipped baseline makes of pictures, as evidence about their labels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_input
from recognizer.inference.answers import calibrated_probabilities
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import Prediction
from training.config import SnapshotConfig
from training.curation.label_noise import LabelEvidence, go_on
from training.data.replay import Replay

NOBODY = -1  # the contributor of the baseline's own data
REFUSED_PRIOR = 0.7  # how sure the baseline is of "not a digit" when it refuses; it is wrong about new styles
ACCEPTED_PRIOR = 0.02  # and when it does not
PART = 1000  # pictures read between two looks at whether to go on: under a second each
BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # of pixels, either way: as wide as hands differ in placing a stroke


def baseline_evidence(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    contributors: NDArray[np.int64],
    is_reviewed: NDArray[np.bool_] | None = None,
    vouches: NDArray[np.bool_] | None = None,
    on_part: Callable[[], None] = go_on,
) -> LabelEvidence:
    """Read uint8 (N, 28, 28) pictures with the baseline, which has learned from no drawing: it is always out of sample.

    Args:
        is_reviewed, vouches: bool (N,), as LabelEvidence has them; None: none.
        on_part: called every PART pictures; whatever it raises stops the work.
    """
    baseline = shipped_baseline().model
    prediction = _read_in_parts(baseline, images, on_part)
    is_refused = prediction.digitness < baseline.calibration.refusal_threshold
    other = np.where(is_refused, REFUSED_PRIOR, ACCEPTED_PRIOR)[:, None]
    probabilities = calibrated_probabilities(prediction.logits, baseline.calibration.temperature)
    prior = np.hstack([(1 - other) * probabilities, other])
    none = np.zeros(len(labels), bool)
    return LabelEvidence(
        prediction.features,
        prior.astype("float32"),
        labels,
        contributors,
        blurred_pixels(images),
        none if is_reviewed is None else is_reviewed,
        none if vouches is None else vouches,
    )


def _read_in_parts(model: CalibratedModel, images: NDArray[np.uint8], on_part: Callable[[], None]) -> Prediction:
    parts = []
    for start in range(0, len(images) or 1, PART):
        on_part()
        parts.append(model.predict_all(images[start : start + PART]))
    return Prediction.joined(parts)


def blurred_pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Blur uint8 (N, 28, 28) pictures, so that strokes a little apart are alike: float32 (N, 196), L2-normalised, 0 if blank."""
    grey = to_input(images).reshape(len(images), *images.shape[1:])
    for axis in (1, 2):
        padded = np.pad(grey, [(len(BLUR) // 2,) * 2 if i == axis else (0, 0) for i in range(3)])
        size = grey.shape[axis]
        shifted = [share * padded.take(range(at, at + size), axis=axis) for at, share in enumerate(BLUR)]
        grey = np.sum(shifted, axis=0, dtype="float32")
    small = grey.reshape(len(grey), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(grey), -1)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    pixels: NDArray[np.float32] = np.divide(small, length, out=np.zeros_like(small), where=length > 0).astype("float32")
    return pixels


def reference_evidence(replay: Replay, config: SnapshotConfig, on_part: Callable[[], None] = go_on) -> LabelEvidence:
    """A part of the replay, whose labels are beyond doubt, by lot as it is shown."""
    rows = np.unique(replay.draw(config.reference_pictures, np.random.default_rng(config.seed)))
    sure = np.ones(len(rows), bool)
    nobody = np.full(len(rows), NOBODY)
    return baseline_evidence(replay.images[rows], replay.labels[rows], nobody, sure, on_part=on_part)

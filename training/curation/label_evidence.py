"""What the shipped baseline makes of pictures, as evidence about their labels."""

import numpy as np
from numpy.typing import NDArray

from recognizer.baseline import shipped_baseline
from recognizer.inference.answers import calibrated_probabilities
from training.config import SnapshotConfig
from training.curation.label_noise import LabelEvidence
from training.data.replay import Replay

NOBODY = -1  # the contributor of the baseline's own data
REFUSED_PRIOR = 0.7  # how sure the baseline is of "not a digit" when it refuses; it is wrong about new styles
ACCEPTED_PRIOR = 0.02  # and when it does not


def baseline_evidence(
    images: NDArray[np.uint8], labels: NDArray[np.int64], contributors: NDArray[np.int64]
) -> LabelEvidence:
    """Read uint8 (N, 28, 28) pictures with the baseline, which has learned from no drawing: it is always out of sample."""
    baseline = shipped_baseline().model
    prediction = baseline.predict_all(images)
    is_refused = prediction.digitness < baseline.calibration.refusal_threshold
    other = np.where(is_refused, REFUSED_PRIOR, ACCEPTED_PRIOR)[:, None]
    probabilities = calibrated_probabilities(prediction.logits, baseline.calibration.temperature)
    prior = np.hstack([(1 - other) * probabilities, other])
    return LabelEvidence(prediction.features, prior.astype("float32"), labels, contributors)


def reference_evidence(replay: Replay, config: SnapshotConfig) -> LabelEvidence:
    """A part of the replay, whose labels are beyond doubt, by lot as it is shown."""
    rows = np.unique(replay.draw(config.reference_pictures, np.random.default_rng(config.seed)))
    return baseline_evidence(replay.images[rows], replay.labels[rows], np.full(len(rows), NOBODY))

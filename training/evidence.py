"""What the shipped baseline makes of pictures, as evidence about their labels."""

import numpy as np

from recognizer import registry
from recognizer.answers import Calibration, calibrated_probabilities
from recognizer.classifier import Classifier
from training.config import SnapshotConfig
from training.replay import Replay
from training.suspicion import Evidence

NOBODY = -1  # the person of the baseline's own data
REFUSED_PRIOR = 0.7  # how sure the baseline is of "not a digit" when it refuses; it is wrong about new styles
ACCEPTED_PRIOR = 0.02  # and when it does not
BATCH = 500


def baseline_evidence(images: np.ndarray, labels: np.ndarray, people: np.ndarray) -> Evidence:
    """Read uint8 (N, 28, 28) pictures with the baseline, which has learned from no drawing: it is always out of sample."""
    baseline = registry.shipped_baseline()
    calibration = Calibration.from_dict(baseline.card["calibration"])
    classifier = Classifier(baseline.tflite)
    features, prior = [], []
    for start in range(0, len(images), BATCH):
        said = classifier.predict(images[start : start + BATCH].astype("float32")[..., np.newaxis] / 255)
        features.append(said.features)
        other = np.where(said.digitness < calibration.refusal_threshold, REFUSED_PRIOR, ACCEPTED_PRIOR)[:, None]
        prior.append(np.hstack([(1 - other) * calibrated_probabilities(said.logits, calibration.temperature), other]))
    return Evidence(np.concatenate(features), np.concatenate(prior).astype("float32"), labels, people)


def reference_evidence(replay: Replay, config: SnapshotConfig) -> Evidence:
    """A part of the replay, whose labels are beyond doubt."""
    labels = replay.labels[: config.reference_pictures]
    return baseline_evidence(replay.images[: config.reference_pictures], labels, np.full(len(labels), NOBODY))

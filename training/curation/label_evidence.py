"""What the shipped baseline makes of pictures, as evidence about their labels."""

import numpy as np

from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_input
from recognizer.inference.answers import Calibration, calibrated_probabilities
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction
from training.config import SnapshotConfig
from training.curation.label_noise import LabelEvidence
from training.data.replay import Replay

NOBODY = -1  # the person of the baseline's own data
REFUSED_PRIOR = 0.7  # how sure the baseline is of "not a digit" when it refuses; it is wrong about new styles
ACCEPTED_PRIOR = 0.02  # and when it does not
BATCH = 500


def baseline_evidence(images: np.ndarray, labels: np.ndarray, people: np.ndarray) -> LabelEvidence:
    """Read uint8 (N, 28, 28) pictures with the baseline, which has learned from no drawing: it is always out of sample."""
    baseline = shipped_baseline()
    calibration = Calibration.from_dict(baseline.card["calibration"])
    said = read_all(Classifier(baseline.tflite), images)
    other = np.where(said.digitness < calibration.refusal_threshold, REFUSED_PRIOR, ACCEPTED_PRIOR)[:, None]
    prior = np.hstack([(1 - other) * calibrated_probabilities(said.logits, calibration.temperature), other])
    return LabelEvidence(said.features, prior.astype("float32"), labels, people)


def read_all(classifier: Classifier, images: np.ndarray) -> Prediction:
    """Read uint8 (N, 28, 28) pictures, as many at a time as fit into memory comfortably; N may be 0."""
    if not len(images):  # LiteRT takes no empty batch
        return Prediction(np.zeros((0, 10), "float32"), np.zeros(0, "float32"), np.zeros((0, 0), "float32"))
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    parts = [classifier.predict(to_input(batch)) for batch in batches]
    return Prediction(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "digitness", "features"))
    )


def reference_evidence(replay: Replay, config: SnapshotConfig) -> LabelEvidence:
    """A part of the replay, whose labels are beyond doubt, by lot as it is shown."""
    rows = np.unique(replay.draw(config.reference_pictures, np.random.default_rng(config.seed)))
    return baseline_evidence(replay.images[rows], replay.labels[rows], np.full(len(rows), NOBODY))

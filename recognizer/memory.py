"""Personal memory: what one contributor corrected changes what they, and they alone, are answered next.

The network is mixed with the nearest of their own labelled drawings, in the features of the model that serves. Nothing is
trained and nothing is stored: the drawings are the memory, and when they are deleted it is gone.
"""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import numpy as np

from recognizer.answers import NOT_A_DIGIT, Answer, answer, calibrated_probabilities
from recognizer.classifier import NUM_CLASSES, Prediction
from recognizer.decoding import decode_png
from recognizer.models import Contributor, Drawing
from recognizer.preprocessing import normalize_drawing
from recognizer.services import Submission
from recognizer.serving import Served

MOST_REMEMBERED = 50  # newest first; a hand changes, and a guess must stay fast
STRENGTH = 1.0  # weight of one identical drawing against the network's whole opinion
WIDTH = 0.1  # cosine distance at which a neighbour's weight has fallen to 1/e


def recall(prediction: Prediction, contributor: Contributor | None, served: Served) -> tuple[Answer, int]:
    """Answer one drawing (N = 1) for this contributor. Returns the answer and how many of their drawings it used."""
    features, labels = remembered(contributor, served)
    if not len(labels):
        return answer(prediction, served.calibration), 0
    return answer(mix(prediction, features, labels, served), served.calibration), len(labels)


def mix(prediction: Prediction, features: np.ndarray, labels: np.ndarray, served: Served) -> Prediction:
    """Mix a prediction (N = 1) with labelled neighbours.

    Args:
        features: float32 (M, D), L2-normalised, of the remembered drawings.
        labels: int (M,), 0-9 or NOT_A_DIGIT.

    Returns:
        A prediction whose calibrated probabilities are the mixture; not refused if a digit lies nearest and near.
    """
    weights = STRENGTH * np.exp((features @ prediction.features[0] - 1) / WIDTH)
    votes = np.bincount(labels, weights, minlength=NUM_CLASSES + 1)
    network = calibrated_probabilities(prediction.logits, served.calibration.temperature)[0]
    mixed = (network + votes[:NUM_CLASSES]) / (1 + votes[:NUM_CLASSES].sum())
    logits = np.log(np.maximum(mixed, 1e-12)) * served.calibration.temperature
    return Prediction(logits[np.newaxis].astype("float32"), _digitness(prediction, votes, served), prediction.features)


def _digitness(prediction: Prediction, votes: np.ndarray, served: Served) -> np.ndarray:
    """Lift the refusal of what looks like a digit they taught; keep the network's own judgement otherwise."""
    taught = votes[:NUM_CLASSES].max() > max(0.5 * STRENGTH, votes[NOT_A_DIGIT])
    least = served.calibration.refusal_threshold if taught else -np.inf
    return np.maximum(prediction.digitness, np.float32(least))


def remembered(contributor: Contributor | None, served: Served) -> tuple[np.ndarray, np.ndarray]:
    """Return features (M, D) and labels (M,) of a contributor's newest labelled drawings."""
    if contributor is None:
        return np.empty((0, 0)), np.empty(0, int)
    mine = Drawing.objects.of(contributor).confirmed().exclude(status=Drawing.Status.REJECTED)
    rows = mine.order_by("-created_at").only("confirmed_label", "reviewed_label")[:MOST_REMEMBERED]
    labels = {row.pk: row.label for row in rows}
    if not labels:
        return np.empty((0, 0)), np.empty(0, int)
    features = _features_of(tuple(labels), served)
    return features, np.array(list(labels.values()))


def _features_of(drawing_ids: Sequence[UUID], served: Served) -> np.ndarray:
    return np.stack([_features(drawing_id, served) for drawing_id in drawing_ids])


@lru_cache(maxsize=4096)  # 128 numbers each; a drawing's picture never changes, and a new model is another key
def _features(drawing_id: UUID, served: Served) -> np.ndarray:
    drawing = Drawing.objects.only("png", "strokes", "canvas_width", "canvas_height").get(pk=drawing_id)
    canvas = (drawing.canvas_width, drawing.canvas_height) if drawing.canvas_width else None
    submission = Submission(decode_png(bytes(drawing.png)), drawing.strokes, canvas)
    image = normalize_drawing(submission.ink, submission.strokes_on_ink)
    return served.classifier.predict(image[np.newaxis]).features[0]

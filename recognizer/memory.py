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
# Chosen on the UCI pen digits' training writers, sheared, stretched and turned by an amount of each writer's own
# so that the network errs on their hands (bench/personal_memory.py --tune); never on an exam.
LIKENESS = 0.7  # cosine; drawings less alike say nothing, and 92 % of refused Omniglot characters are below
TRUST = 40.0  # log-odds for each unit of likeness above that: an identical drawing gains e^12
DOUBT = 1e-4  # a digit that a likeness speaks for is given at least this: the network errs, however sure it is


def recall(prediction: Prediction, contributor: Contributor | None, served: Served) -> tuple[Answer, int]:
    """Answer one drawing (N = 1) for this contributor. Returns the answer and how many of their drawings it used."""
    features, labels = remembered(contributor, served)
    if not len(labels):
        return answer(prediction, served.calibration), 0
    return answer(mix(prediction, features, labels, served), served.calibration), len(labels)


def mix(prediction: Prediction, features: np.ndarray, labels: np.ndarray, served: Served) -> Prediction:
    """Mix a prediction (N = 1) with labelled neighbours.

    Each digit's odds rise with how alike the drawing is to the most similar remembered one of that digit.

    Args:
        features: float32 (M, D), L2-normalised, of the remembered drawings.
        labels: int (M,), 0-9 or NOT_A_DIGIT.

    Returns:
        A prediction whose calibrated probabilities are the mixture, and which is refused if the nearest, being near, was
        no digit, and not refused if it was one.
    """
    likeness = np.full(NUM_CLASSES + 1, -1.0)
    np.maximum.at(likeness, labels, features @ prediction.features[0])
    network = calibrated_probabilities(prediction.logits, served.calibration.temperature)[0]
    gain = TRUST * np.maximum(0, likeness[:NUM_CLASSES] - LIKENESS)
    log_odds = np.log(np.maximum(network, np.where(gain > 0, DOUBT, 1e-12))) + gain
    logits = (log_odds * served.calibration.temperature)[np.newaxis].astype("float32")
    return Prediction(logits, _digitness(prediction, likeness, served), prediction.features)


def _digitness(prediction: Prediction, likeness: np.ndarray, served: Served) -> np.ndarray:
    """Let what they taught decide whether it is a digit where it is near enough, else the network's own judgement."""
    if likeness.max() < LIKENESS:
        return prediction.digitness
    threshold = np.float32(served.calibration.refusal_threshold)
    if likeness.argmax() == NOT_A_DIGIT:
        return np.minimum(prediction.digitness, np.nextafter(threshold, np.float32(-np.inf)))
    return np.maximum(prediction.digitness, threshold)


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

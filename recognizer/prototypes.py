"""What people here drew and a reviewer approved helps whoever draws next, before the network has learned from it.

Which drawings speak is decided where training is (training.curation.prototypes); here they are only asked. What is stored with a
drawing stays the network's answer alone, as with personal memory.
"""

import logging
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
from django.db import Error as DatabaseError
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration, calibrated_probabilities
from recognizer.inference.neighbours import NOBODY, Labelled, vote
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Prototype, PrototypeSet
from recognizer.models.prototypes import unpack
from recognizer.serving import Served
from recognizer.submissions import Reading

logger = logging.getLogger(__name__)
CHECK_SECONDS = 3  # between two looks for other prototypes, each one query; a block must count within seconds
LIFT = 1.0  # how far over the refusal threshold a drawing is lifted, or put under: personal memory goes further
LEAST = 1e-6  # probability that a digit keeps


@dataclass(frozen=True)
class People:
    """What speaks and what holds it back; `trust` is the share of what it says that is right, 0..1."""

    speakers: Labelled
    landmarks: Labelled
    trust: float


class Prototypes:
    """Holds this process's prototypes of the version that it serves. Any thread may ask; one of them looks for newer ones."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Know nothing, as a new process does."""
        self._people: People | None = None
        self._state: tuple[object, ...] | None = None
        self._version_id: int | None = None
        self._checked_at = float("-inf")
        self._looking = threading.Lock()

    def of(self, served: Served) -> People | None:
        """Return the prototypes of a version, or None where there are none."""
        is_due = time.monotonic() - self._checked_at >= CHECK_SECONDS or self._version_id != served.version_id
        if is_due and self._looking.acquire(blocking=False):
            try:
                self._look(served.version_id)
            except DatabaseError:  # the network answers, and so do those that are known
                logger.exception("cannot ask the database for prototypes")
                if self._version_id != served.version_id:
                    self._people, self._state, self._version_id = None, None, served.version_id
            finally:
                self._checked_at = time.monotonic()
                self._looking.release()
        return self._people if self._version_id == served.version_id else None

    def _look(self, version_id: int) -> None:
        state = (version_id, *Prototype.objects.state(version_id))
        if state != self._state:
            self._people = load(version_id)
            self._state, self._version_id = state, version_id


def load(version_id: int) -> People | None:
    """Read a version's prototypes, or return None where none speaks."""
    rows = list(Prototype.objects.in_use(version_id).order_by("pk").values_list("role", "label", "features"))
    kept = PrototypeSet.objects.filter(version_id=version_id).first()
    if kept is None or not any(role == Prototype.Role.SPEAKS for role, *_ in rows):
        return None
    drawn = Labelled(unpack(b"".join(bytes(row[2]) for row in rows), len(rows)), np.array([row[1] for row in rows]))
    speaks = np.array([row[0] == Prototype.Role.SPEAKS for row in rows])
    known, is_right = references(kept)
    return People(drawn[speaks], known[is_right] + drawn[~speaks], kept.trust)


def references(kept: PrototypeSet) -> tuple[Labelled, NDArray[np.bool_]]:
    """Return the reference pictures as the version sees them, and which of them it reads rightly."""
    labels, answered = (
        np.frombuffer(bytes(column), "uint8").astype("int64") for column in (kept.labels, kept.answered)
    )
    return Labelled(unpack(kept.features, len(labels)), labels), answered == labels


prototypes = Prototypes()


def consult(reading: Reading) -> tuple[Reading, int]:
    """Ask people's drawings about a drawing. Returns the reading with their answer, and how many drawings gave it.

    0, with the reading as it was, where none is near enough or they say what the network says.
    """
    people = prototypes.of(reading.served)
    features = reading.prediction.features
    if people is None or people.speakers.features.shape[1] != features.shape[1]:
        return reading, 0
    near, rivals = people.speakers.distances(features), people.landmarks.distances(features)
    is_refused = np.array([reading.answer.refused])
    votes = vote(near, people.speakers.labels, rivals, people.landmarks.labels, is_refused)
    said, network = int(votes.labels[0]), reading.answer.digit
    if said == NOBODY or said == (NOT_A_DIGIT if network is None else network):
        return reading, 0
    model = reading.served.model
    prediction = overrule(reading.prediction, said, people.trust * float(votes.shares[0, said]), model.calibration)
    return replace(reading, prediction=prediction, answer=model.interpret(prediction)), int(votes.voters.sum())


def overrule(prediction: Prediction, label: int, probability: float, calibration: Calibration) -> Prediction:
    """Give a label its probability in a prediction (N = 1): the other digits share the rest as they did."""
    threshold = np.float32(calibration.refusal_threshold)
    if label == NOT_A_DIGIT:
        return replace(prediction, digitness=np.minimum(prediction.digitness, threshold - np.float32(LIFT)))
    shares = np.maximum(calibrated_probabilities(prediction.logits, calibration.temperature)[0], LEAST)
    shares[label] = 0
    shares *= (1 - probability) / shares.sum()
    shares[label] = probability
    logits = (np.log(shares) * calibration.temperature)[np.newaxis].astype("float32")
    return replace(prediction, logits=logits, digitness=np.maximum(prediction.digitness, threshold + np.float32(LIFT)))

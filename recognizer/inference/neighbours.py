"""What a drawing is by its neighbours: drawings that people here approved, unless what the network knows lies nearer. NumPy only.

The k nearest vote (Cover & Hart 1967); that they must be nearer than whatever contradicts them is the ratio test that Lowe 2004,
section 7.1, tells true matches from chance ones by. A circle of its own around each drawing was tried instead, as wide as a share
of its distance to the nearest other label: for as many spoilt digits it read 58 % of a new script where this reads 86 %.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT

NEIGHBOURS = 3
CLOSENESS = 0.05  # cosine distance in which a neighbour's voice falls to a third
FARTHEST = 0.6  # cosine distance beyond which nothing is a neighbour; what has no features is at 1 from everything
# How near the neighbours must be, as a share of the distance to the nearest landmark of another label. Chosen on characters and
# writers held out of training, five people teaching ten forms: 86 % of other people's are read, one MNIST digit in 10,000 spoilt.
RATIO_REFUSED = 1.0  # where the network refuses: there is no answer to spoil
RATIO_ANSWERED = 0.7  # where it answers; at 1.0 eight MNIST digits in 10,000 are spoilt
NOBODY = -1


@dataclass(frozen=True)
class Labelled:
    """Drawings as a network sees them: float32 (K, D) features of length 1 (or all 0), int64 (K,) labels 0-10."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: NDArray[np.bool_]) -> "Labelled":
        return Labelled(self.features[rows], self.labels[rows])

    def __add__(self, other: "Labelled") -> "Labelled":
        return Labelled(np.concatenate([self.features, other.features]), np.concatenate([self.labels, other.labels]))

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine distances of features (N, D) from each of these: float32 (N, K), 0 where they are alike, 2 at most."""
        if not len(self):
            return np.zeros((len(features), 0), "float32")
        found: NDArray[np.float32] = 1 - features @ self.features.T
        return found


@dataclass(frozen=True)
class Votes:
    """What neighbours say of N drawings.

    Attributes:
        labels: int64 (N,), 0-10, or NOBODY where they are not near enough to say anything.
        shares: float64 (N, 11), each label's share of the voices, in 0..1.
        voters: bool (N, K), which drawings gave the winner its voices.
    """

    labels: NDArray[np.int64]
    shares: NDArray[np.float64]
    voters: NDArray[np.bool_]


def vote(
    to_speakers: NDArray[np.float32],
    labels: NDArray[np.int64],
    to_landmarks: NDArray[np.float32],
    landmark_labels: NDArray[np.int64],
    is_refused: NDArray[np.bool_],
) -> Votes:
    """Let the NEIGHBOURS nearest speakers vote, and hear them where no landmark of another label is nearer.

    Args:
        to_speakers: (N, K) distances from the N drawings to the drawings that may speak; infinite for whom one may not hear.
        labels: (K,), 0-10.
        to_landmarks: (N, M) distances to drawings that the network reads rightly; `landmark_labels` (M,).
        is_refused: (N,), where the network says that it is no digit.
    """
    count = len(to_speakers)
    near = np.sort(to_speakers, axis=1)[:, :NEIGHBOURS]
    limit = near[:, -1:] if near.shape[1] else np.zeros((count, 1), "float32")
    voices = np.where((to_speakers <= limit) & (to_speakers <= FARTHEST), np.exp(-to_speakers / CLOSENESS), 0.0)
    tally = voices @ np.eye(NOT_A_DIGIT + 1)[labels]
    winners = tally.argmax(axis=1)
    voters = (voices > 0) & (labels == winners[:, np.newaxis])
    nearest = np.where(voters, to_speakers, np.inf).min(axis=1, initial=np.inf)
    contradicts = landmark_labels != winners[:, np.newaxis]
    rival = np.where(contradicts, to_landmarks, np.inf).min(axis=1, initial=np.inf)
    is_heard = nearest <= np.where(is_refused, RATIO_REFUSED, RATIO_ANSWERED) * np.minimum(rival, 2)
    is_heard &= voters.any(axis=1)
    shares = tally / np.maximum(tally.sum(axis=1, keepdims=True), 1e-300)
    return Votes(np.where(is_heard, winners, NOBODY), shares, voters & is_heard[:, np.newaxis])

"""Which labels do all others contradict? Out-of-sample label confidence and a test of whole contributors. NumPy only.

After confident learning (Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"): a label is
noise where drawings of other contributors say another class with the confidence usual for that class. The model that says so is
a vote of the nearest neighbours among the baseline's features, so no label ever speaks for itself, nor, from five
contributors on, for another of the same hand.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT
from training.config import SnapshotConfig

CLASSES = NOT_A_DIGIT + 1
LABEL_CONTRADICTED = "others who draw like this contradict its label"
CONTRIBUTOR_CONTRADICTED = "others contradict its contributor"
NEIGHBOURS = 10  # of other contributors; more would outvote a rare style, fewer would let one stray label decide
PRIOR_WEIGHT = 2.0  # neighbours that the baseline's own opinion counts for
SHARPNESS = 20.0  # exp(20 * cosine): a neighbour 0.1 further off than the nearest counts an eighth of it
CHUNK = 512  # rows of the similarity matrix at a time: 512 x 16,000 float32 is 33 MB
LUCK = 1e-3  # chance of an honest contributor being contradicted so often, that we accept


@dataclass(frozen=True)
class LabelEvidence:
    """Labelled pictures as the baseline sees them.

    Attributes:
        features: float32 (N, D), L2-normalised.
        prior: float32 (N, 11), the baseline's probabilities, "not a digit" last.
        labels: int (N,), 0-10.
        contributors: int64 (N,), who drew each; -1 for the baseline's own data, whose labels are right.
    """

    features: NDArray[np.float32]
    prior: NDArray[np.float32]
    labels: NDArray[np.int64]
    contributors: NDArray[np.int64]

    def __add__(self, other: "LabelEvidence") -> "LabelEvidence":
        return LabelEvidence(
            *(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__dataclass_fields__)
        )


@dataclass(frozen=True)
class LabelNoise:
    """Per judged drawing: 0..1 how strongly others contradict its label, and why it should be set aside ("" if not)."""

    scores: NDArray[np.float32]
    reasons: list[str]


def estimate_label_noise(drawings: LabelEvidence, reference: LabelEvidence, config: SnapshotConfig) -> LabelNoise:
    """Judge each drawing's label by those of other contributors and by the reference data."""
    probability = out_of_sample(drawings, reference, config)
    given = probability[np.arange(len(drawings.labels)), drawings.labels]
    contradicted, likelier = _contradicted(probability, given, drawings.labels, config)
    reasons = [
        f"{LABEL_CONTRADICTED}: they call it {_name(likelier[i])}, not {_name(drawings.labels[i])}"
        if contradicted[i]
        else ""
        for i in range(len(given))
    ]
    for contributor, (against, of) in contradicted_contributors(drawings.contributors, contradicted, config).items():
        for i in np.flatnonzero(drawings.contributors == contributor):
            reasons[i] = f"{CONTRIBUTOR_CONTRADICTED}: on {against} of {of} drawings"
    return LabelNoise(1.0 - given, reasons)


def out_of_sample(drawings: LabelEvidence, reference: LabelEvidence, config: SnapshotConfig) -> NDArray[np.float32]:
    """Estimate the class of each drawing from everybody else's: float32 (N, 11), rows sum to 1.

    Where hardly anybody draws, a contributor's other drawings may speak for this one: somebody alone must be learned from, too.
    """
    everybody = drawings + reference
    own_speak = len(np.unique(drawings.contributors)) < config.contributors_for_leaving_out
    votes = np.zeros((len(drawings.labels), CLASSES), "float32")
    for start in range(0, len(drawings.labels), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(drawings.labels)))
        likeness = drawings.features[rows] @ everybody.features.T
        if own_speak:
            likeness[np.arange(len(rows)), rows] = -1.0
        else:
            likeness[drawings.contributors[rows, None] == everybody.contributors[None, :]] = -1.0
        nearest = np.argpartition(-likeness, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        near = np.take_along_axis(likeness, nearest, axis=1)
        # what is like nothing weighs nothing
        weight = np.exp(SHARPNESS * (near - near.max(axis=1, keepdims=True))) * (near > 0)
        for k in range(NEIGHBOURS):
            votes[rows, everybody.labels[nearest[:, k]]] += weight[:, k]
    blended = votes + PRIOR_WEIGHT * drawings.prior
    probability: NDArray[np.float32] = blended / blended.sum(axis=1, keepdims=True)
    return probability


def _contradicted(
    probability: NDArray[np.float32], given: NDArray[np.float32], labels: NDArray[np.int64], config: SnapshotConfig
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Confident learning's rule: another class, with at least that class's usual self-confidence. Also returns which."""
    usual = np.array([given[labels == c].mean() if (labels == c).any() else 1.0 for c in range(CLASSES)])
    likelier = probability.argmax(axis=1)
    confident = probability[np.arange(len(likelier)), likelier] >= np.minimum(usual[likelier], config.confident_enough)
    return (likelier != labels) & confident & (given < config.contradicted_probability), likelier


def contradicted_contributors(
    contributors: NDArray[np.int64], contradicted: NDArray[np.bool_], config: SnapshotConfig
) -> dict[int, tuple[int, int]]:
    """Find contributors contradicted far more often than others are: {contributor: (contradicted, drawings)}."""
    ids, inverse = np.unique(contributors, return_inverse=True)
    drawn = np.bincount(inverse)
    against = np.bincount(inverse, weights=contradicted).astype(int)
    usual = float(np.clip(np.median(against / drawn), 0.02, 0.25))  # the median contributor is honest, or all is lost
    found = {}
    for contributor, k, n in zip(ids.tolist(), against.tolist(), drawn.tolist(), strict=True):
        is_often = n >= config.contributor_drawings and k / n >= config.contributor_contradicted
        if is_often and _chance_of_at_least(k, n, usual) < LUCK:
            found[contributor] = (k, n)
    return found


def _chance_of_at_least(k: int, n: int, share: float) -> float:
    return sum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k, n + 1))


def _name(label: int) -> str:
    return "no digit" if label == NOT_A_DIGIT else f"a {label}"

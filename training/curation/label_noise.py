"""Which labels do all others contradict? Out-of-sample label confidence and a test of whole contributors. NumPy only.

After confident learning (Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"): a label is
noise where drawings of other contributors say another class with the confidence usual for that class. The model that says so is
a vote of the nearest neighbours among the baseline's features, so no label ever speaks for itself, nor, from five
contributors on, for another of the same hand.

Of a form that the baseline never met its features say little, and are often 0: there the drawings are compared by their blurred
pixels, and a form that several contributors draw and label alike is believed, whatever the baseline makes of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT
from recognizer.sentences import marked
from training.config import SnapshotConfig

CLASSES = NOT_A_DIGIT + 1
LABEL_CONTRADICTED = marked("others who draw like this contradict its label")
CONTRIBUTOR_CONTRADICTED = marked("others contradict its contributor")
NEIGHBOURS = 10  # of other contributors; more would outvote a rare style, fewer would let one stray label decide
PRIOR_WEIGHT = 2.0  # neighbours that the baseline's own opinion counts for
BLIND_PRIOR_WEIGHT = 0.2  # the same where it sees no feature: it has no opinion then, only an answer
SHARPNESS = 20.0  # exp(20 * cosine): a neighbour 0.1 further off than the nearest counts an eighth of it
CHUNK = 512  # rows of the similarity matrix at a time: 512 x 16,000 float32 is 33 MB
LUCK = 1e-3  # chance of an honest contributor being contradicted so often, that we accept


@dataclass(frozen=True)
class LabelEvidence:
    """Labelled pictures as the baseline sees them, and as they are.

    Attributes:
        features: float32 (N, D), L2-normalised; 0 where the baseline sees none.
        prior: float32 (N, 11), the baseline's probabilities, "not a digit" last.
        labels: int (N,), 0-10.
        contributors: int64 (N,), who drew each; -1 for the baseline's own data, whose labels are right.
        pixels: float32 (N, P), blurred, L2-normalised: a second view.
        is_reviewed: bool (N,), whether a reviewer has decided its label: that is right, too.
        vouches: bool (N,), whether the reviewer agreed with its contributor, who is then believed.
    """

    features: NDArray[np.float32]
    prior: NDArray[np.float32]
    labels: NDArray[np.int64]
    contributors: NDArray[np.int64]
    pixels: NDArray[np.float32]
    is_reviewed: NDArray[np.bool_]
    vouches: NDArray[np.bool_]

    def __add__(self, other: "LabelEvidence") -> "LabelEvidence":
        return LabelEvidence(
            *(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__dataclass_fields__)
        )

    @property
    def is_blind(self) -> NDArray[np.bool_]:
        """Of which the baseline sees no feature: bool (N,)."""
        blind: NDArray[np.bool_] = np.linalg.norm(self.features, axis=1) == 0.0
        return blind


@dataclass(frozen=True)
class LabelNoise:
    """Per judged drawing: 0..1 how strongly others contradict its label, and why it should be set aside ("" if not)."""

    scores: NDArray[np.float32]
    reasons: list[str]


def go_on() -> None:
    """What is called between two parts of long work, where nobody may want to stop it."""


def estimate_label_noise(
    drawings: LabelEvidence, reference: LabelEvidence, config: SnapshotConfig, on_part: Callable[[], None] = go_on
) -> LabelNoise:
    """Judge each drawing's label by those of other contributors and by the reference data. What was reviewed is never noise.

    Args:
        on_part: called every few hundred drawings; whatever it raises stops the work.
    """
    probability, is_shared = out_of_sample(drawings, reference, config, on_part)
    given = probability[np.arange(len(drawings.labels)), drawings.labels]
    contradicted, likelier = _contradicted(probability, given, drawings.labels, config)
    contradicted &= ~is_shared & ~drawings.is_reviewed
    reasons = [
        f"{LABEL_CONTRADICTED}: they call it {_name(likelier[i])}, not {_name(drawings.labels[i])}"
        if contradicted[i]
        else ""
        for i in range(len(given))
    ]
    trusted = np.unique(drawings.contributors[drawings.vouches])
    for contributor, (against, of) in contradicted_contributors(drawings.contributors, contradicted, config).items():
        if contributor in trusted:
            continue
        for i in np.flatnonzero((drawings.contributors == contributor) & ~drawings.is_reviewed):
            reasons[i] = f"{CONTRIBUTOR_CONTRADICTED}: on {against} of {of} drawings"
    return LabelNoise(1.0 - given, reasons)


def out_of_sample(
    drawings: LabelEvidence, reference: LabelEvidence, config: SnapshotConfig, on_part: Callable[[], None] = go_on
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Estimate the class of each drawing from everybody else's.

    Where hardly anybody draws, a contributor's other drawings may speak for this one: somebody alone must be learned from, too.
    Those that a reviewer has approved always may.

    Returns:
        Probabilities float32 (N, 11), whose rows sum to 1, and bool (N,): whose form several contributors draw and label alike.
    """
    everybody = drawings + reference
    votes = np.zeros((len(drawings.labels), CLASSES), "float32")
    is_shared = np.zeros(len(drawings.labels), bool)
    is_blind = drawings.is_blind
    for start in range(0, len(drawings.labels), CHUNK):
        on_part()
        rows = np.arange(start, min(start + CHUNK, len(drawings.labels)))
        by_pixels = _neighbours(rows, drawings, everybody, "pixels", config)
        by_features = _neighbours(rows, drawings, everybody, "features", config)
        # a form that is new to the baseline may look to it like something old: either view may show that it is shared
        is_shared[rows] = _is_shared(rows, drawings, by_pixels, everybody, config)
        is_shared[rows] |= _is_shared(rows, drawings, by_features, everybody, config)
        for k in range(NEIGHBOURS):
            for view, seen in ((by_features, ~is_blind[rows]), (by_pixels, is_blind[rows])):
                votes[rows[seen], everybody.labels[view.nearest[seen, k]]] += view.weight[seen, k]
    prior_weight = np.where(is_blind, BLIND_PRIOR_WEIGHT, PRIOR_WEIGHT)[:, None].astype("float32")
    blended = votes + prior_weight * drawings.prior
    probability: NDArray[np.float32] = blended / blended.sum(axis=1, keepdims=True)
    return probability, is_shared


@dataclass(frozen=True)
class _Neighbours:
    """Who is most like some drawings in one view.

    Attributes:
        nearest: int (R, NEIGHBOURS), places among everybody.
        near: float32 (R, NEIGHBOURS), the cosine to each.
        weight: float32 (R, NEIGHBOURS), 0..1, 1 of the nearest; 0 of what is not alike at all.
        contrary: float32 (R,), the cosine to the nearest whose label is sure and says otherwise; -1 where there is none.
    """

    nearest: NDArray[np.int64]
    near: NDArray[np.float32]
    weight: NDArray[np.float32]
    contrary: NDArray[np.float32]


def _neighbours(
    rows: NDArray[np.int64], drawings: LabelEvidence, everybody: LabelEvidence, view: str, config: SnapshotConfig
) -> _Neighbours:
    likeness = getattr(drawings, view)[rows] @ getattr(everybody, view).T
    likeness[np.arange(len(rows)), rows] = -1.0
    if len(np.unique(drawings.contributors)) >= config.contributors_for_leaving_out:
        own = drawings.contributors[rows, None] == everybody.contributors[None, :]
        likeness[own & ~everybody.is_reviewed[None, :]] = -1.0
    nearest = np.argpartition(-likeness, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    near = np.take_along_axis(likeness, nearest, axis=1)
    # what is like nothing weighs nothing
    weight = np.exp(SHARPNESS * (near - near.max(axis=1, keepdims=True))) * (near > 0)
    is_contrary = everybody.is_reviewed[None, :] & (everybody.labels[None, :] != drawings.labels[rows, None])
    contrary = np.where(is_contrary, likeness, -1.0).max(axis=1)
    return _Neighbours(nearest, near, weight.astype("float32"), contrary)


def _is_shared(
    rows: NDArray[np.int64],
    drawings: LabelEvidence,
    seen: _Neighbours,
    everybody: LabelEvidence,
    config: SnapshotConfig,
) -> NDArray[np.bool_]:
    """Whether drawings have a form that enough contributors draw and label alike, and that is new.

    A form is new if the baseline is not sure of what it sees, or if no sure label that says otherwise is nearly as like as those
    who agree are. Otherwise people who agree to call every 4 a 9 would be believed: the baseline knows that form.
    """
    agrees = (everybody.labels[seen.nearest] == drawings.labels[rows, None]) & (seen.weight > 0)
    is_sure = everybody.is_reviewed[seen.nearest]
    total = np.maximum(seen.weight.sum(axis=1), 1e-9)
    share, doubt = ((seen.weight * which).sum(axis=1) / total for which in (agrees, ~agrees & is_sure))
    people = np.array(
        [
            len(np.unique(who[agreeing]))
            for who, agreeing in zip(everybody.contributors[seen.nearest], agrees & ~is_sure, strict=True)
        ],
        "int64",
    )
    is_agreed = (people + 1 >= config.contributors_for_a_form) & (share >= config.form_agreement)
    typical = (seen.near * agrees).sum(axis=1) / np.maximum(agrees.sum(axis=1), 1)
    stands_apart = seen.contrary + config.form_distance < typical
    is_unsure = drawings.is_blind[rows] | (drawings.prior[rows].max(axis=1) < config.form_unsure)
    found: NDArray[np.bool_] = is_agreed & (stands_apart | (is_unsure & (doubt <= config.form_doubt)))
    return found


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

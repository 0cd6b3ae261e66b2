"""Which approved drawings may speak for the next person's, by the evidence that a gate would ask for. NumPy only.

No drawing speaks for its own contributor's others here: what is counted is what strangers would gain. A drawing is silent

* where it looks like a plain digit of another label: a 7 called a 1 contradicts what every installation knows;
* where other contributors' drawings contradict it, or most of what its contributor drew is contradicted;
* where nobody else drew such a one, unless a reviewer approved it and it lies far from everything known;
* where it would spoil a reference picture, or a drawing of somebody else's that is read rightly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.inference.neighbours import NOBODY, Labelled, Votes, vote
from recognizer.labels import NOT_A_DIGIT
from training.config import PrototypeConfig

# in which those that spoil something fall silent; then none speaks. Twelve people's 1,152 drawings take eight, or none at all
# spoke where a hair's breadth made it eleven; a round takes a sixth of a second
ROUNDS = 100


@dataclass(frozen=True)
class Answered(Labelled):
    """Labelled drawings, and what the version reads: int64 (K,), NOT_A_DIGIT where it refuses."""

    answered: NDArray[np.int64]

    @property
    def is_right(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.answered == self.labels
        return found

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = self.answered == NOT_A_DIGIT
        return found

    def __getitem__(self, rows: NDArray[np.bool_]) -> "Answered":
        return Answered(self.features[rows], self.labels[rows], self.answered[rows])


@dataclass(frozen=True)
class Approved(Answered):
    """Approved drawings: int64 (K,) who drew each, bool (K,) whether a person approved it, not the automatic rule.

    `was_unread`, bool (K,), where the version that answered its contributor read something else: a form that was new then.
    """

    contributors: NDArray[np.int64]
    is_reviewed: NDArray[np.bool_]
    was_unread: NDArray[np.bool_]

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """What may help others: what the version does not read, or has learned to read since, bool (K,).

        A version that has learned a form reads its teachers' drawings of it first: to strangers' they go on saying what they said
        before.
        """
        found: NDArray[np.bool_] = (~self.is_right | self.was_unread) & (np.abs(self.features).sum(axis=1) > 0)
        return found


@dataclass(frozen=True)
class Judgement:
    """Which may speak, bool (K,); the share of what they say that is right; drawings of others mended and spoilt."""

    speaks: NDArray[np.bool_]
    trust: float
    mended: int
    broken: int


def judge(drawings: Approved, references: Answered, config: PrototypeConfig) -> Judgement:
    """Decide which of the approved drawings speak. Half of the references hold them back, the other half examines them."""
    known = references[references.is_right]
    court = _Court(drawings, known, np.arange(len(known)) % 2 == 0)
    speaks = drawings.is_new
    if not speaks.any():
        return Judgement(speaks, config.trust, 0, 0)
    usual = usual_distance(known, config.plain)
    rival = np.where(drawings.labels[:, np.newaxis] != known.labels, court.to_known, np.inf).min(axis=1, initial=2.0)
    speaks &= rival > usual
    heard = court.hear_strangers(speaks)
    own_share = heard.shares[np.arange(len(speaks)), drawings.labels]
    is_heard = heard.labels != NOBODY
    is_borne_out, is_contradicted = (
        is_heard & (own_share >= config.borne_out),
        is_heard & (own_share < config.borne_out),
    )
    is_alone = ~is_heard & drawings.is_reviewed & (drawings.is_refused | (rival > config.alone * usual))
    speaks &= (is_borne_out | is_alone) & ~_contradicted_contributors(drawings, is_borne_out, is_contradicted)
    return court.silence_what_spoils(speaks, config)


def usual_distance(known: Labelled, share: float) -> float:
    """Return the cosine distance within which so large a share of the digits known has another one of its label."""
    nearest = []
    for digit in range(NOT_A_DIGIT):
        same = known[known.labels == digit]
        if len(same) > 1:
            apart = same.distances(same.features)
            np.fill_diagonal(apart, np.inf)
            nearest.append(apart.min(axis=1))
    return float(np.quantile(np.concatenate(nearest), share)) if nearest else 0.0


def _contradicted_contributors(
    drawings: Approved, is_borne_out: NDArray[np.bool_], is_contradicted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which drawings, bool (K,), are of contributors whom others contradict more often than they bear them out."""
    _, of = np.unique(drawings.contributors, return_inverse=True)
    against, in_favour = np.bincount(of, is_contradicted), np.bincount(of, is_borne_out & drawings.is_new)
    found: NDArray[np.bool_] = (against > in_favour)[of]
    return found


class _Court:
    """Distances between all that is judged and all that judges, measured once."""

    def __init__(self, drawings: Approved, known: Answered, holds_back: NDArray[np.bool_]) -> None:
        self.drawings, self.holding, self.examined = drawings, known[holds_back], known[~holds_back]
        self.to_known = known.distances(drawings.features)
        is_own = drawings.contributors[:, np.newaxis] == drawings.contributors
        self._to_strangers = np.where(is_own, np.inf, drawings.distances(drawings.features))
        self._held_back = holds_back
        self._from_examined = drawings.distances(self.examined.features)
        self._examined_to_holding = self.holding.distances(self.examined.features)

    def hear_strangers(self, speaks: NDArray[np.bool_]) -> Votes:
        """Have each drawing answered by those of others, one voice a contributor: who draws forty is not forty people."""
        guards = self.drawings.is_right & ~speaks
        return vote(
            _nearest_of_each(self._to_strangers[:, speaks], self.drawings.contributors[speaks]),
            self.drawings.labels[speaks],
            np.hstack([self.to_known[:, self._held_back], self._to_strangers[:, guards]]),
            np.concatenate([self.holding.labels, self.drawings.labels[guards]]),
            self.drawings.is_refused,
        )

    def examine(self, speaks: NDArray[np.bool_]) -> Votes:
        """Have the references that hold nobody back answered by all that speak, as serving would."""
        guards = self.drawings.is_right & ~speaks
        return vote(
            self._from_examined[:, speaks],
            self.drawings.labels[speaks],
            np.hstack([self._examined_to_holding, self._from_examined[:, guards]]),
            np.concatenate([self.holding.labels, self.drawings.labels[guards]]),
            self.examined.is_refused,
        )

    def silence_what_spoils(self, speaks: NDArray[np.bool_], config: PrototypeConfig) -> Judgement:
        """Silence whoever has a part in spoiling something, until what is spoilt is within its bound; else all of them."""
        bound = config.broken * (len(self.examined) + int(self.drawings.is_right.sum()))
        speaks = _newest(speaks, config.speaking)
        for _ in range(ROUNDS):
            strangers, examined = self.hear_strangers(speaks), self.examine(speaks)
            is_spoilt = (
                (strangers.labels != NOBODY) & self.drawings.is_right & (strangers.labels != self.drawings.labels)
            )
            is_broken = (examined.labels != NOBODY) & (examined.labels != self.examined.labels)
            broken = int(is_spoilt.sum() + is_broken.sum())
            is_mended = ~self.drawings.is_right & (strangers.labels == self.drawings.labels)
            if broken <= bound:
                has_changed = (strangers.labels != NOBODY) & (strangers.labels != self.drawings.answered)
                heard, right = int(has_changed.sum()) + int(is_broken.sum()), int((has_changed & is_mended).sum())
                trust = (right + config.trust * config.trust_weight) / (heard + config.trust_weight)
                return Judgement(speaks, trust, int(is_mended.sum()), broken)
            guilty = strangers.voters[is_spoilt].any(axis=0) | examined.voters[is_broken].any(axis=0)
            speaks = speaks.copy()
            speaks[np.flatnonzero(speaks)[guilty]] = False
        return Judgement(np.zeros(len(speaks), bool), config.trust, 0, 0)


def _newest(speaks: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Keep the first so many that are true: bool (K,). Drawings come newest first."""
    return speaks & (np.cumsum(speaks) <= most)


def _nearest_of_each(distances: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float32]:
    """Leave of each row of (N, K) the smallest of each group of columns; the others become infinite."""
    kept = np.full_like(distances, np.inf)
    rows = np.arange(len(distances))
    for group in np.unique(groups):
        columns = np.flatnonzero(groups == group)
        nearest = columns[distances[:, columns].argmin(axis=1)]
        kept[rows, nearest] = distances[rows, nearest]
    return kept

"""How often the gate is right about random challengers; `bench/gate_power.py` draws more of them and more kinds."""

import pytest

from bench.gate_power import MOST_WRONG, Kind, kinds, share_promoted
from training.config import GatePolicy

DRAWS = 150
UNLUCKY = 3 / DRAWS  # three more of 150 than the share allows: a correct gate seldom shows it, and the seed is fixed
DECIDED = [kind for kind in kinds(GatePolicy()) if kind.expected is not None]


@pytest.mark.parametrize("kind", DECIDED, ids=lambda kind: kind.name)
def test_the_gate_is_seldom_wrong(kind: Kind) -> None:
    share = share_promoted(kind, GatePolicy(), DRAWS)
    assert (1 - share if kind.expected else share) <= MOST_WRONG + UNLUCKY

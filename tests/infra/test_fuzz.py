"""That what strangers send is refused by a known word, whatever is wrong with it. Millions of them: `python -m bench.fuzz`."""

import random

import pytest

from bench.fuzz import TARGETS, damaged

TRIED = 60


@pytest.mark.parametrize("name", TARGETS)
def test_sound_and_damaged_examples_are_taken_or_refused(name: str) -> None:
    rng = random.Random(name)
    for example in TARGETS[name].examples():
        TARGETS[name].take(example)
        for _ in range(TRIED):
            TARGETS[name].take(damaged(example, rng))

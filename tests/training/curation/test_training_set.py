"""What is held out of a training set: by contributor where there are several, and always some of what is new."""

from dataclasses import replace

import numpy as np
import pytest

from training.config import FineTuneConfig
from training.curation.training_set import Examples, hold_out

CONFIG = FineTuneConfig()


def drawn(*people: tuple[int, int], views: int = 1) -> Examples:
    """Each person's drawings as (old, new), `views` pictures of each."""
    contributors = np.repeat(np.arange(len(people)), [(old + new) * views for old, new in people])
    is_new = np.concatenate([np.repeat([False, True], [old * views, new * views]) for old, new in people])
    first = np.arange(len(contributors)) % views == 0
    return Examples(np.zeros((len(contributors), 28, 28), "uint8"), contributors % 10, contributors, first, is_new)


@pytest.mark.parametrize("seed", range(10))
def test_of_few_new_drawings_by_five_people_one_person_is_held_out(seed: int) -> None:
    trains, held = hold_out(drawn(*[(0, 10)] * 5, views=4), replace(CONFIG, seed=seed))
    assert (len(held.new.labels), len(trains.new.labels)) == (10, 40)
    assert not set(held.contributors) & set(trains.contributors)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_new_is_held_out_however_much_is_old(seed: int) -> None:
    people = [(100, 0)] * 40 + [(0, 5)] * 10
    trains, held = hold_out(drawn(*people), replace(CONFIG, seed=seed))
    assert len(held.new.labels) == 10  # two of ten people: 12 at least, as far as whole people go
    assert len(held.labels) == 10 + 600  # and 15 % of the old ones
    assert not set(held.contributors) & set(trains.contributors)


def test_who_is_held_out_teaches_nothing_with_older_drawings_either() -> None:
    trains, held = hold_out(drawn(*[(20, 5)] * 8), CONFIG)
    assert not set(held.contributors) & set(trains.contributors)
    assert len(held.new.labels) == 5 * len(set(held.contributors))


def test_new_drawings_of_few_people_are_held_out_by_drawing() -> None:
    trains, held = hold_out(drawn((0, 20), (0, 20), views=2), CONFIG)
    assert (len(held.new.labels), len(trains.new.labels)) == (10, 30)  # a quarter: 12 would be more
    assert set(trains.contributors) == {0, 1}


def test_many_new_drawings_are_held_out_as_the_others_are() -> None:
    _, held = hold_out(drawn(*[(0, 20)] * 100), CONFIG)
    assert len(held.new.labels) == 300


def test_without_a_word_about_what_is_new_all_are_alike() -> None:
    old = drawn(*[(10, 0)] * 20)
    told, untold = hold_out(old, CONFIG), hold_out(replace(old, is_new=None), CONFIG)
    for one, other in zip(told, untold, strict=True):
        np.testing.assert_array_equal(one.contributors, other.contributors)
        assert len(one.new.labels) == len(other.new.labels) == 0

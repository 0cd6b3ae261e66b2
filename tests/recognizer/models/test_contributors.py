"""Who is examined: a fifth of the people, whatever the order they come in."""

from collections.abc import Callable

import pytest

from recognizer.models import EXAM_EVERY, Contributor
from recognizer.models.contributors import is_examined

PEOPLE = 300
ORDERS: dict[str, Callable[[int], int]] = {
    "one after another": lambda i: i,
    "in turns with four others": lambda i: EXAM_EVERY * i,
    "in turns with one other": lambda i: 2 * i + 1,
    "after each row that was rolled back": lambda i: 3 * i + 2,
}


@pytest.mark.parametrize("order", ORDERS)
def test_about_a_fifth_of_300_people_are_examined_in_any_order(order: str) -> None:
    examined = sum(is_examined(1 + ORDERS[order](i)) for i in range(PEOPLE))
    assert 40 <= examined <= 80  # a lot each would stray by 7 around 60


def test_of_each_ten_to_twenty_in_a_row_about_a_fifth_is_examined() -> None:
    chosen = [is_examined(number) for number in range(1, 2001)]
    for first in range(len(chosen) - 20):
        assert 1 <= sum(chosen[first : first + 10]) <= 3
        assert 3 <= sum(chosen[first : first + 20]) <= 5


def test_of_each_five_one_is_chosen_and_not_always_the_same_place() -> None:
    fives = [[is_examined(first + place) for place in range(EXAM_EVERY)] for first in range(1, 1001, EXAM_EVERY)]
    assert {sum(five) for five in fives} == {1}
    places = [five.index(True) for five in fives[1:]]
    assert all(places.count(place) >= 15 for place in range(EXAM_EVERY))


def test_the_first_four_are_never_examined() -> None:
    assert [is_examined(number) for number in range(1, 6)] == [False] * 4 + [True]


def test_groups_have_lots_of_their_own() -> None:
    ours, theirs = ([is_examined(number, among) for number in range(6, 106)] for among in ("ours", "theirs"))
    assert ours != theirs
    assert sum(ours) == sum(theirs) == 20


@pytest.mark.django_db
def test_nobody_has_consented_by_drawing_alone() -> None:
    assert Contributor.join().consented_at is None

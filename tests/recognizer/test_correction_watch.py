import math

import pytest

from recognizer.correction_watch import FALSE_ALARM, LOOKS, WATCHED, Counted, chance_of_so_many, is_alarm, level

BEFORE = Counted(200, 1000)


def test_chance_is_that_of_counting_every_table() -> None:
    before, after = Counted(2, 6), Counted(4, 5)
    ways = sum(math.comb(5, k) * math.comb(6, 6 - k) for k in (4, 5))
    assert chance_of_so_many(before, after) == pytest.approx(ways / math.comb(11, 6))


def test_looks_spend_together_what_they_may_and_the_last_one_most() -> None:
    assert sum(map(level, LOOKS)) == pytest.approx(FALSE_ALARM)
    assert max(LOOKS, key=level) == LOOKS[-1] == WATCHED


def test_doubled_share_is_an_alarm_after_200_labels_at_the_latest() -> None:
    assert is_alarm(BEFORE, Counted(80, 200))


def test_disaster_is_an_alarm_at_once() -> None:
    assert is_alarm(BEFORE, Counted(19, 20))


@pytest.mark.parametrize("after", [Counted(40, 200), Counted(55, 200), Counted(8, 20), Counted(39, 100)])
def test_luck_is_no_alarm(after: Counted) -> None:
    assert not is_alarm(BEFORE, after)


def test_what_rose_by_less_than_half_is_no_alarm_however_sure_it_is() -> None:
    assert not is_alarm(Counted(5000, 10_000), Counted(140, 200))


def test_nothing_is_said_between_two_looks_nor_without_a_share_before() -> None:
    assert not is_alarm(BEFORE, Counted(150, 190))
    assert not is_alarm(Counted(0, 0), Counted(200, 200))

"""That the count of what faults have cost would notice. The faults themselves, minutes of them: `make chaos`."""

from collections import Counter
from collections.abc import Callable

import pytest

from bench.chaos.faults import FAULTS
from bench.chaos.people import Sheet
from bench.chaos.verdict import Verdict, judge_sheet


def test_there_are_forty_faults_and_none_has_anothers_name() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40


def sheet(*said: tuple[int | None, bool], deleted: bool = False) -> Sheet:
    return Sheet(1, "a fault", id="x", said=[*said], deleting=deleted, deleted=deleted)


def test_sound_rows_are_found_sound() -> None:
    verdict = Verdict(champions=1)
    confirmed, changed = ["confirmed", 7, None], ["confirmed", 3, 7]
    judge_sheet(verdict, sheet((7, True)), ("x", 1, 7, 1), [confirmed])
    judge_sheet(verdict, sheet((7, True), (3, False)), ("x", 1, 3, 1), [confirmed, changed])  # an answer that got lost
    judge_sheet(verdict, sheet((7, True), (3, False)), ("x", 1, 7, 1), [confirmed])  # or a call that did
    judge_sheet(verdict, sheet((7, True), (7, True)), ("x", 1, 7, 1), [confirmed])
    judge_sheet(verdict, sheet((7, True), deleted=True), None, [])
    assert verdict.is_clean


@pytest.mark.parametrize(
    ("told", "row", "events", "counted"),
    [
        (sheet(), None, [], lambda verdict: verdict.lost),
        (sheet((7, True)), ("x", 1, None, 1), [], lambda verdict: verdict.labels_lost),
        (sheet((7, True), (3, True)), ("x", 1, 7, 1), [["confirmed", 7, None]], lambda verdict: verdict.labels_lost),
        (sheet((7, True)), ("x", 1, 7, 1), [], lambda verdict: verdict.events_wrong),
        (sheet((7, True)), ("x", 1, 7, 1), [["confirmed", 7, None], ["confirmed", 7, 7]], lambda v: v.events_wrong),
        (sheet((7, True), (3, True)), ("x", 1, 3, 1), [["confirmed", 3, None]], lambda v: v.events_wrong),
        (sheet((7, True), deleted=True), ("x", 1, 7, 1), [["confirmed", 7, None]], lambda v: v.surprises),
    ],
    ids=["no row", "no label", "an older label", "no event", "an event twice", "an event too few", "not deleted"],
)
def test_what_is_missing_is_counted(
    told: Sheet, row: tuple[object, ...] | None, events: list[list[object]], counted: Callable[[Verdict], Counter[str]]
) -> None:
    verdict = Verdict(champions=1)
    judge_sheet(verdict, told, row, events)
    assert not verdict.is_clean
    assert sum(counted(verdict).values()) == 1

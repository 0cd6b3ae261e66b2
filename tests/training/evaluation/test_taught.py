"""What a run was taught: what is held out of it, and every sentence about it."""

from typing import Any

import numpy as np
import pytest

from recognizer.exams import DRAWINGS, MNIST, TAUGHT
from recognizer.labels import NOT_A_DIGIT
from training.curation.training_set import Examples
from training.evaluation.gate import FELL, GAINED, HELD, KEPT, Decision, HeldOut, Paired, Row
from training.evaluation.reports import Report
from training.evaluation.taught import Taught, findings


def examples(
    labels: list[int], contributors: list[int], is_new: list[bool], first: list[bool] | None = None
) -> Examples:
    images = np.arange(len(labels), dtype="uint8")[:, None, None] * np.ones((28, 28), "uint8")
    seen = np.ones(len(labels), bool) if first is None else np.array(first)
    return Examples(images, np.array(labels), np.array(contributors), seen, np.array(is_new))


def test_new_drawings_are_taken_from_both_sides_as_they_were_seen() -> None:
    trains = examples([1, 1, 2, 3], [7, 7, 7, 8], [True, True, True, False], [True, False, True, True])
    held = examples([4, 5], [9, 9], [True, False])
    taught = Taught.of(trains, held)
    assert taught.labels.tolist() == [1, 2, 4]
    assert taught.is_held_out.tolist() == [False, False, True]
    assert (taught.contributors, taught.held_out) == (2, HeldOut(1, is_by_contributor=True))
    exam = taught.exam()
    assert exam is not None
    assert (exam.name, exam.labels.tolist()) == (TAUGHT, [4])
    assert taught.whole().labels.tolist() == [1, 2, 4]


def test_a_hand_on_both_sides_is_held_out_by_drawing() -> None:
    taught = Taught.of(examples([1, 2], [7, 8], [True, True]), examples([3], [7], [True]))
    assert not taught.held_out.is_by_contributor


def test_without_anything_new_there_is_no_exam() -> None:
    taught = Taught.of(examples([1], [7], [False]), examples([2], [8], [False]))
    assert taught.exam() is None
    assert found(taught, [], []) == ["No drawing is new: every one was learned from by the champion."]


def report(labels: list[int], answers: list[int]) -> Report:
    return Report("new", np.array(labels, "int64"), np.array(answers, "int64"), np.array(answers), np.ones(len(labels)))


def taught_of(labels: list[int], held: int, by_contributor: bool = True, contributors: int = 6) -> Taught:
    is_held = np.arange(len(labels)) >= len(labels) - held
    images = np.zeros((len(labels), 28, 28), "uint8")
    drawn = examples(labels, [1] * len(labels), [True] * len(labels))
    return Taught(images, np.array(labels), is_held, contributors, HeldOut(1, by_contributor), drawn)


def found(
    taught: Taught,
    before: list[int],
    after: list[int],
    paired: dict[str, Paired] | None = None,
    decision: Decision | None = None,
) -> list[str]:
    labels = taught.labels.tolist()
    return findings(
        taught, "version 3", report(labels, before), report(labels, after), paired or {}, decision or PROMOTED
    )


PROMOTED = Decision(True)
LABELS = [4] * 8 + [7] * 6 + [NOT_A_DIGIT] * 6


def test_corrections_that_are_read_are_counted_by_label_and_apart_where_they_were_held_out() -> None:
    before = [9] * 8 + [7] * 6 + [3] * 6
    after = [4] * 7 + [9] + [7] * 4 + [1] * 2 + [NOT_A_DIGIT] * 5 + [3]
    assert found(taught_of(LABELS, held=6), before, after) == [
        "Of 14 corrections since version 3 (new drawings that it misreads) it reads 12: 4s 7 of 8, no digit 5 of 6.",
        "Of the 6 of them that it was not trained on it reads 5.",
        "It no longer reads 2 of the 6 new drawings that version 3 reads: 2 times a 7.",
    ]


def test_where_nothing_was_corrected_that_is_said() -> None:
    assert found(taught_of([1] * 40, held=6), [1] * 40, [1] * 40) == [
        "Version 3 reads all 40 new drawings as they are labelled: nothing was corrected."
    ]


def test_what_is_newly_wrong_and_right_in_the_exams_is_counted_by_label() -> None:
    paired = {
        MNIST: Paired(1, 3, (0, 1, *[0] * 8), (2, 0, 0, 0, 1, *[0] * 5), others_broken=1),
        DRAWINGS: Paired(0, 2, (0,) * 10, (2, *[0] * 9)),
        TAUGHT: Paired(9, 9, (9, *[0] * 9), (9, *[0] * 9)),
    }
    sentences = found(taught_of([1] * 40, held=6), [1] * 40, [1] * 40, paired)
    assert sentences[1:] == [
        "Newly wrong in the exams: 4 times a 0, once a 4, once no digit.",
        "Newly right there: once a 1.",
    ]


def test_few_contributors_and_few_drawings_are_told_what_is_missing() -> None:
    told = found(taught_of([1] * 10, held=2, by_contributor=False, contributors=1), [7] * 10, [1] * 10)
    assert told[-2:] == [
        "What is new was drawn by 1 contributor, so some drawings of the same hands were held out: they show that these hands "
        "are read, not that others are. It takes drawings by five contributors or more.",
        "Only 2 of 10 new drawings could be held out, and it takes 5 to show a gain, whatever was learned: "
        "it takes 20 new drawings or more.",
    ]


def held_by(*keys: str, fell: str = "") -> Decision:
    rows = [Row(key, key, "", "", "", "", False, HELD) for key in keys]
    rows += [Row(fell, fell, "", "", "", "", True, FELL)] if fell else []
    rows += [
        Row("mnist.champion", "MNIST", "", "", "", "", True, KEPT),
        Row("taught.x", "", "", "", "", "", True, GAINED),
    ]
    return Decision(False, rows=rows)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (held_by("gain"), ["correct what it misreads, by as many hands as possible"]),
        (held_by("gain", fell="pen_digits.champion"), ["allowed for a gain, and there is none that can be told"]),
        (held_by("gain", "taught.champion"), ["labels may contradict each other: look at the drawings"]),
        (held_by("drawings.baseline"), ["labels may contradict each other"]),
        (held_by("mnist.baseline"), ["the training policy says how much a point for people is worth"]),
        (held_by("others_refused"), ['labelled "not a digit"']),
        (held_by("latency", "pen_digits.recall"), ["What is served is at fault", "It lost more of what it knew"]),
    ],
)
def test_who_is_held_is_told_what_to_do_next(decision: Decision, words: list[str]) -> None:
    sentences = found(taught_of([1] * 40, held=6), [1] * 40, [1] * 40, decision=decision)[1:]
    assert len(sentences) == len(words)
    assert all(part in sentence for part, sentence in zip(words, sentences, strict=True))


def test_who_is_promoted_is_told_no_next_step() -> None:
    promoted: Any = Decision(True, rows=held_by("gain").rows)
    assert len(found(taught_of([1] * 40, held=6), [1] * 40, [1] * 40, decision=promoted)) == 1

"""What people here draw as a digit is no example of "no digit" any more; what few of them draw, or each otherwise, is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.exams import DRAWINGS, GOLDEN, THINGS
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.labels import NOT_A_DIGIT
from tests.support.pictures import draw_ink
from training.config import ExamConfig
from training.curation.training_set import Examples
from training.evaluation.exam_sets import ExamSet, things_exam
from training.evaluation.look_alikes import look_alikes, without_look_alikes
from training.evaluation.reports import Exam

CONFIG = ExamConfig(look_alikes_most=1.0)


def bar(tilt: float) -> NDArray[np.float32]:
    """A bar that lies, as one hand draws it."""
    return normalize_drawing(draw_ink([[(60.0, 140.0 + tilt), (140.0, 138.0), (220.0, 140.0 - tilt)]]), None)


def saltire(size: float) -> NDArray[np.float32]:
    low, high = 140 - size, 140 + size
    return normalize_drawing(draw_ink([[(low, low), (high, high)], [(low, high), (high, low)]]), None)


BARS = np.stack([bar(tilt) for tilt in range(-12, 13, 3)])
CROSSES = np.stack([saltire(size) for size in (60, 70, 80)])


def drawn(people: int, labels: list[int]) -> Examples:
    """Bars, in turn by so many people, each labelled."""
    pictures = to_grey(np.stack([BARS[row % len(BARS)] for row in range(len(labels))]))
    who = np.arange(len(labels)) % people
    return Examples(pictures, np.array(labels), who, np.ones(len(labels), bool))


def asked(name: str = THINGS) -> ExamSet:
    images = np.concatenate([BARS[::2], CROSSES])
    return ExamSet({name: Exam(name, images, np.full(len(images), NOT_A_DIGIT))}, [], ["a note"])


def test_what_three_people_draw_as_one_digit_is_not_asked_for() -> None:
    left = without_look_alikes(asked(), drawn(3, [1] * 9), CONFIG)
    np.testing.assert_array_equal(left.exams[THINGS].images, CROSSES)
    assert left.notes == [
        "a note",
        "5 of 8 things that are no digit look like what people here draw as one, and were not asked for.",
    ]


@pytest.mark.parametrize(
    ("people", "labels"),
    [
        pytest.param(2, [1] * 9, id="two people"),
        pytest.param(3, [1, 7, 1, 7, 1, 7], id="two opinions"),
        pytest.param(3, [NOT_A_DIGIT] * 9, id="no digit to them either"),
        pytest.param(3, [1, NOT_A_DIGIT] * 4, id="no digit to half of them"),
        pytest.param(1, [], id="nothing drawn"),
    ],
)
def test_otherwise_it_is_asked_for_as_before(people: int, labels: list[int]) -> None:
    questions = asked()
    shown = drawn(people, labels) if labels else drawn(1, [1])[np.zeros(1, bool)]
    assert without_look_alikes(questions, shown, CONFIG) == questions


def test_most_of_an_exam_stays_and_what_is_most_alike_goes() -> None:
    features = np.eye(3, dtype="float32")[[0, 0, 1, 2]]
    features[1] = [np.cos(0.3), np.sin(0.3), 0]  # a little less like the first than the first itself
    taught = np.repeat(np.eye(3, dtype="float32")[:1], 3, axis=0)
    labels, people = np.ones(3, "int64"), np.arange(3)
    one, all_of_them = ExamConfig(look_alikes_most=0.25), ExamConfig(look_alikes_most=1.0)
    assert look_alikes(features, taught, labels, people, one).tolist() == [0]
    assert look_alikes(features, taught, labels, people, all_of_them).tolist() == [0, 1]


def test_digits_and_peoples_own_drawings_are_asked_for_whatever_they_look_like() -> None:
    ones = Exam(GOLDEN, BARS, np.ones(len(BARS), "int64"))
    questions = ExamSet({GOLDEN: ones, **asked(DRAWINGS).exams}, [], [])
    assert without_look_alikes(questions, drawn(3, [1] * 9), CONFIG) == questions


def test_bars_are_few_of_all_that_is_drawn_by_program() -> None:
    things = ExamSet({THINGS: things_exam()}, [], [])
    left = without_look_alikes(things, drawn(3, [1] * 9), ExamConfig()).exams[THINGS]
    assert 1 <= len(things.exams[THINGS].labels) - len(left.labels) <= 20

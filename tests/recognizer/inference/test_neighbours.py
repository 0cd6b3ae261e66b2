"""What neighbours say, with drawings that are points on a circle: angles are easy to think in."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference.neighbours import NOBODY, Labelled, Votes, vote


def at(*degrees: float) -> NDArray[np.float32]:
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype("float32")


def ask(
    where: float, speakers: dict[float, int], landmarks: dict[float, int], *, is_refused: bool = True
) -> tuple[int, Votes]:
    heard, known = (Labelled(at(*d), np.array(list(d.values()), "int64")) for d in (speakers, landmarks))
    votes = vote(
        heard.distances(at(where)), heard.labels, known.distances(at(where)), known.labels, np.array([is_refused])
    )
    return int(votes.labels[0]), votes


def test_the_nearest_speaks_where_nothing_else_is_near() -> None:
    assert ask(5, {0: 4}, {80: 1})[0] == 4


def test_a_landmark_of_another_label_that_is_nearer_silences_it() -> None:
    assert ask(15, {0: 4}, {20: 1})[0] == NOBODY
    assert ask(15, {0: 4}, {20: 4, 60: 1})[0] == 4  # one of the same label does not


def test_over_an_answer_of_the_networks_it_must_be_nearer_still() -> None:
    """18 degrees against 20: 0.81 of the other's distance."""
    assert ask(18, {0: 4}, {38: 1})[0] == 4
    assert ask(18, {0: 4}, {38: 1}, is_refused=False)[0] == NOBODY
    assert ask(10, {0: 4}, {38: 1}, is_refused=False)[0] == 4


def test_nobody_speaks_for_what_is_far_from_all() -> None:
    assert ask(90, {0: 4}, {179: 1})[0] == NOBODY


def test_a_drawing_without_features_has_no_neighbours() -> None:
    speakers = Labelled(at(0), np.array([4]))
    nothing = np.zeros((1, 2), "float32")
    votes = vote(
        speakers.distances(nothing),
        speakers.labels,
        np.zeros((1, 0), "float32"),
        np.zeros(0, "int64"),
        np.ones(1, bool),
    )
    assert votes.labels.tolist() == [NOBODY]


def test_three_vote_and_near_ones_count_for_more() -> None:
    said, votes = ask(0, {4: 4, 8: 5, -8: 5, 30: 4, -30: 4}, {})
    assert said == 5
    assert votes.voters.tolist() == [[False, True, True, False, False]]
    assert votes.shares[0, 5] == pytest.approx(2 * np.exp(-(1 - np.cos(np.radians(8))) / 0.05) / (
        2 * np.exp(-(1 - np.cos(np.radians(8))) / 0.05) + np.exp(-(1 - np.cos(np.radians(4))) / 0.05)
    ), abs=1e-4)  # fmt: skip
    assert ask(0, {1: 4, 25: 5, -25: 5}, {})[0] == 4


def test_with_nobody_to_speak_nobody_does() -> None:
    nobody = np.zeros((2, 0), "float32")
    votes = vote(nobody, np.zeros(0, "int64"), nobody, np.zeros(0, "int64"), np.ones(2, bool))
    assert votes.labels.tolist() == [NOBODY, NOBODY]
    assert votes.voters.shape == (2, 0)


def test_whom_one_may_not_hear_is_not_heard() -> None:
    votes = vote(
        np.array([[np.inf, 0.1]], "float32"),
        np.array([4, 5]),
        np.zeros((1, 0), "float32"),
        np.zeros(0, "int64"),
        np.ones(1, bool),
    )
    assert votes.labels.tolist() == [5]

"""Which drawings may speak, on a circle of features: 1s are known about 0 degrees, 7s about 90, what is no digit about 180."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference.neighbours import Labelled
from recognizer.labels import NOT_A_DIGIT
from training.config import PrototypeConfig
from training.curation.prototype_evidence import Answered, Approved, Judgement, judge, usual_distance

CONFIG = PrototypeConfig()
ABOUT = {1: 0.0, 7: 90.0, NOT_A_DIGIT: 180.0}  # degrees
SPREAD = np.linspace(-12, 12, 40)
Person = tuple[int, float, int, int | None]  # who, where in degrees, label, what the version reads


def at(degrees: NDArray[np.float64]) -> NDArray[np.float32]:
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype("float32")


def known() -> Answered:
    where = np.concatenate([centre + SPREAD for centre in ABOUT.values()])
    labels = np.repeat(list(ABOUT), len(SPREAD))
    order = np.random.default_rng(0).permutation(len(labels))
    return Answered(at(where[order]), labels[order], labels[order])


def approved(*people: Person, is_reviewed: bool = True, was_unread: bool = False) -> Approved:
    who, where, labels, answered = zip(*people, strict=True)
    return Approved(
        at(np.array(where, "float64")),
        np.array(labels),
        np.array([NOT_A_DIGIT if answer is None else answer for answer in answered]),
        np.array(who),
        np.full(len(who), is_reviewed),
        np.full(len(who), was_unread),
    )


def verdict(*people: Person, is_reviewed: bool = True, was_unread: bool = False) -> Judgement:
    return judge(approved(*people, is_reviewed=is_reviewed, was_unread=was_unread), known(), CONFIG)


def test_a_form_that_several_draw_and_label_alike_speaks() -> None:
    found = verdict(*[(who, 268 + who, 4, None) for who in range(5)], is_reviewed=False)
    assert found.speaks.tolist() == [True] * 5
    assert (found.mended, found.broken) == (5, 0)
    assert found.trust == pytest.approx((5 + CONFIG.trust * CONFIG.trust_weight) / (5 + CONFIG.trust_weight))


def test_one_teacher_alone_speaks_where_a_reviewer_approved() -> None:
    drawn = [(1, 268.0, 4, None), (1, 270.0, 4, None)]
    assert verdict(*drawn).speaks.all()
    assert not verdict(*drawn, is_reviewed=False).speaks.any()


def test_ones_own_drawings_bear_nothing_out() -> None:
    found = verdict(*[(1, 268.0 + i, 4, None) for i in range(20)], is_reviewed=False)
    assert not found.speaks.any()


def test_what_the_version_reads_does_not_speak() -> None:
    assert not verdict((1, 3.0, 1, 1), (2, 4.0, 1, 1)).speaks.any()


def test_a_form_that_the_version_has_learned_since_goes_on_speaking() -> None:
    drawn = [(who, 268 + who, 4, 4) for who in range(5)]
    assert verdict(*drawn, is_reviewed=False, was_unread=True).speaks.all()
    assert not verdict(*drawn, is_reviewed=False).speaks.any()


def test_what_was_misread_once_is_no_licence_to_contradict_what_is_known() -> None:
    assert not verdict(*[(who, 80.0 + who / 12, 1, 1) for who in range(240)], was_unread=True).speaks.any()


def test_sevens_called_ones_are_silent_however_many_agree() -> None:
    found = verdict(*[(who, 80.0 + who / 12, 1, 7) for who in range(240)])
    assert not found.speaks.any()


def test_two_who_contradict_each_other_are_both_silent() -> None:
    assert not verdict((1, 268.0, 4, None), (2, 269.0, 5, None)).speaks.any()


def test_one_liar_among_many_is_silent_and_they_are_not() -> None:
    honest: list[Person] = [(who, 266.0 + who, 4, None) for who in range(5)]
    liar: list[Person] = [(9, 266.0 + step / 10, 5, None) for step in range(40)]
    found = verdict(*honest, *liar)
    assert found.speaks[:5].all()
    assert not found.speaks[5:].any()


def test_a_contributor_whom_others_mostly_contradict_is_silent_altogether() -> None:
    honest: list[Person] = [(who, 266.0 + who, 4, None) for who in range(5)]
    contradicted: list[Person] = [(9, 267.0, 5, None), (9, 268.0, 5, None)]
    lonely: list[Person] = [(9, 225.0, 6, None)]
    assert not verdict(*honest, *contradicted, *lonely).speaks[5:].any()
    assert verdict(*honest, *lonely).speaks[5:].all()


def test_what_is_no_digit_may_be_taught_like_a_digit() -> None:
    """The version reads a doodle as a 7."""
    assert verdict(*[(who, 268.0 + who, NOT_A_DIGIT, 7) for who in range(3)]).speaks.all()
    assert not verdict(*[(who, 92.0 + who, NOT_A_DIGIT, 7) for who in range(3)]).speaks.any()


def test_whoever_would_spoil_a_drawing_that_is_read_rightly_falls_silent() -> None:
    taught: list[Person] = [(who, 266.0 + who, 4, None) for who in range(3)]
    read: Person = (8, 267.5, 5, 5)
    assert verdict(*taught).speaks.all()
    assert not verdict(*taught, read).speaks.any()


def test_the_others_go_on_speaking_however_many_have_to_fall_silent() -> None:
    """The nearest three fall silent at a time. After ten rounds all others fell silent with them."""
    spoiling = [(who, 260 + who / 4, 4, None) for who in range(80)]
    others = [(100 + who, 43.0 + who, 5, None) for who in range(5)]
    found = verdict(*spoiling, *others, (200, 270.1, 7, 7))
    assert found.speaks.tolist() == [False] * 80 + [True] * 5 + [False]
    assert (found.broken, found.mended) == (0, 5)


def test_a_drawing_without_features_does_not_speak() -> None:
    drawings = approved((1, 268.0, 4, None))
    blank = replace(drawings, features=np.zeros((1, 2), "float32"))
    assert not judge(blank, known(), CONFIG).speaks.any()


def test_only_so_many_speak_the_newest_first() -> None:
    people: list[Person] = [(who, 266.0 + who, 4, None) for who in range(6)]
    found = judge(approved(*people), known(), PrototypeConfig(speaking=4))
    assert found.speaks.tolist() == [True] * 4 + [False] * 2


def test_nothing_approved_is_judged_too() -> None:
    nobody = approved((1, 0.0, 1, 1))
    empty = Approved(*(getattr(nobody, each.name)[:0] for each in fields(nobody)))
    found = judge(empty, known(), CONFIG)
    assert (len(found.speaks), found.trust, found.mended, found.broken) == (0, CONFIG.trust, 0, 0)


def test_the_usual_distance_is_that_of_the_nearest_of_the_same_digit() -> None:
    step = np.radians(SPREAD[1] - SPREAD[0])
    assert usual_distance(known(), 0.5) == pytest.approx(1 - np.cos(step), abs=1e-5)
    assert usual_distance(Labelled(at(np.array([180.0])), np.array([NOT_A_DIGIT])), 0.5) == 0

"""Which part of a drawing an answer rests on."""

import math
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from recognizer import explanations
from recognizer.explanations import Part, Span
from recognizer.inference.answers import Calibration, Kind
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction
from tests.support import pictures
from tests.support.fake_model import FakeClassifier, FakeModel
from tests.support.known import known

BAR = [[70.0, 60.0], [110.0, 60.0], [160.0, 60.0], [200.0, 60.0]]
STEM = [[200.0, 60.0], [170.0, 120.0], [150.0, 180.0], [130.0, 230.0]]


class Wide(Classifier):
    """Says 7 to a drawing wider than half its box, else 1; counts what it is asked."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, batch: NDArray[Any]) -> Prediction:
        self.batches.append(len(batch))
        logits = np.zeros((len(batch), 10), "float32")
        width = (batch[..., 0].max(axis=1) > 0.5).sum(axis=1)
        logits[np.arange(len(batch)), np.where(width > 11, 7, 1)] = 9.0
        return Prediction(logits, np.full(len(batch), 9.0, "float32"), np.ones((len(batch), 4), "float32"))


@pytest.fixture
def wide() -> FakeModel:
    return FakeModel(b"", Calibration(), Wide())


def test_the_stroke_that_decides_is_found_and_named(wide: FakeModel) -> None:
    explained = explanations.explain([BAR, STEM], wide)
    assert (explained.kind, explained.digit) == (Kind.DIGIT, 7)
    assert known(explained.strongest).span == Span(0, 0, 3)
    assert known(explained.strongest).drop > 0.9
    assert explained.sentence == "Without this bar I would say 1."


def test_another_digit_says_more_than_a_refusal() -> None:
    parts = [Part(Span(0, 0, 1), digit, 0.1, drop) for digit, drop in [(7, 0.2), (None, 0.9), (1, 0.6), (None, 0.95)]]
    assert known(explanations.strongest_part(7, parts)).digit == 1
    assert known(explanations.strongest_part(7, [p for p in parts if p.digit != 1])).drop == 0.95
    assert known(explanations.strongest_part(7, parts[:1])).digit == 7


def test_one_long_stroke_is_taken_apart(wide: FakeModel) -> None:
    (stroke,) = [[*BAR, *STEM[1:]]]
    explained = explanations.explain([stroke], wide)
    assert known(explained.strongest).digit == 1
    assert known(explained.strongest).span.start == 0
    assert 0 < known(explained.strongest).span.end < len(stroke) - 1


def test_there_are_at_most_a_dozen_passes_in_one_batch(wide: FakeModel) -> None:
    scribble = [[[20.0 + 4 * i, 30.0 * (1 + k % 8)] for i in range(40)] for k in range(20)]
    explanations.explain(scribble, wide)
    assert isinstance(wide.classifier, Wide)
    assert wide.classifier.batches == [12]


def test_a_drawing_of_one_dot_has_no_part_to_leave_out(wide: FakeModel) -> None:
    explained = explanations.explain([[[140, 140]]], wide)
    assert explained.parts == []
    assert explained.strongest is None


def test_a_stroke_that_loses_its_middle_becomes_two() -> None:
    stroke = [[x, 0.0] for x in range(0, 100, 10)]
    left = explanations.without([stroke], Span(0, 3, 6))
    assert left == [stroke[:4], stroke[6:]]


def test_the_call_explains_and_stores_nothing(
    visitor: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    body = {"image": pictures.data_url(pictures.canvas_png()), "strokes": pictures.SEVEN}
    with django_assert_num_queries(0):
        response = visitor.post("/api/v1/explanations/", body)
    assert response.status_code == 200
    assert (response.json()["kind"], response.json()["digit"]) == ("digit", 7)
    assert response.json()["sentence"].startswith("No single part decides it")
    assert response.json()["strongest"] is None  # and none is marked


def test_the_call_needs_strokes(visitor: APIClient, seven: dict[str, Any]) -> None:
    response = visitor.post("/api/v1/explanations/", seven)
    assert response.status_code == 400
    assert response.json()["code"] == "strokes_required"


def test_an_answer_that_memory_gave_is_credited_to_it(visitor: APIClient, model: FakeClassifier) -> None:
    model.logit = 6.0
    body = {"image": pictures.data_url(pictures.canvas_png()), "strokes": pictures.SEVEN}
    for corrections in ("your last correction makes it a 1.", "your last 2 corrections make it a 1."):
        drawing = visitor.post("/api/v1/drawings/", body).json()
        visitor.put(f"/api/v1/drawings/{drawing['id']}/feedback/", {"label": 1})
        explained = visitor.post("/api/v1/explanations/", body).json()
        assert explained["sentence"] == f"The network alone reads a 7; {corrections}"
        assert explained["strongest"] is None


def long_path(strokes: int, points: int) -> list[list[list[float]]]:
    return [
        [[100 + 60 * math.sin(i + n), 60 + i / 30, float(i)] for i in range(points // strokes)] for n in range(strokes)
    ]


@pytest.mark.parametrize("strokes", [1, 8, 64])
def test_the_longest_path_is_explained_in_the_time_of_a_few_guesses(strokes: int, wide: FakeModel) -> None:
    """It took 280 ms of the processor, and with it whatever else this process had to answer."""
    path = long_path(strokes, 4096)
    explanations.explain(path, wide)
    spent = []
    for _ in range(3):
        start = time.thread_time()
        explanations.explain(path, wide)
        spent.append(time.thread_time() - start)
    assert min(spent) < 0.08


def test_a_part_of_a_long_path_is_named_by_the_points_that_were_sent(wide: FakeModel) -> None:
    path = long_path(2, 4096)
    parts = explanations.explain(path, wide).parts
    assert {(part.span.start, part.span.end) for part in parts[:2]} == {(0, 2047)}
    assert all(part.span.end < 2048 for part in parts)


def test_what_a_hand_draws_is_taken_apart_point_by_point() -> None:
    path = long_path(3, 600)
    assert explanations.thinned(path) == (path, [list(range(200))] * 3)
    thin, kept = explanations.thinned([*long_path(1, 2000), [[1.0, 1.0]], [[1.0, 1.0], [2.0, 2.0]]])
    assert [len(stroke) for stroke in thin] == [599, 1, 2]
    assert (kept[0][0], kept[0][-1]) == (0, 1999)

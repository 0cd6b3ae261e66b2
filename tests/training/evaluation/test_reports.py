from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from training.evaluation.reports import (
    MISSED_MOST,
    Exam,
    examine,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    reliability_bins,
)

SURE = Calibration(1.0, 0.0)


def reader(answers: list[int], digitness: list[float] | None = None) -> Callable[[NDArray[np.float32]], Prediction]:
    """A model that says `answers` with certainty."""
    logits = np.eye(10, dtype="float32")[answers] * 20
    scores = np.ones(len(answers), "float32") if digitness is None else np.array(digitness, "float32")
    told = iter(range(0, len(answers), 500))

    def predict(batch: NDArray[np.float32]) -> Prediction:
        start = next(told)
        part = slice(start, start + len(batch))
        return Prediction(logits[part], scores[part], np.zeros((len(batch), 4), "float32"))

    return predict


def exam_of(labels: list[int]) -> Exam:
    return Exam("test", np.zeros((len(labels), 28, 28, 1), "float32"), np.array(labels))


def test_right_answers_are_counted_over_batches() -> None:
    labels = list(range(10)) * 120
    report = examine(reader(labels), exam_of(labels), SURE)
    assert (report.n, report.correct, report.accuracy) == (1200, 1200, 1.0)
    assert report.ece == pytest.approx(0, abs=1e-6)


def test_a_refused_digit_is_wrong_and_a_refused_thing_is_right() -> None:
    report = examine(reader([1, 2, 3], [-1, 1, -1]), exam_of([1, 2, NOT_A_DIGIT]), SURE)
    assert report.answers.tolist() == [NOT_A_DIGIT, 2, NOT_A_DIGIT]
    assert report.correct == 2
    assert report.refusal_rate == pytest.approx(2 / 3)
    assert report.confusion[1, NOT_A_DIGIT] == 1
    assert report.confusion[NOT_A_DIGIT, NOT_A_DIGIT] == 1


def test_recall_is_by_digit_and_none_where_there_is_none() -> None:
    report = examine(reader([4, 9, 9]), exam_of([4, 4, 9]), SURE)
    assert report.recall[4] == 0.5
    assert report.recall[9] == 1.0
    assert report.recall[0] is None


def test_an_exam_without_drawings_is_no_error() -> None:
    report = examine(reader([]), exam_of([]), SURE)
    assert report.to_dict()["n"] == 0


def test_a_report_is_plain_data() -> None:
    import json

    assert json.loads(json.dumps(examine(reader([1, 2]), exam_of([1, 3]), SURE).to_dict()))["accuracy"] == 0.5


def test_a_report_bins_the_digits_by_how_sure_the_answers_were() -> None:
    report = examine(reader([1, 2, 3, 4], [1, 1, -1, 1]), exam_of([1, 3, 3, NOT_A_DIGIT]), SURE)
    (only,) = report.to_dict()["bins"]
    assert only == {"confidence": pytest.approx(1.0), "accuracy": pytest.approx(2 / 3), "n": 3}


def test_bins_are_even_and_empty_ones_are_left_out() -> None:
    bins = reliability_bins(np.array([0.55, 0.59, 1.0]), np.array([True, False, True]))
    assert [(one["n"], one["accuracy"]) for one in bins] == [(2, 0.5), (1, 1.0)]
    assert reliability_bins(np.array([]), np.array([], bool)) == []


def test_a_report_names_the_questions_it_missed_by_their_label() -> None:
    report = examine(reader([1, 9, 4, 9], [1, 1, -1, 1]), exam_of([1, 4, 4, NOT_A_DIGIT]), SURE)
    assert report.to_dict()["missed"] == {"4": [1, 2], "10": [3]}


def test_who_misses_most_of_a_long_exam_has_no_list_of_it() -> None:
    labels = [1] * (MISSED_MOST + 1)
    assert examine(reader([2] * len(labels)), exam_of(labels), SURE).to_dict()["missed"] is None


def test_questions_are_told_apart_by_picture_label_and_order() -> None:
    images = np.zeros((2, 28, 28, 1), "float32")
    other = images.copy()
    other[0, 5, 5] = 1
    exams = [
        Exam("a", images, np.array([1, 2])),
        Exam("a", images, np.array([2, 1])),
        Exam("a", other, np.array([1, 2])),
        Exam("a", other[::-1], np.array([1, 2])),
    ]
    assert len({exam.digest for exam in exams}) == len(exams)
    assert examine(reader([1, 2]), exams[0], SURE).questions == Exam("b", images.copy(), np.array([1, 2])).digest


def test_calibration_error_is_the_distance_of_words_from_deeds() -> None:
    confidences = np.full(100, 0.9)
    hits = np.arange(100) < 80
    assert expected_calibration_error(confidences, hits) == pytest.approx(0.1)


@pytest.mark.slow
def test_the_temperature_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 10))
    chances = np.exp(logits / 1.7)
    chances /= chances.sum(axis=1, keepdims=True)
    labels = (rng.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(1.7, rel=0.05)


def test_the_threshold_refuses_the_share_of_digits_it_was_asked_to() -> None:
    rng = np.random.default_rng(0)
    labels = np.r_[np.arange(1000) % 10, np.full(200, NOT_A_DIGIT)]
    logits = np.eye(11)[labels][:, :10] * 5 + rng.normal(0, 1, (1200, 10))
    digitness = rng.normal(0, 1, 1200)
    calibration = fit_calibration(logits, digitness, labels, refused=0.01, refused_of_one=0.1)
    assert (digitness[:1000] < calibration.refusal_threshold).mean() == pytest.approx(0.01, abs=0.001)

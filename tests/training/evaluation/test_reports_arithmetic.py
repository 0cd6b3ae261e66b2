"""The numbers of a report, counted again in plain Python."""

import hashlib
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.inference.answers import Calibration
from recognizer.inference.prediction import Prediction
from recognizer.labels import NOT_A_DIGIT
from training.evaluation import reports
from training.evaluation.reports import (
    Exam,
    Report,
    examine,
    expected_calibration_error,
    fit_calibration,
    fit_temperature,
    mark,
    reliability_bins,
)

SURE = Calibration(1.0, 0.0)


def random_report(count: int = 300) -> Report:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 11, count)
    tops = np.where(rng.random(count) < 0.7, np.minimum(labels, 9), rng.integers(0, 10, count))
    answers = np.where(rng.random(count) < 0.2, NOT_A_DIGIT, tops)
    return Report("exam", labels, answers, tops, rng.uniform(0.2, 1, count), "digest")


def slow_bins(sure: list[float], hits: list[bool], count: int) -> dict[int, list[int]]:
    """Which answers fall into which of so many even bins; the last holds full certainty too."""
    bins: dict[int, list[int]] = {}
    for place, confidence in enumerate(sure):
        bins.setdefault(min(math.floor(confidence * count), count - 1), []).append(place)
    return dict(sorted(bins.items()))


def test_a_report_is_counted_question_by_question() -> None:
    report = random_report()
    labels, answers, tops = report.labels.tolist(), report.answers.tolist(), report.top_labels.tolist()
    asked = list(zip(labels, answers, strict=True))
    kept = report.to_dict()
    assert kept["n"] == 300
    assert kept["correct"] == sum(label == answer for label, answer in asked)
    assert kept["accuracy"] == kept["correct"] / 300
    assert kept["refusal_rate"] == pytest.approx(sum(answer == NOT_A_DIGIT for answer in answers) / 300)
    assert kept["accuracy_top1"] == pytest.approx(sum(a == b for a, b in zip(labels, tops, strict=True)) / 300)
    for digit in range(10):
        of_digit = [answer for label, answer in asked if label == digit]
        assert kept["recall"][digit] == pytest.approx(sum(answer == digit for answer in of_digit) / len(of_digit))
    assert len(kept["recall"]) == 10
    assert kept["confusion"] == [[asked.count((label, answer)) for answer in range(11)] for label in range(11)]
    assert kept["missed"] == {
        str(label): [place for place, (is_, said) in enumerate(asked) if is_ == label and said != label]
        for label in range(11)
    }
    assert kept["questions"] == "digest"
    assert kept["interval"] == report.interval
    assert report.interval[0] < report.accuracy < report.interval[1]


def test_calibration_is_that_of_the_digits() -> None:
    report = random_report()
    digits = [place for place, label in enumerate(report.labels.tolist()) if label != NOT_A_DIGIT]
    sure = [float(report.confidences[place]) for place in digits]
    hits = [bool(report.top_labels[place] == report.labels[place]) for place in digits]
    gaps = [abs(sum(sure[place] - hits[place] for place in places)) for places in slow_bins(sure, hits, 15).values()]
    assert report.ece == pytest.approx(sum(gaps) / len(digits))
    expected = [
        {
            "confidence": pytest.approx(sum(sure[place] for place in places) / len(places)),
            "accuracy": pytest.approx(sum(hits[place] for place in places) / len(places)),
            "n": len(places),
        }
        for places in slow_bins(sure, hits, 10).values()
    ]
    assert report.bins == expected


def test_a_bin_begins_at_its_lower_edge_and_the_last_one_holds_certainty() -> None:
    sure, hits = np.array([0.0, 0.0999, 0.1, 0.95, 1.0]), np.array([False, False, True, True, True])
    assert [one["n"] for one in reliability_bins(sure, hits)] == [2, 1, 2]
    # fifteenths: 14/15 = 0.9333 is an edge
    assert expected_calibration_error(np.array([0.93, 0.94]), np.array([False, True])) == pytest.approx(
        (0.93 + 0.06) / 2
    )
    assert expected_calibration_error(np.array([0.94, 1.0]), np.array([False, True])) == pytest.approx(0.47)


def test_a_report_of_others_alone_has_no_calibration() -> None:
    report = Report("exam", np.array([NOT_A_DIGIT]), np.array([3]), np.array([3]), np.array([0.5]))
    assert report.ece is None
    assert report.bins == []
    assert report.recall == [None] * 10
    assert report.questions == ""


def test_a_report_of_nothing_is_all_zeros() -> None:
    none = np.zeros(0, "int64")
    report = mark("exam", none, np.zeros((0, 10)), np.zeros(0), SURE)
    assert (report.n, report.correct, report.accuracy, report.refusal_rate) == (0, 0, 0.0, 0.0)
    assert report.top_labels.shape == report.answers.shape == report.confidences.shape == (0,)
    kept = report.to_dict()
    assert (kept["accuracy_top1"], kept["ece"], kept["missed"], kept["bins"]) == (0.0, None, {}, [])
    assert (report.name, report.questions) == ("exam", "")


@pytest.mark.parametrize(("missed", "is_named"), [(999, True), (1000, True), (1001, False)])
def test_a_thousand_misses_are_named(missed: int, is_named: bool) -> None:
    labels = np.array([1] * (missed + 5))
    answers = np.array([2] * missed + [1] * 5)
    report = Report("exam", labels, answers, answers, np.full(len(labels), 0.9))
    assert report.to_dict()["missed"] == ({"1": list(range(missed))} if is_named else None)


def test_answers_are_the_likeliest_digits_and_refusals_are_under_the_threshold() -> None:
    logits = np.log(np.array([[0.5, 0.3, *[0.025] * 8], [0.1, 0.2, *[0.0875] * 8], [0.01, 0.91, *[0.01] * 8]]))
    report = mark("exam", np.array([0, 1, 1]), logits, np.array([2.0, 1.9, 2.1]), Calibration(1.0, 2.0), "digest")
    assert report.answers.tolist() == [0, NOT_A_DIGIT, 1]
    assert report.top_labels.tolist() == [0, 1, 1]
    assert report.confidences.tolist() == pytest.approx([0.5, 0.2, 0.91])
    assert (report.name, report.questions) == ("exam", "digest")
    assert report.labels.dtype == np.int64
    warm = mark("exam", np.array([0]), logits[:1], np.array([2.0]), Calibration(2.0, 0.0))
    shares = [math.sqrt(share) for share in (0.5, 0.3, *[0.025] * 8)]
    assert warm.confidences.tolist() == pytest.approx([shares[0] / sum(shares)])


def test_an_exam_is_asked_five_hundred_questions_at_a_time() -> None:
    asked: list[int] = []

    def predict(batch: NDArray[np.float32]) -> Prediction:
        asked.append(len(batch))
        logits = np.zeros((len(batch), 10), "float32")
        logits[np.arange(len(batch)), batch[:, 0, 0, 0].astype(int)] = 9.0
        return Prediction(logits, np.ones(len(batch), "float32"), np.zeros((len(batch), 4), "float32"))

    images = np.zeros((1001, 28, 28, 1), "float32")
    images[:, 0, 0, 0] = np.arange(1001) % 10
    report = examine(predict, Exam("exam", images, np.arange(1001) % 10), SURE)
    assert asked == [500, 500, 1]
    assert report.correct == 1001
    empty = examine(predict, Exam("none", images[:0], np.zeros(0, "int64")), SURE)
    assert (empty.n, asked) == (0, [500, 500, 1])


def test_the_digest_is_of_grey_levels_and_labels() -> None:
    images = np.zeros((2, 28, 28, 1), "float32")
    images[1, 3, 4, 0] = 1.0
    exam = Exam("exam", images, np.array([7, 10], "int32"))
    grey = bytearray(2 * 784)
    grey[784 + 3 * 28 + 4] = 255
    seen = hashlib.sha256(bytes(grey) + (7).to_bytes(8, "little") + (10).to_bytes(8, "little"))
    assert exam.digest == seen.hexdigest()[:32]


def likelihood(logits: NDArray[np.float64], labels: list[int], temperature: float) -> float:
    """Mean negative logarithm of the labels' probabilities."""
    losses = []
    for row, label in zip(logits.tolist(), labels, strict=True):
        powers = [math.exp(logit / temperature) for logit in row]
        losses.append(-math.log(max(powers[label] / sum(powers), 1e-12)))
    return sum(losses) / len(losses)


def test_the_temperature_is_the_likeliest_of_the_grid() -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(0, 3, (40, 10)), rng.integers(0, 10, 40)
    labels[:25] = logits[:25].argmax(axis=1)
    grid = [0.2 * 25 ** (step / 399) for step in range(400)]
    losses = [likelihood(logits, labels.tolist(), temperature) for temperature in grid]
    assert fit_temperature(logits, labels) == pytest.approx(grid[losses.index(min(losses))])


def test_temperatures_are_sought_from_a_fifth_to_five() -> None:
    logits = np.eye(10)[[0, 1, 2]] * 3
    assert fit_temperature(logits, np.array([0, 1, 2])) == pytest.approx(0.2)
    assert fit_temperature(logits, np.array([5, 6, 7])) == pytest.approx(5)
    assert len(reports.TEMPERATURES) == 400


def test_a_label_that_is_all_but_impossible_costs_a_finite_amount() -> None:
    """Of 1,000 certain answers one is wrong: the coldest temperature costs ln 10**12 / 1000 and no more."""
    logits = np.zeros((1000, 10))
    logits[:, 0] = 40.0
    labels = np.zeros(1000, "int64")
    labels[0] = 1
    grid = [0.2 * 25 ** (step / 399) for step in range(400)]
    losses = [likelihood(logits, labels.tolist(), temperature) for temperature in grid[::20]]
    best = grid[::20][losses.index(min(losses))]
    assert fit_temperature(logits, labels) == pytest.approx(best, rel=0.1)


def test_the_threshold_is_a_quantile_of_the_digits_alone() -> None:
    digitness = np.array([*range(2001), -500.0, -600.0])
    labels = np.array([3] * 2001 + [NOT_A_DIGIT] * 2)
    logits = np.eye(10)[np.minimum(labels, 9)] * 4
    calibration = fit_calibration(logits, digitness, labels)
    assert calibration.refusal_threshold == pytest.approx(3)  # three in two thousand are under it
    assert fit_calibration(logits, digitness, labels, 0.25, 1.0).refusal_threshold == pytest.approx(500)
    assert calibration.temperature == fit_temperature(logits[:2001], labels[:2001])


def test_no_digit_is_refused_more_often_than_one_may_be() -> None:
    """Of 10,000 digits 15 may be refused; if they were all 0s, of which there are 1,000, it may be 4."""
    labels = np.arange(10_000) % 10
    digitness = np.arange(10_000.0) + 10_000
    digitness[labels == 0] -= 10_000
    calibration = fit_calibration(np.eye(10)[labels], digitness, labels)
    refused = digitness < calibration.refusal_threshold
    assert refused.sum() == 4
    assert set(labels[refused]) == {0}
    spread = fit_calibration(np.eye(10)[labels], np.arange(10_000.0), labels)
    assert (np.arange(10_000) < spread.refusal_threshold).sum() == 15


def test_exams_and_reports_cannot_be_changed() -> None:
    for fixed in (random_report(), Exam("exam", np.zeros((0, 28, 28, 1), "float32"), np.zeros(0, "int64"))):
        with pytest.raises(FrozenInstanceError):
            setattr(fixed, "name", "other")  # noqa: B010  the type checker would refuse it as well

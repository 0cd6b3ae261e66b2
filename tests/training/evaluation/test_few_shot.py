from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_django import Settings

from recognizer.inference.prediction import Prediction
from training.data import datasets
from training.data.datasets import DataUnavailable
from training.evaluation.few_shot import SHOWN, Script, blurred, chinese_script, choose, examine_script, vote


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    directions: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")
    return directions


def slow_vote(known: NDArray[np.float32], labels: NDArray[np.int64], asked: NDArray[np.float32]) -> list[int]:
    answers = []
    for vector in asked:
        nearest = sorted(range(len(known)), key=lambda i: -float(vector @ known[i]))[:3]
        counts = Counter(int(labels[i]) for i in nearest)
        most = max(counts.values())
        answers.append(next(int(labels[i]) for i in nearest if counts[int(labels[i])] == most))
    return answers


def test_the_vote_is_that_of_a_slow_one() -> None:
    rng = np.random.default_rng(0)
    known, asked = unit(rng.normal(0, 1, (40, 6))), unit(rng.normal(0, 1, (200, 6)))
    labels = np.arange(40) % 5
    assert vote(known, labels, asked).tolist() == slow_vote(known, labels, asked)


def test_two_neighbours_outvote_a_nearer_one_and_the_nearest_decides_among_three() -> None:
    known = unit(np.array([[1, 0.0], [1, 0.1], [1, 0.2], [-1, 0]]))
    asked = unit(np.array([[1, 0.0]]))
    assert vote(known, np.array([0, 1, 1, 2]), asked).tolist() == [1]
    assert vote(known, np.array([2, 0, 1, 1]), asked).tolist() == [2]


def test_as_many_of_each_class_are_known_and_only_of_those_who_may_show() -> None:
    labels = np.arange(120) % 4
    may_show = (np.arange(120) < 60) | (labels == 3)
    chosen = choose(labels, may_show, np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [SHOWN] * 4
    assert may_show[chosen].all()
    few = np.isin(np.arange(120), (0, 4, 8))
    assert choose(labels, few, np.random.default_rng(0)).tolist() == few.tolist()


def test_blurred_pixels_meet_where_sharp_ones_do_not() -> None:
    images = np.zeros((3, 28, 28, 1), "float32")
    images[0, 10, 10] = images[1, 10, 11] = 1
    soft = blurred(images)
    np.testing.assert_allclose(np.linalg.norm(soft[:2], axis=1), 1, rtol=1e-5)
    assert not soft[2].any()
    assert soft[0] @ soft[1] == pytest.approx(np.exp(-1 / 4), abs=0.01)  # of two Gaussians of deviation 1, one apart
    column = soft[0].reshape(28, 28)[:, 10]
    assert column[11] / column[10] == pytest.approx(np.exp(-1 / 2), rel=1e-5)
    np.testing.assert_allclose(soft[0].reshape(28, 28), soft[0].reshape(28, 28).T, atol=1e-7)


def by_place(images: NDArray[np.float32]) -> Prediction:
    """Features that tell the row with the ink, for classes to be told by; a digit where that is in the upper half."""
    rows = images[..., 0].sum(axis=2)
    features = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return Prediction(np.zeros((len(images), 10), "float32"), 13.5 - rows.argmax(axis=1), features)


def script(may_show: NDArray[np.bool_]) -> Script:
    """Four classes of 30 dots: each in a row of its own, anywhere in it."""
    rng = np.random.default_rng(0)
    images, labels = np.zeros((120, 28, 28, 1), "float32"), np.arange(120) % 4
    images[np.arange(120), 4 + labels * 6, rng.integers(2, 26, 120)] = 1
    return Script(images, labels, may_show)


def test_features_that_tell_the_classes_are_right_about_all_and_pixels_about_some() -> None:
    report = examine_script(by_place, script(np.arange(120) < 60), 0.0)
    assert (report.n, report.classes, report.features) == (120, 4, 1.0)
    assert 0.25 < report.pixels < 1
    assert report.answered == 0.5


def test_where_all_may_show_the_others_ask() -> None:
    asked = []

    def watch(images: NDArray[np.float32]) -> Prediction:
        asked.append(len(images))
        return by_place(images)

    assert examine_script(watch, script(np.ones(120, bool)), 0.0).features == 1.0
    assert sum(asked) == 120


def test_chinese_numerals_are_prepared_as_serving_does(settings: Settings, tmp_path: Path) -> None:
    settings.DIGITRE_DATA_DIR = tmp_path
    with pytest.raises(DataUnavailable, match="is not there"):
        chinese_script()
    x = np.zeros((3, 64, 64), "uint8")
    x[0, 10:50, 28:34] = 90
    x[1, 28:34, 10:50] = 90  # the third is blank
    y, writer, part = (np.array(values, "uint8") for values in ([1, 2, 3], [4, 5, 6], [0, 1, 0]))
    np.savez(tmp_path / datasets.CHINESE_DIGITS, x=x, y=y, writer=writer, part=part)
    found = chinese_script()
    assert found.labels.tolist() == [1, 2]
    assert found.may_show.tolist() == [True, False]
    assert found.images.shape == (2, 28, 28, 1)
    assert found.images.max() > 0.9
    (tmp_path / datasets.CHINESE_DIGITS).write_bytes(b"PK no archive")
    with pytest.raises(DataUnavailable, match="damaged"):
        chinese_script()

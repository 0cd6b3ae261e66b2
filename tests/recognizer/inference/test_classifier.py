from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.baseline import shipped_baseline
from recognizer.inference.classifier import Classifier
from recognizer.labels import NOT_A_DIGIT
from training.evaluation.golden import golden_drawings


@pytest.fixture(scope="module")
def tflite() -> bytes:
    return shipped_baseline().model.tflite


@pytest.fixture(scope="module")
def images() -> NDArray[Any]:
    return np.random.default_rng(0).random((64, 28, 28, 1), dtype="float32")


def test_a_batch_is_read_as_its_drawings_are_one_by_one(tflite: bytes, images: NDArray[Any]) -> None:
    classifier = Classifier(tflite)
    together = classifier.predict(images)
    for row in range(0, 64, 16):
        alone = classifier.predict(images[row : row + 1])
        np.testing.assert_allclose(alone.logits[0], together.logits[row], atol=1e-4)
        np.testing.assert_allclose(alone.digitness[0], together.digitness[row], atol=1e-4)


def test_what_was_read_before_changes_nothing(tflite: bytes, images: NDArray[Any]) -> None:
    alone = Classifier(tflite).predict(images[:1])
    classifier = Classifier(tflite)
    for rows in (1, 64, 1, 3, 1):
        prediction = classifier.predict(images[:rows])
    np.testing.assert_array_equal(prediction.features, alone.features)


def test_shapes_and_lengths_are_as_promised(tflite: bytes, images: NDArray[Any]) -> None:
    prediction = Classifier(tflite).predict(images)
    assert prediction.logits.shape == (64, 10)
    assert prediction.digitness.shape == (64,)
    lengths = np.linalg.norm(prediction.features, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


def test_what_has_nothing_of_a_digit_is_described_too(tflite: bytes) -> None:
    golden, labels = golden_drawings()
    features = Classifier(tflite).predict(golden[labels == NOT_A_DIGIT]).features
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-3)


def test_another_shape_is_an_error_that_names_it(tflite: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expected \(N, 28, 28, 1\), got \(28, 28, 1\)"):
        Classifier(tflite).predict(np.zeros((28, 28, 1), "float32"))


def test_many_threads_get_their_own_answers(tflite: bytes, images: NDArray[Any]) -> None:
    classifier = Classifier(tflite)
    expected = classifier.predict(images).logits

    def read(row: int) -> NDArray[np.float32]:
        return np.asarray(classifier.predict(images[row : row + 1]).logits[0])

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(read, [row % 64 for row in range(400)]))
    np.testing.assert_allclose(answers, expected[[row % 64 for row in range(400)]], atol=1e-4)


@pytest.mark.parametrize("damage", ["empty", "not a model", "cut in half", "cut to its head", "overwritten"])
def test_corrupt_bytes_are_a_value_error(tflite: bytes, damage: str) -> None:
    broken = {
        "empty": b"",
        "not a model": b"x" * 5000,
        "cut in half": tflite[: len(tflite) // 2],
        "cut to its head": tflite[:100],
        "overwritten": tflite[:200] + b"\xff" * 500 + tflite[700:],
    }[damage]
    with pytest.raises(ValueError):
        Classifier(broken)


def test_the_artifact_is_under_two_megabytes(tflite: bytes) -> None:
    assert len(tflite) < 2_000_000

"""The losses against plain arithmetic, picture by picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.labels import NOT_A_DIGIT
from training.config import LossConfig
from training.data.datasets import UNDECIDED

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough
CONFIG = LossConfig(label_smoothing=0.1, refusal_weight=0.5, exposure_weight=0.2, form_weight=2.0)


def cross_entropy(logits: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    return float(-(wanted * (logits - np.log(np.exp(logits).sum()))).sum())


def refusal(score: float, wanted: float) -> float:
    chance = 1 / (1 + np.exp(-score))
    return float(-(wanted * np.log(chance) + (1 - wanted) * np.log(1 - chance)))


def outputs(count: int, forms: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(count)
    found = {"logits": rng.normal(0, 2, (count, 10)), "digitness": rng.normal(0, 2, (count, 1))}
    return found | ({"forms": rng.normal(0, 2, (count, forms))} if forms else {})


def loss_of(out: dict[str, Any], label: int, form: int = -1, certainty: float = 1.0) -> float:
    """The loss of one picture, which is the mean of the one."""
    import tensorflow as tf

    from training.learning.losses import losses

    tensors = {name: tf.constant(value.astype("float32")) for name, value in out.items()}
    loss, _ = losses(tensors, tf.constant([label]), CONFIG, tf.constant([form]), tf.constant([certainty]))
    return float(loss)


def test_a_digit_learns_which_it_is_and_that_it_is_one() -> None:
    out = outputs(1)
    wanted = np.eye(10)[3] * 0.9 + 0.01
    expected = cross_entropy(out["logits"][0], wanted) + 0.5 * refusal(out["digitness"][0, 0], 0.99)
    assert loss_of(out, 3) == pytest.approx(expected, rel=1e-5)


def test_a_doubtful_digit_is_wanted_less_and_the_refusal_is_not_asked() -> None:
    out = outputs(1)
    wanted = np.eye(10)[3] * 0.7 * 0.9 + (1 - 0.7 * 0.9) / 10
    assert loss_of(out, 3, certainty=0.7) == pytest.approx(cross_entropy(out["logits"][0], wanted), rel=1e-5)


def test_what_is_no_digit_has_no_opinion_among_the_ten() -> None:
    out = outputs(1)
    expected = 0.2 * cross_entropy(out["logits"][0], np.full(10, 0.1)) + 0.5 * refusal(out["digitness"][0, 0], 0.01)
    assert loss_of(out, NOT_A_DIGIT) == pytest.approx(expected, rel=1e-5)


def test_what_has_a_form_learns_that_instead() -> None:
    out = outputs(1, forms=5)
    form = 2.0 * cross_entropy(out["forms"][0], np.eye(5)[4])
    assert loss_of(out, NOT_A_DIGIT, 4) == pytest.approx(form + 0.5 * refusal(out["digitness"][0, 0], 0.01), rel=1e-5)
    assert loss_of(out, UNDECIDED, 4) == pytest.approx(form, rel=1e-5)


def test_what_is_undecided_teaches_nothing_but_its_form() -> None:
    assert loss_of(outputs(1), UNDECIDED) == 0
    assert loss_of(outputs(1, forms=5), UNDECIDED) == 0


def test_the_loss_is_the_mean_and_accuracy_is_that_of_digits() -> None:
    import tensorflow as tf

    from training.learning.losses import losses

    out = {name: tf.constant(value.astype("float32")) for name, value in outputs(4).items()}
    top = int(np.argmax(out["logits"][0]))
    labels = [top, (int(np.argmax(out["logits"][1])) + 1) % 10, NOT_A_DIGIT, UNDECIDED]
    loss, accuracy = losses(out, tf.constant(labels), CONFIG)
    alone = [
        loss_of({name: value.numpy()[row : row + 1] for name, value in out.items()}, label)
        for row, label in enumerate(labels)
    ]
    assert float(loss) == pytest.approx(np.mean(alone), rel=1e-5)
    assert float(accuracy) == 0.5


def test_a_teacher_is_followed_in_what_it_knows_and_costs_nothing_where_one_agrees() -> None:
    import tensorflow as tf

    from training.learning.losses import TEACHING_TEMPERATURE, distillation

    def described(seed: int) -> dict[str, NDArray[np.float64]]:
        features = np.random.default_rng(seed).normal(0, 1, (2, 4))
        return outputs(2) | {"features": features / np.linalg.norm(features, axis=1, keepdims=True)}

    def far(one: dict[str, Any], other: dict[str, Any], known: list[float]) -> float:
        ours, theirs = ({name: tf.constant(v.astype("float32")) for name, v in out.items()} for out in (one, other))
        return float(distillation(ours, theirs, tf.constant(known, tf.float32)))

    teacher = described(1)
    assert far(teacher, teacher, [1, 1]) == pytest.approx(0, abs=1e-5)
    turned = teacher | {"logits": teacher["logits"][:, ::-1]}
    soft = np.exp(teacher["logits"][0] / TEACHING_TEMPERATURE)
    soft /= soft.sum()
    least = cross_entropy(teacher["logits"][0] / TEACHING_TEMPERATURE, soft)
    expected = cross_entropy(turned["logits"][0] / TEACHING_TEMPERATURE, soft) - least
    assert far(turned, teacher, [1, 0]) == pytest.approx(TEACHING_TEMPERATURE**2 * expected / 2, rel=1e-4)
    assert far(turned, teacher, [0, 0]) == 0
    looks = teacher | {"features": described(2)["features"]}
    expected = float(1 - (looks["features"][1] * teacher["features"][1]).sum())
    assert far(looks, teacher, [0, 1]) == pytest.approx(expected / 2, rel=1e-4)

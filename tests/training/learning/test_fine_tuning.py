"""Learning for real, tiny: TensorFlow is loaded here."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_input
from recognizer.inference.classifier import Classifier
from tests.support.digits import few_digits
from training.config import FineTuneConfig
from training.curation.training_set import Examples, TrainingSet, balanced, hold_out
from training.data.replay import Replay

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough
TINY = FineTuneConfig(epochs=2, epoch_pictures=64, batch=32, learning_rate=1e-3)


def taught_by(people: int, drawings: int = 8) -> Examples:
    mnist = few_digits()
    count = people * drawings
    images, labels = mnist.x_train[:count], mnist.y_train[:count]
    return Examples(images, labels, np.repeat(np.arange(people), drawings), np.ones(count, bool))


@pytest.fixture(scope="module")
def lessons() -> TrainingSet:
    mnist = few_digits()
    nothing = taught_by(2)[np.zeros(16, bool)]
    return TrainingSet(taught_by(2), nothing, Replay(mnist.x_test, mnist.y_test, np.ones(50), unseen=10))


def train(lessons: TrainingSet, config: FineTuneConfig = TINY, **watchers: Any) -> Any:
    from training.learning.fine_tuning import fine_tune

    return fine_tune(shipped_baseline().keras, lessons, config, **watchers)


def weights(model: Any) -> NDArray[Any]:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def test_it_moves_a_little_and_the_seed_says_where(lessons: TrainingSet) -> None:
    from training.learning.conversion import load_keras

    before = weights(load_keras(shipped_baseline().keras))
    first, second = train(lessons), train(lessons)
    other = train(lessons, replace(TINY, seed=2))
    np.testing.assert_allclose(weights(first.model), weights(second.model), atol=1e-5)
    assert not np.allclose(weights(first.model), weights(other.model), atol=1e-5)
    assert 0 < np.abs(weights(first.model) - before).max() < 0.2
    assert [entry["epoch"] for entry in first.curve] == list(range(1, len(first.curve) + 1))


def test_what_is_taught_is_learned_and_served_as_it_was_trained(lessons: TrainingSet) -> None:
    """Pictures that the baseline calls something else, shown often enough, are answered as taught; LiteRT agrees with Keras."""
    from training.learning.conversion import disagreement, export_litert

    images = lessons.training.images
    wrong = replace(lessons.training, labels=np.full(len(images), 4))
    only = replace(
        TINY,
        epochs=3,
        epoch_pictures=320,
        drawing_share=1.0,
        drawing_repeats=50,
        average_decay=0.5,
        interpolation_step=1.0,
    )
    trained = train(replace(lessons, training=wrong), only)
    tflite = export_litert(trained.model)
    batch = to_input(images)
    said = Classifier(tflite).predict(batch).logits.argmax(axis=1)
    assert (said == 4).mean() > 0.9
    assert disagreement(trained.model, tflite, batch) < 1e-3


def test_what_would_forget_too_much_goes_back_towards_the_baseline(lessons: TrainingSet) -> None:
    wrong = replace(lessons, training=replace(lessons.training, labels=np.full(len(lessons.training.images), 4)))
    eager = replace(TINY, epoch_pictures=320, drawing_share=1.0, drawing_repeats=50, average_decay=0.5)
    assert train(wrong, replace(eager, forgetting_tolerance=1.0)).interpolation == 1.0
    assert train(wrong, replace(eager, forgetting_tolerance=0.0)).interpolation < 1.0


def test_weights_that_are_no_numbers_end_the_training_and_say_so(lessons: TrainingSet) -> None:
    from training.learning.fine_tuning import Diverged

    told: list[float] = []
    with pytest.raises(Diverged, match="epoch 1"):
        train(lessons, replace(TINY, learning_rate=float("nan")), on_epoch=told.append)
    assert told == []


def test_what_a_step_raises_ends_the_training(lessons: TrainingSet) -> None:
    class Enough(Exception):
        pass

    def stop(share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        train(lessons, on_step=stop)


def test_people_are_held_out_whole_where_there_are_several() -> None:
    teach, held = hold_out(taught_by(8), replace(TINY, validation_share=0.3))
    assert set(teach.people) | set(held.people) == set(range(8))
    assert not set(teach.people) & set(held.people)
    assert len(held.labels) == 16


def test_of_few_people_some_drawings_are_held_out() -> None:
    teach, held = hold_out(taught_by(2), replace(TINY, validation_share=0.25))
    assert (len(teach.labels), len(held.labels)) == (12, 4)
    assert set(teach.people) == {0, 1}


def drawn_by(*counts: int) -> Examples:
    people = np.repeat(np.arange(len(counts)), counts)
    return Examples(np.zeros((len(people), 28, 28), "uint8"), people % 10, people, np.ones(len(people), bool))


def test_whoever_draws_most_is_not_held_out() -> None:
    for seed in range(20):
        teach, held = hold_out(drawn_by(400, 10, 10, 10, 10), replace(TINY, seed=seed))
        assert len(set(held.people)) == 1
        assert 0 not in held.people
        assert len(teach.labels) == 430


def test_where_everybody_drew_too_much_to_be_missed_drawings_are_held_out() -> None:
    teach, held = hold_out(drawn_by(100, 100, 100, 100, 100), TINY)
    assert len(held.labels) == 75
    assert set(teach.people) == set(range(5))


def test_flood_of_one_hand_and_class_does_not_drown_the_rest() -> None:
    labels = np.array([7] * 900 + [3] * 10)
    people = np.array([0] * 900 + list(range(1, 11)))
    flood = Examples(np.zeros((910, 28, 28), "uint8"), labels, people, np.ones(910, bool))
    drawn = balanced(flood, 1000, TINY, np.random.default_rng(0))
    assert (labels[drawn] == 3).mean() > 0.3


def test_handful_is_not_repeated_without_end() -> None:
    drawn = balanced(taught_by(1), 1000, TINY, np.random.default_rng(0))
    assert len(drawn) == TINY.drawing_repeats * 8


def test_nobody_held_out_leaves_the_baselines_temperature(lessons: TrainingSet) -> None:
    from training.runs import pipeline

    tflite = shipped_baseline().model.tflite
    calibration = pipeline._calibrated(tflite, lessons, TINY).calibration
    assert calibration.temperature == shipped_baseline().card["calibration"]["temperature"]

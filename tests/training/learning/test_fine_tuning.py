"""Learning for real, tiny: TensorFlow is loaded here."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from training.learning.fine_tuning import Trained

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough
Misled = Callable[..., tuple[float, float, float]]
TINY = FineTuneConfig(epochs=2, epoch_pictures=64, batch=32, learning_rate=1e-3)


def drawn_by_each(contributors: int, drawings: int = 8) -> Examples:
    mnist = few_digits()
    count = contributors * drawings
    images, labels = mnist.x_train[:count], mnist.y_train[:count]
    return Examples(images, labels, np.repeat(np.arange(contributors), drawings), np.ones(count, bool))


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    mnist = few_digits()
    nothing = drawn_by_each(2)[np.zeros(16, bool)]
    return TrainingSet(drawn_by_each(2), nothing, Replay(mnist.x_test, mnist.y_test, np.ones(50), unseen=10))


def train(
    training_set: TrainingSet,
    config: FineTuneConfig = TINY,
    on_step: Callable[[float], None] = lambda share: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda entry: None,
    on_checkpoint: Callable[[bytes], None] = lambda content: None,
    earlier: bytes = b"",
) -> "Trained":
    from training.learning.fine_tuning import fine_tune

    return fine_tune(shipped_baseline().keras, training_set, config, on_step, on_epoch, on_checkpoint, earlier)


def weights(model: Any) -> NDArray[Any]:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.fixture(scope="module")
def unbroken(training_set: TrainingSet) -> "tuple[Trained, list[bytes]]":
    """A training and what it left after each epoch: to compare with, for each one costs ten seconds before its first step."""
    kept: list[bytes] = []
    return train(training_set, on_checkpoint=kept.append), kept


def test_it_moves_a_little_and_the_seed_says_where(
    training_set: TrainingSet, unbroken: "tuple[Trained, list[bytes]]"
) -> None:
    from training.learning.conversion import load_keras

    before = load_keras(
        shipped_baseline().keras
    ).trainable_weights  # a norm's statistics move as far as few digits differ
    first, other = unbroken[0], train(training_set, replace(TINY, seed=2))
    assert not np.allclose(weights(first.model), weights(other.model), atol=1e-5)
    moved = [np.abs(np.array(new) - old).max() for new, old in zip(first.model.trainable_weights, before, strict=True)]
    assert 0 < max(moved) < 0.1
    assert [entry["epoch"] for entry in first.curve] == list(range(1, len(first.curve) + 1))


def test_what_is_labelled_is_learned_and_served_as_it_was_trained(training_set: TrainingSet) -> None:
    """Pictures that the baseline calls something else, shown often enough, are answered as labelled; LiteRT agrees with Keras."""
    from training.learning.conversion import disagreement, export_litert

    images = training_set.training.images
    wrong = replace(training_set.training, labels=np.full(len(images), 4))
    only = replace(
        TINY,
        epochs=6,
        epoch_pictures=320,
        drawing_share=1.0,
        drawing_repeats=50,
        average_decay=0.5,
        interpolation_step=1.0,
    )
    trained = train(replace(training_set, training=wrong), only)
    tflite = export_litert(trained.model)
    batch = to_input(images)
    digits = Classifier(tflite).predict(batch).logits.argmax(axis=1)
    assert (digits == 4).mean() > 0.9
    assert disagreement(trained.model, tflite, batch) < 1e-3


@pytest.fixture(scope="module")
def misled(training_set: TrainingSet) -> Misled:
    """A network that was taught to call everything a 4, and how far back it goes under a configuration."""
    from training.learning.conversion import load_keras
    from training.learning.fine_tuning import interpolate

    fours = replace(training_set.training, labels=np.full(len(training_set.training.images), 4))
    taught = replace(training_set, training=fours)
    config = replace(TINY, epoch_pictures=320, drawing_share=1.0, drawing_repeats=50, average_decay=0.5)
    config = replace(config, forgetting_tolerance=1.0, forgetting_most=1.0)
    trained = train(taught, config)
    assert trained.interpolation == 1.0
    start, learned = load_keras(shipped_baseline().keras).get_weights(), trained.model.get_weights()

    def go_back(validation: Examples | None = None, **changes: Any) -> tuple[float, float, float]:
        asked = replace(taught, validation=validation or taught.validation)
        return interpolate(trained.model, start, learned, asked, replace(config, **changes))

    return go_back


def test_what_would_forget_too_much_goes_back_towards_the_baseline(misled: Misled) -> None:
    everything, forgotten, _ = misled()
    little, less, _ = misled(forgetting_tolerance=0.0)
    assert everything == 1.0
    assert little < 1.0
    assert less < forgotten
    assert misled(forgetting_most=0.0)[0] < 1.0


def test_what_held_out_drawings_gain_may_cost_the_replay_more(misled: Misled) -> None:
    drawings = drawn_by_each(2)
    fours = replace(drawings, labels=np.full(len(drawings.labels), 4))
    how_far, _, gained = misled(fours, forgetting_tolerance=0.0, forgetting_worth=10.0)
    assert how_far == 1.0
    assert gained > 0.1
    assert misled(fours, forgetting_tolerance=0.0, forgetting_worth=0.0)[0] < 1.0


def test_weights_that_are_no_numbers_end_the_training_and_say_so(training_set: TrainingSet) -> None:
    from training.learning.fine_tuning import Diverged

    told: list[dict[str, float]] = []
    with pytest.raises(Diverged, match="epoch 1"):
        train(training_set, replace(TINY, learning_rate=float("nan")), on_epoch=told.append)
    assert told == []


def test_contributors_are_held_out_whole_where_there_are_several() -> None:
    trains, held = hold_out(drawn_by_each(8), replace(TINY, validation_share=0.3))
    assert set(trains.contributors) | set(held.contributors) == set(range(8))
    assert not set(trains.contributors) & set(held.contributors)
    assert len(held.labels) == 16


def test_of_few_contributors_some_drawings_are_held_out() -> None:
    trains, held = hold_out(drawn_by_each(2), replace(TINY, validation_share=0.25))
    assert (len(trains.labels), len(held.labels)) == (12, 4)
    assert set(trains.contributors) == {0, 1}


def drawn_by(*counts: int) -> Examples:
    contributors = np.repeat(np.arange(len(counts)), counts)
    return Examples(
        np.zeros((len(contributors), 28, 28), "uint8"),
        contributors % 10,
        contributors,
        np.ones(len(contributors), bool),
    )


def test_whoever_draws_most_is_not_held_out() -> None:
    for seed in range(20):
        trains, held = hold_out(drawn_by(400, 10, 10, 10, 10), replace(TINY, seed=seed))
        assert len(set(held.contributors)) == 1
        assert 0 not in held.contributors
        assert len(trains.labels) == 430


def test_where_everybody_drew_too_much_to_be_missed_drawings_are_held_out() -> None:
    trains, held = hold_out(drawn_by(100, 100, 100, 100, 100), TINY)
    assert len(held.labels) == 75
    assert set(trains.contributors) == set(range(5))


def test_flood_of_one_hand_and_class_does_not_drown_the_rest() -> None:
    labels = np.array([7] * 900 + [3] * 10)
    contributors = np.array([0] * 900 + list(range(1, 11)))
    flood = Examples(np.zeros((910, 28, 28), "uint8"), labels, contributors, np.ones(910, bool))
    drawn = balanced(flood, 1000, TINY, np.random.default_rng(0))
    assert (labels[drawn] == 3).mean() > 0.3


def test_handful_is_not_repeated_without_end() -> None:
    drawn = balanced(drawn_by_each(1), 1000, TINY, np.random.default_rng(0))
    assert len(drawn) == TINY.drawing_repeats * 8


def test_nobody_held_out_leaves_the_baselines_temperature(training_set: TrainingSet) -> None:
    from training.runs import pipeline

    tflite = shipped_baseline().model.tflite
    calibration = pipeline._calibrated(tflite, training_set, TINY).calibration
    assert calibration.temperature == shipped_baseline().card["calibration"]["temperature"]


def test_what_it_computes_on_is_named() -> None:
    from training.learning.fine_tuning import devices

    assert "CPU" in devices()


class ToldToStop(Exception):
    pass


def test_what_was_broken_off_goes_on_from_its_last_epoch_to_the_same_weights(
    training_set: TrainingSet, unbroken: "tuple[Trained, list[bytes]]"
) -> None:
    kept: list[bytes] = []

    def stop_in_the_second(share: float) -> None:
        if share > 0.6:
            raise ToldToStop

    with pytest.raises(ToldToStop):
        train(training_set, on_step=stop_in_the_second, on_checkpoint=kept.append)
    assert len(kept) == 1
    steps: list[float] = []
    resumed = train(training_set, on_step=steps.append, earlier=kept[0])
    assert min(steps) > 1 / 2  # the second epoch alone
    np.testing.assert_array_equal(weights(resumed.model), weights(unbroken[0].model))


def test_a_checkpoint_of_other_pictures_is_not_gone_on_from(
    training_set: TrainingSet, unbroken: "tuple[Trained, list[bytes]]"
) -> None:
    others = replace(training_set, training=drawn_by_each(1))
    steps: list[float] = []
    train(others, on_step=steps.append, earlier=unbroken[1][0])
    assert steps == [0.25, 0.5, 0.75, 1]

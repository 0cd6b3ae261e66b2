"""Training for real, tiny: TensorFlow is loaded here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.imaging.pixels import to_input
from recognizer.imaging.preprocessing import normalize_strokes
from recognizer.labels import NOT_A_DIGIT

if TYPE_CHECKING:
    from training.learning.pretraining import BaselineConfig, Source

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]  # no rows: one database is enough
Unbroken = tuple[Any, Path]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    from training.learning.pretraining import Source

    rng = np.random.default_rng(0)
    shapes = [normalize_strokes([rng.uniform(0, 100, (6, 2)).tolist()])[..., 0] for _ in range(8)]
    images = (np.array(shapes) * 255).astype("uint8")
    labels = np.array([0, 1, 2, 3, 4, 5, NOT_A_DIGIT, NOT_A_DIGIT])
    forms = np.array([0, 1])
    return [Source("digits", images[:6], labels[:6], 0.75), Source("things", images[6:], labels[6:], 0.25, forms)]


@pytest.fixture(scope="module")
def config() -> BaselineConfig:
    from training.learning.pretraining import BaselineConfig, Cycle

    return BaselineConfig(cycles=(Cycle(2), Cycle(2)), batch=8, save_every=2, average_every=1)


@pytest.fixture(scope="module")
def unbroken(sources: list[Source], config: BaselineConfig, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    """A training and its checkpoint, to compare with."""
    from training.learning.pretraining import train

    checkpoint = tmp_path_factory.mktemp("baseline") / "checkpoint.npz"
    return train(config, sources, checkpoint), checkpoint


def weights_of(model: Any) -> NDArray[np.float32]:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def test_the_same_seed_trains_the_same_network(
    sources: list[Source], config: BaselineConfig, unbroken: Unbroken
) -> None:
    from training.learning.pretraining import train

    np.testing.assert_allclose(weights_of(unbroken[0]), weights_of(train(config, sources)), atol=1e-4)


def test_an_interrupted_training_goes_on_where_it_was(
    sources: list[Source], config: BaselineConfig, unbroken: Unbroken, tmp_path: Path
) -> None:
    from training.learning.pretraining import train

    told = []

    def interrupt(step: int, loss: float, accuracy: float) -> None:
        raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        train(config, sources, checkpoint, interrupt)
    resumed = train(config, sources, checkpoint, lambda *numbers: told.append(numbers))
    assert checkpoint.is_file()
    assert told[-1][0] == config.steps
    np.testing.assert_allclose(weights_of(resumed), weights_of(unbroken[0]), atol=1e-3)


def test_what_ships_is_the_mean_of_what_each_cycle_ended_with(
    sources: list[Source], config: BaselineConfig, unbroken: Unbroken
) -> None:
    from dataclasses import replace

    from training.learning.pretraining import train

    first = weights_of(train(replace(config, cycles=config.cycles[:1]), sources))
    shipped, checkpoint = unbroken
    with np.load(checkpoint, allow_pickle=False) as kept:
        arrays = [kept[f"arr_{i}"] for i in range(len(kept.files) - 3)]
    count = len(shipped.weights)
    last = np.concatenate([array.ravel() for array in arrays[-count:]])
    assert not any("forms" in weight.path for weight in shipped.weights)
    assert np.abs(last - first).max() > 1e-3
    np.testing.assert_allclose(weights_of(shipped), (first + last) / 2, atol=1e-4)


def test_a_checkpoint_of_another_configuration_is_not_gone_on_from(
    sources: list[Source], config: BaselineConfig, unbroken: Unbroken, tmp_path: Path
) -> None:
    from dataclasses import replace

    from training.learning.pretraining import Cycle, train

    checkpoint = tmp_path / "checkpoint.npz"
    checkpoint.write_bytes(unbroken[1].read_bytes())
    steps = []
    train(replace(config, seed=1, cycles=(Cycle(2),)), sources, checkpoint, lambda step, *_: steps.append(step))
    assert steps == [2]


def test_a_batch_says_what_each_of_its_pictures_teaches(sources: list[Source], config: BaselineConfig) -> None:
    from dataclasses import replace

    from training.learning.pretraining import make_batch

    doubtful = [replace(sources[0], certainty=0.7), sources[1]]
    batch = make_batch(replace(config, batch=200), doubtful, 0)
    digits = batch.labels < NOT_A_DIGIT
    assert batch.images.shape == (200, 28, 28, 1)
    assert digits.mean() == pytest.approx(0.75, abs=0.1)
    np.testing.assert_array_equal(batch.certainty, np.where(digits, np.float32(0.7), np.float32(1)))
    assert set(batch.forms[digits]) == {-1}
    assert set(batch.forms[~digits]) == {0, 1}
    again = make_batch(replace(config, batch=200), doubtful, 0)
    for one, other in zip(batch, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_source_of_a_later_cycle_changes_no_batch_before(sources: list[Source], config: BaselineConfig) -> None:
    from training.learning.pretraining import Source, make_batch

    rare = Source("rare", sources[0].images, np.full(6, 9), 0.9, first_cycle=1)
    for step in range(2):
        before, after = make_batch(config, sources, step), make_batch(config, [*sources, rare], step)
        np.testing.assert_array_equal(before.images, after.images)
        np.testing.assert_array_equal(before.labels, after.labels)
    late = [make_batch(config, [*sources, rare], step).labels for step in (2, 3)]
    assert all((labels == 9).any() for labels in late)


def test_the_rate_rises_stays_and_falls_once_a_cycle() -> None:
    from training.learning.pretraining import BaselineConfig, Cycle, Trapezoids

    rate = Trapezoids(BaselineConfig(cycles=(Cycle(100, 1.0, 0.4), Cycle(50, 0.5, 0.8)), warmup_steps=10))
    first = [float(rate(step)) for step in (0, 4, 9, 59, 80, 99)]
    assert first == pytest.approx([0.1, 0.5, 1, 1, 0.5, 0.025])
    again = [float(rate(step)) for step in (100, 104, 109, 129, 140, 149, 150)]
    assert again == pytest.approx([0.05, 0.25, 0.5, 0.2625, 0.125, 0.0125, 0])


def test_augmentation_falls_with_the_rate() -> None:
    from training.learning.pretraining import BaselineConfig, Cycle, augmentation_strength

    config = BaselineConfig(cycles=(Cycle(100, cooldown=0.4), Cycle(50, cooldown=0.8)), last_augmentation=0.5)
    strengths = [augmentation_strength(config, step) for step in (0, 59, 60, 80, 100, 110, 130)]
    assert strengths == pytest.approx([1, 1, 1, 0.75, 1, 1, 0.75])
    assert augmentation_strength(config, 149) == pytest.approx(0.5, abs=0.02)


def test_one_batch_can_be_learned_by_heart(sources: list[Source]) -> None:
    import keras
    import tensorflow as tf

    from training.learning.losses import losses
    from training.learning.network import build_network
    from training.learning.pretraining import BaselineConfig

    keras.utils.set_random_seed(0)
    images = np.concatenate([s.images for s in sources])[..., np.newaxis].astype("float32") / 255
    labels = tf.constant(np.concatenate([s.labels for s in sources]).astype("int32"))
    model, optimizer = build_network(), keras.optimizers.Adam(3e-3)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss, accuracy = losses(model(images, training=True), labels, BaselineConfig(label_smoothing=0))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return accuracy

    accuracies = [float(step()) for _ in range(40)]
    assert max(accuracies[-10:]) == 1.0


def test_saved_and_reloaded_it_predicts_the_same_and_litert_too() -> None:
    from training.learning import conversion
    from training.learning.network import build_network

    model = build_network()
    images = np.random.default_rng(0).random((1000, 28, 28, 1), dtype="float32")
    again = conversion.load_keras(conversion.save_keras(model))
    first, second = (m.predict(images, batch_size=500, verbose=0)["logits"] for m in (model, again))
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert conversion.check_agreement(model, conversion.export_litert(model), images) <= 1e-3


def test_the_shipped_keras_and_litert_files_agree_on_a_thousand_drawings() -> None:
    from recognizer.baseline import shipped_baseline
    from training.data.augmentation import render_drawings
    from training.data.synthetic_digits import draw_digit
    from training.learning import conversion

    rng = np.random.default_rng(0)
    images, _ = render_drawings([draw_digit(i % 10, rng) for i in range(1000)], rng)
    baseline = shipped_baseline()
    pictures = to_input(images)
    assert conversion.disagreement(conversion.load_keras(baseline.keras), baseline.model.tflite, pictures) <= 1e-3


def test_litert_that_disagrees_is_not_exported() -> None:
    from training.learning import conversion
    from training.learning.network import build_network

    images = np.random.default_rng(0).random((8, 28, 28, 1), dtype="float32")
    other = conversion.export_litert(build_network())
    with pytest.raises(conversion.ExportError):
        conversion.check_agreement(build_network(), other, images)


def test_the_shipped_model_reads_our_own_styles() -> None:
    from recognizer.baseline import shipped_baseline
    from training.data.augmentation import render_drawings
    from training.data.synthetic_digits import draw_digit

    rng = np.random.default_rng(1)
    labels = np.arange(300) % 10
    images, kept = render_drawings([draw_digit(int(label), rng) for label in labels], rng)
    prediction = shipped_baseline().model.predict(to_input(images))
    assert (prediction.logits.argmax(axis=1) == labels[kept]).mean() > 0.9

"""The shipped baseline, moved a little towards what people drew. TensorFlow is loaded here and in what this imports."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from recognizer.imaging.pixels import to_input
from recognizer.inference.prediction import Prediction
from training.config import FineTuneConfig
from training.curation.training_set import TrainingSet, balanced
from training.data.augmentation import augment
from training.data.replay import Replay, is_digit
from training.learning.conversion import load_keras
from training.learning.losses import losses

logging.getLogger("tensorflow").setLevel(logging.WARNING)  # it tells of every file it writes


class Diverged(RuntimeError):
    """The weights are no numbers any more."""


@dataclass(frozen=True)
class Trained:
    """A fine-tuned network; `interpolation`, above 0 and at most 1, is how far its weights went from the baseline's."""

    model: keras.Model
    curve: list[dict]
    best_epoch: int
    interpolation: float


def fine_tune(
    baseline: bytes,
    training_set: TrainingSet,
    config: FineTuneConfig,
    on_step: Callable[[float], None] = lambda share: None,
    on_epoch: Callable[[dict], None] = lambda entry: None,
) -> Trained:
    """Train a copy of the baseline on a training set: the averaged weights of the best epoch, or less far from the baseline's.

    Trainable: everything but the batch norms, whose statistics stay the baseline's. The seed decides the order, the augmentation
    and the dropout; with the same machine and thread count the weights come out the same.

    Args:
        on_step: told the share of the work done, 0..1, after each batch; what it raises ends the training.
        on_epoch: told {epoch, loss, accuracy (on held-out drawings, else on the replay), seconds}.
    """
    keras.utils.set_random_seed(config.seed)
    model, steps = _load_for_moving(baseline), max(1, config.epoch_pictures // config.batch)
    step_once = _compile_step(model, _optimizer(model, config, steps * config.epochs), config)
    start, average, best, curve = model.get_weights(), _Average(model, config.average_decay), _Best(), []
    for epoch in range(1, config.epochs + 1):
        started, losses_seen = time.monotonic(), []
        for step, batch in enumerate(_batches(training_set, config, epoch, steps), start=1):
            losses_seen.append(float(step_once(*map(tf.constant, batch))))
            average.add()
            on_step(((epoch - 1) * steps + step) / (config.epochs * steps))
        entry = {"epoch": epoch, "loss": float(np.mean(losses_seen))}
        if not np.isfinite(entry["loss"]):
            raise Diverged(f"The loss of epoch {epoch} is no number.")
        entry |= _validate(model, average.weights, training_set, config)
        curve.append(entry | {"seconds": round(time.monotonic() - started, 1)})
        on_epoch(curve[-1])
        # with nobody held out only forgetting would be seen, and the first epoch would always look best
        best.offer(epoch, entry["validation_loss"] if len(training_set.validation.labels) else -epoch, average.weights)
        if epoch - best.epoch >= config.patience:
            break
    interpolation = _interpolate(model, start, best.weights or average.weights, training_set.replay, config)
    return Trained(model, curve, best.epoch, interpolation)


def _load_for_moving(baseline: bytes) -> keras.Model:
    model = load_keras(baseline)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def _optimizer(model: keras.Model, config: FineTuneConfig, steps: int) -> keras.Optimizer:
    optimizer = keras.optimizers.AdamW(_schedule(config, steps), weight_decay=config.weight_decay, clipnorm=5.0)
    optimizer.build(model.trainable_variables)
    return optimizer


class _Average:
    """The running mean of the weights: smoother than the last step's, at no cost when it answers."""

    def __init__(self, model: keras.Model, decay: float) -> None:
        self._model, self._decay = model, decay
        self.weights = model.get_weights()
        self._steps = 0

    def add(self) -> None:
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 10))
        for mean, weight in zip(self.weights, self._model.get_weights(), strict=True):
            mean *= decay
            mean += (1 - decay) * weight


class _Best:
    def __init__(self) -> None:
        self.epoch, self._loss = 0, float("inf")
        self.weights: list[np.ndarray] = []

    def offer(self, epoch: int, loss: float, weights: list[np.ndarray]) -> None:
        if loss < self._loss:
            self.epoch, self._loss, self.weights = epoch, loss, [weight.copy() for weight in weights]


def _schedule(config: FineTuneConfig, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup = max(1, int(config.warmup * steps))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 20,
        decay_steps=max(1, steps - warmup),
        alpha=0.05,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )


def _compile_step(model: keras.Model, optimizer: keras.Optimizer, config: FineTuneConfig) -> Callable:
    @tf.function(reduce_retracing=True)
    def step_once(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss, _ = losses(model(images, training=True), labels, config)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    return step_once


def _interpolate(
    model: keras.Model, start: list[np.ndarray], learned: list[np.ndarray], replay: Replay, config: FineTuneConfig
) -> float:
    """Set the weights as far on the way to the learned ones as forgets next to nothing, one step at least. Returns how far.

    On the straight way between the two most of what is learned comes before most of what is forgotten (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models"); the replay's unseen digits tell where. What the
    first step alone forgets is for the gate to judge.
    """
    model.set_weights(start)
    most = _misread(model, replay) + config.forgetting_tolerance * replay.unseen
    for step in np.arange(1.0, 0.0, -config.interpolation_step).tolist():
        model.set_weights([old + step * (new - old) for old, new in zip(start, learned, strict=True)])
        if _misread(model, replay) <= most:
            break
    return step


def _misread(model: keras.Model, replay: Replay) -> int:
    """How many of the replay's unseen digits the network takes for other digits."""
    labels = replay.labels[: replay.unseen]
    if not len(labels):
        return 0
    said = predict(model, _as_input(replay.images[: replay.unseen])).logits.argmax(axis=1)
    return int(((said != labels) & is_digit(labels)).sum())


def _batches(
    training_set: TrainingSet, config: FineTuneConfig, epoch: int, steps: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield an epoch's batches: drawings as their share allows, the rest replay, each augmented while the last one trains."""
    rng = np.random.default_rng((config.seed, epoch))
    size = steps * config.batch
    drawings = balanced(training_set.training, int(config.drawing_share * size), config, rng)
    replay = training_set.replay.draw(size - len(drawings), rng)
    order = rng.permutation(size)  # below len(drawings): a drawing; else replay

    def make(step: int) -> tuple[np.ndarray, np.ndarray]:
        rows = order[step * config.batch : (step + 1) * config.batch]
        taught, known = drawings[rows[rows < len(drawings)]], replay[rows[rows >= len(drawings)] - len(drawings)]
        images = np.concatenate([training_set.training.images[taught], training_set.replay.images[known]])
        labels = np.concatenate([training_set.training.labels[taught], training_set.replay.labels[known]])
        return augment(_as_input(images), np.random.default_rng((config.seed, epoch, step))), labels.astype("int32")

    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(make, 0)
        for step in range(steps):
            batch = ahead.result()
            if step + 1 < steps:
                ahead = worker.submit(make, step + 1)
            yield batch


def _validate(model: keras.Model, weights: list[np.ndarray], training_set: TrainingSet, config: FineTuneConfig) -> dict:
    """Loss on held-out drawings plus loss on unseen replay (what is learned, what is forgotten), and digits right."""
    own = model.get_weights()
    model.set_weights(weights)
    unseen = training_set.replay.unseen
    loss, accuracy = _loss(model, training_set.replay.images[:unseen], training_set.replay.labels[:unseen], config)
    if len(training_set.validation.labels):
        learned, accuracy = _loss(model, training_set.validation.images, training_set.validation.labels, config)
        loss += learned
    model.set_weights(own)
    return {"validation_loss": loss, "accuracy": accuracy}


def _loss(model: keras.Model, images: np.ndarray, labels: np.ndarray, config: FineTuneConfig) -> tuple[float, float]:
    said = predict(model, _as_input(images))
    outputs = {"logits": tf.constant(said.logits), "digitness": tf.constant(said.digitness[:, None])}
    loss, accuracy = losses(outputs, tf.constant(labels.astype("int32")), config)
    return float(loss), float(accuracy)


def predict(model: keras.Model, images: np.ndarray) -> Prediction:
    """Answer float32 (N, 28, 28, 1) with Keras, as the classifier does with LiteRT."""
    out = model.predict(images, batch_size=500, verbose=0)
    return Prediction(out["logits"], out["digitness"][:, 0], out["features"])


def _as_input(images: np.ndarray) -> np.ndarray:
    return to_input(images)

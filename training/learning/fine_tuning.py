"""The shipped baseline, moved a little towards what people drew. TensorFlow is loaded here and in what this imports."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from recognizer.imaging.pixels import to_input
from recognizer.inference.answers import calibrated_probabilities
from recognizer.inference.prediction import Prediction
from training.config import FineTuneConfig
from training.curation.training_set import TrainingSet, balanced
from training.data.augmentation import augment
from training.data.replay import is_digit
from training.learning.checkpoint import Checkpoint
from training.learning.conversion import load_keras
from training.learning.losses import losses
from training.learning.prefetch import Batch, prefetch
from training.learning.team import Alone, Arrays, Facts, join
from training.learning.training_step import Step, build_optimizer, compile_step
from training.learning.weight_average import WeightAverage, Weights

logging.getLogger("tensorflow").setLevel(logging.WARNING)  # it tells of every file it writes
Epoch = dict[str, float]  # epoch, loss, validation_loss, accuracy, seconds


class Diverged(RuntimeError):
    """The weights are no numbers any more."""


@dataclass(frozen=True)
class Trained:
    """A fine-tuned network; `interpolation`, above 0 and at most 1, is how far its weights went from the baseline's.

    `forgotten` and `learned` are shares of 1: what it lost on unseen replay, and gained on drawings that it did not learn from.
    """

    model: keras.Model
    curve: list[Epoch]
    interpolation: float
    forgotten: float
    learned: float


def fine_tune(
    baseline: bytes,
    training_set: TrainingSet,
    config: FineTuneConfig,
    on_step: Callable[[float], None] = lambda share: None,
    on_epoch: Callable[[Epoch], None] = lambda entry: None,
    on_checkpoint: Callable[[bytes], None] = lambda content: None,
    earlier: bytes = b"",
) -> Trained:
    """Train a copy of the baseline on a training set: the averaged weights of its end, or less far from the baseline's.

    Trainable: everything, norms and their statistics with it: a new form is other lines at the very first layer. What it must
    not forget it is shown again, with what the baseline says of it as the label (Hinton et al. 2015; Li & Hoiem 2017). No epoch
    is picked: held-out drawings are too few for that, and whoever teaches more would get less. The seed decides the order, the
    augmentation and the dropout; with the same machine and thread count the weights come out the same.

    Args:
        on_step: told the share of the work done, 0..1, after each batch; what it raises ends the training.
        on_epoch: told each Epoch; the accuracy is that on held-out drawings, else on the replay.
        on_checkpoint: given, after each epoch, what a training that is broken off later can go on from.
        earlier: the last of these, of a training of the same pictures and configuration: its weights come out as they would have
            without a break. One of another is as good as none.
    """
    team = join()
    files = {"baseline": np.frombuffer(baseline, "uint8"), "earlier": np.frombuffer(earlier, "uint8")}
    team.tell("fine-tuning", {"config": config.to_dict()}, training_set.to_arrays() | files)
    return _fine_tune(team, baseline, training_set, config, on_step, on_epoch, on_checkpoint, earlier)


def follow(team: Alone, facts: Facts, arrays: Arrays) -> None:
    """Take part in what `fine_tune` of the team's chief has told."""
    training_set, config = TrainingSet.from_arrays(arrays), FineTuneConfig.from_dict(facts["config"])
    _fine_tune(team, arrays["baseline"].tobytes(), training_set, config, earlier=arrays["earlier"].tobytes())


def _fine_tune(
    team: Alone,
    baseline: bytes,
    training_set: TrainingSet,
    config: FineTuneConfig,
    on_step: Callable[[float], None] = lambda share: None,
    on_epoch: Callable[[Epoch], None] = lambda entry: None,
    on_checkpoint: Callable[[bytes], None] = lambda content: None,
    earlier: bytes = b"",
) -> Trained:
    keras.utils.set_random_seed(config.seed)
    model, teacher = load_keras(baseline), load_keras(baseline)
    learner = team.copy(model)
    steps = max(1, config.epoch_pictures // config.batch)
    with team.scope():
        optimizer = build_optimizer(learner, _schedule(config, steps * config.epochs), config.weight_decay)
    average = WeightAverage(learner, config.average_decay)
    train_on = compile_step(learner, optimizer, config, teacher, config.distillation_weight, team)
    start, curve = model.get_weights(), []
    kept = Checkpoint(learner, optimizer, average, f"{config} {training_set.digest()}", path=None)
    done = (kept.from_bytes(earlier) if earlier else 0) // steps
    for epoch in range(done + 1, config.epochs + 1):
        started = time.monotonic()
        batches = enumerate(_batches(training_set, config, epoch, steps), start=(epoch - 1) * steps + 1)
        loss = _train(train_on, batches, average, lambda step: on_step(step / (config.epochs * steps)))
        if not np.isfinite(loss):
            raise Diverged(f"The loss of epoch {epoch} is no number.")
        entry = {"epoch": epoch, "loss": loss, **_validate(model, average.weights, training_set, config)}
        curve.append(entry | {"seconds": round(time.monotonic() - started, 1)})
        on_checkpoint(kept.to_bytes(epoch * steps))
        on_epoch(curve[-1])
    return Trained(model, curve, *interpolate(model, start, average.weights, training_set, config))


def devices() -> list[str]:
    """Name what TensorFlow computes on here: it takes an accelerator wherever there is one."""
    found = tf.config.list_physical_devices()
    return [
        tf.config.experimental.get_device_details(device).get("device_name", device.device_type) for device in found
    ]


def _train(
    train_on: Step, batches: Iterable[tuple[int, Batch]], average: WeightAverage, after_step: Callable[[int], None]
) -> float:
    """Train on numbered batches. Returns their mean loss."""
    losses_seen = []
    for step, batch in batches:
        losses_seen.append(float(train_on(batch)[0]))
        average.after_step(step)
        after_step(step)
    return float(np.mean(losses_seen))


def _schedule(config: FineTuneConfig, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup = max(1, int(config.warmup * steps))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 20,
        decay_steps=max(1, steps - warmup),
        alpha=0.05,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )


def interpolate(
    model: keras.Model, start: Weights, learned: Weights, training_set: TrainingSet, config: FineTuneConfig
) -> tuple[float, float, float]:
    """Set the weights as far on the way to the learned ones as costs no more than it is worth, one step at least.

    On the straight way between the two most of what is learned comes before most of what is forgotten (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models"). Both are told by the mean probability of what is wrong, which moves smoothly
    where a count of mistakes jumps. Returns how far, what is forgotten and what is learned.
    """
    replay, held = training_set.replay, training_set.validation
    known = slice(0, replay.unseen)

    def errors() -> tuple[float, float]:
        return _error(model, replay.images[known], replay.labels[known]), _error(model, held.images, held.labels)

    model.set_weights(start)
    (known_before, held_before), forgotten, gained, step = errors(), 0.0, 0.0, 1.0
    for step in np.arange(1.0, 0.0, -config.interpolation_step).tolist():
        model.set_weights([old + step * (new - old) for old, new in zip(start, learned, strict=True)])
        known_now, held_now = errors()
        forgotten, gained = known_now - known_before, held_before - held_now
        allowed = config.forgetting_tolerance + config.forgetting_worth * max(0.0, gained)
        if forgotten <= min(allowed, config.forgetting_most):
            break
    return step, forgotten, gained


def _error(model: keras.Model, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Mean probability of the wrong digits, over the digits among uint8 (N, 28, 28) with labels (N,); 0 where there are none."""
    digits = is_digit(labels)
    if not digits.any():
        return 0.0
    probabilities = calibrated_probabilities(predict(model, to_input(images[digits])).logits, 1.0)
    return float(1 - probabilities[np.arange(len(probabilities)), labels[digits]].mean())


def _batches(training_set: TrainingSet, config: FineTuneConfig, epoch: int, steps: int) -> Iterator[Batch]:
    """Yield an epoch's batches: drawings as their share allows, the rest replay, augmented."""
    rng = np.random.default_rng((config.seed, epoch))
    size = steps * config.batch
    drawings = balanced(training_set.training, int(config.drawing_share * size), config, rng)
    replay = training_set.replay.draw(size - len(drawings), rng)
    order = rng.permutation(size)  # below len(drawings): a drawing; else replay

    def make(step: int) -> Batch:
        rows = order[step * config.batch : (step + 1) * config.batch]
        drawn, known = drawings[rows[rows < len(drawings)]], replay[rows[rows >= len(drawings)] - len(drawings)]
        images = np.concatenate([training_set.training.images[drawn], training_set.replay.images[known]])
        labels = np.concatenate([training_set.training.labels[drawn], training_set.replay.labels[known]])
        pictures = augment(to_input(images), np.random.default_rng((config.seed, epoch, step)))
        return Batch.of_drawings(pictures, labels, replayed=len(known))

    return prefetch(make, range(steps))


def _validate(model: keras.Model, weights: Weights, training_set: TrainingSet, config: FineTuneConfig) -> Epoch:
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


def _loss(
    model: keras.Model, images: NDArray[np.uint8], labels: NDArray[np.int64], config: FineTuneConfig
) -> tuple[float, float]:
    """Loss and share of digits right on uint8 (N, 28, 28) pictures with labels (N,)."""
    prediction = predict(model, to_input(images))
    outputs = {"logits": tf.constant(prediction.logits), "digitness": tf.constant(prediction.digitness[:, None])}
    loss, accuracy = losses(outputs, tf.constant(labels.astype("int32")), config)
    return float(loss), float(accuracy)


def predict(model: keras.Model, images: NDArray[np.float32]) -> Prediction:
    """Answer float32 (N, 28, 28, 1) with Keras, as the classifier does with LiteRT."""
    out = model.predict(images, batch_size=500, verbose=0)
    return Prediction(out["logits"], out["digitness"][:, 0], out["features"])

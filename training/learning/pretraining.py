"""The training loop of the shipped baseline: seeded, averaged, resumable; one step at a time, top to bottom."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from recognizer.imaging.pixels import to_input
from training.data.augmentation import augment
from training.learning.losses import losses
from training.learning.network import WEIGHT_DECAY, build_network


@dataclass(frozen=True)
class Cycle:
    """Batches in which the rate rises, stays and falls to nothing."""

    batches: int
    learning_rate: float = 1.5e-3  # peak of AdamW's
    cooldown: float = 0.3  # share of the cycle, its end, in which the rate falls
    weight: float = 1.0  # of what it ends with, in the mean that ships


@dataclass(frozen=True)
class BaselineConfig:
    """How the baseline is trained; saved in its card."""

    seed: int = 20261122
    cycles: tuple[Cycle, ...] = (
        Cycle(48_000),
        Cycle(24_000, learning_rate=1e-3, cooldown=0.5),
        Cycle(24_000, learning_rate=1e-3, cooldown=0.5),
    )
    batch: int = 128
    warmup_steps: int = 500  # in which the rate rises, in each cycle
    label_smoothing: float = 0.03
    last_augmentation: float = 0.5  # its strength at a cycle's end, to which it falls as the rate does
    refusal_weight: float = 0.5  # of the digit-or-not loss
    exposure_weight: float = 0.3  # of the loss that wants no opinion about what is no digit (Hendrycks et al. 2019)
    average_every: int = 8  # steps between two samples of the weights' average
    average_decay: float = 0.98  # per sample: about the last 400 steps
    save_every: int = 500  # steps between two checkpoints

    @property
    def ends(self) -> list[int]:
        """The steps that end a cycle."""
        return list(accumulate(cycle.batches for cycle in self.cycles))

    @property
    def steps(self) -> int:
        return self.ends[-1]


@dataclass(frozen=True)
class Source:
    """One kind of training picture: uint8 (N, 28, 28), labels int (N,), and its share of each batch."""

    name: str
    images: np.ndarray
    labels: np.ndarray
    share: float


def train(
    config: BaselineConfig,
    sources: list[Source],
    checkpoint: Path | None = None,
    report: Callable[[int, float, float], None] = lambda step, loss, accuracy: None,
) -> keras.Model:
    """Train a network from scratch, or go on from `checkpoint` if it is there.

    Args:
        report: told step, loss and share of digits right (averages since the last call) every 50 steps.

    Returns:
        The network with its averaged weights: the weighted mean of what each cycle ended with (Huang et al. 2017 let such
        snapshots vote; here they are near enough to each other to be one network, as in Izmailov et al. 2018).
    """
    keras.utils.set_random_seed(config.seed)
    model = build_network()
    optimizer = keras.optimizers.AdamW(Trapezoids(config), weight_decay=WEIGHT_DECAY, clipnorm=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    average = [weight.numpy() for weight in model.weights]
    state = TrainingState(model, optimizer, average, config, checkpoint)
    first = state.restore()
    step_once = _compile_step(model, optimizer, config)
    seen = []
    for step, (images, labels) in enumerate(_batches(config, sources, first), start=first + 1):
        seen.append(step_once(tf.constant(images), tf.constant(labels)))
        if step % config.average_every == 0:
            state.add_to_average(step)
        if step in config.ends:
            state.end_cycle()
        if step % 50 == 0 or step == config.steps:
            loss, accuracy = np.mean([[float(v) for v in pair] for pair in seen], axis=0)
            report(step, loss, accuracy)
            seen = []
        if checkpoint and step % config.save_every == 0:
            state.save(step)
    shares = [cycle.weight for cycle in config.cycles]
    model.set_weights([np.average(ends, axis=0, weights=shares) for ends in zip(*state.ends, strict=True)])
    return model


def augmentation_strength(config: BaselineConfig, step: int) -> float:
    """Full until the rate falls, and then with it to `last_augmentation` (a gentler end, as Touvron et al. 2019 found)."""
    cycle = next(i for i, end in enumerate(config.ends) if step < end)
    length = config.cycles[cycle].batches * config.cycles[cycle].cooldown
    left = min(1.0, (config.ends[cycle] - step) / length)
    return config.last_augmentation + (1 - config.last_augmentation) * left


class Trapezoids(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises, stays and falls, each linearly, once a cycle.

    How far to train may be decided late (Hägele et al. 2024); a warm restart goes on from what is learned
    (Loshchilov & Hutter 2017).
    """

    def __init__(self, config: BaselineConfig) -> None:
        self.config = config

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = tf.cast(step, tf.float32)
        bounds = tf.constant([0, *self.config.ends], tf.float32)
        cycle = tf.minimum(tf.searchsorted(bounds, [done], side="right")[0], len(self.config.cycles)) - 1
        length, peak, cooldown = (
            tf.gather(tf.constant([getattr(each, name) for each in self.config.cycles], tf.float32), cycle)
            for name in ("batches", "learning_rate", "cooldown")
        )
        rise = (done - bounds[cycle] + 1) / self.config.warmup_steps
        fall = (bounds[cycle + 1] - done) / (length * cooldown)
        return peak * tf.clip_by_value(tf.minimum(rise, fall), 0.0, 1.0)


def _compile_step(model: keras.Model, optimizer: keras.Optimizer, config: BaselineConfig) -> Callable:
    @tf.function(reduce_retracing=True)
    def step_once(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss, accuracy = losses(model(images, training=True), labels, config)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss, accuracy

    return step_once


def _batches(config: BaselineConfig, sources: list[Source], first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of steps first + 1 .. steps, each made from its own seed while the one before is trained on."""
    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(make_batch, config, sources, first)
        for step in range(first, config.steps):
            batch = ahead.result()
            if step + 1 < config.steps:
                ahead = worker.submit(make_batch, config, sources, step + 1)
            yield batch


def make_batch(config: BaselineConfig, sources: list[Source], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw and augment one batch: float32 (N, 28, 28, 1) and int32 (N,). The same step gives the same batch."""
    rng = np.random.default_rng((config.seed, step))
    shares = np.array([source.share for source in sources])
    counts = rng.multinomial(config.batch, shares / shares.sum())
    images, labels = [], []
    for source, count in zip(sources, counts, strict=True):
        chosen = rng.integers(0, len(source.labels), count)
        images.append(source.images[chosen])
        labels.append(source.labels[chosen])
    pictures = to_input(np.concatenate(images))
    return augment(pictures, rng, augmentation_strength(config, step)), np.concatenate(labels).astype("int32")


class TrainingState:
    """What an interrupted training goes on from: weights, optimizer, average, step; one .npz, replaced at once."""

    def __init__(self, model, optimizer, average: list[np.ndarray], config: BaselineConfig, path: Path | None) -> None:
        self.model, self.optimizer, self.average, self.config, self.path = model, optimizer, average, config, path
        self.ends: list[list[np.ndarray]] = []  # the average at the end of each cycle so far

    def add_to_average(self, step: int) -> None:
        samples = step // self.config.average_every
        decay = min(self.config.average_decay, samples / (samples + 10))  # young averages forget their start sooner
        for mean, weight in zip(self.average, self.model.weights, strict=True):
            mean *= decay
            mean += (1 - decay) * weight.numpy()

    def end_cycle(self) -> None:
        self.ends.append([mean.copy() for mean in self.average])

    def save(self, step: int) -> None:
        assert self.path is not None  # nobody saves who has no place for it
        arrays = [*map(np.asarray, self._variables()), *self.average, *chain(*self.ends)]
        partial = self.path.with_suffix(".partial.npz")
        with partial.open("wb") as file:
            np.savez(file, *arrays, step=step, config=repr(asdict(self.config)), seconds=time.time())
        partial.replace(self.path)

    def restore(self) -> int:
        """Return the step to go on after; 0 where there is no checkpoint, or one of another configuration."""
        if self.path is None or not self.path.is_file():
            return 0
        with np.load(self.path, allow_pickle=False) as kept:
            if str(kept["config"]) != repr(asdict(self.config)):
                return 0
            arrays = [kept[f"arr_{i}"] for i in range(len(kept.files) - 3)]
            step = int(kept["step"])
        variables = self._variables()
        for variable, value in zip(variables, arrays, strict=False):
            variable.assign(value)
        averages, size = arrays[len(variables) :], len(self.average)
        self.average[:], *self.ends = (averages[start : start + size] for start in range(0, len(averages), size))
        return step

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.optimizer.variables]  # with the dropout's seeds

"""The training loop of the shipped baseline: seeded, averaged, resumable; one step at a time, top to bottom."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from recognizer.imaging.pixels import to_input
from training.config import LossConfig
from training.data.augmentation import augment
from training.learning.checkpoint import Checkpoint
from training.learning.network import WEIGHT_DECAY, build_network, with_form_head
from training.learning.prefetch import Batch, prefetch
from training.learning.team import Alone, Arrays, Facts, join
from training.learning.training_step import build_optimizer, compile_step
from training.learning.weight_average import WeightAverage

REPORT_EVERY = 50  # steps


@dataclass(frozen=True)
class Cycle:
    """Batches in which the rate rises, stays and falls to nothing."""

    batches: int
    learning_rate: float = 1.5e-3  # peak of AdamW's
    cooldown: float = 0.3  # share of the cycle, its end, in which the rate falls
    weight: float = 1.0  # of what it ends with, in the mean that ships


@dataclass(frozen=True)
class BaselineConfig(LossConfig):
    """How the baseline is trained; saved in its card."""

    seed: int = 20261122
    cycles: tuple[Cycle, ...] = (
        Cycle(24_000),
        Cycle(9_000, learning_rate=1e-3, cooldown=0.5, weight=3.0),
    )
    batch: int = 128
    warmup_steps: int = 500  # in which the rate rises, in each cycle
    last_augmentation: float = 0.5  # its strength at a cycle's end, to which it falls as the rate does
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

    def cycle_of(self, step: int) -> int:
        """The cycle, from 0 on, that a step, from 0 on, is in."""
        return next(i for i, end in enumerate(self.ends) if step < end)


@dataclass(frozen=True)
class Source:
    """One kind of training picture: uint8 (N, 28, 28), labels int64 (N,), and its share of each batch.

    `forms`, int64 (N,), numbers what the pictures show, from 0 on; none where it is left out. `certainty` is that of the digits.
    `first_cycle`, from 0 on, is that in which it is shown first.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    share: float
    forms: NDArray[np.int64] | None = None
    certainty: float = 1.0
    first_cycle: int = 0

    def forms_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.full(len(rows), -1) if self.forms is None else self.forms[rows]

    @property
    def form_count(self) -> int:
        """One more than the highest number."""
        return 0 if self.forms is None else int(self.forms.max(initial=-1)) + 1


def train(
    config: BaselineConfig,
    sources: list[Source],
    checkpoint: Path | None = None,
    report: Callable[[int, float, float], None] = lambda step, loss, accuracy: None,
) -> keras.Model:
    """Train a network from scratch, or go on from `checkpoint` if it is there.

    Args:
        report: told step, loss and share of digits right (averages since the last call) every REPORT_EVERY steps.

    Returns:
        The network that ships, with its averaged weights: the weighted mean of what each cycle ended with (Huang et al. 2017 let
        such snapshots vote; here they are near enough to each other to be one network, as in Izmailov et al. 2018).
    """
    team = join()
    arrays = {f"{part}{i}": getattr(source, part) for i, source in enumerate(sources) for part in ("images", "labels")}
    arrays |= {f"forms{i}": source.forms for i, source in enumerate(sources) if source.forms is not None}
    facts = [[source.name, source.share, source.certainty, source.first_cycle] for source in sources]
    team.tell("baseline", {"config": asdict(config), "sources": facts}, arrays)
    return _train(team, config, sources, checkpoint, report)


def follow(team: Alone, facts: Facts, arrays: Arrays) -> None:
    """Take part in what `train` of the team's chief has told."""
    cycles = tuple(Cycle(**cycle) for cycle in facts["config"]["cycles"])
    sources = [
        Source(name, arrays[f"images{i}"], arrays[f"labels{i}"], share, arrays.get(f"forms{i}"), certainty, first_cycle)
        for i, (name, share, certainty, first_cycle) in enumerate(facts["sources"])
    ]
    _train(team, BaselineConfig(**facts["config"] | {"cycles": cycles}), sources)


def _train(
    team: Alone,
    config: BaselineConfig,
    sources: list[Source],
    checkpoint: Path | None = None,
    report: Callable[[int, float, float], None] = lambda step, loss, accuracy: None,
) -> keras.Model:
    keras.utils.set_random_seed(config.seed)
    model = build_network()
    forms = max(source.form_count for source in sources)
    learner = team.copy(with_form_head(model, forms) if forms else model)
    network = learner.get_layer(model.name) if forms else learner
    with team.scope():
        optimizer = build_optimizer(learner, Trapezoids(config), WEIGHT_DECAY, undecayed=("bias", "gamma", "beta"))
    average = WeightAverage(network, config.average_decay, config.average_every)
    kept = Checkpoint(learner, optimizer, average, repr((asdict(config), forms)), checkpoint)
    train_on, seen = compile_step(learner, optimizer, config, team=team), []
    first = kept.restore(team.from_chief)
    batches = prefetch(partial(make_batch, config, sources), range(first, config.steps))
    for step, batch in enumerate(batches, start=first + 1):
        seen.append(train_on(batch))
        average.after_step(step)
        if step in config.ends:
            kept.end_cycle()
        if step % REPORT_EVERY == 0 or step == config.steps:
            loss, accuracy = np.mean([[float(value) for value in pair] for pair in seen], axis=0).tolist()
            report(step, loss, accuracy)
            seen = []
        if step % config.save_every == 0 and team.is_chief:
            kept.save(step)
    shares = [cycle.weight for cycle in config.cycles]
    model.set_weights([np.average(ends, axis=0, weights=shares) for ends in zip(*kept.ends, strict=True)])
    return model


def augmentation_strength(config: BaselineConfig, step: int) -> float:
    """Full until the rate falls, and then with it to `last_augmentation` (a gentler end, as Touvron et al. 2019 found)."""
    cycle = config.cycle_of(step)
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


def make_batch(config: BaselineConfig, sources: list[Source], step: int) -> Batch:
    """Draw and augment the batch of step + 1. The same step gives the same batch."""
    rng = np.random.default_rng((config.seed, step))
    sources = [source for source in sources if source.first_cycle <= config.cycle_of(step)]
    shares = np.array([source.share for source in sources])
    counts = rng.multinomial(config.batch, shares / shares.sum())
    rows = [rng.integers(0, len(source.labels), count) for source, count in zip(sources, counts, strict=True)]
    chosen = list(zip(sources, rows, strict=True))
    pictures = to_input(np.concatenate([source.images[some] for source, some in chosen]))
    return Batch(
        augment(pictures, rng, augmentation_strength(config, step)),
        np.concatenate([source.labels[some] for source, some in chosen]).astype("int32"),
        np.concatenate([source.forms_of(some) for source, some in chosen]).astype("int32"),
        np.repeat([source.certainty for source in sources], counts).astype("float32"),
        np.zeros(counts.sum(), "float32"),
    )

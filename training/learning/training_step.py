"""One step of training, from scratch and in fine-tuning: the gradient of the losses, and AdamW."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from training.config import LossConfig
from training.learning.losses import distillation, losses
from training.learning.prefetch import Batch
from training.learning.team import ALONE, Alone

CLIP_NORM = 5.0  # of each variable's gradient: a batch of oddities does not throw the network off

Step = Callable[[Batch], tuple[tf.Tensor, tf.Tensor]]


def build_optimizer(
    model: keras.Model,
    rate: keras.optimizers.schedules.LearningRateSchedule,
    weight_decay: float,
    undecayed: Sequence[str] = (),
) -> keras.Optimizer:
    """Make AdamW for the model's trainable weights; those with one of the `undecayed` words in their name do not decay."""
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay, clipnorm=CLIP_NORM)
    if undecayed:
        optimizer.exclude_from_weight_decay(var_names=list(undecayed))
    optimizer.build(model.trainable_variables)
    return optimizer


def compile_step(
    model: keras.Model,
    optimizer: keras.Optimizer,
    config: LossConfig,
    teacher: keras.Model | None = None,
    distillation_weight: float = 1.0,
    team: Alone = ALONE,
) -> Step:
    """Return a function that trains on a batch and returns the loss and the share of digits right before it, float32 scalars.

    Args:
        teacher: a network of the same outputs; what a batch marks as known is also learned from its answers,
        distillation_weight: and they weigh so much beside what is true.
        team: whom each batch is shared with; of several, the share of digits right is the mean of everybody's.
    """

    def step(
        images: tf.Tensor, labels: tf.Tensor, forms: tf.Tensor, certainty: tf.Tensor, known: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        taught = None if teacher is None else teacher(images, training=False)
        with tf.GradientTape() as tape:
            outputs = model(images, training=True)
            loss, accuracy = losses(outputs, labels, config, forms, certainty)
            if taught is not None:
                loss += distillation_weight * distillation(outputs, taught, known)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(team.sum(gradients, CLIP_NORM), model.trainable_variables)
        return team.mean(loss), team.mean(accuracy)

    compiled = team.compiled(step)

    def train_on(batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        loss, accuracy = compiled(*map(tf.constant, team.rows(batch)))
        return loss, accuracy

    return train_on

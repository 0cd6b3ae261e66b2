"""What the network is pulled by, from scratch and in fine-tuning."""

from typing import Protocol

import tensorflow as tf

from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT


class LossConfig(Protocol):
    """What the losses are weighed with, from scratch and in fine-tuning."""

    @property
    def label_smoothing(self) -> float: ...
    @property
    def refusal_weight(self) -> float: ...
    @property
    def exposure_weight(self) -> float: ...


def losses(outputs: dict, labels: tf.Tensor, config: LossConfig) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss and the share of digits right.

    Digits: which one. Non-digits: no opinion among the ten. Both: is it one digit at all.
    """
    is_digit = tf.cast(labels != NOT_A_DIGIT, tf.float32)
    smooth = config.label_smoothing
    wanted = tf.one_hot(labels, NUM_CLASSES) * (1 - smooth) + smooth / NUM_CLASSES
    uniform = tf.fill(tf.shape(wanted), 1.0 / NUM_CLASSES)
    which = tf.nn.softmax_cross_entropy_with_logits(tf.where(is_digit[:, None] > 0, wanted, uniform), outputs["logits"])
    weights = is_digit + config.exposure_weight * (1 - is_digit)
    refusal = tf.nn.sigmoid_cross_entropy_with_logits(is_digit * 0.98 + 0.01, outputs["digitness"][:, 0])
    loss = tf.reduce_mean(weights * which + config.refusal_weight * refusal)
    right = tf.cast(tf.argmax(outputs["logits"], axis=1, output_type=labels.dtype) == labels, tf.float32)
    return loss, tf.reduce_sum(right) / tf.maximum(tf.reduce_sum(is_digit), 1.0)

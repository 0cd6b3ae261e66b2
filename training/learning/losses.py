"""What the network is pulled by, from scratch and in fine-tuning."""

import tensorflow as tf

from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT
from training.config import LossConfig

REFUSAL_SMOOTHING = 0.01  # digit or not: 0.99 and 0.01 are wanted, for nobody is ever sure


def losses(outputs: dict[str, tf.Tensor], labels: tf.Tensor, config: LossConfig) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss and the share of digits right, two float32 scalars.

    Digits: which one. Non-digits: no opinion among the ten. Both: is it one digit at all.

    Args:
        outputs: the network's: float32 "logits" (N, 10) and "digitness" (N, 1).
        labels: int32 (N,), 0-9 or NOT_A_DIGIT.
    """
    is_digit = tf.cast(labels != NOT_A_DIGIT, tf.float32)
    smooth = config.label_smoothing
    wanted = tf.one_hot(labels, NUM_CLASSES) * (1 - smooth) + smooth / NUM_CLASSES
    uniform = tf.fill(tf.shape(wanted), 1.0 / NUM_CLASSES)
    which = tf.nn.softmax_cross_entropy_with_logits(tf.where(is_digit[:, None] > 0, wanted, uniform), outputs["logits"])
    weights = is_digit + config.exposure_weight * (1 - is_digit)
    sought = is_digit * (1 - 2 * REFUSAL_SMOOTHING) + REFUSAL_SMOOTHING
    refusal = tf.nn.sigmoid_cross_entropy_with_logits(sought, outputs["digitness"][:, 0])
    loss = tf.reduce_mean(weights * which + config.refusal_weight * refusal)
    right = tf.cast(tf.argmax(outputs["logits"], axis=1, output_type=labels.dtype) == labels, tf.float32)
    return loss, tf.reduce_sum(right) / tf.maximum(tf.reduce_sum(is_digit), 1.0)

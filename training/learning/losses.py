"""What the network is pulled by, from scratch and in fine-tuning."""

import tensorflow as tf

from recognizer.inference.prediction import NUM_CLASSES
from recognizer.labels import NOT_A_DIGIT
from training.config import LossConfig
from training.learning.network import FORMS

TEACHING_TEMPERATURE = 2.0  # that softens a teacher's answers: which wrong digit is near is what they tell
REFUSAL_SMOOTHING = 0.01  # digit or not: 0.99 and 0.01 are wanted, for nobody is ever sure


def losses(
    outputs: dict[str, tf.Tensor],
    labels: tf.Tensor,
    config: LossConfig,
    forms: tf.Tensor | None = None,
    certainty: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss and the share of digits right, two float32 scalars.

    Digits: which one. Digits and non-digits: is it one digit at all, where that is certain. Pictures of a known form: which form.
    Non-digits without one: no opinion among the ten. What is undecided teaches its form alone.

    Args:
        outputs: the network's: float32 "logits" (N, 10), "digitness" (N, 1) and, where it has a head for them, "forms" (N, F).
        labels: int32 (N,), 0-9, NOT_A_DIGIT or UNDECIDED.
        forms: int32 (N,), 0 to F - 1, or -1 for none; none of them has one where it is left out.
        certainty: float32 (N,), above 0 and at most 1, of the digit that is meant; all are certain where it is left out.
    """
    forms = tf.fill(tf.shape(labels), -1) if forms is None else forms
    certainty = tf.ones(tf.shape(labels)) if certainty is None else certainty
    is_digit = (labels >= 0) & (labels < NUM_CLASSES)
    is_other = labels == NOT_A_DIGIT
    which = _digit_losses(outputs["logits"], labels, is_digit, certainty * (1 - config.label_smoothing))
    no_opinion = config.exposure_weight * _number(is_other & (forms < 0))
    decided = _number((is_digit & (certainty >= 1)) | is_other)
    sought = _number(is_digit) * (1 - 2 * REFUSAL_SMOOTHING) + REFUSAL_SMOOTHING
    refusal = tf.nn.sigmoid_cross_entropy_with_logits(sought, outputs["digitness"][:, 0])
    loss = (_number(is_digit) + no_opinion) * which + config.refusal_weight * decided * refusal
    if FORMS in outputs:
        form = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(forms, 0), outputs[FORMS])
        loss += config.form_weight * _number(forms >= 0) * form
    right = _number(tf.argmax(outputs["logits"], axis=1, output_type=labels.dtype) == labels)
    return tf.reduce_mean(loss), tf.reduce_sum(right) / tf.maximum(tf.reduce_sum(_number(is_digit)), 1.0)


def distillation(outputs: dict[str, tf.Tensor], taught: dict[str, tf.Tensor], known: tf.Tensor) -> tf.Tensor:
    """How far a network is from its teacher on what the teacher knows: a float32 scalar (Hinton et al. 2015).

    Args:
        outputs, taught: of the two: float32 "logits" (N, 10), "digitness" (N, 1) and "features" (N, D) of length 1.
        known: float32 (N,), 1 where the teacher is to be believed.
    """
    soft = tf.nn.softmax(taught["logits"] / TEACHING_TEMPERATURE)
    which = tf.nn.softmax_cross_entropy_with_logits(soft, outputs["logits"] / TEACHING_TEMPERATURE)
    which += tf.reduce_sum(
        tf.math.xlogy(soft, soft), axis=1
    )  # less what the teacher itself is unsure of: 0 where they agree
    whether = tf.square(tf.sigmoid(outputs["digitness"][:, 0]) - tf.sigmoid(taught["digitness"][:, 0]))
    looks = 1 - tf.reduce_sum(outputs["features"] * taught["features"], axis=1)
    return tf.reduce_sum(known * (TEACHING_TEMPERATURE**2 * which + whether + looks)) / tf.cast(
        tf.size(known), tf.float32
    )


def _digit_losses(logits: tf.Tensor, labels: tf.Tensor, is_digit: tf.Tensor, certainty: tf.Tensor) -> tf.Tensor:
    """Cross entropy from the label as far as it is certain and from all ten alike for the rest: float32 (N,)."""
    share = (_number(is_digit) * certainty)[:, None]
    wanted = tf.one_hot(labels, NUM_CLASSES) * share + (1 - share) / NUM_CLASSES
    return tf.nn.softmax_cross_entropy_with_logits(wanted, logits)


def _number(truth: tf.Tensor) -> tf.Tensor:
    return tf.cast(truth, tf.float32)

"""The network: a small 3 x 3 convolutional net with three heads that ship, and a fourth for its training."""

import keras
from keras import layers, ops

from recognizer.inference.prediction import IMAGE_SHAPE, NUM_CLASSES

FEATURES = 128  # numbers that describe a drawing; near neighbours among them look alike
REFUSAL = 48  # numbers to tell digits from what is none: it is another question than which digit
BLOCKS = ((32, 1), (48, 2), (96, 3))  # channels and convolutions at 28, 14 and 7 pixels
DROPOUT = 0.3
WEIGHT_DECAY = 0.02  # of AdamW
FORMS = "forms"  # the output for training alone
FORM_SCALE = 20.0  # times the cosine: 0.5 above all others is sure, among thousands


def build_network() -> keras.Model:
    """Build the untrained network: float32 (N, 28, 28, 1) in [0, 1] -> {"logits", "digitness", "features"}.

    logits (N, 10) before the softmax; digitness (N, 1) before the sigmoid, above 0 = one digit; features (N, 128) of length 1,
    for neighbours. 17 M multiply-adds; every layer has a LiteRT counterpart.

    The features are taken before the rectifier: behind it they were 0 in all places for half of what the network had not met.
    """
    image = x = layers.Input(IMAGE_SHAPE, name="image")
    for block, (channels, depth) in enumerate(BLOCKS):
        for layer in range(depth):
            shrink = layer + 1 == depth and block + 1 < len(BLOCKS)
            x = _convolution(x, channels, f"block{block}_{layer}", shrink=shrink)
    flat = layers.Flatten(name="flat")(_convolution(x, 24, "squeeze", kernel=1))
    embedding = _normed(flat, FEATURES, "embedding")
    hidden = layers.Dropout(DROPOUT, name="dropout")(layers.ReLU(name="embedding_relu")(embedding))
    refusal = _normed(flat, REFUSAL, "refusal")
    outputs = {
        "logits": layers.Dense(NUM_CLASSES, name="logits")(hidden),
        "digitness": layers.Dense(1, name="digitness")(layers.ReLU(name="refusal_relu")(refusal)),
        "features": layers.UnitNormalization(name="features")(embedding),
    }
    return keras.Model(image, outputs, name="digitre")


def with_form_head(network: keras.Model, forms: int) -> keras.Model:
    """Wrap a network in one that shares its weights and also says which of so many forms a picture shows: "forms" (N, forms)."""
    image = layers.Input(IMAGE_SHAPE, name="image")
    outputs = network(image)
    return keras.Model(image, outputs | {FORMS: CosineClasses(forms, name=FORMS)(outputs["features"])})


class CosineClasses(layers.Layer):
    """Logits by the cosine of features (N, D) of length 1 with a learned direction a class (as in Wang et al. 2018, "CosFace").

    What it pulls together are near neighbours by the very measure that memory and label noise look for neighbours with.
    """

    def __init__(self, classes: int, **options: str) -> None:
        super().__init__(**options)
        self.classes = classes

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.directions = self.add_weight(shape=(shape[-1], self.classes), initializer="glorot_uniform", name="kernel")

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        return FORM_SCALE * ops.matmul(features, ops.normalize(self.directions, axis=0))


def _normed(x: keras.KerasTensor, units: int, name: str) -> keras.KerasTensor:
    x = layers.Dense(units, use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_norm")(x)


def _convolution(
    x: keras.KerasTensor, channels: int, name: str, kernel: int = 3, shrink: bool = False
) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, padding="same", use_bias=False, name=name)(x)
    if shrink:  # before the norm, which then has a quarter of the pixels to see to: a tenth faster to train
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)

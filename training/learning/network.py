"""The network: a small 3 x 3 convolutional net with three heads. Everything in it has a LiteRT counterpart."""

import keras
from keras import layers

from recognizer.inference.prediction import IMAGE_SHAPE, NUM_CLASSES

FEATURES = 96  # numbers that describe a drawing; near neighbours among them look alike
REFUSAL = 48  # numbers to tell digits from what is none: it is another question than which digit
BLOCKS = ((32, 1), (48, 2), (96, 3))  # channels and convolutions at 28, 14 and 7 pixels
DROPOUT = 0.3
WEIGHT_DECAY = 0.02  # of AdamW


def build_network() -> keras.Model:
    """Build the untrained network: float32 (N, 28, 28, 1) in [0, 1] -> {"logits", "digitness", "features"}.

    logits (N, 10) before the softmax; digitness (N, 1) before the sigmoid, above 0 = one digit; features (N, 96)
    of length 1, for neighbours. 17 M multiply-adds.
    """
    image = x = layers.Input(IMAGE_SHAPE, name="image")
    for block, (channels, depth) in enumerate(BLOCKS):
        for layer in range(depth):
            shrink = layer + 1 == depth and block + 1 < len(BLOCKS)
            x = _convolution(x, channels, f"block{block}_{layer}", shrink=shrink)
    flat = layers.Flatten(name="flat")(_convolution(x, 24, "squeeze", kernel=1))
    embedding = _dense(flat, FEATURES, "embedding")
    outputs = {
        "logits": layers.Dense(NUM_CLASSES, name="logits")(layers.Dropout(DROPOUT, name="dropout")(embedding)),
        "digitness": layers.Dense(1, name="digitness")(_dense(flat, REFUSAL, "refusal")),
        "features": layers.UnitNormalization(name="features")(embedding),
    }
    return keras.Model(image, outputs, name="digitre")


def _dense(x: keras.KerasTensor, units: int, name: str) -> keras.KerasTensor:
    x = layers.Dense(units, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _convolution(
    x: keras.KerasTensor, channels: int, name: str, kernel: int = 3, shrink: bool = False
) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, padding="same", use_bias=False, name=name)(x)
    if shrink:  # before the norm, which then has a quarter of the pixels to see to: a tenth faster to train
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)

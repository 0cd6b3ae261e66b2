"""The 2017 design, rebuilt to compare with: TensorFlow's two-layer MNIST tutorial network and the article's preparation.

Article's steps: crop a square around the ink, shift its mass to the middle, pad by 15 pixels, shrink to 28 x 28 (Lanczos).
It crashed when the square left the canvas; here the square is filled up with paper instead.
"""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers
from PIL import Image

from recognizer.imaging.pixels import to_input
from training.data.datasets import Mnist, cache_dir

PAD = 15  # px
REFUSES_BELOW = 0.6  # top probability
EPOCHS = 3
SMALLEST_SQUARE = 28  # px


def prepare(ink: NDArray[Any]) -> NDArray[Any]:
    """uint8 (H, W) ink -> float32 (28, 28, 1), as the 2017 server did it."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    half = int(max(rows[-1] - rows[0], columns[-1] - columns[0], SMALLEST_SQUARE) / 2 + 1)
    middle = int((rows[0] + rows[-1]) / 2) + half, int((columns[0] + columns[-1]) / 2) + half
    padded = np.pad(ink, half)
    square = padded[middle[0] - half : middle[0] + half, middle[1] - half : middle[1] + half]
    centred = _centre_by_padding(square)
    side = max(centred.shape)
    height, width = (side - length for length in centred.shape)
    even = np.pad(centred, ((height // 2, height - height // 2), (width // 2, width - width // 2)))
    small = Image.fromarray(np.pad(even, PAD)).resize((28, 28), Image.Resampling.LANCZOS)
    return np.asarray(small, "float32")[..., np.newaxis] / 255


def _centre_by_padding(square: NDArray[Any]) -> NDArray[Any]:
    weights = square.astype("float64")
    total = weights.sum()
    y = int((weights.sum(axis=1) @ np.arange(len(square))) / total - len(square) / 2)
    x = int((weights.sum(axis=0) @ np.arange(len(square))) / total - len(square) / 2)
    return np.pad(square, ((max(-y, 0), max(y, 0)), (max(-x, 0), max(x, 0))))


def trained_network(mnist: Mnist) -> keras.Model:
    """Return the network, trained on MNIST as the tutorial did (seeded); kept under var/ for the next time."""
    path = cache_dir() / f"design-2017-{EPOCHS}-epochs.keras"
    if path.is_file():
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    keras.utils.set_random_seed(0)
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    images = to_input(mnist.x_train)
    model.fit(images, mnist.y_train, batch_size=128, epochs=EPOCHS, verbose=2)
    partial = Path(f"{path}.partial.keras")
    model.save(partial)
    partial.replace(path)
    return model


def network() -> keras.Model:
    """Return the tutorial's layers, untrained."""
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def score(model: keras.Model, images: NDArray[Any], labels: NDArray[Any]) -> tuple[float, float]:
    """Return the share of digits read rightly (a refusal is wrong) and the share of drawings refused."""
    probabilities = model.predict(images, batch_size=500, verbose=0)
    refused = probabilities.max(axis=1) < REFUSES_BELOW
    right = (probabilities.argmax(axis=1) == labels) & ~refused
    return float(right.mean()), float(refused.mean())

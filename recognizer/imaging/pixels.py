"""The two forms of a picture that the network reads, grey levels to keep and floats to compute with, and its hash."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def to_grey(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn network input, float32 (..., 28, 28, 1) in [0, 1], into grey levels: uint8 (..., 28, 28), 255 = full ink."""
    return (image[..., 0] * 255).round().astype("uint8")


def to_input(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn grey levels, uint8 (..., 28, 28), into network input: float32 (..., 28, 28, 1) in [0, 1]."""
    return grey.astype(np.float32)[..., np.newaxis] / np.float32(255)


def content_hash(grey: NDArray[np.uint8]) -> str:
    """SHA-256 of a normalized drawing, uint8 (28, 28): equal drawings are equal wherever they stood on the canvas."""
    return hashlib.sha256(grey.tobytes()).hexdigest()

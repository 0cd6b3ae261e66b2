"""Trained network -> bytes to keep (.keras), bytes to serve (.tflite) and bytes for other programs (.onnx), and back."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import IMAGE_SHAPE

MAX_DISAGREEMENT = 1e-3  # of any logit, between Keras and LiteRT; beyond, the export is wrong


class ExportError(RuntimeError):
    """LiteRT does not answer as Keras does."""


def save_keras(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def load_keras(content: bytes) -> keras.Model:
    """Load bytes that a row's or a card's SHA-256 vouches for; safe_mode refuses code in them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def export_litert(model: keras.Model) -> bytes:
    """Convert to LiteRT, weights as float32: float16 ones would be as good, but are unpacked at each load."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        model.export(path, format="litert", verbose=False)
        return path.read_bytes()


def export_onnx(model: keras.Model) -> bytes:
    """Convert to ONNX, float32: input "image" (N, 28, 28, 1), outputs "logits", "digitness" and "features" for any N."""
    model(np.zeros((1, *IMAGE_SHAPE), "float32"))  # Keras exports no model that was never called
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.export(path, format="onnx", verbose=False)
        return path.read_bytes()


def disagreement(model: keras.Model, tflite: bytes, images: NDArray[np.float32]) -> float:
    """Return the largest difference of any output of LiteRT from Keras on float32 (N, 28, 28, 1) images."""
    ours, theirs = model.predict(images, batch_size=500, verbose=0), Classifier(tflite).predict(images)
    pairs = [
        (ours["logits"], theirs.logits),
        (ours["digitness"][:, 0], theirs.digitness),
        (ours["features"], theirs.features),
    ]
    return float(np.max([np.abs(a - b).max() for a, b in pairs]))  # Python's max may lose a NaN


def check_agreement(model: keras.Model, tflite: bytes, images: NDArray[np.float32]) -> float:
    """Return the disagreement, or raise ExportError if it is beyond MAX_DISAGREEMENT (or not a number)."""
    found = disagreement(model, tflite, images)
    if not found <= MAX_DISAGREEMENT:
        raise ExportError(f"LiteRT differs from Keras by {found:.2g}, at most {MAX_DISAGREEMENT} is allowed")
    return found

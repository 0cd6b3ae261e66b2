"""One loaded LiteRT model: normalized drawings -> logits, digitness, features. No TensorFlow."""

import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from recognizer.inference.prediction import IMAGE_SHAPE, OUTPUTS, Prediction


class Classifier:
    """A LiteRT model that any thread may call; calls take turns, a drawing costs half a millisecond."""

    def __init__(self, tflite: bytes) -> None:
        """Load a model that `training.learning.conversion.export_litert` wrote.

        Raises:
            ValueError: the bytes are corrupt, or have other inputs or outputs.
        """
        if tflite[4:8] != b"TFL3":  # LiteRT aborts the process on some non-flatbuffers instead of raising
            raise ValueError("Not a LiteRT model")
        try:
            self._interpreter = Interpreter(model_content=tflite, num_threads=1)
            self._runner = self._interpreter.get_signature_runner("serving_default")
        except (RuntimeError, KeyError) as error:
            raise ValueError(f"Not a usable LiteRT model: {error}") from error
        if set(self._runner.get_output_details()) != set(OUTPUTS):
            raise ValueError(f"Expected the outputs {OUTPUTS}, got {sorted(self._runner.get_output_details())}")
        (self._input,) = self._runner.get_input_details()
        self._lock = threading.Lock()

    def predict(self, batch: NDArray[np.float32]) -> Prediction:
        """Read a batch float32 (N, 28, 28, 1) in [0, 1]."""
        if batch.shape[1:] != IMAGE_SHAPE:
            raise ValueError(f"Expected (N, 28, 28, 1), got {batch.shape}")
        with self._lock:
            out = self._runner(**{self._input: np.ascontiguousarray(batch, "float32")})
        # LiteRT divides 0 by 0 where Keras's UnitNormalization gives 0
        features = np.nan_to_num(out["features"], nan=0.0)
        return Prediction(out["logits"], out["digitness"].reshape(len(batch)), features)

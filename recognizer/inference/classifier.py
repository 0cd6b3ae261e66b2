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
            runner = self._interpreter.get_signature_runner("serving_default")
        except (RuntimeError, KeyError) as error:
            raise ValueError(f"Not a usable LiteRT model: {error}") from error
        outputs = runner.get_output_details()
        if set(outputs) != set(OUTPUTS):
            raise ValueError(f"Expected the outputs {OUTPUTS}, got {sorted(outputs)}")
        self._outputs = [(name, outputs[name]["index"]) for name in OUTPUTS]
        (self._input,) = [tensor["index"] for tensor in runner.get_input_details().values()]
        self._rows = 0  # for which there is memory
        self._lock = threading.Lock()

    def predict(self, batch: NDArray[np.float32]) -> Prediction:
        """Read a batch float32 (N, 28, 28, 1) in [0, 1]."""
        if batch.shape[1:] != IMAGE_SHAPE:
            raise ValueError(f"Expected (N, 28, 28, 1), got {batch.shape}")
        with self._lock:
            out = self._run(np.ascontiguousarray(batch, "float32"))
        features = out["features"]
        if not np.isfinite(features).all():
            features = np.nan_to_num(features, nan=0.0)  # LiteRT divides 0 by 0 where Keras's UnitNormalization gives 0
        return Prediction(out["logits"], out["digitness"].reshape(len(batch)), features)

    def _run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Do what the model's signature does, which would lay out the memory anew for each drawing: a tenth of its time."""
        if len(batch) != self._rows:
            self._rows = 0
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
            self._rows = len(batch)
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs}

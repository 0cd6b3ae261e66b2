"""Versions of the model that answer as the shipped baseline does."""

from typing import Any

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.models import ModelVersion


def make_version(parent: ModelVersion, **columns: Any) -> ModelVersion:
    shipped = shipped_baseline()
    defaults = {
        "keras": shipped.keras,
        "tflite": shipped.model.tflite,
        "preprocessing_version": parent.preprocessing_version,
        "calibration": parent.calibration,
        "metrics": {},
        "parent": parent,
        "origin": "a test",
    }
    return registry.register(**(defaults | columns))

"""The model in the package, as `manage.py train_baseline` left it. Reads files alone: no row, no settings."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recognizer.errors import CorruptArtifact
from recognizer.inference.answers import Calibration
from recognizer.inference.calibrated_model import CalibratedModel

BASELINE_DIR = Path(__file__).resolve().parent


@dataclass(frozen=True)
class ShippedBaseline:
    """The model in the package, as `manage.py train_baseline` left it."""

    keras: bytes
    model: CalibratedModel
    card: dict[str, Any]


@cache
def shipped_baseline() -> ShippedBaseline:
    """Read the shipped model and check it against its own card.

    Raises:
        CorruptArtifact: a file is not the one the card describes.
    """
    card = json.loads((BASELINE_DIR / "card.json").read_text())
    keras, tflite = ((BASELINE_DIR / f"baseline.{kind}").read_bytes() for kind in ("keras", "tflite"))
    for name, data in (("keras", keras), ("tflite", tflite)):
        if hashlib.sha256(data).hexdigest() != card[f"{name}_sha256"]:
            raise CorruptArtifact(f"recognizer/baseline/baseline.{name} is not the file its card describes")
    return ShippedBaseline(keras, CalibratedModel(tflite, Calibration.from_dict(card["calibration"])), card)


@cache
def held_out_rows() -> list[int]:
    """Rows of MNIST's training digits that the shipped baseline was not trained on, as it wrote down itself."""
    rows: list[int] = json.loads((BASELINE_DIR / "held_out.json").read_text())["mnist"]
    return rows

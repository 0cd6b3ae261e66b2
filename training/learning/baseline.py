"""From data to the shipped baseline: prepare, train, calibrate, examine, write model and card."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.exam_reports import ReliabilityBin
from recognizer.imaging.pixels import to_input
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.answers import Calibration
from recognizer.inference.classifier import Classifier
from recognizer.inference.prediction import Prediction
from training.data.baseline_mix import BaselineData, PoolConfig, prepare
from training.data.datasets import cache_dir
from training.evaluation.reports import Exam, Report, examine, fit_calibration, reliability_bins
from training.evaluation.stroke_exams import load_exams
from training.learning import conversion, model_card
from training.learning.pretraining import BaselineConfig, Source, train

# share of each batch; a kind that the data folder lacks leaves its share to the others
SHARES = {
    "mnist": 0.30,
    "mnist_on_canvas": 0.08,
    "pen_digits": 0.12,
    "habits": 0.05,
    "synthetic": 0.12,
    "font_digits": 0.05,
    "things": 0.11,
    "omniglot": 0.03,
    "signs": 0.08,
    "icons": 0.06,
}
# digits as people leave them; what else is held out is made from these, or by us
CALIBRATED_ON = ("mnist", "pen_digits")
AGREEMENT_IMAGES = 1000


def make(
    config: BaselineConfig,
    output: Path,
    document: Path,
    report: Callable[[int, float, float], None],
    tell: Callable[[str], None],
) -> model_card.Card:
    """Train, and write baseline.keras and .tflite, card.json and held_out.json into `output`, the card's page to `document`."""
    data = prepare(PoolConfig(), tell)
    tell("training")
    checkpoint = cache_dir() / "baseline-checkpoint.npz"
    model = train(config, sources(data), checkpoint, report)
    tell("exams")
    card = publish(model, config, data, output)
    model_card.write(card, document)
    checkpoint.unlink(missing_ok=True)
    return card


def sources(data: BaselineData) -> list[Source]:
    return [Source(name, pool.images, pool.labels, SHARES[name]) for name, pool in data.pools.items()]


def publish(model: keras.Model, config: BaselineConfig, data: BaselineData, output: Path) -> model_card.Card:
    """Export, check, calibrate, examine and write one trained model. Returns its card."""
    tflite, kept = conversion.export_litert(model), conversion.save_keras(model)
    exams = load_exams()
    difference = conversion.check_agreement(model, tflite, exams[0].images[:AGREEMENT_IMAGES])
    predict = Classifier(tflite).predict
    held_out = [Exam(name, to_input(pool.images), pool.labels) for name, pool in data.held.items()]
    calibration = calibrate(predict, [exam for exam in held_out if exam.name in CALIBRATED_ON])
    held = [examine(predict, exam, calibration) for exam in held_out]
    reports = [examine(predict, exam, calibration) for exam in exams]
    card = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "preprocessing_version": PREPROCESSING_VERSION,
        "calibration": calibration.to_dict(),
        "metrics": {r.name: r.to_dict() for r in reports},
        "held_out": {r.name: r.to_dict() for r in held},
        "curve": calibration_curve([r for r in reports if r.name.startswith("canvas")]),
        "keras_sha256": hashlib.sha256(kept).hexdigest(),
        "tflite_sha256": hashlib.sha256(tflite).hexdigest(),
        "tflite_bytes": len(tflite),
        "litert_difference": difference,
        "parameters": model.count_params(),
        **_origin(config, data),
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "baseline.keras").write_bytes(kept)
    (output / "baseline.tflite").write_bytes(tflite)
    (output / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (output / "held_out.json").write_text(json.dumps({"mnist": data.held_rows.tolist()}) + "\n")
    return card


def _origin(config: BaselineConfig, data: BaselineData) -> model_card.Card:
    """What a card says of how its model was made."""
    return {
        "trained_on": {name: len(pool.labels) for name, pool in data.pools.items()},
        "shares": SHARES,
        "config": asdict(config),
        "pool_config": asdict(PoolConfig()),
        "versions": {"keras": keras.__version__, "numpy": np.__version__},
    }


def calibrate(predict: Callable[[NDArray[np.float32]], Prediction], exams: list[Exam]) -> Calibration:
    """Fit on digits of writers held out of training, each exam counting the same."""
    rng = np.random.default_rng(0)
    size = max(len(exam.labels) for exam in exams)
    parts, labels = [], []
    for exam in exams:
        chosen = rng.permutation(np.resize(np.arange(len(exam.labels)), size))
        parts.append(predict(exam.images[chosen]))
        labels.append(exam.labels[chosen])
    return fit_calibration(
        np.concatenate([p.logits for p in parts]),
        np.concatenate([p.digitness for p in parts]),
        np.concatenate(labels),
    )


def calibration_curve(reports: list[Report]) -> list[ReliabilityBin]:
    """Confidence against accuracy of the digits of some exams together."""
    if not reports:
        return []
    return reliability_bins(np.concatenate([r.confidences for r in reports]), np.concatenate([r.hits for r in reports]))

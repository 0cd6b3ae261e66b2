"""From data to the shipped baseline: prepare, train, calibrate, examine, write model and card."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
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
from training.data.baseline_mix import FORM_POOLS, BaselineData, PoolConfig, prepare
from training.data.datasets import UNDECIDED, DataUnavailable, cache_dir
from training.data.rendering import Pool
from training.evaluation import few_shot
from training.evaluation.few_shot import Script
from training.evaluation.reports import Exam, Report, examine, fit_calibration, reliability_bins
from training.evaluation.stroke_exams import load_exams
from training.learning import conversion, model_card
from training.learning.pretraining import BaselineConfig, Source, train

# share of each batch; a kind that the data folder lacks leaves its share to the others
SHARES = {
    "mnist": 0.22,
    "mnist_on_canvas": 0.07,
    "pen_digits": 0.12,
    "habits": 0.05,
    "synthetic": 0.18,
    "rare": 0.06,
    "font_digits": 0.05,
    "reversed": 0.01,
    "things": 0.09,
    "shapes": 0.10,
    "signs": 0.06,
    "icons": 0.05,
}
# of the digit that is meant, where it is less than certain: in a mirror a 5 is nearly a 2
CERTAINTY = {"reversed": 0.7}
# what is shown from a later cycle on: rare forms are a last lesson, for which the others make room
FIRST_CYCLE = {"rare": 1}
# digits as people leave them; what else is held out is made from these, or by us
CALIBRATED_ON = ("mnist", "pen_digits")
AGREEMENT_IMAGES = 1000
STYLES = {  # exams of held-out styles, and what the card calls the share right and the share guessed rightly
    "styles": ("accuracy", "accuracy_top1"),
    "styles_with_strokes": ("accuracy_with_strokes", "accuracy_top1_with_strokes"),
}


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
    forms = number_forms(data.pools)
    return [
        Source(
            name,
            pool.images,
            pool.labels,
            SHARES[name],
            forms.get(name),
            CERTAINTY.get(name, 1.0),
            FIRST_CYCLE.get(name, 0),
        )
        for name, pool in data.pools.items()
    ]


def number_forms(pools: dict[str, Pool]) -> dict[str, NDArray[np.int64]]:
    """Number the names in the pools of forms, each pool's by themselves, from 0 on: int64 (N,) for each of these pools."""
    numbers, start = {}, 0
    for name in FORM_POOLS:
        if name in pools:
            known, rows = np.unique(pools[name].names, return_inverse=True)
            numbers[name] = rows.astype("int64") + start
            start += len(known)
    return numbers


def publish(model: keras.Model, config: BaselineConfig, data: BaselineData, output: Path) -> model_card.Card:
    """Export, check, calibrate, examine and write one trained model. Returns its card."""
    tflite, kept = conversion.export_litert(model), conversion.save_keras(model)
    exams = load_exams()
    difference = conversion.check_agreement(model, tflite, exams[0].images[:AGREEMENT_IMAGES])
    predict = Classifier(tflite).predict
    held_out = [exam_of(name, pool) for name, pool in data.held.items()]
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
        "styles": style_recalls(data.held, held),
        "few_shot": few_shot_figures(predict, data, calibration),
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


def exam_of(name: str, pool: Pool) -> Exam:
    """Ask what a pool shows, but for what nobody can decide."""
    decided = pool.labels != UNDECIDED
    return Exam(name, to_input(pool.images[decided]), pool.labels[decided])


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


def style_recalls(pools: dict[str, Pool], held: list[Report]) -> dict[str, model_card.Card]:
    """Of each held-out style: drawings, and the shares answered and guessed rightly, by the picture and by the strokes."""
    reports = {report.name: report for report in held if report.name in STYLES}
    found: dict[str, model_card.Card] = {}
    for exam, keys in STYLES.items():
        if exam not in reports:
            continue
        names, report = pools[exam].names, reports[exam]
        for style in np.unique(names).tolist():
            rows = names == style
            shares = (float((report.answers == report.labels)[rows].mean()), float(report.hits[rows].mean()))
            found.setdefault(style, {"n": int(rows.sum())}).update(dict(zip(keys, shares, strict=True)))
    return found


def few_shot_figures(
    predict: Callable[[NDArray[np.float32]], Prediction], data: BaselineData, calibration: Calibration
) -> model_card.Card:
    """What the features tell of scripts that were not trained on, as far as they are here."""
    scripts = {}
    if "shapes" in data.held:
        scripts["shapes"] = script_of(data.held["shapes"])
    with suppress(DataUnavailable):
        scripts["chinese"] = few_shot.chinese_script()
    threshold = calibration.refusal_threshold
    return {name: few_shot.examine_script(predict, script, threshold).to_dict() for name, script in scripts.items()}


def script_of(pool: Pool) -> Script:
    """Make each name of a pool a class; nobody drew one twice, so that all may show."""
    _, labels = np.unique(pool.names, return_inverse=True)
    return Script(to_input(pool.images), labels.astype("int64"), np.ones(len(labels), bool))


def calibration_curve(reports: list[Report]) -> list[ReliabilityBin]:
    """Confidence against accuracy of the digits of some exams together."""
    if not reports:
        return []
    return reliability_bins(np.concatenate([r.confidences for r in reports]), np.concatenate([r.hits for r in reports]))

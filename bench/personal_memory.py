"""What personal memory does: the error on a writer's other drawings after ten of theirs were labelled.

    python bench/personal_memory.py            # exam a, 49 writers: measures, never tunes
    python bench/personal_memory.py --tune     # UCI training writers with hands made strange: what the constants are tuned on

Prints one JSON line for each way of choosing the ten: any ten of a writer's drawings, or one of each digit (a round).
"""
# ruff: noqa: E402  Django must be set up before its models are imported

import argparse
import json
import math
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
os.environ.setdefault("DEBUG", "on")  # no secret is needed: nothing is served

import django

django.setup()

import numpy as np

from recognizer import personalization
from recognizer.baseline import shipped_baseline
from recognizer.imaging import trajectories
from recognizer.imaging.preprocessing import normalize_drawing
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.inference.prediction import Prediction
from training.data.datasets import StrokeDrawing, load_drawings
from training.evaluation.stroke_exams import canvas

SHOWN, DRAWINGS, SEEDS = 10, 50, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", action="store_true")
    model = shipped_baseline().model
    drawings = strange_hands() if parser.parse_args().tune else load_drawings("canvas_exam_a.jsonl.gz")
    labels = np.array([drawing.label for drawing in drawings])
    writers = np.array([str(drawing.writer) for drawing in drawings])
    prediction, traces = read(drawings, model)
    for name, is_round in (("any ten", False), ("one of each digit", True)):
        print(json.dumps({"shown": name} | measure(prediction, traces, labels, writers, model, is_round)))


def strange_hands() -> list[StrokeDrawing]:
    """UCI training writers, each sheared, stretched and turned by an amount of their own, as if they wrote like that."""
    return [StrokeDrawing(d.label, d.writer, [[warp(d.writer, *p[:2]) for p in s] for s in d.strokes]) for d in uci()]


def uci() -> list[StrokeDrawing]:
    return load_drawings("pen_digits.jsonl.gz", "train")


def warp(writer: object, x: float, y: float) -> list[float]:
    rng = random.Random(str(writer))
    shear, stretch, turn = rng.uniform(-0.9, 0.9), rng.uniform(0.55, 1.8), rng.uniform(-0.45, 0.45)
    x = x * stretch - shear * y
    return [x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)]


def read(drawings: list[StrokeDrawing], model: CalibratedModel) -> tuple[Prediction, NDArray[Any]]:
    """Ink each drawing on a canvas as the page does, send strokes along, and read it as serving does; and its path."""
    rng = np.random.default_rng(0)
    sheets = [canvas(drawing, rng) for drawing in drawings]
    images = np.stack([normalize_drawing(ink, strokes) for ink, strokes in sheets])
    prediction = Prediction.joined([model.predict(images[i : i + 256]) for i in range(0, len(images), 256)])
    return prediction, np.stack([trajectories.trace(strokes) for _, strokes in sheets])


def measure(
    prediction: Prediction,
    traces: NDArray[Any],
    labels: NDArray[Any],
    writers: NDArray[Any],
    model: CalibratedModel,
    is_round: bool,
) -> dict[str, Any]:
    """Teach ten of a writer's drawings, ask the others, with and without memory; a refusal of a digit is an error."""
    asked = wrong_before = wrong_after = spoilt = 0
    for shown, rest in shown_and_asked(labels, writers, is_round):
        remembered = personalization.Remembered(labels[shown], traces[shown], prediction.features[shown])
        for i in rest:
            alone = row(prediction, i)
            evidence = personalization.weigh(remembered, traces[i], alone.features[0])
            mixed = personalization.mix(alone, evidence, model.calibration)
            before = model.interpret(alone).digit == labels[i]
            after = model.interpret(mixed).digit == labels[i]
            asked, wrong_before, wrong_after = asked + 1, wrong_before + (not before), wrong_after + (not after)
            spoilt += before and not after
    fall = 1 - wrong_after / wrong_before if wrong_before else 0.0
    return {
        "writers": len(set(writers)), "seeds": SEEDS, "asked": asked, "error_alone": round(wrong_before / asked, 5),
        "error_with_memory": round(wrong_after / asked, 5), "falls_by": round(fall, 3), "spoilt": round(spoilt / asked, 5),
    }  # fmt: skip


def shown_and_asked(
    labels: NDArray[Any], writers: NDArray[Any], is_round: bool
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        for writer in sorted(set(writers)):
            own = rng.permutation(np.flatnonzero(writers == writer))[:DRAWINGS]
            firsts = [next(k for k, i in enumerate(own) if labels[i] == digit) for digit in sorted(set(labels[own]))]
            shown = np.array(firsts) if is_round else np.arange(SHOWN)
            yield own[shown], np.delete(own, shown)


def row(prediction: Prediction, i: int) -> Prediction:
    return Prediction(prediction.logits[i : i + 1], prediction.digitness[i : i + 1], prediction.features[i : i + 1])


if __name__ == "__main__":
    main()

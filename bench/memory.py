"""What personal memory does, with strokes and with pictures alone: mistakes gone, and right answers spoilt, on a writer's others.

    python bench/memory.py            # exam b, 89 writers: measures, never tunes
    python bench/memory.py --tune     # UCI training writers with hands made strange: what the constants are chosen on

Prints one JSON line each for what is sent (strokes, or a picture alone) and for what had been labelled: the writer's first
drawing, ten of them, or one of each digit (a round). Half of the mistakes should be gone after ten, at most 0.05 % spoilt.
With --tune it ends with LIKENESS and LIKENESS_TRUST of recognizer/personalization.py as they should be for the shipped model:
of those that spoil no more than that, the pair that mends most after ten pictures.
"""
# ruff: noqa: E402  Django must be set up before its models are imported

import argparse
import json
import math
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
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

SHOWN, DRAWINGS, SEEDS = 10, 50, 4
SPOILT_AT_MOST = 5e-4  # of all asked
LIKENESSES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
TRUSTS = (10.0, 20.0, 40.0, 80.0, 160.0)
BLIND = np.full((1, *trajectories.SHAPE), np.nan, "float32")  # the path of a drawing whose picture alone is known


@dataclass(frozen=True)
class Hands:
    """Drawings by writers, read as serving reads them: with or without what the pen did."""

    labels: NDArray[Any]
    writers: NDArray[Any]
    prediction: Prediction
    traces: NDArray[Any]
    has_strokes: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", action="store_true")
    is_tuning = parser.parse_args().tune
    model = shipped_baseline().model
    drawings = strange_hands() if is_tuning else load_drawings("canvas_exam_b.jsonl.gz")
    for has_strokes in (True, False):
        hands = read(drawings, model, has_strokes)
        for name, count in (("the first", 1), ("any ten", SHOWN), ("one of each digit", 0)):
            sent = "strokes" if has_strokes else "picture"
            print(json.dumps({"sent": sent, "shown": name} | measure(hands, model, count)), flush=True)
    if is_tuning:
        likeness, trust = choose(hands, model)
        print(f"LIKENESS, LIKENESS_TRUST = {likeness}, {trust}")


def choose(hands: Hands, model: CalibratedModel) -> tuple[float, float]:
    """Return the pair that mends most after ten pictures among those that spoil little enough; else the one that spoils least."""
    found = []
    for pair in product(LIKENESSES, TRUSTS):
        personalization.LIKENESS, personalization.LIKENESS_TRUST = pair
        report = measure(hands, model, SHOWN)
        found.append((max(report["spoilt"], SPOILT_AT_MOST), -report["falls_by"], pair))
    return min(found)[2]


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


def read(drawings: list[StrokeDrawing], model: CalibratedModel, has_strokes: bool) -> Hands:
    """Ink each drawing on a canvas as the page does, send strokes along or not, and read it as serving does."""
    rng = np.random.default_rng(0)
    sheets = [canvas(drawing, rng) for drawing in drawings]
    images = np.stack([normalize_drawing(ink, strokes if has_strokes else None) for ink, strokes in sheets])
    prediction = Prediction.joined([model.predict(images[i : i + 256]) for i in range(0, len(images), 256)])
    blind = np.repeat(BLIND, len(sheets), axis=0)
    traces = np.stack([trajectories.trace(strokes) for _, strokes in sheets]) if has_strokes else blind
    labels, writers = ([getattr(drawing, name) for drawing in drawings] for name in ("label", "writer"))
    return Hands(np.array(labels), np.array(writers, "str"), prediction, traces, has_strokes)


def measure(hands: Hands, model: CalibratedModel, count: int) -> dict[str, Any]:
    """Teach some of a writer's drawings, ask the others, with and without memory; a refusal of a digit is an error."""
    asked = wrong_before = wrong_after = spoilt = 0
    for shown, rest in shown_and_asked(hands.labels, hands.writers, count):
        remembered = personalization.Remembered(
            hands.labels[shown], hands.traces[shown], hands.prediction.features[shown]
        )
        for i in rest:
            alone = row(hands.prediction, i)
            trace = hands.traces[i] if hands.has_strokes else None
            evidence = personalization.weigh(remembered, trace, alone.features[0])
            mixed = personalization.mix(alone, evidence, model.calibration)
            before = model.interpret(alone).digit == hands.labels[i]
            after = model.interpret(mixed).digit == hands.labels[i]
            asked, wrong_before, wrong_after = asked + 1, wrong_before + (not before), wrong_after + (not after)
            spoilt += before and not after
    fall = 1 - wrong_after / wrong_before if wrong_before else 0.0
    return {
        "writers": len(set(hands.writers)), "seeds": SEEDS, "asked": asked, "error_alone": round(wrong_before / asked, 5),
        "error_with_memory": round(wrong_after / asked, 5), "falls_by": round(fall, 3), "spoilt": round(spoilt / asked, 5),
    }  # fmt: skip


def shown_and_asked(
    labels: NDArray[Any], writers: NDArray[Any], count: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield of each writer the rows that are labelled, so many or for 0 one of each digit, and those that are asked."""
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        for writer in sorted(set(writers)):
            own = rng.permutation(np.flatnonzero(writers == writer))[:DRAWINGS]
            firsts = [next(k for k, i in enumerate(own) if labels[i] == digit) for digit in sorted(set(labels[own]))]
            shown = np.arange(min(count, len(own))) if count else np.array(firsts)
            yield own[shown], np.delete(own, shown)


def row(prediction: Prediction, i: int) -> Prediction:
    return Prediction(prediction.logits[i : i + 1], prediction.digitness[i : i + 1], prediction.features[i : i + 1])


if __name__ == "__main__":
    main()

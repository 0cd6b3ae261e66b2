"""How long one drawing takes in this process, warm: decode, prepare, read, answer."""

import time
from collections.abc import Callable

import numpy as np

from recognizer.baseline import shipped_baseline
from recognizer.imaging.decoding import decode_png, encode_png
from recognizer.imaging.preprocessing import normalize_ink
from recognizer.imaging.strokes import ink_strokes

ROUNDS = 200
FIVE = [[[180.0, 60.0], [110.0, 64.0], [105.0, 130.0], [160.0, 124.0], [190.0, 165.0], [160.0, 215.0], [95.0, 205.0]]]


def main() -> None:
    model = shipped_baseline().model
    png = encode_png(ink_strokes(FIVE, 280, 14))
    ink = decode_png(png)
    image = normalize_ink(ink)
    prediction = model.predict(image[np.newaxis])
    steps: dict[str, Callable[[], object]] = {
        "decode a 280 x 280 PNG": lambda: decode_png(png),
        "prepare": lambda: normalize_ink(ink),
        "read (LiteRT)": lambda: model.predict(image[np.newaxis]),
        "answer": lambda: model.interpret(prediction),
        "all of it": lambda: model.answer(normalize_ink(decode_png(png))),
    }
    print(f"\n{'step':<24} {'median':>9} {'99th':>9}   (one thread, {len(model.tflite) / 1e6:.2f} MB artifact)")
    for name, step in steps.items():
        times = [_timed(step) for _ in range(ROUNDS)]
        print(f"{name:<24} {np.median(times):6.2f} ms {np.percentile(times, 99):6.2f} ms")


def _timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return (time.perf_counter() - start) * 1000

import json

import numpy as np

from recognizer.baseline import shipped_baseline
from recognizer.labels import NOT_A_DIGIT
from training.evaluation.golden import FOLDER, golden_drawings


def test_every_digit_has_several_styles_and_several_hands() -> None:
    images, labels = golden_drawings()
    assert images.shape == (300, 28, 28, 1)
    assert images.max() <= 1.0
    assert np.bincount(labels)[:10].min() >= 20
    assert (labels == NOT_A_DIGIT).sum() >= 90


def test_no_style_is_there_twice() -> None:
    drawings = json.loads((FOLDER / "digits.json").read_text())["drawings"]
    names = [(drawing["label"], drawing["style"]) for drawing in drawings]
    assert len(names) == len(set(names))


def test_the_shipped_baseline_reads_them() -> None:
    images, labels = golden_drawings()
    said = shipped_baseline().model.predict(images).logits.argmax(axis=1)
    digits = labels != NOT_A_DIGIT
    assert (said == labels)[digits].mean() > 0.97

"""A model on its way out: its card, and for each of its files ten lines that read a picture with it.

The examples take a picture as an export's NPZ holds it; a picture from elsewhere has to be prepared as MNIST's were.
"""

from collections.abc import Sequence

from recognizer.formatting import percent, percent_range
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.answers import Calibration
from recognizer.models import ModelVersion
from recognizer.version_card import ModelCard

READ = 'picture = np.load("drawings.npz")["x"][0]  # uint8 (28, 28), 255 = full ink, as MNIST or an export has it'
SHAPE = "image = np.float32(picture / 255).reshape(1, 28, 28, 1)"
ONNX = """\
import numpy as np
import onnxruntime

{read}
{shape}
session = onnxruntime.InferenceSession("{file}")
logits, digitness = session.run(["logits", "digitness"], {{"image": image}})
"""
TFLITE = """\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

{read}
{shape}
run = Interpreter("{file}").get_signature_runner("serving_default")
answers = run(**{{name: image for name in run.get_input_details()}})
logits, digitness = answers["logits"], answers["digitness"]
"""
KERAS = """\
import keras
import numpy as np

{read}
{shape}
answers = keras.saving.load_model("{file}", compile=False).predict(image, verbose=0)
logits, digitness = answers["logits"], answers["digitness"]
"""
ANSWER = """\
shares = np.exp(logits[0] / {temperature} - np.max(logits[0] / {temperature}))
print("no digit" if digitness[0, 0] < {threshold} else shares.argmax(), shares.max() / shares.sum())
"""
EXAMPLES = {"onnx": ONNX, "tflite": TFLITE, "keras": KERAS}


def file_name(version: ModelVersion, kind: str) -> str:
    return f"digitre-version-{version.number}.{kind}"


def example(version: ModelVersion, kind: str) -> str:
    """Return a program of ten lines that reads one picture with one of the version's files, calibrated as it answers here."""
    calibration = Calibration.from_dict(version.calibration)
    start = EXAMPLES[kind].format(read=READ, shape=SHAPE, file=file_name(version, kind))
    return start + ANSWER.format(
        temperature=f"{calibration.temperature:.6g}", threshold=f"{calibration.refusal_threshold:.6g}"
    )


def card(version: ModelVersion, hashes: dict[str, str]) -> str:
    """Return a version's card as Markdown: what it is, how it did, how to use it, and the SHA-256 of its files."""
    known = ModelCard.of(version)
    calibration = Calibration.from_dict(version.calibration)
    exams = [
        (
            result.exam.title,
            f"{result.n:,}",
            percent(result.accuracy, 2),
            percent_range(result.low, result.high, 2) if result.low is not None and result.high is not None else "-",
        )
        for result in known.results
    ]
    confused = [f"* a {drawn} read as {read}: {count} times" for drawn, read, count in known.confused]
    parts = [
        f"# Digitre, version {version.number}",
        f"Origin: {version.origin}. Made on {version.created_at:%Y-%m-%d}.",
        "## What it takes and gives",
        "One grey picture of 28 x 28, float32 from 0 (paper) to 1 (full ink), prepared as MNIST's digits were: 20 pixels on its "
        f"longer side, centred by mass (version {version.preprocessing_version} of Digitre's preparation"
        + ("" if version.preprocessing_version == PREPROCESSING_VERSION else "; this release has another")
        + "). `logits` are ten numbers before the softmax, `digitness` is low where it sees no single digit, `features` "
        "describe the picture.",
        f"Divide the logits by {calibration.temperature:.6g} before the softmax: then the probabilities are calibrated. Refuse "
        f"where digitness is below {calibration.refusal_threshold:.6g}.",
        "## How it did",
        _table(("exam", "questions", "right", "95 % interval"), exams) if exams else "It sat no exam.",
        *(["Most often confused:", "\n".join(confused)] if confused else []),
        "## Files",
        _table(("file", "SHA-256"), [(file_name(version, kind), f"`{digest}`") for kind, digest in hashes.items()]),
        *[f"## In ten lines, `.{kind}`\n\n```python\n{example(version, kind)}```" for kind in hashes],
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))

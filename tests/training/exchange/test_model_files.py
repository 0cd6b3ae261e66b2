"""A model on its way out: its card, and examples that run as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from recognizer import registry
from recognizer.imaging.pixels import to_grey, to_input
from recognizer.imaging.preprocessing import normalize_ink
from recognizer.models import ModelVersion
from tests.support.digits import few_digits
from training.exchange import model_files

pytestmark = pytest.mark.django_db
X = np.stack([to_grey(normalize_ink(ink)) for ink in few_digits().x_train[:40]])


def run(folder: Path, kind: str) -> tuple[str, float]:
    """Run an example as whoever copies it does; return the digit and the probability that it prints."""
    done = subprocess.run([sys.executable, f"read_{kind}.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer, share = done.stdout.split()[-2:]
    return answer, float(share)


def test_tflite_is_read_in_ten_lines(tmp_path: Path, baseline: ModelVersion) -> None:
    np.savez(tmp_path / "drawings.npz", x=X[7:8])
    call_command("export_model", "1", str(tmp_path), without_onnx=True)
    assert len((tmp_path / "read_tflite.py").read_text().strip().splitlines()) <= 10
    answer = registry.load_model(baseline).answer(to_input(X[7]))
    digit, share = run(tmp_path, "tflite")
    assert digit == str(answer.digit)
    assert share == pytest.approx(answer.confidence, abs=1e-4)


@pytest.mark.sqlite
@pytest.mark.tensorflow
def test_onnx_and_keras_answer_as_what_serves_does(tmp_path: Path, baseline: ModelVersion) -> None:
    import onnxruntime

    np.savez(tmp_path / "drawings.npz", x=X[7:8])
    call_command("export_model", "1", str(tmp_path))
    model = registry.load_model(baseline)
    session = onnxruntime.InferenceSession(tmp_path / "digitre-version-1.onnx")
    logits, digitness, features = session.run(["logits", "digitness", "features"], {"image": to_input(X)})
    served = model.predict_all(X)
    np.testing.assert_allclose(logits, served.logits, atol=1e-3)
    np.testing.assert_allclose(digitness[:, 0], served.digitness, atol=1e-3)
    np.testing.assert_allclose(features, served.features, atol=1e-3)
    answer = model.answer(to_input(X[7]))
    for kind in ("onnx", "keras"):
        assert len((tmp_path / f"read_{kind}.py").read_text().strip().splitlines()) <= 10
        digit, share = run(tmp_path, kind)
        assert digit == str(answer.digit)
        assert share == pytest.approx(answer.confidence, abs=1e-3)


def test_the_card_has_exams_calibration_hashes_and_examples(tmp_path: Path, baseline: ModelVersion) -> None:
    text = model_files.card(baseline, {"tflite": baseline.tflite_sha256})
    assert f"| digitre-version-1.tflite | `{baseline.tflite_sha256}` |" in text
    assert re.search(r"Divide the logits by 0\.\d+|Divide the logits by 1", text)
    assert text.count("| exam | questions | right |") == 1
    assert model_files.example(baseline, "tflite") in text


def test_a_version_that_is_not_here_is_said(tmp_path: Path, baseline: ModelVersion) -> None:
    registry.know_elsewhere(7, "ab" * 32)
    for number in ("2", "9"):
        with pytest.raises(CommandError, match="no version"):
            call_command("export_model", number, str(tmp_path))

import json
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_grey
from recognizer.inference.answers import Calibration
from recognizer.labels import NOT_A_DIGIT
from training.evaluation.reports import Exam
from training.learning import model_card


def test_the_page_in_docs_is_the_shipped_card() -> None:
    page = settings.BASE_DIR / "docs" / "model-card.md"
    assert page.read_text() == model_card.render(shipped_baseline().card)


def test_the_card_says_how_it_was_made_and_what_it_scores() -> None:
    card = shipped_baseline().card
    assert {"preprocessing_version", "calibration", "metrics", "parameters", "trained_on", "config"} <= set(card)
    assert card["metrics"]["mnist"]["n"] == 10_000
    assert card["metrics"]["mnist"]["accuracy_top1"] >= 0.992
    Calibration.from_dict(card["calibration"])


@pytest.mark.sqlite  # no rows: one database is enough
@pytest.mark.tensorflow
def test_a_trained_model_is_written_with_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.data.baseline_mix import BaselineData
    from training.data.rendering import Pool
    from training.learning import baseline
    from training.learning.network import build_network
    from training.learning.pretraining import BaselineConfig

    rng = np.random.default_rng(0)
    images = rng.random((40, 28, 28, 1), dtype="float32")
    digits, things = np.arange(40) % 10, np.full(40, NOT_A_DIGIT)
    monkeypatch.setattr(
        baseline, "load_exams", lambda: [Exam("mnist", images, digits), Exam("not_digits", images, things)]
    )
    grey = to_grey(images)
    held = {"mnist": Pool(grey, digits), "omniglot": Pool(grey, things)}
    data = BaselineData({"mnist": Pool(grey, digits)}, held, np.array([3, 5]))
    card = baseline.publish(build_network(), BaselineConfig(), data, tmp_path)
    assert json.loads((tmp_path / "card.json").read_text()) == json.loads(json.dumps(card))
    assert json.loads((tmp_path / "held_out.json").read_text()) == {"mnist": [3, 5]}
    assert card["metrics"]["mnist"]["n"] == 40
    assert len((tmp_path / "baseline.tflite").read_bytes()) == card["tflite_bytes"]
    assert model_card.render(card).startswith("# Model card")

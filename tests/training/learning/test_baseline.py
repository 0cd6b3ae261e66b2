import json
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from recognizer.baseline import shipped_baseline
from recognizer.imaging.pixels import to_grey
from recognizer.inference.answers import Calibration
from recognizer.labels import NOT_A_DIGIT
from training.data import datasets
from training.data.datasets import UNDECIDED
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
    monkeypatch.setattr(datasets, "data_dir", lambda: None)
    undecided = np.where(np.arange(40) < 30, NOT_A_DIGIT, UNDECIDED)
    names = np.array([f"{shape}/0" for shape in np.arange(40) % 2])
    styles = np.array(["square", "round"])[np.arange(40) % 2]
    held = {"mnist": Pool(grey, digits), "shapes": Pool(grey, undecided, names)}
    held |= {name: Pool(grey, digits, styles) for name in ("styles", "styles_with_strokes")}
    data = BaselineData({"mnist": Pool(grey, digits)}, held, np.array([3, 5]))
    card = baseline.publish(build_network(), BaselineConfig(), data, tmp_path)
    assert json.loads((tmp_path / "card.json").read_text()) == json.loads(json.dumps(card))
    assert json.loads((tmp_path / "held_out.json").read_text()) == {"mnist": [3, 5]}
    assert card["metrics"]["mnist"]["n"] == 40
    assert card["held_out"]["shapes"]["n"] == 30  # nobody is asked what cannot be decided
    assert {name: style["n"] for name, style in card["styles"].items()} == {"round": 20, "square": 20}
    by_style = np.mean([style["accuracy"] for style in card["styles"].values()])
    assert by_style == pytest.approx(card["held_out"]["styles"]["accuracy"])
    assert (card["few_shot"]["shapes"]["n"], card["few_shot"]["shapes"]["classes"]) == (40, 2)
    assert "chinese" not in card["few_shot"]
    assert len((tmp_path / "baseline.tflite").read_bytes()) == card["tflite_bytes"]
    page = model_card.render(card)
    assert page.startswith("# Model card")
    assert "| square | 20 |" in page
    assert "| Omniglot characters held out of training, in four positions | 40 | 2 |" in page


@pytest.mark.sqlite  # no rows: one database is enough
@pytest.mark.tensorflow
def test_forms_are_numbered_from_pool_to_pool_and_only_reversed_digits_are_doubtful() -> None:
    from training.data.baseline_mix import BaselineData
    from training.data.rendering import Pool
    from training.learning import baseline

    images = np.zeros((3, 28, 28), "uint8")

    def pool(label: int, *names: str) -> Pool:
        return Pool(images[: len(names)], np.full(len(names), label), np.array(names))

    pools = {
        "reversed": pool(3, "", ""),
        "icons": pool(NOT_A_DIGIT, "house", "o"),
        "signs": pool(UNDECIDED, "o", "A", "o"),
        "things": pool(NOT_A_DIGIT, "", ""),
    }
    sources = {source.name: source for source in baseline.sources(BaselineData(pools, {}, np.zeros(0, "int64")))}
    assert sources["signs"].forms is not None
    assert sources["icons"].forms is not None
    assert sources["signs"].forms.tolist() == [1, 0, 1]
    assert sources["icons"].forms.tolist() == [2, 3]  # an icon named as a letter is another form
    assert sources["things"].forms is None
    assert {name: source.certainty for name, source in sources.items() if source.certainty < 1} == {"reversed": 0.7}


def test_what_is_refused_of_each_digit_stands_on_the_page() -> None:
    table = np.zeros((11, 11), int)
    table[3, 3], table[3, 10], table[7, 7], table[10, 10] = 195, 5, 100, 50
    page = model_card._refusals({"mnist": {"confusion": table.tolist()}}, {"mnist": "MNIST test"})
    assert page.splitlines()[-1] == "| MNIST test | - | - | - | 2.5% | - | - | - | 0.0% | - | - | 1.67% |"

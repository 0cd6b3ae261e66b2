"""A look before an import: what the champion makes of it, and what it suggests."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer.models import Drawing, ModelVersion
from tests.support.digits import few_digits
from tests.support.drawings import Draw
from training.exchange.exporting import export_drawings
from training.exchange.orientation import Orientation
from training.exchange.preview import ASKED, look, pick, write_sheet
from training.exchange.records import read_records
from training.exchange.sources import Found

X, Y = few_digits().x_train[:20], few_digits().y_train[:20]


def npz(folder: Path, x: Any, y: Any = Y) -> Path:
    np.savez(folder / "a.npz", x=x, y=y)
    return folder / "a.npz"


@pytest.fixture
def sideways(tmp_path: Path) -> Path:
    return npz(tmp_path, X.transpose(0, 2, 1))


@pytest.mark.django_db
@pytest.mark.usefixtures("baseline")
class TestLook:
    def test_upright_digits_need_nothing(self, tmp_path: Path) -> None:
        outlook = look(npz(tmp_path, X))
        assert outlook.suggestion is None
        assert re.fullmatch(r"The model reads \d+ of 20 as they are labelled\.", outlook.sentence())

    def test_a_file_on_its_side_is_detected(self, sideways: Path) -> None:
        outlook = look(sideways)
        assert outlook.suggestion == Orientation(transpose=True)
        assert "Transposed? It reads " in outlook.sentence()
        assert "with --transpose" in outlook.sentence()
        assert look(sideways, Orientation(transpose=True)).suggestion is None

    def test_an_option_too_many_is_detected(self, tmp_path: Path) -> None:
        outlook = look(npz(tmp_path, X), Orientation(transpose=True))
        assert "Turned too far?" in outlook.sentence()
        assert "without any of these options" in outlook.sentence()

    def test_labels_that_are_another_files_are_doubted(self, tmp_path: Path) -> None:
        sentence = look(npz(tmp_path, X, (np.array(Y) + 1) % 10)).sentence()
        assert "However they are turned, no more look right" in sentence

    def test_an_export_of_digitres_can_be_looked_at(self, tmp_path: Path, draw: Draw) -> None:
        draw(7)
        draw(3)
        export_drawings(tmp_path / "out", ("jsonl", "npz"), read_records())
        assert look(tmp_path / "out").sentence() == "The model reads 2 of 2 as they are labelled."

    def test_ten_are_on_a_sheet_one_of_each(self, sideways: Path, tmp_path: Path) -> None:
        outlook = look(sideways)
        write_sheet(outlook, tmp_path / "sheet.png")
        with Image.open(tmp_path / "sheet.png") as sheet:
            assert sheet.width == 10 * 112
        write_sheet(outlook, tmp_path / "sheet.html")
        text = (tmp_path / "sheet.html").read_text()
        assert re.findall(r"label: (\d)", text) == [str(label) for label in sorted(set(Y))][:10] or len(set(Y)) < 10
        assert text.count("data:image/png") == 10
        assert "Transposed?" in text

    def test_the_command_stores_nothing_in_a_preview(
        self, sideways: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("import_drawings", str(sideways), preview=tmp_path / "look.png")
        assert "Nothing was stored." in capsys.readouterr().out
        assert (tmp_path / "look.png").exists()
        assert not Drawing.objects.exists()

    def test_the_command_stops_where_pictures_lie_on_their_side(self, sideways: Path) -> None:
        with pytest.raises(CommandError, match="--as-it-is"):
            call_command("import_drawings", str(sideways))
        assert not Drawing.objects.exists()

    def test_the_command_turns_them_and_puts_them_into_the_queue(
        self, sideways: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("import_drawings", str(sideways), transpose=True)
        assert "20 added" in capsys.readouterr().out
        waiting = Drawing.objects.waiting()
        assert waiting.count() == 20
        assert all(drawing.suspicion is not None and drawing.review_priority > 0 for drawing in waiting)
        assert {drawing.model_version for drawing in waiting} == {ModelVersion.objects.get()}

    def test_labels_may_be_believed_where_somebody_says_so(self, tmp_path: Path) -> None:
        call_command("import_drawings", str(npz(tmp_path, X)), approve=True)
        assert Drawing.objects.trainable().count() == 20

    def test_a_label_that_is_none_imports_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"a\.npz, x\[1\]: label 10\. Nothing was imported"):
            call_command("import_drawings", str(npz(tmp_path, X[:2], [3, 10])), as_it_is=True)
        assert not Drawing.objects.exists()


def test_a_hundred_are_picked_by_lot_from_any_number() -> None:
    items = [Found(str(number), 1, lambda orientation: None) for number in range(5000)]  # type: ignore[arg-type,return-value]
    picked = [int(found.place) for found in pick(iter(items))]
    assert len(picked) == ASKED
    assert picked == sorted(picked)
    assert picked == [int(found.place) for found in pick(iter(items))]
    assert sum(number > 2500 for number in picked) in range(30, 71)

"""Out and back in: nothing is lost, nothing comes twice, nothing that is damaged comes at all."""

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from recognizer.imaging.decoding import decode_png, decode_stored, encode_png
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Contributor, Drawing
from tests.support.drawings import Draw
from tests.support.known import known
from training.exchange.exporting import FORMATS, export_drawings, read_drawings
from training.exchange.importing import BadExport, import_drawings

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(draw: Draw) -> list[Drawing]:
    evaluations = Contributor.objects.create(is_exam=True)
    return [draw(7, style=1), draw(2, style=1, strokes=False), draw(5, by=evaluations, label=NOT_A_DIGIT)]


@pytest.fixture
def folder(tmp_path: Path, three: list[Drawing]) -> Path:
    export_drawings(tmp_path / "out", FORMATS, read_drawings())
    return tmp_path / "out"


def facts() -> list[tuple[Any, ...]]:
    rows = Drawing.objects.select_related("contributor").order_by("id")
    return [(d.pk, bytes(d.png), d.strokes, d.label, d.content_hash, d.status, d.contributor.is_exam) for d in rows]


def test_export_comes_back_as_it_was(folder: Path) -> None:
    before = facts()
    Contributor.objects.all().delete()
    outcome = import_drawings(folder)
    assert (outcome.added, outcome.known, outcome.refused) == (3, 0, 0)
    assert facts() == before
    assert Contributor.objects.count() == 2
    assert known(Drawing.objects.first()).events.get().reason == "imported"


def test_importing_twice_changes_nothing(folder: Path) -> None:
    Contributor.objects.all().delete()
    import_drawings(folder)
    before = facts()
    outcome = import_drawings(folder)
    assert (outcome.added, outcome.known) == (0, 3)
    assert facts() == before
    assert Contributor.objects.count() == 2


def test_import_into_the_place_it_came_from_adds_nothing(folder: Path) -> None:
    assert import_drawings(folder).added == 0


@pytest.mark.parametrize("name", ["npz", "csv", "idx"])
def test_each_format_comes_back_as_the_network_saw_it(tmp_path: Path, three: list[Drawing], name: str) -> None:
    sent = sorted((drawing.label, drawing.image.tobytes()) for drawing in read_drawings())
    export_drawings(tmp_path / name, (name,), read_drawings())
    Contributor.objects.all().delete()
    status = Drawing.Status.WAITING if name == "idx" else Drawing.Status.APPROVED
    assert import_drawings(tmp_path / name, status).added == 3
    assert sorted((row.label, decode_png(bytes(row.png)).tobytes()) for row in Drawing.objects.all()) == sent
    assert import_drawings(tmp_path / name, status).added == 0


def test_drawing_that_an_older_release_stored_and_this_one_refuses_stays_behind(
    tmp_path: Path, three: list[Drawing]
) -> None:
    Drawing.objects.filter(pk=three[0].pk).update(png=encode_png(np.zeros((280, 280), "uint8")), strokes=None)
    assert export_drawings(tmp_path / "out", FORMATS, read_drawings())["drawings"] == 2


def test_ink_that_covers_the_border_comes_back_as_ink(tmp_path: Path, three: list[Drawing]) -> None:
    ink = np.full((40, 40), 255, "uint8")
    ink[8:32, 8:32] = 0  # a ring, cropped tightly
    Drawing.objects.filter(pk=three[1].pk).update(png=encode_png(ink))
    export_drawings(tmp_path / "out", ("jsonl",), read_drawings())
    Drawing.objects.all().delete()
    import_drawings(tmp_path / "out")
    assert (decode_stored(bytes(Drawing.objects.get(pk=three[1].pk).png)) == ink).all()


def test_idx_does_not_say_who_is_examined_so_a_reviewer_must_look(tmp_path: Path, three: list[Drawing]) -> None:
    export_drawings(tmp_path / "idx", ("idx",), read_drawings())
    with pytest.raises(BadExport, match="for review"):
        import_drawings(tmp_path / "idx")


def test_file_that_the_manifest_does_not_name_is_not_read(tmp_path: Path, three: list[Drawing], draw: Draw) -> None:
    export_drawings(tmp_path / "npz", ("npz",), read_drawings())
    draw(8)
    export_drawings(tmp_path / "more", ("jsonl",), read_drawings())
    (tmp_path / "more" / "drawings.jsonl.gz").rename(tmp_path / "npz" / "drawings.jsonl.gz")
    Contributor.objects.all().delete()
    assert import_drawings(tmp_path / "npz").added == 3


def test_only_approved_drawings_leave_by_default(tmp_path: Path, three: list[Drawing], draw: Draw) -> None:
    draw(9, status=Drawing.Status.WAITING)
    assert len(list(read_drawings())) == 3
    assert len(list(read_drawings(all_labelled=True))) == 4


def test_npz_is_what_numpy_reads(folder: Path) -> None:
    with np.load(folder / "drawings.npz", allow_pickle=False) as arrays:
        assert arrays["x"].shape == (3, 28, 28)
        assert arrays["x"].dtype == np.uint8
        assert sorted(arrays["y"]) == [2, 7, NOT_A_DIGIT]
        assert len(set(arrays["writer"])) == 2


def test_idx_is_what_mnist_readers_read(folder: Path) -> None:
    raw = (folder / "drawings-images-idx3-ubyte").read_bytes()
    assert struct.unpack(">IIII", raw[:16]) == (0x803, 3, 28, 28)
    assert len(raw) == 16 + 3 * 784
    assert (folder / "drawings-labels-idx1-ubyte").read_bytes()[:8] == struct.pack(">II", 0x801, 3)


def test_no_token_or_id_of_a_contributor_leaves(folder: Path) -> None:
    lines = gzip.decompress((folder / "drawings.jsonl.gz").read_bytes()).decode()
    for contributor in Contributor.objects.all():
        assert contributor.token.hex not in lines.replace("-", "")
    assert {json.loads(line)["writer"] for line in lines.splitlines()} == {0, 1}


def test_the_same_drawings_give_the_same_bytes(tmp_path: Path, three: list[Drawing]) -> None:
    first = export_drawings(tmp_path / "a", FORMATS, read_drawings())
    assert export_drawings(tmp_path / "b", FORMATS, read_drawings()) == first


def test_changed_file_is_refused(folder: Path) -> None:
    with (folder / "drawings.jsonl.gz").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadExport, match=r"drawings\.jsonl\.gz is not the file"):
        import_drawings(folder)


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadExport, match="is not an export"):
        import_drawings(tmp_path)


def test_manifest_cannot_name_files_elsewhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {"../secret": {"sha256": "0", "bytes": 1}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadExport):
        import_drawings(folder)


def test_what_is_no_drawing_is_counted_and_left_out(tmp_path: Path, three: list[Drawing]) -> None:
    lines = [{"id": "no uuid", "label": 3, "png": ""}, {"label": 77}, {"label": 3, "png": "AAAA"}]
    folder = tmp_path / "bad"
    export_drawings(folder, ("jsonl",), iter(()))
    content = gzip.compress("\n".join([*map(json.dumps, lines), "{no JSON", "[]"]).encode())
    (folder / "drawings.jsonl.gz").write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    import hashlib

    manifest["files"]["drawings.jsonl.gz"]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    outcome = import_drawings(folder)
    assert (outcome.added, outcome.refused) == (0, 5)


def test_import_for_review_puts_drawings_into_the_queue(folder: Path) -> None:
    Contributor.objects.all().delete()
    call_command("import_drawings", str(folder), for_review=True)
    assert set(Drawing.objects.values_list("status", flat=True)) == {"waiting"}
    assert not Drawing.objects.trainable().exists()


def test_command_writes_what_was_asked_for(
    tmp_path: Path, three: list[Drawing], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_drawings", str(tmp_path / "x"), formats="jsonl,idx")
    assert "3 drawings in" in capsys.readouterr().out
    assert (tmp_path / "x" / "manifest.json").exists()


def test_command_refuses_unknown_formats_and_full_folders(tmp_path: Path, three: list[Drawing]) -> None:
    with pytest.raises(CommandError, match="No such format: pickle"):
        call_command("export_drawings", str(tmp_path / "x"), formats="pickle")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(CommandError, match="is not empty"):
        call_command("export_drawings", str(tmp_path / "full"))

"""Quick Draw's ndjson, UNIPEN and InkML: paths, labels and places; no database."""

import json
from pathlib import Path

import pytest

from recognizer.errors import InvalidDrawing
from training.exchange import stroke_files
from training.exchange.reading import BadExport

SEVEN = [[[0.0, 0.0], [10.0, 0.0], [4.0, 20.0]], [[2.0, 10.0], [9.0, 10.0]]]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_quick_draw_simplified_and_raw(tmp_path: Path) -> None:
    simplified = {"word": "seven", "drawing": [[[0, 10, 4], [0, 0, 20]], [[2, 9], [10, 10]]]}
    raw = {"word": "7", "drawing": [[[0.5], [1.5], [30]]]}
    ours = {"label": 7, "strokes": SEVEN, "writer": 4}
    path = write(tmp_path / "a.ndjson", "\n\n".join(map(json.dumps, (simplified, raw, ours))))
    first, second, third = stroke_files.ndjson(path)
    assert (first.place, first.label, first.strokes) == ("a.ndjson, line 1", 7, SEVEN)
    assert (second.place, second.label, second.strokes) == ("a.ndjson, line 3", "7", [[[0.5, 1.5, 30]]])
    assert (third.label, third.strokes, third.writer) == (7, SEVEN, 4)


@pytest.mark.parametrize(
    "line",
    ["{no", "[]", "7", '{"drawing": []}', '{"word": "7"}', '{"word": "7", "drawing": [[[1], [1, 2]]]}',
     '{"word": "7", "drawing": [[[1]]]}', "[" * 100_000],
)  # fmt: skip
def test_a_line_of_another_kind_is_said(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "a.ndjson", json.dumps({"word": "7", "drawing": []}) + "\n" + line)
    with pytest.raises(BadExport, match=r"a\.ndjson, line 2: no drawing"):
        list(stroke_files.ndjson(path))


INKML = """<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">{channels}
<annotation type="writer">somebody</annotation>{body}</ink>"""


def test_inkml_of_one_drawing(tmp_path: Path) -> None:
    body = '<annotation type="truth">7</annotation><trace id="a">0 0, 10 0, 4 20</trace><trace>2 10,9 10,</trace>'
    (found,) = stroke_files.inkml(write(tmp_path / "a.inkml", INKML.format(channels="", body=body)))
    assert (found.place, found.label, found.strokes) == ("a.inkml", "7", SEVEN)


def test_inkml_of_several_with_channels_of_its_own(tmp_path: Path) -> None:
    channels = '<traceFormat><channel name="T"/><channel name="Y"/><channel name="X"/></traceFormat>'
    body = (
        '<trace xml:id="t1">5 0 1, 6 2 3</trace><traceGroup><annotation type="label">4</annotation>'
        '<traceView traceDataRef="#t1"/></traceGroup><traceGroup><annotation type="label">9</annotation>'
        "<trace>7 8 9</trace></traceGroup>"
    )
    four, nine = stroke_files.inkml(write(tmp_path / "a.inkml", INKML.format(channels=channels, body=body)))
    assert (four.label, four.strokes, four.place) == ("4", [[[1, 0, 5], [3, 2, 6]]], "a.inkml, group 1")
    assert (nine.label, nine.strokes) == ("9", [[[9, 8, 7]]])


@pytest.mark.parametrize("points", ["'1 2", "1", "a b"])
def test_inkml_in_another_notation_is_said(tmp_path: Path, points: str) -> None:
    path = write(tmp_path / "a.inkml", INKML.format(channels="", body=f"<trace>1 1, {points}</trace>"))
    with pytest.raises(BadExport, match="plain numbers"):
        list(stroke_files.inkml(path))


UNIPEN = """.VERSION 1.0
.COORD X Y T
.WRITER_ID w3
{segments}
"""
DOWN_7 = ".PEN_DOWN\n0 20 100\n10 20 110\n4 0 120\n.PEN_UP\n3 5 130\n.PEN_DOWN\n2 10 140\n9 10 150\n.PEN_UP\n"
DOWN_1 = ".PEN_DOWN\n5 20 200\n5 0 210\n.PEN_UP\n"
STROKES_7 = [[[0, 0, 100], [10, 0, 110], [4, 20, 120]], [[2, 10, 140], [9, 10, 150]]]
STROKES_1 = [[[5, 0, 200], [5, 20, 210]]]


@pytest.mark.parametrize(
    "segments",
    [
        f'.SEGMENT DIGIT 0-3 ? "7"\n{DOWN_7}.SEGMENT DIGIT 4-5 OK "1"\n{DOWN_1}',  # counted through
        f'.SEGMENT DIGIT 0-2 ? "7"\n{DOWN_7}.SEGMENT DIGIT 0 ? "1"\n{DOWN_1}',  # counted anew
        f'.SEGMENT DIGIT 0,2 ? "7"\n.SEGMENT DIGIT 4:0-4:1 ? "1"\n.SEGMENT LINE 0-5\n{DOWN_7}{DOWN_1}',  # beforehand
    ],
)
def test_unipen_counts_components_in_one_of_three_ways(tmp_path: Path, segments: str) -> None:
    seven, one = stroke_files.unipen(write(tmp_path / "a.dat", UNIPEN.format(segments=segments)))
    assert (seven.label, seven.strokes, seven.writer) == ("7", STROKES_7, "w3")
    assert (one.label, one.strokes) == ("1", STROKES_1)
    assert seven.place == "a.dat, line 4"


@pytest.mark.parametrize("segments", [DOWN_7, '.SEGMENT DIGIT 0 ? "7"\n.PEN_DOWN\n5\n'])
def test_unipen_without_labels_or_points_is_said(tmp_path: Path, segments: str) -> None:
    with pytest.raises(BadExport, match=r"a\.dat"):
        list(stroke_files.unipen(write(tmp_path / "a.dat", UNIPEN.format(segments=segments))))


def test_a_path_is_laid_on_a_canvas_of_its_own() -> None:
    strokes, (width, height) = stroke_files.on_a_canvas([[[100, 200, 5000], [110, 240, 5010]]])
    assert strokes == [[[6.0, 6.0, 0.0], [16.0, 46.0, 10.0]]]
    assert (width, height) == (22.0, 52.0)


@pytest.mark.parametrize("strokes", [[], [[]]])
def test_no_points_are_no_drawing(strokes: list[list[list[float]]]) -> None:
    with pytest.raises(InvalidDrawing):
        stroke_files.on_a_canvas(strokes)

"""Icons as pen paths: pictures in few strokes, by many designers; most are no digit, each is a form of its own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.svgLib.path import parse_path
from fontTools.svgLib.path.shapes import PathBuilder

from recognizer.imaging.strokes import Strokes, bounding_box
from recognizer.labels import NOT_A_DIGIT
from training.data import datasets
from training.data.datasets import UNDECIDED, StrokeDrawing

FILES = ("tabler-nodes-outline.json", "icon-nodes.json")  # of Tabler and of Lucide, whose lines are strokes of one pen
POINTS_A_CURVE = 9
LONGEST = 7.0  # times the icon's size; with more line in it, nothing takes it for a digit

# Words in the name of what is some hand's digit, or looks like it: learned as no digit, it would have people's digits refused.
# What is "off" has a line across it, as a slashed 0 has.
WORDS = {"number", "numbers", "letter", "letters", "alphabet", "roman", "binary", "exposure", "percentage", "off"}
WORDS |= {"slash", "ban", "cancel", "dashed", "dotted", "ease", "signal", "chevron"}
LOOK_ALIKES = Path(__file__).parent / "sources" / "icon_look_alikes.txt"  # found with the baseline before


def load_icons() -> list[StrokeDrawing]:
    """Read the icons under `icons` of the data folder, or where `make material` puts them; maybe none.

    Returns:
        One drawing for each that is simple enough, its `name` what it shows; UNDECIDED where that could be a digit.
    """
    folders = [folder / "icons" for folder in (datasets.data_dir(), datasets.cache_dir()) if folder]
    paths = sorted(path for folder in folders for name in FILES for path in folder.rglob(name))
    alike = set(LOOK_ALIKES.read_text(encoding="utf-8").split())
    simple = [icon for path in paths for icon in _read(path) if _is_simple(icon)]
    return [replace(icon, label=UNDECIDED) if _could_be_a_digit(icon.name, alike) else icon for icon in simple]


def _could_be_a_digit(name: str, alike: set[str]) -> bool:
    return name in alike or not WORDS.isdisjoint(name.split("-"))


def _read(path: Path) -> list[StrokeDrawing]:
    icons = json.loads(path.read_text(encoding="utf-8"))
    return [StrokeDrawing(NOT_A_DIGIT, path.stem, _strokes(parts), name) for name, parts in sorted(icons.items())]


def _strokes(parts: list[tuple[str, dict[str, str]]]) -> Strokes:
    """The pen's paths of an SVG's elements, each a name and its attributes."""
    builder, pen = PathBuilder(), PathPen()
    for tag, attributes in parts:
        builder.add_path_from_element(Element(tag, {key: str(value) for key, value in attributes.items()}))
    for path in builder.paths:
        parse_path(path, pen)
    return pen.strokes


class PathPen(BasePen):  # type: ignore[misc]  # fontTools has no types
    """Collects what it is led along as strokes: lists of [x, y]. The parser leads it back to the start of a closed path."""

    def __init__(self) -> None:
        super().__init__(glyphSet={})
        self.strokes: Strokes = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 (the base class's names)
        self.strokes.append([list(pt)])

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.strokes[-1].append(list(pt))

    def _curveToOne(self, pt1: Any, pt2: Any, pt3: Any) -> None:  # noqa: N802
        t = np.linspace(0, 1, POINTS_A_CURVE)[1:, np.newaxis]
        start, first, second, end = (np.array(p) for p in (self.strokes[-1][-1], pt1, pt2, pt3))
        curve = (1 - t) ** 3 * start + 3 * t * (1 - t) ** 2 * first + 3 * t**2 * (1 - t) * second + t**3 * end
        self.strokes[-1].extend(curve.tolist())


def _is_simple(icon: StrokeDrawing) -> bool:
    left, top, right, bottom = bounding_box(icon.strokes)
    lengths = [np.hypot(*np.diff(np.array(stroke), axis=0).T).sum() for stroke in icon.strokes]
    return bool(0 < sum(lengths) < LONGEST * max(right - left, bottom - top))

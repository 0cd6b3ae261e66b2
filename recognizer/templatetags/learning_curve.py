"""The learning curve as SVG geometry: numbers in, coordinates out; the template draws."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from django import template

from recognizer.formatting import percent
from recognizer.version_card import GROWING, NO_DIGITS

register = template.Library()

WIDTH, HEIGHT = 640, 300  # user units; the page scales the drawing
LEFT, RIGHT, TOP, BOTTOM = 76, 612, 16, 236
GRID_STEPS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]  # of accuracy, between two lines
MOST_LINES = 6
MOST_TICKS = 6  # labels under the axis; a phone has room for no more
DODGE = 9  # units between the dots of one version, or their intervals hide each other


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    low: float | None
    high: float | None
    is_held: bool
    title: str


@dataclass(frozen=True)
class Line:
    name: str
    index: int
    path: str
    dots: list[Dot] = field(default_factory=list)


@register.inclusion_tag("pages/_learning_curve.html")
def learning_curve(versions: list[dict]) -> dict:
    """Draw accuracy by version, one line an exam; versions that the gate held are dots off the line.

    A line breaks where a frozen exam had other questions, as on a machine that has only a sample of MNIST.
    """
    ordered = [_without_refusals(version) for version in sorted(versions, key=lambda version: version["number"])]
    names = list(dict.fromkeys(exam["name"] for version in ordered for exam in version["exams"]))
    floor, step = _scale(ordered)

    def height(accuracy: float) -> float:
        return round(BOTTOM - (accuracy - floor) / (1 - floor) * (BOTTOM - TOP), 1)

    columns = {version["number"]: _column(i, len(ordered)) for i, version in enumerate(ordered)}
    return {
        "size": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "bottom": BOTTOM},
        "lines": [_line(name, i - (len(names) - 1) / 2, i, ordered, columns, height) for i, name in enumerate(names)],
        "grid": [(height(level), percent(level, 0 if step >= 0.01 else 1)) for level in _levels(floor, step)],
        "ticks": [(columns[v["number"]], v["number"], v.get("drawings")) for v in _ticked(ordered)],
    }


def _without_refusals(version: dict) -> dict:
    return version | {"exams": [exam for exam in version["exams"] if exam["name"] != NO_DIGITS]}


def _ticked(versions: list[dict]) -> list[dict]:
    """Choose the versions that are named under the axis: the newest, and back from it at even steps."""
    return versions[::-1][:: len(versions) // (MOST_TICKS + 1) + 1]


def _line(
    name: str, place: float, index: int, versions: list[dict], columns: dict, height: Callable[[float], float]
) -> Line:
    dodge = place * min(DODGE, (RIGHT - LEFT) / len(versions) / 8)
    dots, path, asked = [], "", None
    for version in versions:
        exam = next((exam for exam in version["exams"] if exam["name"] == name), None)
        if exam is None:
            continue
        low, high = exam.get("low"), exam.get("high")
        title = f"version {version['number']}, {exam.get('title', name)}: {percent(exam['accuracy'], 2)}"
        bounds: tuple[float | None, float | None] = (None, None) if low is None else (height(low), height(high))
        held = bool(version.get("held"))
        x = round(columns[version["number"]] + dodge, 1)
        dots.append(Dot(x, height(exam["accuracy"]), *bounds, held, title))
        if not held:
            path += f"{'L' if asked == exam['n'] or (asked and name == GROWING) else 'M'}{x} {dots[-1].y}"
            asked = exam["n"]
    title = next(exam.get("title", name) for v in versions for exam in v["exams"] if exam["name"] == name)
    return Line(title, index % MOST_LINES, path, dots)


def _column(index: int, count: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * (index + 0.5) / count, 1)


def _scale(versions: list[dict]) -> tuple[float, float]:
    """Choose the accuracy at the bottom and the step between lines, so that no more than five fit."""
    lowest = min((_lowest(exam) for v in versions for exam in v["exams"]), default=0.9)
    step = next((step for step in GRID_STEPS if (1 - lowest) / step <= 5), 0.2)
    # a step is left above it even where every exam was passed without a mistake
    return max(0.0, min(math.floor(lowest / step) * step, 1 - step)), step


def _lowest(exam: dict) -> float:
    return exam["accuracy"] if exam.get("low") is None else exam["low"]


def _levels(floor: float, step: float) -> list[float]:
    return [floor + i * step for i in range(round((1 - floor) / step) + 1)]

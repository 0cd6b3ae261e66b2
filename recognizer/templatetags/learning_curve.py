"""The learning curve as SVG geometry: versions in, coordinates out; the template draws."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django import template
from django.utils.translation import gettext

from recognizer import words
from recognizer.charts import Plot, grid, named
from recognizer.exams import ExamSpec
from recognizer.formatting import percent
from recognizer.version_card import ExamResult, VersionProgress

register = template.Library()

WIDTH, HEIGHT = 640, 300  # user units; the page scales the drawing
LEFT, RIGHT, TOP, BOTTOM = 76, 612, 16, 236
MOST_STEPS = 5  # of the grid
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
def learning_curve(versions: Sequence[VersionProgress]) -> dict[str, Any]:
    """Draw accuracy by version, one line an exam; versions that the gate held are dots off the line.

    A line breaks where a frozen exam had other questions, as on a machine that has only a sample of MNIST.
    """
    ordered = [_without_refusals(version) for version in sorted(versions, key=lambda version: version.number)]
    exams = list(dict.fromkeys(result.exam for version in ordered for result in version.exams))
    levels = grid(min((_lowest(result) for version in ordered for result in version.exams), default=0.9), 1, MOST_STEPS)
    plot = Plot(LEFT, RIGHT, TOP, BOTTOM, levels[0], levels[-1])
    columns = {version.number: round(plot.column(i, len(ordered)), 1) for i, version in enumerate(ordered)}
    dodge = min(DODGE, (RIGHT - LEFT) / max(1, len(ordered)) / 8)
    return {
        "size": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "bottom": BOTTOM},
        "lines": [
            _line(exam, i, ordered, {n: x + (i - (len(exams) - 1) / 2) * dodge for n, x in columns.items()}, plot)
            for i, exam in enumerate(exams)
        ],
        "grid": [(_y(plot, level), words.share(text)) for level, text in named(levels)],
        "ticks": [(columns[version.number], version.number, version.drawings) for version in _ticked(ordered)],
    }


def _without_refusals(version: VersionProgress) -> VersionProgress:
    return replace(version, exams=[result for result in version.exams if not result.exam.is_refusal])


def _ticked(versions: list[VersionProgress]) -> list[VersionProgress]:
    """Choose the versions that are named under the axis: the newest, and back from it at even steps."""
    return versions[::-1][:: len(versions) // (MOST_TICKS + 1) + 1]


def _line(exam: ExamSpec, index: int, versions: list[VersionProgress], columns: dict[int, float], plot: Plot) -> Line:
    dots, path, asked = [], "", 0
    for version in versions:
        result = next((result for result in version.exams if result.exam == exam), None)
        if result is None:
            continue
        dots.append(_dot(version, result, round(columns[version.number], 1), plot))
        if not version.held:
            goes_on = asked == result.n or (asked and exam.is_growing)
            path += f"{'L' if goes_on else 'M'}{dots[-1].x} {dots[-1].y}"
            asked = result.n
    return Line(exam.title, index % MOST_LINES, path, dots)


def _dot(version: VersionProgress, result: ExamResult, x: float, plot: Plot) -> Dot:
    low, high = (None if share is None else _y(plot, share) for share in (result.low, result.high))
    title = gettext("version {number}, {exam}: {share}")
    if version.held:
        title = gettext("version {number}, {exam}: {share}, held by the gate")
    share = words.share(percent(result.accuracy, 2))
    title = title.format(number=version.number, exam=gettext(result.exam.title), share=share)
    return Dot(x, _y(plot, result.accuracy), low, high, version.held, title)


def _y(plot: Plot, share: float) -> float:
    return round(plot.y(share), 1)


def _lowest(result: ExamResult) -> float:
    return result.accuracy if result.low is None else result.low

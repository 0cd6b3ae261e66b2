"""Numbers -> the points of a small SVG. The templates draw; a table stands behind each chart for who cannot see it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from recognizer.exam_reports import ReliabilityBin
from recognizer.formatting import percent

WIDTH, HEIGHT = 640, 200  # user units; the picture scales with its column
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 28  # room for the axes' words
STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # between two lines of the grid
MOST_STEPS = 4
MOST_NAMES = 12  # below the axis; more would run into each other


@dataclass(frozen=True)
class Plot:
    """Where values stand in a picture: its inner edges in user units, y downwards, and the shares at bottom and top."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float

    def y(self, share: float) -> float:
        return self.top + (self.bottom - self.top) * (1 - (share - self.low) / (self.high - self.low))

    def x(self, place: int, count: int) -> float:
        """Of one of so many points, the first and the last at the edges."""
        return self.left + (self.right - self.left) / max(1, count - 1) * place

    def column(self, place: int, count: int) -> float:
        """The middle of one of so many columns of equal width."""
        return self.left + (self.right - self.left) * (place + 0.5) / count


def grid(low: float, high: float, most_steps: int) -> list[float]:
    """Return the shares where lines of the grid stand: round, two or more, from at most `low` to at least `high`."""
    step = next((step for step in STEPS if (high - low) / step <= most_steps), STEPS[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    return [step * place for place in range(first, last + 1)]


def named(levels: list[float]) -> list[tuple[float, str]]:
    """Each line of a grid with its share in words, as exact as the step between two of them."""
    digits = 1 if levels[1] - levels[0] < 0.0099 else 0  # a step of 0.01 is not quite that in floating point
    return [(level, percent(level, digits)) for level in levels]


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    name: str
    text: str


@dataclass(frozen=True)
class Line:
    title: str
    points: list[Point]

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


@dataclass(frozen=True)
class Chart:
    """Lines over named places, 0..1 or part of it upwards. `ticks` are (y, text), `names` are (x, text)."""

    lines: list[Line]
    ticks: list[tuple[float, str]]
    names: list[tuple[float, str]]
    table: list[tuple[str, list[str]]] = field(default_factory=list)
    addresses: Sequence[str] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def rows(self) -> list[tuple[str, str, list[str]]]:
        """The table with the address of the rows behind each of its lines, or ""."""
        addresses = self.addresses or [""] * len(self.table)
        return [(name, address, values) for (name, values), address in zip(self.table, addresses, strict=True)]

    @property
    def is_worth_drawing(self) -> bool:
        return any(len(line.points) > 1 for line in self.lines)


def share_chart(
    names: Sequence[str],
    series: dict[str, Sequence[float | None]],
    *,
    low: float | None = None,
    addresses: Sequence[str] = (),
) -> Chart:
    """Draw shares (0..1, None where there is none) of several series over the same names, from left to right.

    Args:
        low: where the upward axis starts; None lets it start a little under the smallest share.
        addresses: of the rows behind each name.
    """
    values = [value for line in series.values() for value in line if value is not None]
    levels = grid(min(values, default=0.0) if low is None else low, max(values, default=1.0), MOST_STEPS)
    plot = Plot(LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, levels[0], levels[-1])
    xs = [plot.x(place, len(names)) for place in range(len(names))]
    every = max(1, -(-len(names) // MOST_NAMES))
    return Chart(
        [
            Line(
                title,
                [
                    Point(x, plot.y(value), name, percent(value, 2))
                    for x, name, value in zip(xs, names, line, strict=True)
                    if value is not None
                ],
            )
            for title, line in series.items()
        ],
        [(plot.y(level), text) for level, text in named(levels)],
        list(zip(xs, names, strict=True))[::every],
        [(name, [percent(line[place], 2) for line in series.values()]) for place, name in enumerate(names)],
        addresses,
    )


@dataclass(frozen=True)
class Bin:
    """Answers of about the same confidence: how sure they were, how often they were right, how many they are."""

    confidence: float
    accuracy: float
    n: int

    @property
    def x(self) -> float:
        return 100 * self.confidence

    @property
    def y(self) -> float:
        return 100 * (1 - self.accuracy)

    @property
    def radius(self) -> float:
        return min(5.0, 1.2 + math.sqrt(self.n) / 10)

    @property
    def text(self) -> str:
        return f"{percent(self.confidence, 1)} sure, {percent(self.accuracy, 1)} right, {self.n:,} answers"

    @property
    def columns(self) -> tuple[str, str, str]:
        return percent(self.confidence, 1), percent(self.accuracy, 1), f"{self.n:,}"


@dataclass(frozen=True)
class Reliability:
    """How honest a version was about how sure it is, on one set of drawings."""

    title: str
    bins: list[Bin]

    @property
    def answers(self) -> str:
        count = sum(one.n for one in self.bins)
        return f"{count:,} answer{'' if count == 1 else 's'}"


def read_bins(kept: list[ReliabilityBin]) -> list[Bin]:
    """Read the bins of an exam's report."""
    return [Bin(one["confidence"], one["accuracy"], one["n"]) for one in kept]


def reliability(answers: Sequence[tuple[float, bool]], bins: int = 10) -> list[Bin]:
    """Bin (confidence, was right) pairs evenly: an honest model's points lie on the diagonal."""
    heaps: dict[int, list[tuple[float, bool]]] = {}
    for confidence, hit in answers:
        heaps.setdefault(min(bins - 1, int(confidence * bins)), []).append((confidence, hit))
    return [
        Bin(sum(c for c, _ in heap) / len(heap), sum(hit for _, hit in heap) / len(heap), len(heap))
        for _, heap in sorted(heaps.items())
    ]

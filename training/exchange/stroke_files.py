"""Pen paths of strangers: Quick Draw's ndjson, UNIPEN and InkML. Labels are as the file has them, checked by who asks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from recognizer.errors import InvalidDrawing
from recognizer.imaging.strokes import Strokes, bounding_box
from training.exchange import reading
from training.exchange.reading import BadExport

MARGIN = 0.15  # of the path's longer side, around it
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TRUTHS = ("truth", "label", "digit", "class")  # what an InkML annotation with the label is called
SEGMENT = re.compile(r'\.SEGMENT\s+(\w+)\s+(\S+)\s+\S+\s+"([^"]*)"')
SEGMENT_BARE = re.compile(r"\.SEGMENT\s+(\w+)\s+(\S+)")


@dataclass(frozen=True)
class Traced:
    place: str
    label: object
    strokes: Strokes
    writer: object = 0


def on_a_canvas(strokes: Strokes) -> tuple[Strokes, tuple[float, float]]:
    """Move a path so that it lies on a canvas with a margin around it. Times begin at 0.

    Raises:
        InvalidDrawing: it has no points.
    """
    if not strokes or not all(strokes):
        raise InvalidDrawing("empty", "There is nothing drawn.")
    left, top, right, bottom = bounding_box(strokes)
    longer = max(right - left, bottom - top, 1.0)
    margin = MARGIN * longer
    begin = min((point[2] for stroke in strokes for point in stroke if len(point) > 2), default=0.0)
    moved = [
        [
            [point[0] - left + margin, point[1] - top + margin, *(time - begin for time in point[2:3])]
            for point in stroke
        ]
        for stroke in strokes
    ]
    return moved, (right - left + 2 * margin, bottom - top + 2 * margin)


# Quick Draw: {"word": "seven", "drawing": [[[x, ...], [y, ...], [t, ...]], ...]}, one a line; times only in the raw files


def ndjson(path: Path) -> Iterator[Traced]:
    """Read one drawing a line; also lines of {"label", "strokes": [[[x, y, t], ...], ...]}.

    Raises:
        BadExport: a line is none, with its number.
    """
    for number, text in reading.lines(path):
        if not text.strip():
            continue
        place = f"{path.name}, line {number}"
        try:
            raw = reading.json_of(text)
            label = next(raw[name] for name in ("word", "label", "digit") if name in raw)
            strokes = raw["strokes"] if "strokes" in raw else [_points(stroke) for stroke in raw["drawing"]]
        except (ValueError, LookupError, TypeError, StopIteration) as error:
            raise BadExport(f"{place}: no drawing as Quick Draw has them ({error or 'no word'}).") from error
        named = NAMES.index(label.lower()) if isinstance(label, str) and label.lower() in NAMES else label
        yield Traced(place, named, strokes, raw.get("writer", 0))


def _points(columns: Any) -> list[list[float]]:
    """Turn [[x, ...], [y, ...], [t, ...]?] into points."""
    if len(columns) not in (2, 3) or len({len(column) for column in columns}) != 1:
        raise ValueError("a stroke is not two or three lists of one length")
    return [list(point) for point in zip(*columns, strict=True)]


# InkML, https://www.w3.org/TR/InkML/


def inkml(path: Path) -> Iterator[Traced]:
    """Read the drawings of a file: each trace group that says what it is, or all traces together.

    Raises:
        BadExport: points in another notation than plain numbers.
    """
    root = reading.xml_of(path)
    traces = {key: trace for trace in _all(root, "trace") if (key := _id(trace))}
    channels = [channel.get("name", "").upper() for channel in _all(root, "channel")] or ["X", "Y"]
    groups = [group for group in _all(root, "traceGroup") if _truth(group) is not None]
    if groups and _truth(root) is None:
        for number, group in enumerate(groups, 1):
            inside = [*_all(group, "trace"), *_referred(group, traces)]
            yield _traced(f"{path.name}, group {number}", _truth(group), inside, channels, path)
        return
    yield _traced(path.name, _truth(root), list(_all(root, "trace")), channels, path)


def _traced(place: str, label: str | None, traces: list[Element], channels: list[str], path: Path) -> Traced:
    if "X" not in channels or "Y" not in channels:
        raise BadExport(f"{path.name}: its points have no X and Y.")
    return Traced(place, label, [_trace(trace.text or "", channels, place) for trace in traces])


def _trace(text: str, channels: list[str], place: str) -> list[list[float]]:
    x, y = channels.index("X"), channels.index("Y")
    time = channels.index("T") if "T" in channels else None
    points = []
    for part in text.split(","):
        if not part.strip():
            continue
        try:
            values = [float(value) for value in part.split()]
            points.append([values[x], values[y], *([values[time]] if time is not None else [])])
        except (ValueError, LookupError) as error:
            raise BadExport(f"{place}: {part.strip()[:40]!r} is no point in plain numbers.") from error
    return points


def _all(element: Element, name: str) -> Iterator[Element]:
    """Its descendants of that name, whatever the namespace."""
    return (one for one in element.iter() if one.tag.rpartition("}")[2] == name)


def _truth(element: Element) -> str | None:
    """What an element's own annotation says it is."""
    own = (child for child in element if child.tag.rpartition("}")[2] == "annotation")
    return next((one.text or "" for one in own if one.get("type", "").lower() in TRUTHS), None)


def _id(trace: Element) -> str | None:
    return next((value for name, value in trace.attrib.items() if name.rpartition("}")[2] == "id"), None)


def _referred(group: Element, traces: dict[str, Element]) -> list[Element]:
    names = [view.get("traceDataRef", "").lstrip("#") for view in _all(group, "traceView")]
    return [traces[name] for name in names if name in traces]


# UNIPEN 1.0 (Guyon et al. 1994): components are counted from 0, pen down and pen up alike; y grows upwards


@dataclass
class _Component:
    is_down: bool
    points: list[list[float]]


@dataclass
class _Segment:
    line: int
    label: str
    ranges: list[tuple[int, int]]
    first: int  # component that is written next where the segment stands
    writer: object


def unipen(path: Path) -> Iterator[Traced]:
    """Read the segments of a file that are labelled, whether their components come before, behind or all together.

    Raises:
        BadExport: coordinates that are no numbers, with their line.
    """
    components: list[_Component] = []
    segments: list[_Segment] = []
    names, writer = ["X", "Y"], "0"
    for number, line in enumerate(reading.document(path).splitlines(), 1):
        text = line.strip()
        word = text.split(maxsplit=1)[0] if text else ""
        if word == ".COORD":
            names = text.upper().split()[1:]
        elif word in (".PEN_DOWN", ".PEN_UP"):
            components.append(_Component(word == ".PEN_DOWN", []))
        elif word == ".WRITER_ID":
            writer = text.partition(" ")[2].strip()
        elif word == ".SEGMENT" and (segment := _segment(text, number, len(components), writer)):
            segments.append(segment)
        elif text and text[0] in "-+.0123456789" and not word[1:2].isalpha() and components:
            components[-1].points.append(_coordinates(text, names, path, number))
    if not segments:
        raise BadExport(f"{path.name} has no .SEGMENT with a label.")
    highest = max((point[1] for one in components for point in one.points), default=0.0)
    for segment, strokes in zip(segments, _strokes_of(segments, components), strict=True):
        upright = [[[x, highest - y, *time] for x, y, *time in stroke] for stroke in strokes]
        yield Traced(f"{path.name}, line {segment.line}", segment.label, upright, segment.writer)


def _segment(text: str, line: int, first: int, writer: str) -> _Segment | None:
    matched = SEGMENT.match(text)
    if matched is None:
        if SEGMENT_BARE.match(text):
            return None  # of a page or a line: it has no label
        raise ValueError(f"line {line}: {text[:40]!r} is no segment")
    return _Segment(line, matched[3], _ranges(matched[2]), first, writer)


def _ranges(text: str) -> list[tuple[int, int]]:
    """Read "0-2,5" or "3:10-5:20", where points within a component are left out of account."""
    found = []
    for part in text.split(","):
        ends = [re.match(r"\d+", end) for end in part.split("-")]
        if ends and all(ends):
            numbers = [int(end[0]) for end in ends if end]
            found.append((numbers[0], numbers[-1]))
    return found


def _coordinates(text: str, names: list[str], path: Path, line: int) -> list[float]:
    try:
        values = dict(zip_longest(names, (float(value) for value in text.split()[: len(names)])))
        point = [values["X"], values["Y"]]
    except (ValueError, LookupError, TypeError) as error:
        raise BadExport(f"{path.name}, line {line}: {text[:40]!r} is no point.") from error
    if None in point:
        raise BadExport(f"{path.name}, line {line}: {text[:40]!r} is no point.")
    time = values.get("T")
    return [float(value) for value in (*point, *([time] if time is not None else [])) if value is not None]


def _strokes_of(segments: list[_Segment], components: list[_Component]) -> Iterator[Strokes]:
    """Give each segment its strokes.

    Some files count components anew in each segment, and those that stand between it and the next are meant.
    """
    starts = [segment.ranges[0][0] if segment.ranges else 0 for segment in segments]
    is_counted_through = len(set(starts)) == len(starts) and max(starts) < max(len(components), 1)
    for place, segment in enumerate(segments):
        following = segments[place + 1].first if place + 1 < len(segments) else len(components)
        mine = components[segment.first : following]
        if is_counted_through and segment.ranges:
            mine = [one for low, high in segment.ranges for one in components[low : high + 1]]
        yield [one.points for one in mine if one.is_down and one.points]

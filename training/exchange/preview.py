"""A look before an import: ten drawings on a sheet, and what the champion makes of a hundred. Nothing is stored."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from uuid import UUID

import numpy as np
from django.utils.functional import cached_property
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer import registry
from recognizer.errors import InvalidDrawing
from recognizer.imaging.decoding import data_url, encode_png
from recognizer.imaging.pixels import to_grey
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import ModelVersion
from recognizer.submissions import Submission
from training.exchange import reading
from training.exchange.arrivals import check_line
from training.exchange.exporting import MANIFEST
from training.exchange.importing import check_manifest, export_rows, richest
from training.exchange.orientation import AS_IT_IS, Orientation, orientations
from training.exchange.reading import BadExport
from training.exchange.sources import Found, find_source, strict_label

ASKED = 100  # drawings the champion looks at: a file that lies sideways shows in far fewer
SHOWN = 10
SEED = 0  # the same file, the same hundred
ENOUGH = 0.8  # of the hundred agree: nobody has to look for another orientation
BETTER = 0.25  # of the hundred: so many more must agree for another orientation to be suggested,
FEWEST = 10  # drawings from which anything is suggested: a few digits look right upside down, too
PLAUSIBLE = 0.5  # and so many in all
TILE, TEXT = 112, 34  # pixels of the sheet
NOTHING = UUID(int=0)


@dataclass(frozen=True)
class Sample:
    """Drawings of a file, picked by lot, as the champion may read them."""

    drawings: list[Found]
    model: CalibratedModel

    def answers(self, orientation: Orientation) -> list[int | None]:
        """What the champion reads in each: a digit, NOT_A_DIGIT where it refuses, None where there is nothing to read."""
        images = [_image(found, orientation) for found in self.drawings]
        there = [image for image in images if image is not None]
        if not there:
            return [None] * len(images)
        together = self.model.predict_all(np.stack(there))
        read = iter(range(len(there)))
        answers: list[int | None] = []
        for image in images:
            if image is None:
                answers.append(None)
                continue
            digit = self.model.interpret(together, next(read)).digit
            answers.append(NOT_A_DIGIT if digit is None else digit)
        return answers


@dataclass(frozen=True)
class Outlook:
    """What an import would bring. `agreeing` counts, by orientation, the drawings that the champion reads as labelled."""

    sample: Sample
    chosen: Orientation

    @property
    def asked(self) -> int:
        return len(self.sample.drawings)

    @cached_property
    def agreeing(self) -> dict[Orientation, int]:
        labels = [label_of(found) for found in self.sample.drawings]

        def count(orientation: Orientation) -> int:
            return sum(a == b for a, b in zip(self.sample.answers(orientation), labels, strict=True) if b is not None)

        counts = {self.chosen: count(self.chosen)}
        if counts[self.chosen] < ENOUGH * self.asked:
            counts |= {other: count(other) for other in orientations() if other != self.chosen}
        return counts

    @property
    def suggestion(self) -> Orientation | None:
        """The orientation in which far more look right, if there is one."""
        best = max(self.agreeing, key=lambda one: self.agreeing[one])  # the plainest of equals
        gain = self.agreeing[best] - self.agreeing[self.chosen]
        plausible = self.agreeing[best] >= PLAUSIBLE * self.asked
        return best if self.asked >= FEWEST and plausible and gain >= max(1, BETTER * self.asked) else None

    def sentence(self) -> str:
        """Say what the champion makes of it, and what to try."""
        start = f"The model reads {self.agreeing[self.chosen]} of {self.asked} as they are labelled."
        better = self.suggestion
        if better is not None:
            how = f"with {better.options()}" if better.options() else "without any of these options"
            return f"{start} {_guess(better)} It reads {self.agreeing[better]} of them {how}."
        if self.agreeing[self.chosen] < PLAUSIBLE * self.asked:
            return f"{start} However they are turned, no more look right: are these digits, and their labels?"
        return start


def _guess(better: Orientation) -> str:
    words = {"transpose": "transposed", "flip": "upside down", "mirror": "mirrored", "invert": "inverted"}
    named = [word for name, word in words.items() if getattr(better, name)]
    return f"{' and '.join(named).capitalize()}?" if named else "Turned too far?"


def look(path: Path, orientation: Orientation = AS_IT_IS) -> Outlook:
    """Pick drawings of whatever `import_drawings` takes, and load the champion to read them.

    Raises:
        BadExport: it cannot be read.
    """
    if (path / MANIFEST).is_file():
        files, _ = check_manifest(path)
        items: Iterable[Found] = _of_export(path, richest(files))
    else:
        items = find_source(path).items()
    return outlook_of(items, orientation)


def outlook_of(items: Iterable[Found], orientation: Orientation) -> Outlook:
    drawings = pick(items)
    if not drawings:
        raise BadExport("There are no drawings in it.")
    registry.ensure_baseline()
    return Outlook(Sample(drawings, registry.load_model(ModelVersion.objects.get(is_champion=True))), orientation)


def pick(items: Iterable[Found]) -> list[Found]:
    """Choose ASKED of any number by lot, in one pass, in their order (Vitter 1985, algorithm R)."""
    lot, kept = random.Random(SEED), dict[int, tuple[int, Found]]()  # noqa: S311  nothing is secret here
    for number, found in enumerate(items):
        place = number if number < ASKED else lot.randrange(number + 1)
        if place < ASKED:
            kept[place] = (number, found)
    return [found for _, found in sorted(kept.values(), key=lambda pair: pair[0])]


def _of_export(folder: Path, name: str) -> Iterable[Found]:
    for place, raw in export_rows(folder, name):
        try:
            arrival = raw(NOTHING) if callable(raw) else check_line(raw, NOTHING)
        except BadExport:
            raise
        except reading.UNREADABLE:
            continue
        yield Found(place, arrival.label, _as_it_is(arrival.submission))


def _as_it_is(submission: Submission) -> Callable[[Orientation], Submission]:
    return lambda orientation: submission


def label_of(found: Found) -> int | None:
    return NOT_A_DIGIT if found.label == NOT_A_DIGIT else strict_label(found.label)


def _image(found: Found, orientation: Orientation) -> NDArray[np.uint8] | None:
    try:
        return to_grey(found.load(orientation).image)
    except BadExport:
        raise
    except reading.UNREADABLE:  # InvalidDrawing is one of them
        return None


# the sheet


def write_sheet(outlook: Outlook, path: Path) -> None:
    """Write ten drawings, one of each label where there are, as .html or else as a PNG picture."""
    chosen = _one_of_each(outlook.sample.drawings)
    few = Sample(chosen, outlook.sample.model)
    rows = list(zip(chosen, few.answers(outlook.chosen), strict=True))
    if path.suffix.lower() in (".html", ".htm"):
        path.write_text(_html(rows, outlook), encoding="utf-8")
    else:
        _png(rows, outlook.chosen).save(path, "PNG")


def _one_of_each(drawings: list[Found]) -> list[Found]:
    firsts = list({label_of(found): found for found in reversed(drawings)}.values())
    others = [found for found in drawings if not any(found is first for first in firsts)]
    return sorted([*firsts, *others][:SHOWN], key=_place)


def _place(found: Found) -> int:
    label = label_of(found)
    return NOT_A_DIGIT + 1 if label is None else label


def _ink(found: Found, orientation: Orientation) -> NDArray[np.uint8]:
    try:
        return found.load(orientation).ink
    except (InvalidDrawing, ValueError):
        return np.zeros((28, 28), "uint8")


def _words(found: Found, answer: int | None) -> tuple[str, str]:
    read = {None: "not readable", NOT_A_DIGIT: "read: refused"}.get(answer, f"read: {answer}")
    return f"label: {str(found.label)[:10]}", read


def _png(rows: list[tuple[Found, int | None]], orientation: Orientation) -> Image.Image:
    sheet = Image.new("L", (TILE * len(rows), TILE + TEXT), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for place, (found, answer) in enumerate(rows):
        picture = Image.fromarray(255 - _ink(found, orientation))
        picture.thumbnail((TILE - 8, TILE - 8))
        if max(picture.size) < TILE // 2:
            scale = (TILE - 8) // max(picture.size)
            picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
        sheet.paste(picture, (place * TILE + (TILE - picture.width) // 2, (TILE - picture.height) // 2))
        for line, words in enumerate(_words(found, answer)):
            pen.text((place * TILE + 6, TILE + 15 * line), words, 0, font)
    return sheet


def _html(rows: list[tuple[Found, int | None]], outlook: Outlook) -> str:
    figures = "\n".join(
        f'<figure><img src="{data_url(encode_png(_ink(found, outlook.chosen)))}" alt="" height="112">'
        f"<figcaption>{escape(', '.join(_words(found, answer)))}<br><small>{escape(found.place)}</small></figcaption></figure>"
        for found, answer in rows
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Before the import</title>'
        "<style>body{font:1rem sans-serif}figure{display:inline-block;margin:.5rem}img{background:#fff}</style>"
        f"<p>{escape(outlook.sentence())}</p>\n{figures}\n</html>\n"
    )

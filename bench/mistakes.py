"""Contact sheets of what an exam's drawings were misread as: some labels turn out to be wrong, some digits could be two."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from recognizer.imaging.preprocessing import FRAME
from recognizer.labels import NOT_A_DIGIT
from training.evaluation.reports import Exam, Report

COLUMNS = 16
TILE = 2 * FRAME + 4  # px, with the space between two
CAPTION = 12  # px


def draw_sheet(exam: Exam, report: Report, path: Path) -> int:
    """Write a PNG of the wrong answers, ordered by what was drawn, each captioned "drawn > said". Returns how many."""
    wrong = np.flatnonzero(report.answers != report.labels)
    wrong = wrong[np.argsort(report.labels[wrong], kind="stable")]
    if not len(wrong):
        return 0
    rows = -(-len(wrong) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * TILE, rows * (TILE + CAPTION)), 255)
    pen = ImageDraw.Draw(sheet)
    for place, question in enumerate(wrong):
        y, x = divmod(place, COLUMNS)
        ink = (255 - exam.images[question, ..., 0] * 255).round().astype("uint8")
        sheet.paste(Image.fromarray(ink).resize((2 * FRAME, 2 * FRAME)), (x * TILE, y * (TILE + CAPTION) + CAPTION))
        drawn, said = (_word(int(label[question])) for label in (report.labels, report.answers))
        pen.text((x * TILE, y * (TILE + CAPTION)), f"{drawn} > {said}", fill=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return len(wrong)


def _word(label: int) -> str:
    return "none" if label == NOT_A_DIGIT else str(label)

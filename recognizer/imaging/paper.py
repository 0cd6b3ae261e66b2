"""Ink and paper told apart, in pictures from anywhere: canvases, screenshots, scans, photographs, printed boxes.

What a canvas sends is even paper and sharp ink, and passes through untouched. What is mended is found by what cannot be
a drawing: alpha that is a sheet's and not a pen's, paper that changes slowly, thin straight lines along the sheet's edges.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.stroke_width import measure_radius

MIN_ALPHA_RANGE = 8  # of 255; below, alpha is the same everywhere and the colours hold the drawing
SHEET_SHARE = 0.5  # of the picture; what is opaque over more is a sheet, no pen covers it
OPAQUE = 230  # of 255; less, at a sheet's edge, is a shadow or a rounded corner
EVEN = 14  # grey levels; paper whose border varies by no more is even
BETWEEN = 0.4  # of the border that is no paper: so much is neither paper nor ink where the light is uneven
STEPS = 128  # in which one walks around the border,
STEEPEST = 0.12  # of the whole range of greys: what usually changes in one of them
LIGHT_GRID = 64  # px, longer side of the picture from which the light is told
SMALLEST_LIT = 32  # px, shorter side; smaller pictures were made by a program, in even light
LIGHT_REACH = 0.3  # of that side: nothing that a pen leaves is wider
RESIDUE = 0.2  # of full ink, in uneven light: less is what the estimate of the light left
LINE = 8  # of 255; a frame's line may be as pale
RIM_SHARE = 0.95  # of an outermost row have one grey where it is a rim,
RIM_STEP = 0.8  # and of the first row inside it so many have another
ZONE = 0.14  # of a side: a frame's line is as near to the edge
WIDEST = 0.025  # of the picture's longer side: a frame's line is thin
BOX_LENGTH = 0.68  # of the picture's side: a box's line
RULE_LENGTH = 0.96  # of the picture's side: a line by itself runs through from edge to edge,
SOFT = 1  # px: a line's own soft edge,
BESIDE = 0.6  # of its length: less is inked beyond that, else it is a part of something thicker
RULE_PEN = 0.6  # and is thinner than the pen that drew the rest
LEAST_LEFT = 0.1  # of the picture's longer side: what a frame holds, if it holds a drawing

Where = tuple[NDArray[np.bool_], NDArray[np.bool_]]  # rows (H,) and columns (W,)


def ink_of_grey(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return how far each pixel is from the paper: uint8 (H, W) grey -> uint8 (H, W), 0 = paper.

    Paper is what the border mostly is; where the border is not even, it is what the neighbourhood mostly is.
    """
    border = _border(grey)
    even = border[0]
    if (border == even).all() and 2 * np.count_nonzero(grey == even) > grey.size:
        return without_frame(
            cv2.absdiff(grey, np.full_like(grey, even))
        )  # a canvas: what follows would find the same paper
    grey = _without_rim(grey)
    border = _border(grey)
    if min(grey.shape) >= SMALLEST_LIT and _changes_slowly(border):
        return without_frame(_ink_in_uneven_light(grey))
    return without_frame(cv2.absdiff(grey, np.full_like(grey, round(float(np.median(border))))))


def _changes_slowly(border: NDArray[np.uint8]) -> bool:
    """Has the border (N,) many greys that change little by little, as in uneven light? Ink that touches it has an edge."""
    low, middle, high = np.percentile(border, (5, 50, 95))
    far = low if middle - low > high - middle else high
    if abs(middle - far) <= EVEN:
        return False
    other = np.abs(border - middle) > EVEN
    between = other & (np.abs(border - far) > EVEN)
    if np.count_nonzero(between) <= BETWEEN * np.count_nonzero(other):
        return False
    step = len(border) // STEPS
    smooth = np.convolve(border.astype("float32"), np.ones(step) / step, "same")
    steps = np.abs(np.roll(smooth, step) - smooth)[between]
    return bool(np.median(steps) <= STEEPEST * abs(middle - far))


def is_a_pens(alpha: NDArray[np.uint8]) -> bool:
    """Is uint8 (H, W) alpha what a pen left on nothing? It varies then, and is opaque over the smaller part."""
    least, most, _, _ = cv2.minMaxLoc(alpha)
    return (
        most - least >= MIN_ALPHA_RANGE
        and cv2.countNonZero((alpha >= OPAQUE).view(np.uint8)) <= SHEET_SHARE * alpha.size
    )


def ink_of_alpha(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a pen's alpha as ink: uint8 (H, W)."""
    return without_frame(alpha)


def ink_of_sheet(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As `ink_of_grey`, for a sheet that has alpha of its own: round corners, a shadow, or the same everywhere.

    Where a sheet has one colour alone, what was drawn is where it is not opaque.

    Args:
        grey: uint8 (H, W), what the colours are without alpha.
        alpha: uint8 (H, W), 255 = opaque.
    """
    least, most, _, _ = cv2.minMaxLoc(alpha)
    if most - least < MIN_ALPHA_RANGE:
        return ink_of_grey(grey)
    opaque = alpha >= OPAQUE
    return ink_of_grey(_laid_on_paper(grey, opaque) if np.ptp(grey[opaque]) > EVEN else alpha)


def _laid_on_paper(grey: NDArray[np.uint8], opaque: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Paint what is not of the sheet in the grey that the sheet mostly has along its edge."""
    edge = opaque & (cv2.erode(opaque.view(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) == 0)
    return np.where(opaque, grey, np.uint8(np.median(grey[edge]))).astype("uint8")


def _border(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The outermost pixels, each once: (N,)."""
    return np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])


def _without_rim(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paint a rim of one grey, on any of the four sides, in the grey that the picture mostly has."""
    paper = float(np.median(grey))
    depths = [_rim_depth(side, paper) for side in (grey, grey[::-1], grey.T, grey.T[::-1])]
    if not any(depths):
        return grey
    top, bottom, left, right = depths
    inside = grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]
    painted: NDArray[np.uint8] = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_CONSTANT, value=paper)
    return painted


def _rim_depth(grey: NDArray[np.uint8], paper: float) -> int:
    """How many first rows are a rim: each of one grey that is not the paper's, and few of them."""
    first = float(np.median(grey[0]))
    if abs(first - paper) <= LINE:
        return 0
    for depth in range(min(_widest(grey.shape), len(grey) // 4) + 1):
        alike = (np.abs(grey[depth] - first) <= LINE).mean()
        if alike < RIM_SHARE:
            return depth if alike <= 1 - RIM_STEP else 0
    return 0


def _ink_in_uneven_light(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Subtract the paper's own grey, told from where there is no ink: everywhere a pen's width away there is paper."""
    height, width = grey.shape
    scale = min(1.0, LIGHT_GRID / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    is_dark = float(np.median(small)) >= float(small.mean())  # ink is the smaller part
    reach = 2 * round(LIGHT_REACH * max(size) / 2) + 1
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    light = cv2.morphologyEx(small, cv2.MORPH_CLOSE if is_dark else cv2.MORPH_OPEN, window)
    light = cv2.GaussianBlur(light, (0, 0), reach / 4)
    paper = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    # what is lighter than the light is no ink where ink is dark, and the other way round
    ink = cv2.subtract(paper, grey) if is_dark else cv2.subtract(grey, paper)
    without_residue = cv2.subtract(ink, RESIDUE * float(ink.max()))
    stretched: NDArray[np.uint8] = cv2.convertScaleAbs(without_residue, alpha=1 / (1 - RESIDUE))
    return stretched


def without_frame(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take away thin straight lines along the edges, if a drawing is left: a printed box, a window's border, a ruled line.

    uint8 (H, W) in and out; the same array where there is no such line.
    """
    inked = cv2.threshold(ink, LINE - 1, 1, cv2.THRESH_BINARY)[1]
    by_row = cv2.reduce(inked, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    by_column = cv2.reduce(inked, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    for find in (_box_lines, _ruled_lines):
        rows, columns = find(by_row, by_column)
        if not (rows.any() or columns.any()):
            continue
        left = ink.copy()
        left[rows] = 0
        left[:, columns] = 0
        if _is_a_drawing(left, ink) and (find is _box_lines or _is_thinner(rows, columns, left)):
            return left
    return ink


def _box_lines(by_row: NDArray[np.int32], by_column: NDArray[np.int32]) -> Where:
    """The lines of a box, all four or none, from how many pixels of each row and column are inked."""
    sides = [_side_lines(by_row, len(by_column), BOX_LENGTH), _side_lines(by_column, len(by_row), BOX_LENGTH)]
    if all(side.any() for pair in sides for side in pair):
        return sides[0][0] | sides[0][1], sides[1][0] | sides[1][1]
    return np.zeros(len(by_row), bool), np.zeros(len(by_column), bool)


def _ruled_lines(by_row: NDArray[np.int32], by_column: NDArray[np.int32]) -> Where:
    """Lines that run through the whole picture, any of the four."""
    first, last = _side_lines(by_row, len(by_column), RULE_LENGTH)
    left, right = _side_lines(by_column, len(by_row), RULE_LENGTH)
    return first | last, left | right


def _side_lines(filled: NDArray[np.int32], length: int, share: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows near the start and near the end are inked over a share of their length; none where they make a thick bar."""
    zone, wanted = max(1, round(ZONE * len(filled))), share * length
    found = []
    for start, end in ((0, zone), (len(filled) - zone, len(filled))):
        lines = np.zeros(len(filled), bool)
        rows = start + np.flatnonzero(filled[start:end] >= wanted)
        if len(rows) and rows[-1] - rows[0] < _widest((len(filled), length)):
            beside = [row for row in (rows[0] - 1 - SOFT, rows[-1] + 1 + SOFT) if 0 <= row < len(filled)]
            lines[rows] = all(filled[row] < BESIDE * wanted for row in beside)
        found.append(lines)
    return found[0], found[1]


def _widest(shape: tuple[int, ...]) -> int:
    return math.ceil(WIDEST * max(shape))


def _is_a_drawing(left: NDArray[np.uint8], ink: NDArray[np.uint8]) -> bool:
    """Is what is left inside more than corners and crumbs? An empty box is a drawing itself: a 0 in straight lines."""
    if int(left.max()) < int(ink.max()) // 2:
        return False
    _, _, width, height = cv2.boundingRect((left > left.max() // 2).view(np.uint8))
    return bool(max(width, height) >= LEAST_LEFT * max(ink.shape))


def _is_thinner(rows: NDArray[np.bool_], columns: NDArray[np.bool_], left: NDArray[np.uint8]) -> bool:
    """Are the lines thinner than the pen of what is left?"""
    thickness = max(np.count_nonzero(rows), np.count_nonzero(columns))
    pen = 2 * measure_radius(np.where(left > left.max() // 2, 255, 0).astype("uint8"))
    return bool(thickness < RULE_PEN * pen)

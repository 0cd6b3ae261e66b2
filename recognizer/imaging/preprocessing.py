"""Ink -> 28 x 28 as MNIST's digits were made. The only copy: serving, training, review and export call this one.

MNIST: each digit fitted into 20 x 20, aspect kept, antialiased, then centred by mass in 28 x 28 (LeCun et al. 1998, III-A).
Ours: the fit is sub-pixel, so that the same drawing gives the same picture wherever it stands; the shift is clamped to the
4-pixel margin; a pen much thinner or thicker than MNIST's is made to look like MNIST's, and a line of dots is joined.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging import stroke_width
from recognizer.imaging.denoising import remove_noise
from recognizer.imaging.dotted_lines import FEWEST, join_dots
from recognizer.imaging.pixels import to_grey, to_input
from recognizer.imaging.strokes import Strokes, ink_points, points_of

PREPROCESSING_VERSION = 2

Box = tuple[float, float, float, float]  # left, top, right, bottom, to a part of a pixel

FRAME = 28  # px, side of what the network sees
BOX = 20  # px, longer side of the digit in it
CENTRE = 14.25  # px; the frame's middle is 14.0, and MNIST's own digits have their mass at 14.5 +- 0.29
EMPTY_INK = 24  # of 255; ink fainter than this everywhere is paper
HALF_INK = 128  # of 255; the least that is inside a box, see _crossings
SMALLEST_INK = 6  # px, longer side of ink; less is a speck from which no shape can be told
SMALLEST_SHARE = 0.05  # of the canvas's shorter side; the page's pen alone leaves a dot of 8 %
WORK = 4  # working pixels to one pixel of the frame: fine enough to change the pen's width
WORK_MARGIN = 3 * WORK  # working pixels around the box, room for the pen to grow
STROKE_PEN = 2.375  # px of the frame, near MNIST's median pen of 2.5: strokes are inked in it
MIN_PEN, MAX_PEN = (
    2.1,
    3.3,
)  # px of the frame; ink within is left as it is (MNIST train: 25th and 83rd percentile)
HAIRLINE_INK = 200  # of 255; where most ink is greyer after scaling down, the pen was a hair
PATH_PEN = 0.02  # of the canvas: a path has at least this pen's extent, however little it moved
SMALLEST_GROWTH = 0.05  # working pixels; less is not worth drawing the edge anew
GAP_REACH = 1.2  # of a pen that is too wide: narrower gaps beside it are opened before it is made thinner
PATH_ON_INK = 0.95  # share of a path's points that must lie on the ink, else the picture is of another drawing


def normalize_ink(ink: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Fit ink into the frame MNIST digits were fitted into.

    Args:
        ink: uint8 (H, W), 0 = paper, 255 = full ink.

    Returns:
        float32 (28, 28, 1) in [0.0, 1.0], white ink on black.

    Raises:
        InvalidDrawing: "empty" (no ink) or "too_small" (a speck).
    """
    if _is_framed(ink):
        return to_input(ink)
    clean = _clean(ink)
    return to_input(_centre(*_fit(*clean)))


def normalize_drawing(ink: NDArray[np.uint8], strokes: Strokes | None) -> NDArray[np.float32]:
    """As normalize_ink, or from the pen's path where that is known: no pen, canvas or browser shows then.

    The path is believed where the picture says something else: some browsers falsify what a page reads of its canvas.

    Raises:
        InvalidDrawing: as normalize_ink, or as normalize_strokes where there are strokes.
    """
    if strokes is None:
        return normalize_ink(ink)
    return normalize_strokes(strokes, sheet=min(ink.shape))


def normalize_strokes(
    strokes: Strokes, pen_width: float = STROKE_PEN, sheet: float | None = None
) -> NDArray[np.float32]:
    """Ink a path in MNIST's pen straight into the frame.

    Args:
        pen_width: px of the frame, see STROKE_PEN.
        sheet: the canvas's shorter side in the strokes' units; a path smaller than a speck on it is refused.

    Returns:
        float32 (28, 28, 1) in [0, 1].

    Raises:
        InvalidDrawing: "too_small".
    """
    points, counts = points_of(strokes)
    low = points.min(axis=0)
    across, down = (points.max(axis=0) - low).tolist()
    extent = max(across, down)
    if sheet is not None and extent + PATH_PEN * sheet < max(SMALLEST_INK, SMALLEST_SHARE * sheet):
        raise _speck()
    width = pen_width * WORK
    scale = (BOX * WORK - width) / max(extent, 1e-6)
    side = BOX * WORK + 2 * WORK_MARGIN
    work = ink_points((WORK_MARGIN + width / 2) + (points - low) * scale, counts, (side, side), width)
    if len(strokes) >= FEWEST:  # each is in one piece
        work = join_dots(work)
    far = WORK_MARGIN + width
    return to_input(_centre(work, (WORK_MARGIN, WORK_MARGIN, far + across * scale, far + down * scale)))


def _speck() -> InvalidDrawing:
    return InvalidDrawing("too_small", "That is only a speck. Draw a bit bigger.")


def preparation_steps(ink: NDArray[np.uint8], strokes: Strokes | None) -> list[tuple[str, NDArray[np.uint8]]]:
    """Show how ink becomes the network's input: (name, uint8 picture) for crop, fit and centre.

    Raises:
        InvalidDrawing: exactly where normalize_drawing does.
    """
    centred = normalize_drawing(ink, strokes)
    last = ("centre", to_grey(centred))
    try:
        clean, box = _clean(ink)
        work, _ = _fit(clean, box)
    except InvalidDrawing:
        return [last]  # a frame that is read as it is, or a picture that shows less than the path: nothing in between
    left, top, right, bottom = box
    crop = clean[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    return [("crop", crop), ("fit", work), last]


def _is_framed(ink: NDArray[np.uint8]) -> bool:
    """Is this already a 28 x 28 that was made as MNIST's were? Then it is read as it is."""
    if ink.shape != (FRAME, FRAME) or ink.max() < EMPTY_INK:
        return False
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    y, x = _centre_of_mass(ink)
    return BOX - 1 <= longer <= BOX and abs(y - 14.5) < 0.6 and abs(x - 14.5) < 0.6


def _clean(ink: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box]:
    """Stretch faint ink to full black and drop what is no part of the drawing. Returns the ink and its box."""
    if not ink.size or ink.max() < EMPTY_INK:
        raise InvalidDrawing("empty", "There is nothing drawn yet.")
    clean = _stretch(ink)
    left, top, right, bottom = box = _box(clean)
    if max(right - left, bottom - top) < max(SMALLEST_INK, SMALLEST_SHARE * min(ink.shape)):
        raise _speck()
    return clean, box


def _stretch(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Stretch ink to full black and drop stray dots; once more where nothing but a stray dot had been black."""
    darkest = int(ink.max())
    if darkest < 255:
        ink = cv2.convertScaleAbs(ink, alpha=255 / darkest)
    clean = remove_noise(ink)
    return clean if clean.max() >= HALF_INK else _stretch(clean)


def _fit(ink: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], Box]:
    """Scale ink to the working size and its pen to MNIST's. Returns the picture and the digit's box in it."""
    left, top, right, bottom = box
    scale = BOX * WORK / max(right - left, bottom - top)
    width, height = (right - left) * scale, (bottom - top) * scale
    size = round(width) + 2 * WORK_MARGIN, round(height) + 2 * WORK_MARGIN
    work = _enlarge(ink, scale, (left - WORK_MARGIN / scale, top - WORK_MARGIN / scale), size)
    work = join_dots(_without_hairlines(work))
    work, growth = _with_usual_pen(work)
    edge = WORK_MARGIN - growth
    return work, (edge, edge, WORK_MARGIN + width + growth, WORK_MARGIN + height + growth)


def _with_usual_pen(work: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Make a pen that MNIST's writers had not like theirs. Returns the picture and by how much its edge moved outwards."""
    radius = stroke_width.measure_radius(work)
    wanted = float(np.clip(radius, MIN_PEN * WORK / 2, MAX_PEN * WORK / 2))
    if wanted < radius:  # the loops of a fat pen are grey where they are small
        work = stroke_width.open_gaps(work, GAP_REACH * 2 * radius)
        radius = stroke_width.measure_radius(work)
        wanted = float(np.clip(radius, MIN_PEN * WORK / 2, MAX_PEN * WORK / 2))
    growth = wanted - radius
    return (stroke_width.grow(work, growth), growth) if abs(growth) > SMALLEST_GROWTH else (work, 0.0)


def _without_hairlines(work: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make lines black again that were thinner than a working pixel and came out grey."""
    counts = cv2.calcHist([work], [0], None, [256], [0, 256]).ravel()[EMPTY_INK:]
    total = int(counts.sum())
    if not total:
        raise InvalidDrawing("empty", "There are only scattered specks, no line.")
    level = EMPTY_INK + int(np.searchsorted(np.cumsum(counts), 0.75 * total))
    return work if level >= HAIRLINE_INK else cv2.convertScaleAbs(work, alpha=255 / level)


def _centre(work: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Reduce a working picture to the frame: its box 20 pixels long, its mass in the centre. Returns uint8 (28, 28)."""
    left, top, right, bottom = box
    unit = max(right - left, bottom - top) / BOX  # working pixels to one of the frame
    y, x = _centre_of_mass(work)
    x0 = _clamped(x - CENTRE * unit, left, right, unit)
    y0 = _clamped(y - CENTRE * unit, top, bottom, unit)
    fine = _enlarge(work, WORK / unit, (x0, y0), (FRAME * WORK, FRAME * WORK))
    frame: NDArray[np.uint8] = cv2.resize(fine, (FRAME, FRAME), interpolation=cv2.INTER_AREA)
    return frame


def _clamped(start: float, low: float, high: float, unit: float) -> float:
    """Keep the digit low..high inside a frame that starts at `start`: wide feet are clamped, not cut."""
    return min(max(start, high - FRAME * unit), low)


def _box(ink: NDArray[np.uint8]) -> Box:
    """Return left, top, right, bottom of the ink to a part of a pixel, where it crosses half of full ink."""
    left, right = _crossings(ink.max(axis=0))
    top, bottom = _crossings(ink.max(axis=1))
    return left, top, right, bottom


def _crossings(profile: NDArray[np.uint8]) -> tuple[float, float]:
    levels = profile / 255.0
    inside = np.flatnonzero(levels >= 0.5)
    first, last = int(inside[0]), int(inside[-1])
    before = levels[first - 1] if first else 0.0
    after = levels[last + 1] if last + 1 < len(levels) else 0.0
    # an edge within a pixel leaves its coverage there: full ink in the next pixel is what the coverage is a part of
    return first - before if before > 0 else first + (
        1 - levels[first]
    ), last + 1 + after if after > 0 else last + levels[last]


def _enlarge(
    ink: NDArray[np.uint8], scale: float, corner: tuple[float, float], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Cut `size` (width, height) pixels out of the ink at a scale, from a corner (x, y) of it on, which may lie beyond it.

    Large pictures are averaged by whole factors first, and what is left of the scale is interpolated.
    """
    factor = max(1, int(1 / scale))
    if factor > 1:
        left, top = (max(0, int(at)) // factor * factor for at in corner)
        far = [int(np.ceil(start + length / scale)) + factor for start, length in zip(corner, size, strict=True)]
        ink = ink[top : far[1], left : far[0]]
        bottom, right = (-side % factor for side in ink.shape)
        ink = cv2.copyMakeBorder(ink, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=0)
        ink = cv2.resize(ink, (ink.shape[1] // factor, ink.shape[0] // factor), interpolation=cv2.INTER_AREA)
        corner, scale = ((corner[0] - left) / factor, (corner[1] - top) / factor), scale * factor
    # a pixel's middle is at half of it, in the picture and in what is cut out of it
    matrix = np.array([[1 / scale, 0, corner[0] + 0.5 / scale - 0.5], [0, 1 / scale, corner[1] + 0.5 / scale - 0.5]])
    method = cv2.INTER_LINEAR if scale <= 1 else cv2.INTER_CUBIC
    cut: NDArray[np.uint8] = cv2.warpAffine(
        ink, matrix, size, flags=method | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return cut


def _centre_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Return y, x of the ink's mass; the first pixel's middle is 0.5."""
    moments = cv2.moments(ink)
    if not moments["m00"]:
        raise InvalidDrawing("empty", "There is nothing drawn yet.")
    return moments["m01"] / moments["m00"] + 0.5, moments["m10"] / moments["m00"] + 0.5


def is_of_strokes(ink: NDArray[np.uint8], strokes: Strokes) -> bool:
    """Do the strokes run along this ink, uint8 (H, W), and does all of the ink lie near them? Else it is of another drawing."""
    height, width = ink.shape
    points = np.array([point[:2] for stroke in strokes for point in stroke])
    # a pen that goes beyond the edge leaves no ink there
    points = np.clip(points, 0, (width, height))
    x, y = np.minimum(points[:, 0].astype(int), width - 1), np.minimum(points[:, 1].astype(int), height - 1)
    dark = ink >= max(EMPTY_INK, int(ink.max()) // 2)
    if not dark.any() or dark[y, x].mean() < PATH_ON_INK:
        return False
    left, top, width_of_ink, height_of_ink = cv2.boundingRect(dark.view(np.uint8))
    right, bottom = left + width_of_ink, top + height_of_ink
    reach = 0.08 * max(height, width)  # half of the widest pen that is drawn with, and a little
    return bool(
        points[:, 0].min() - reach <= left
        and points[:, 0].max() + reach >= right
        and points[:, 1].min() - reach <= top
        and points[:, 1].max() + reach >= bottom
    )

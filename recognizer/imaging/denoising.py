"""What on a canvas is no part of the drawing: a stray dot far from the rest must not shrink the digit.

A line that a fast mouse left as dots is the drawing: its dots are many and near each other, so they stand together.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

GRID = 24  # cells along the longer side of the ink's box
BRIDGE = 2  # cells; ink that near stands together, so gaps up to 4-8 % of the drawing are bridged
STRAY_MASS = 0.04  # of the main ink: more is a part of the drawing
STRAY_EXTENT = 4  # cells: longer is a line, and lines are drawn on purpose
INK = 96  # of 255; fainter cells are the soft edge of others


def remove_noise(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ink without stray dots. uint8 (H, W) in and out; the same array when there are none."""
    left, top, width, height = cv2.boundingRect((ink >= INK).view(np.uint8))
    cell = max(1, -(-max(width, height) // GRID))
    mass = _cell_mass(ink[top : top + height, left : left + width], cell)
    # cells grown by one to the right and below touch exactly where at most one empty cell is between them
    near = cv2.dilate((mass > 0).view(np.uint8), np.ones((BRIDGE, BRIDGE), np.uint8), anchor=(0, 0))
    count, groups = cv2.connectedComponents(near)
    if count <= 2:  # the paper and one group
        return ink
    groups[mass == 0] = 0
    weights = np.bincount(groups.ravel(), mass.ravel(), count)[1:]
    light = weights < STRAY_MASS * weights.max()
    kept = ink.copy()
    for group in np.flatnonzero(light) + 1:
        ys, xs = np.nonzero(groups == group)
        if max(np.ptp(ys), np.ptp(xs)) < STRAY_EXTENT:
            for y, x in zip(top + ys * cell, left + xs * cell, strict=True):
                kept[y : y + cell, x : x + cell] = 0
    return kept


def _cell_mass(box: NDArray[np.uint8], cell: int) -> NDArray[np.float32]:
    """Sum the ink in square cells; the last row and column may be cut."""
    height, width = (-(-side // cell) for side in box.shape)
    ink = cv2.threshold(box, INK - 1, 0, cv2.THRESH_TOZERO)[1]
    padded = cv2.copyMakeBorder(
        ink, 0, height * cell - box.shape[0], 0, width * cell - box.shape[1], cv2.BORDER_CONSTANT, value=0
    )
    mean = cv2.resize(padded.astype("float32"), (width, height), interpolation=cv2.INTER_AREA)
    mass: NDArray[np.float32] = mean * cell**2
    return mass

"""What on a canvas is no part of the drawing: a stray dot far from the rest must not shrink the digit.

A line that a fast mouse left as dots is the drawing: its dots are many and near each other, so they stand together.
"""

import numpy as np
from numpy.typing import NDArray

GRID = 24  # cells along the longer side of the ink's box: few enough to walk in Python in 0.1 ms
BRIDGE = 2  # cells; ink that near stands together, so gaps up to 4-8 % of the drawing are bridged
STRAY_MASS = 0.04  # of the main ink: more is a part of the drawing
STRAY_EXTENT = 4  # cells: longer is a line, and lines are drawn on purpose
INK = 96  # of 255; fainter cells are the soft edge of others


def remove_noise(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ink without stray dots. uint8 (H, W) in and out; the same array when there are none."""
    rows, columns = np.flatnonzero((ink >= INK).any(axis=1)), np.flatnonzero((ink >= INK).any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    box = ink[top : rows[-1] + 1, left : columns[-1] + 1]
    cell = max(1, -(-max(box.shape) // GRID))
    mass = _cell_mass(box, cell)
    groups = _groups(mass)
    if len(groups) == 1:
        return ink
    weights = [sum(float(mass[c]) for c in group) for group in groups]
    kept = ink.copy()
    for group, weight in zip(groups, weights, strict=True):
        if weight < STRAY_MASS * max(weights) and _extent(group) <= STRAY_EXTENT:
            for y, x in group:
                kept[top + y * cell : top + (y + 1) * cell, left + x * cell : left + (x + 1) * cell] = 0
    return kept


def _cell_mass(box: NDArray[np.uint8], cell: int) -> NDArray[np.uint32]:
    """Sum the ink in square cells; the last row and column may be cut."""
    height, width = (-(-side // cell) * cell for side in box.shape)
    padded = np.zeros((height, width), "uint32")
    padded[: box.shape[0], : box.shape[1]] = np.where(box >= INK, box, 0)
    mass: NDArray[np.uint32] = padded.reshape(height // cell, cell, width // cell, cell).sum(
        axis=(1, 3), dtype="uint32"
    )
    return mass


def _groups(mass: NDArray[np.uint32]) -> list[list[tuple[int, int]]]:
    """Split the cells that have ink into groups that stand apart by more than BRIDGE cells."""
    row = mass.shape[1] + BRIDGE  # a cell is one number, with room so that no step wraps into the next row
    steps = [dy * row + dx for dy in range(-BRIDGE, BRIDGE + 1) for dx in range(-BRIDGE, BRIDGE + 1)]
    left = {int(y) * row + int(x) for y, x in np.argwhere(mass)}
    groups = []
    while left:
        group = [left.pop()]
        for cell in group:  # grows while it is walked
            for step in steps:
                if cell + step in left:
                    left.remove(cell + step)
                    group.append(cell + step)
        groups.append([divmod(cell, row) for cell in group])
    return groups


def _extent(group: list[tuple[int, int]]) -> int:
    ys, xs = [c[0] for c in group], [c[1] for c in group]
    return max(max(ys) - min(ys), max(xs) - min(xs)) + 1

"""A line that was left as dots: a fast mouse is asked for its place too seldom, a stylus skips. A hand would have joined them."""

import cv2
import numpy as np
from numpy.typing import NDArray

INSIDE = 128  # of 255
FEWEST = 6  # dots that make a line
MOST = 96  # pieces; more is a texture
DOT = 1.9  # times the thickness of the usual piece: no longer than this is a dot
DOTS_SHARE = 0.5  # of the ink must be dots
FARTHEST = 2.6  # times the usual step from dot to dot: nothing is joined over more
CLOSING = 1.25  # times the usual step: a ring's last dot is as near to its first one


def join_dots(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw the line of which dots were left; what is no dotted line comes back as the same array.

    The dots are joined by their minimum spanning tree (Prim 1957), without its long edges, and where a loop closes.

    Args:
        ink: uint8 (H, W).
    """
    inside = (ink >= INSIDE).view(np.uint8)
    if not FEWEST < cv2.connectedComponents(inside, connectivity=8)[0] <= MOST:  # the paper is one of them
        return ink
    _, _, stats, middles = cv2.connectedComponentsWithStats(inside, connectivity=8)
    sizes, areas, middles = stats[1:, 2:4], stats[1:, 4].astype("float64"), middles[1:]
    thickness = float(np.median(sizes.min(axis=1)))
    dots = sizes.max(axis=1) <= DOT * thickness + 1
    if dots.sum() < FEWEST or areas[dots].sum() < DOTS_SHARE * areas.sum():
        return ink
    pen = max(1, round(float(np.median(sizes[dots].mean(axis=1)))))
    joined = ink.copy()
    for one, other in _edges(middles):
        ends = [tuple(round(16 * value) for value in middles[dot].tolist()) for dot in (one, other)]
        cv2.line(joined, ends[0], ends[1], 255, max(1, pen - 1), cv2.LINE_AA, shift=4)
    return joined


def _edges(places: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs of (N, 2) places that a line joins."""
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    tree, reached = [], np.zeros(len(places), bool)
    reached[0] = True
    nearest, source = distances[0].copy(), np.zeros(len(places), "int64")
    for _ in range(len(places) - 1):
        nearest[reached] = np.inf
        new = int(nearest.argmin())
        tree.append((int(source[new]), new))
        reached[new] = True
        closer = distances[new] < nearest
        nearest[closer], source[closer] = distances[new][closer], new
    step = float(np.median([distances[edge] for edge in tree]))
    ends = np.bincount(np.array(tree).ravel(), minlength=len(places)) == 1
    closing = [
        (int(i), int(j))
        for i, j in zip(*np.nonzero(np.triu(distances <= CLOSING * step)), strict=True)
        if (ends[i] or ends[j]) and (int(i), int(j)) not in tree and (int(j), int(i)) not in tree
    ]
    return [edge for edge in tree if distances[edge] <= FARTHEST * step] + closing

"""The pen's width, measured from ink and changed: a round pen's stroke grows or shrinks by moving its edge."""

import numpy as np
from numpy.typing import NDArray

REACH = 14  # px, as far as distances are told; a stroke wider than twice this counts as this wide


def measure_radius(ink: NDArray[np.uint8]) -> float:
    """Estimate half the pen's width in pixels from uint8 (H, W) ink.

    Across a stroke of radius r the distance to the edge runs evenly from 0 to r, so its mean is r / 2. The mean moves
    smoothly with the pen, where the median jumps from pixel to pixel.
    """
    inside = ink >= 128
    distances = distance_to(~inside)[inside] - 0.5  # from the pixel's middle to the edge
    return 2 * float(distances.mean()) if distances.size else 0.5


def grow(ink: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    """Move the ink's edge outwards by `by` pixels (inwards if negative). Returns uint8 ink, antialiased."""
    inside = ink >= 128
    if by > 0:
        signed = 0.5 - distance_to(inside)
    else:
        signed = distance_to(~inside) - 0.5
    grown: NDArray[np.uint8] = (np.clip(signed + by + 0.5, 0, 1) * 255).round().astype("uint8")
    return grown


def distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of each pixel to the nearest True one, up to about REACH. Returns float32 (H, W).

    Separable: the nearest along the row by running maxima, then the nearest of those within REACH rows.
    """
    height, width = mask.shape
    columns = np.arange(width, dtype="int32")
    far = 4 * REACH
    last = np.maximum.accumulate(np.where(mask, columns, -far), axis=1)
    following = np.minimum.accumulate(np.where(mask, columns, width + far)[:, ::-1], axis=1)[:, ::-1]
    squared = np.minimum(np.minimum(columns - last, following - columns), far).astype("int32") ** 2
    padded = np.full((height + 2 * REACH, width), far * far, "int32")
    padded[REACH:-REACH] = squared
    nearest = squared.copy()
    for step in range(1, REACH + 1):
        above, below = (
            padded[REACH - step : REACH - step + height],
            padded[REACH + step : REACH + step + height],
        )
        np.minimum(nearest, np.minimum(above, below) + step * step, out=nearest)
    distances: NDArray[np.float32] = np.sqrt(nearest, dtype="float32")
    return distances

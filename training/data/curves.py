"""Smooth curves through points that were written down: digits, letters, doodles and the golden set are made of them."""

import numpy as np
from numpy.typing import NDArray


def curve_through(
    points: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64], steps: int
) -> NDArray[np.float64]:
    """Run a uniform Catmull-Rom spline (Catmull & Rom 1974) through points.

    Args:
        points: (N, 2), two at least.
        before, after: (2,), where it would come from and go on to: they bend the ends.
        steps: places a segment.

    Returns:
        (steps * (N - 1) + 1, 2): each segment's places from its start on, and the last point.
    """
    a, b, c, d = (np.vstack([before, points, after])[i : i + len(points) - 1, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.vstack([curve.reshape(-1, 2), points[-1]])

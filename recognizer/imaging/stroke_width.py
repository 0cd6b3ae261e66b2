"""The pen's width, measured from ink and changed: a round pen's stroke grows or shrinks by moving its edge."""

import cv2
import numpy as np
from numpy.typing import NDArray

INSIDE = 128  # of 255; from half of full ink on a pixel is inside a stroke
SHARPENING = 2.0  # how many times a gap's own lightness is taken from it again, see open_gaps


def measure_radius(ink: NDArray[np.uint8]) -> float:
    """Estimate half the pen's width in pixels from uint8 (H, W) ink; 0.5 where there is none.

    Across a stroke of radius r the distance to the edge runs evenly from 0 to r, so its mean is r / 2. The mean moves
    smoothly with the pen, where the median jumps from pixel to pixel.
    """
    inside = ink >= INSIDE
    count = np.count_nonzero(inside)
    if not count:
        return 0.5
    left, top, width, height = cv2.boundingRect(inside.view(np.uint8))
    # all paper that is nearest to ink touches the ink's box
    near = ~inside[max(0, top - 1) : top + height + 1, max(0, left - 1) : left + width + 1]
    # the distance is 0 on paper, so its sum over the picture is that over the ink; 0.5 from the pixel's middle to the edge
    return 2 * (cv2.sumElems(distance_to(near))[0] / count - 0.5)


def grow(ink: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    """Move the ink's edge outwards by `by` pixels (inwards if negative). Returns uint8 ink, antialiased."""
    inside = ink >= INSIDE
    signed = 0.5 - distance_to(inside) if by > 0 else distance_to(~inside) - 0.5
    grown: NDArray[np.uint8] = cv2.convertScaleAbs(np.clip(signed + (by + 0.5), 0, 1), alpha=255)
    return grown


def open_gaps(ink: NDArray[np.uint8], reach: float) -> NDArray[np.uint8]:
    """Make the light places between near strokes as light as they would be if nothing had blurred them.

    A small drawing in a fat pen has loops of a pixel or two that come out grey: a threshold takes them for ink. They
    are lighter than what is around them, and that difference is what tells them.

    Args:
        ink: uint8 (H, W).
        reach: pixels; narrower gaps are opened.

    Returns:
        uint8 (H, W): the ink less SHARPENING times its black-hat (its morphological closing less itself; Serra 1982).
    """
    size = 2 * max(1, round(reach / 2)) + 1
    hat = cv2.morphologyEx(ink, cv2.MORPH_BLACKHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    opened: NDArray[np.uint8] = cv2.addWeighted(ink, 1, hat, -SHARPENING, 0)
    return opened


def distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of each pixel to the nearest True one: float32 (H, W), exact (Felzenszwalb & Huttenlocher 2012).

    Where nothing is True everything is as far as the picture is long.
    """
    if not mask.any():
        return np.full(mask.shape, float(max(mask.shape)), "float32")
    away = (~mask).view(np.uint8)
    distances: NDArray[np.float32] = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distances

"""How a stranger's pictures have to be turned to stand upright. Pure.

EMNIST stores its pictures transposed, scans come negative, and some tablets count upwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.strokes import Strokes


@dataclass(frozen=True)
class Orientation:
    """What is done to a picture or a path, in this order."""

    transpose: bool = False  # rows become columns
    flip: bool = False  # upside down
    mirror: bool = False  # left to right
    invert: bool = False  # ink becomes paper; a path has none

    def options(self) -> str:
        """The options of `import_drawings` that say so."""
        return " ".join(f"--{name}" for name in ("transpose", "flip", "mirror", "invert") if getattr(self, name))

    def picture(self, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn ink, uint8 (H, W)."""
        turned = ink.T if self.transpose else ink
        turned = turned[::-1] if self.flip else turned
        turned = turned[:, ::-1] if self.mirror else turned
        return np.ascontiguousarray(255 - turned if self.invert else turned)

    def path(self, strokes: Strokes, canvas: tuple[float, float]) -> tuple[Strokes, tuple[float, float]]:
        """Turn a path with its canvas (width, height); times stay."""
        width, height = canvas[::-1] if self.transpose else canvas

        def turn(point: list[float]) -> list[float]:
            x, y = (point[1], point[0]) if self.transpose else (point[0], point[1])
            return [width - x if self.mirror else x, height - y if self.flip else y, *point[2:]]

        return [[turn(point) for point in stroke] for stroke in strokes], (width, height)


AS_IT_IS = Orientation()


def orientations() -> Iterator[Orientation]:
    """All sixteen, the plainest first."""
    all_of_them = [Orientation(*flags) for flags in product((False, True), repeat=4)]
    yield from sorted(all_of_them, key=lambda one: one.transpose + one.flip + one.mirror + one.invert)

"""What was handed in, and what the network made of it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.decoding import decode_stored, encode_png
from recognizer.imaging.preprocessing import is_of_strokes, normalize_drawing
from recognizer.imaging.strokes import Strokes, ink_strokes
from recognizer.inference.answers import Answer
from recognizer.inference.prediction import Prediction

if TYPE_CHECKING:
    from recognizer.models import Drawing
    from recognizer.serving import Served

PEN = 0.08  # of the canvas's shorter side: the page's own


@dataclass(frozen=True)
class Submission:
    """A decoded drawing: ink uint8 (H, W), and what else came with it."""

    ink: NDArray[np.uint8]
    strokes: Strokes | None = None
    canvas: tuple[float, float] | None = None  # width, height in the strokes' units
    prompted: int | None = None

    @classmethod
    def stored(cls, drawing: "Drawing") -> Self:
        """Read a drawing back as it was sent.

        Raises:
            InvalidDrawing: its picture cannot be decoded.
        """
        return cls.of_columns(drawing.png, drawing.strokes, drawing.canvas_width, drawing.canvas_height)

    @classmethod
    def of_columns(
        cls,
        png: bytes | memoryview,
        strokes: Strokes | None = None,
        width: float | None = None,
        height: float | None = None,
    ) -> Self:
        """As `stored`, from the four columns of a row that hold what was sent."""
        return cls(decode_stored(bytes(png)), strokes, (width, height) if width and height else None)

    def with_picture_of_path(self) -> Self:
        """The same, its picture inked from the path where what was sent shows something else.

        The path is what is read and learned from, so it is what a reviewer has to see: some browsers falsify their canvas.
        """
        strokes = self.strokes_on_ink
        if strokes is None or is_of_strokes(self.ink, strokes):
            return self
        height, width = self.ink.shape
        return replace(self, ink=ink_strokes(strokes, width, PEN * min(width, height), height=height))

    @cached_property
    def png(self) -> bytes:
        """The picture as it is kept."""
        return encode_png(self.ink)

    @cached_property
    def image(self) -> NDArray[np.float32]:
        """What the network sees: float32 (28, 28, 1) in [0, 1].

        Raises:
            InvalidDrawing: there is no ink to read.
        """
        return normalize_drawing(self.ink, self.strokes_on_ink)

    @property
    def strokes_on_ink(self) -> Strokes | None:
        """The strokes in the picture's own pixels: a canvas may be larger or smaller than the picture of it."""
        if self.strokes is None or self.canvas is None:
            return self.strokes
        across, down = self.ink.shape[1] / self.canvas[0], self.ink.shape[0] / self.canvas[1]
        return [[[x * across, y * down, *time] for x, y, *time in stroke] for stroke in self.strokes]


@dataclass(frozen=True)
class Reading:
    """What was seen and what was said. `image` is float32 (28, 28, 1); `answer` is the network's alone."""

    image: NDArray[np.float32]
    prediction: Prediction
    answer: Answer
    served: "Served"

"""What was handed in, and what the network made of it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from django.utils.functional import cached_property
from numpy.typing import NDArray

from recognizer.imaging.decoding import decode_stored, encode_kept
from recognizer.imaging.preprocessing import is_of_strokes, normalize_drawing, normalize_strokes
from recognizer.imaging.strokes import Strokes, ink_strokes
from recognizer.inference.answers import Answer
from recognizer.inference.prediction import Prediction

if TYPE_CHECKING:
    from recognizer.models import Drawing
    from recognizer.serving import Served


INKED_SIDE = 280  # pixels, longer side of the picture that we ink of a path; the page's own picture is as large
PEN = 22.4  # pixels of that: the page's own


@dataclass(frozen=True)
class Submission:
    """A decoded drawing: its picture uint8 (H, W), 255 = full ink, or a path alone, and what else came with it.

    Raises:
        ValueError: neither a picture nor a path with its canvas.
    """

    picture: NDArray[np.uint8] | None = None
    strokes: Strokes | None = None
    canvas: tuple[float, float] | None = None  # width, height in the strokes' units
    prompted: int | None = None

    def __post_init__(self) -> None:
        if self.picture is None and not (self.strokes and self.canvas):
            raise ValueError("Expected a picture, or strokes and the canvas that they are drawn on")

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
        if self.picture is None or strokes is None or is_of_strokes(self.picture, strokes):
            return self
        return replace(self, picture=None)

    @cached_property
    def ink(self) -> NDArray[np.uint8]:
        """The picture, uint8 (H, W), 255 = full ink: as it was sent, or the path inked with the page's pen."""
        if self.picture is not None:
            return self.picture
        width, height = self._size
        return ink_strokes(self.strokes_on_ink or [], width, PEN, height=height)

    @cached_property
    def png(self) -> bytes:
        """The picture as it is kept."""
        return encode_kept(self.ink)

    @cached_property
    def image(self) -> NDArray[np.float32]:
        """What the network sees: float32 (28, 28, 1) in [0, 1]. A path alone is never inked as a picture for it.

        Raises:
            InvalidDrawing: there is no ink to read.
        """
        if self.picture is None and (strokes := self.strokes_on_ink):
            return normalize_strokes(strokes, sheet=min(self._size))
        return normalize_drawing(self.ink, self.strokes_on_ink)

    @cached_property
    def strokes_on_ink(self) -> Strokes | None:
        """The strokes in the picture's own pixels: a canvas may be larger or smaller than the picture of it."""
        if self.strokes is None or self.canvas is None:
            return self.strokes
        width, height = self._size
        across, down = width / self.canvas[0], height / self.canvas[1]
        if across == down == 1:
            return self.strokes
        return [[[x * across, y * down, *time] for x, y, *time in stroke] for stroke in self.strokes]

    @property
    def _size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels, also of one that has not been inked yet."""
        if self.picture is not None or self.canvas is None:
            height, width = self.ink.shape
            return width, height
        longer = max(self.canvas)
        width, height = (max(1, round(side / longer * INKED_SIDE)) for side in self.canvas)
        return width, height


@dataclass(frozen=True)
class Reading:
    """What was seen and what was said. `image` is float32 (28, 28, 1); `answer` is the network's alone."""

    image: NDArray[np.float32]
    prediction: Prediction
    answer: Answer
    served: "Served"

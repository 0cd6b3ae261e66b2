"""A drawing by its path alone: what the network sees, and what is inked of it to be kept."""

from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from recognizer import submissions
from recognizer.imaging.decoding import decode_stored, encode_png
from recognizer.imaging.strokes import ink_strokes
from recognizer.submissions import INKED_SIDE, Submission
from tests.support import pictures

SQUARE = (280.0, 280.0)


def scaled(across: float, down: float) -> list[list[list[float]]]:
    return [[[x * across, y * down] for x, y in stroke] for stroke in pictures.SEVEN]


def read_back(sent: Submission) -> Submission:
    return Submission.of_columns(sent.png, sent.strokes, *(sent.canvas or (None, None)))


def test_a_path_is_read_as_it_is_beside_its_picture() -> None:
    path = Submission(None, pictures.SEVEN, SQUARE)
    both = Submission(ink_strokes(pictures.SEVEN), pictures.SEVEN, SQUARE)
    np.testing.assert_array_equal(path.image, both.image)
    np.testing.assert_array_equal(path.ink, both.ink)


@pytest.mark.parametrize("canvas", [SQUARE, (1.0, 1.0), (1000.0, 400.0), (90.0, 1500.0), (16_384.0, 16_384.0)])
def test_a_path_that_was_inked_is_read_back_as_it_was_read(canvas: tuple[float, float]) -> None:
    sent = Submission(None, scaled(canvas[0] / 280, canvas[1] / 280), canvas)
    stored = read_back(sent)
    assert max(sent.ink.shape) == INKED_SIDE
    assert stored.strokes_on_ink == sent.strokes_on_ink
    np.testing.assert_array_equal(stored.ink, sent.ink)
    np.testing.assert_array_equal(stored.image, sent.image)


def test_a_picture_of_a_path_has_the_canvass_shape() -> None:
    sent = Submission(None, scaled(1000 / 280, 400 / 280), (1000.0, 400.0))
    assert sent.ink.shape == (112, 280)
    assert sent.ink.max() == 255


def test_a_path_is_not_inked_as_a_picture_to_be_read() -> None:
    sent = Submission(None, pictures.SEVEN, SQUARE)
    assert sent.image.shape == (28, 28, 1)
    assert "ink" not in vars(sent)


def test_no_drawing_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class had one lock for each of its properties: a path's ink and a picture's strokes waited for each other for ever."""
    begun, may_end = Event(), Event()

    def ink_slowly(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert may_end.wait(30)
        return ink_strokes(*arguments, **options)

    monkeypatch.setattr(submissions, "ink_strokes", ink_slowly)
    strokes: list[list[list[float]]] = [[[20, 20], [200, 200]]]
    slow = Submission(strokes=strokes, canvas=(280, 280))
    other = Submission(np.full((280, 280), 9, "uint8"), strokes, (560, 560))
    inking, asking = (Thread(target=getattr, args=pair, daemon=True) for pair in [(slow, "png"), (other, "image")])
    inking.start()
    assert begun.wait(30)
    asking.start()
    asking.join(30)
    has_answered = not asking.is_alive()
    may_end.set()
    inking.join(30)
    assert has_answered
    assert other.strokes_on_ink == [[[10, 10], [100, 100]]]


def test_a_picture_is_kept_as_it_was_sent() -> None:
    ink = pictures.draw_ink()
    sent = Submission(ink)
    assert sent.ink is ink
    np.testing.assert_array_equal(decode_stored(sent.png), ink)
    assert sent.png == encode_png(ink)


@pytest.mark.parametrize(("strokes", "canvas"), [(None, None), (pictures.SEVEN, None), (None, SQUARE), ([], SQUARE)])
def test_nothing_is_no_submission(strokes: list[list[list[float]]] | None, canvas: tuple[float, float] | None) -> None:
    with pytest.raises(ValueError, match="Expected a picture"):
        Submission(None, strokes, canvas)

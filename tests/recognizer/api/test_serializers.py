"""What a page sends goes past DRF's fields, and comes to what they would have made of it."""

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from recognizer.api.serializers import DRAWING_REQUEST, DRAWING_UPLOAD, count_points
from recognizer.imaging.strokes import MAX_POINTS
from tests.support import pictures

IMAGE = pictures.data_url(pictures.canvas_png(pictures.SEVEN))
CANVAS = {"width": 280, "height": 280}
PATH: dict[str, Any] = {"strokes": pictures.SEVEN, "canvas": CANVAS}


@pytest.mark.parametrize(
    "body",
    [
        PATH,
        {"image": IMAGE},
        {"image": IMAGE} | PATH,
        {"image": IMAGE, "strokes": None, "canvas": None},
        PATH | {"canvas": {"width": 1, "height": 16384.0}},
        PATH | {"prompted": 3, "explain": True},
        PATH | {"prompted": None, "explain": False},
    ],
)
def test_what_pages_send_is_what_the_fields_make_of_it(body: dict[str, Any]) -> None:
    assert DRAWING_REQUEST.is_plain(body)
    assert DRAWING_REQUEST.run_validation(body) == {"explain": False} | body


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"image": None},
        {"image": 7},
        {"strokes": pictures.SEVEN},
        {"strokes": None, "canvas": CANVAS},
        {"canvas": CANVAS},
        PATH | {"canvas": {}},
        PATH | {"canvas": []},
        PATH | {"canvas": {"width": 280}},
        PATH | {"canvas": CANVAS | {"depth": 1}},
        PATH | {"canvas": {"width": True, "height": 280}},
        PATH | {"canvas": {"width": 0.5, "height": 280}},
        PATH | {"canvas": {"width": 10**400, "height": 280}},
        PATH | {"prompted": 10},
        PATH | {"prompted": True},
        PATH | {"explain": "true"},
        PATH | {"explain": None},
        PATH | {"image": ["data:image/png;base64,"]},
        PATH | {"unknown": 1},
    ],
)
def test_whatever_else_comes_is_left_to_the_fields(body: Any) -> None:
    assert not DRAWING_REQUEST.is_plain(body)


def test_a_form_is_always_left_to_its_fields() -> None:
    assert not DRAWING_UPLOAD.is_plain(PATH)


def test_a_drawing_says_its_size_before_it_is_looked_at() -> None:
    told = []

    def admit(points: int, pixels: int) -> None:
        told.append((points, pixels))

    DRAWING_REQUEST.parse(PATH | {"image": IMAGE}, admit)
    with pytest.raises(ValidationError):
        DRAWING_REQUEST.parse({}, admit)
    assert told == [(sum(map(len, pictures.SEVEN)), 280 * 280)]


@pytest.mark.parametrize(("strokes", "count"), [(None, 0), ("7", 0), ([[1, 2], 3], 2), ([[0] * 9_999], MAX_POINTS)])
def test_points_are_counted_of_whatever_comes(strokes: object, count: int) -> None:
    assert count_points(strokes) == count

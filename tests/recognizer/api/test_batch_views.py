"""A heap of drawings in one call: in order, each with an answer or an error of its own."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rest_framework.test import APIClient

from recognizer.api import throttles
from recognizer.api.batch_views import MOST_DRAWINGS, MOST_WORK
from recognizer.imaging import decoding
from recognizer.imaging.decoding import encode_png
from recognizer.inference.prediction import Prediction
from recognizer.models import Contributor, Drawing
from tests.support import pictures
from tests.support.digit_paths import DIGITS
from tests.support.drawings import png_of
from tests.support.fake_model import FakeClassifier

pytestmark = pytest.mark.django_db
BATCH, GUESSES = "/api/v1/guesses/batch/", "/api/v1/guesses/"
CANVAS = {"width": 280, "height": 280}
PATH = {"strokes": pictures.SEVEN, "canvas": CANVAS}
BLANK = {"image": pictures.data_url(pictures.canvas_png([]))}
CUT_SHORT = {"image": pictures.data_url(pictures.paper_png()[:200])}


def guess_all(visitor: APIClient, drawings: list[Any]) -> list[dict[str, Any]]:
    response = visitor.post(BATCH, {"drawings": drawings})
    assert response.status_code == 200, response.content
    answers: list[dict[str, Any]] = response.json()["answers"]
    return answers


@pytest.fixture
def reader(db: None) -> APIClient:
    """A caller of the shipped model: a fake one reads the same in everything."""
    return APIClient()


def test_each_drawing_is_answered_as_alone_and_in_order(reader: APIClient) -> None:
    drawings: list[Any] = [{"strokes": DIGITS[digit], "canvas": CANVAS} for digit in range(10)]
    drawings += [{"image": pictures.data_url(png_of(digit, 0))} for digit in range(10)]
    alone = [reader.post(GUESSES, drawing).json() for drawing in drawings]
    for together, single in zip(guess_all(reader, drawings), alone, strict=True):
        assert together.pop("probabilities") == pytest.approx(single.pop("probabilities"), abs=1e-5)
        assert (together["digit"], together["kind"], together["message"], together["preview"]) == tuple(
            single[name] for name in ("digit", "kind", "message", "preview")
        )
        assert set(together) == set(single)
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()


def test_what_cannot_be_read_has_the_error_it_has_alone(visitor: APIClient) -> None:
    spoilt: list[Any] = [
        BLANK,
        CUT_SHORT,
        {},
        None,
        [],
        7,
        {"strokes": pictures.SEVEN},
        PATH | {"strokes": [[[0, "x"]]]},
    ]
    drawings = [PATH, *(drawing for wrong in spoilt for drawing in (wrong, PATH))]
    answers = guess_all(visitor, drawings)
    assert [answer.get("digit") for answer in answers[::2]] == [7] * (len(spoilt) + 1)
    for wrong, answer in zip(spoilt, answers[1::2], strict=True):
        assert set(answer) == {"code", "detail"}
        if isinstance(wrong, dict):
            assert answer == visitor.post(GUESSES, wrong).json()


def test_a_batch_of_which_nothing_can_be_read_is_answered_too(visitor: APIClient) -> None:
    assert [answer["code"] for answer in guess_all(visitor, [BLANK, {}])] == ["empty", "required"]


@pytest.mark.parametrize(
    "body",
    [None, [], {}, [PATH], {"drawings": None}, {"drawings": []}, {"drawings": PATH}, {"drawings": [PATH] * 65}],
)
def test_a_body_that_is_no_batch_is_refused(visitor: APIClient, body: Any) -> None:
    response = visitor.post(BATCH, body)
    assert response.status_code == 400
    assert set(response.json()) == {"code", "detail"}


def test_a_batch_is_one_pass_through_the_network(
    visitor: APIClient, model: FakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, predict = [], model.predict

    def count(batch: NDArray[np.float32]) -> Prediction:
        passes.append(len(batch))
        return predict(batch)

    monkeypatch.setattr(model, "predict", count)
    assert len(guess_all(visitor, [PATH] * MOST_DRAWINGS)) == MOST_DRAWINGS
    guess_all(visitor, [PATH, BLANK, PATH])
    assert passes == [MOST_DRAWINGS, 2]


def test_each_drawing_counts_as_a_guess(visitor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles.GuessesByAddress, "limit", 10)
    guess_all(visitor, [PATH] * 6)
    guess_all(visitor, [PATH] * 4)
    response = visitor.post(GUESSES, PATH)
    assert (response.status_code, response.json()["code"]) == (429, "throttled")


def test_a_batch_that_passes_the_limit_is_refused_as_a_whole(
    visitor: APIClient, model: FakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles.GuessesByAddress, "limit", 10)
    response = visitor.post(BATCH, {"drawings": [PATH] * 11})
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 60


def test_who_corrected_something_is_answered_by_it(visitor: APIClient, model: FakeClassifier) -> None:
    model.logit = 3.0
    stored = visitor.post("/api/v1/drawings/", PATH).json()["id"]
    visitor.put(f"/api/v1/drawings/{stored}/feedback/", {"label": 1})
    assert [answer["memory"] for answer in guess_all(visitor, [PATH, PATH])] == [1, 1]


def test_a_batch_may_be_longer_than_a_drawing_and_not_endless(visitor: APIClient) -> None:
    long = PATH | {"note": "a" * 300_000}
    assert visitor.post(GUESSES, long).status_code == 413
    assert guess_all(visitor, [long])[0]["digit"] == 7
    response = visitor.post(BATCH, {"drawings": [long] * 8})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert "2048 KB" in response.json()["detail"]


def largest(*, damaged: bool = False) -> dict[str, str]:
    """A picture of a megapixel in a few thousand bytes, as all the drawings of a batch may be."""
    ink = np.zeros((1024, 1024), "uint8")
    ink[300:700, 480:540] = 255
    png = encode_png(ink)
    return {"image": pictures.data_url(png[:-40] if damaged else png)}


@pytest.mark.parametrize("damaged", [False, True])
def test_pixels_are_bounded_and_not_only_bytes(
    visitor: APIClient, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    decoded = []
    decode = decoding.decode_pixels

    def note(png: bytes) -> Image.Image:
        decoded.append(png)
        return decode(png)

    monkeypatch.setattr(decoding, "decode_pixels", note)

    answers = guess_all(visitor, [largest(damaged=damaged)] * MOST_DRAWINGS)

    fitting = MOST_WORK // 11
    assert len(decoded) == fitting
    assert [answer.get("code") for answer in answers[:fitting]] == ["invalid_image" if damaged else None] * fitting
    assert [answer["code"] for answer in answers[fitting:]] == ["too_large"] * (MOST_DRAWINGS - fitting)


def test_what_is_small_is_read_behind_what_was_too_large(visitor: APIClient) -> None:
    answers = guess_all(visitor, [largest()] * 12 + [PATH])
    assert [answer.get("code") for answer in answers[10:]] == [None, "too_large", None]


def test_a_full_batch_of_what_people_draw_is_within_its_bounds(visitor: APIClient) -> None:
    both = PATH | {"image": pictures.data_url(pictures.canvas_png(pictures.SEVEN))}
    assert not [answer for answer in guess_all(visitor, [both] * MOST_DRAWINGS) if "code" in answer]


def test_what_was_let_in_is_counted_by_what_it_cost(visitor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    monkeypatch.setattr(throttles, "over_limit", lambda _, __, calls=1: counted.append(calls))
    guess_all(visitor, [largest(damaged=True)] * 2)
    assert sum(counted[-1:]) == 2 * 10

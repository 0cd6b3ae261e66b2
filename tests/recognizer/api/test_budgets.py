"""What is dear has a budget of its own, and what is dearer than usual counts for what it costs."""

import math
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from recognizer.api import throttles
from recognizer.imaging.decoding import MOST_KEPT_BYTES, decode_stored
from recognizer.imaging.strokes import Strokes
from recognizer.models import Contributor, Drawing
from recognizer.submissions import Submission
from tests.support import pictures
from tests.support.known import known

pytestmark = pytest.mark.django_db
CANVAS = {"width": 280, "height": 280}
PATH = {"strokes": pictures.SEVEN, "canvas": CANVAS}
LONGEST: Strokes = [[[140 + 99.123456789 * math.sin(i), 140 + 99.123456789 * math.cos(i / 7), i] for i in range(4096)]]
LONG_PATH = {"strokes": LONGEST, "canvas": CANVAS}


def noise(side: int) -> dict[str, Any]:
    grey = np.random.default_rng(3).integers(0, 255, (side, side), "uint8")
    return {"image": pictures.data_url(pictures.save_png(Image.fromarray(grey)))}


@pytest.mark.parametrize(
    ("method", "path", "body", "budget"),
    [
        ("post", "/api/v1/explanations/", PATH, throttles.ExplanationsByAddress),
        ("post", "/api/v1/guesses/batch/", {"drawings": [PATH]}, throttles.BatchesByAddress),
        ("get", "/api/v1/drawings/export/", None, throttles.ExportsByAddress),
    ],
)
def test_who_has_used_up_one_budget_can_still_draw(
    visitor: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: object,
    budget: type[throttles.WindowThrottle],
) -> None:
    monkeypatch.setattr(budget, "limit", 2)
    statuses = [getattr(visitor, method)(path, body).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert visitor.post("/api/v1/guesses/", PATH).status_code == 200
    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/drawings/", "/api/v1/progress/", "/api/v1/progress/drawings/"])
def test_a_list_counts_as_ten_calls(visitor: APIClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(throttles.CallsByAddress, "limit", 25)
    assert [visitor.get(path).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("submission", "work"),
    [
        (Submission(None, pictures.SEVEN, (280, 280)), 1),
        (Submission(np.zeros((280, 280), "uint8")), 1),
        (Submission(np.zeros((1024, 1024), "uint8")), 11),
        (Submission(None, LONGEST, (280, 280)), 11),
    ],
)
def test_reading_counts_by_what_there_is_to_read(submission: Submission, work: int) -> None:
    assert throttles.work_of(submission) == work


@pytest.mark.parametrize("path", ["/api/v1/guesses/", "/api/v1/drawings/"])
def test_the_longest_paths_count_as_eleven_guesses_each(
    visitor: APIClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(throttles.GuessesByAddress, "limit", 25)
    statuses = [visitor.post(path, LONG_PATH).status_code for _ in range(3)]
    assert statuses[0] == statuses[1] < 300
    assert statuses[2] == 429


def test_what_people_draw_is_counted_in_one_round_trip(visitor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    add = throttles.counter.add

    def note(*given: Any) -> list[int]:
        counted.append(given)
        return add(*given)

    monkeypatch.setattr(throttles.counter, "add", note)
    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201
    assert len(counted) == 1


def test_a_kept_picture_takes_32_kb_at_most(visitor: APIClient) -> None:
    assert visitor.post("/api/v1/drawings/", noise(340)).status_code == 201
    kept = bytes(Drawing.objects.get().png)
    assert len(kept) <= MOST_KEPT_BYTES
    assert decode_stored(kept).shape == (170, 170)


def test_a_usual_picture_is_kept_as_it_is(visitor: APIClient) -> None:
    visitor.post("/api/v1/drawings/", {"image": pictures.data_url(pictures.canvas_png())})
    assert decode_stored(bytes(Drawing.objects.get().png)).shape == (280, 280)


def test_a_kept_path_has_the_digits_that_a_pen_means(visitor: APIClient) -> None:
    assert visitor.post("/api/v1/drawings/", LONG_PATH).status_code == 201
    strokes = known(Drawing.objects.get().strokes)
    assert strokes[0][1] == [223.41, 238.11, 1.0]


@pytest.mark.parametrize("budget", [throttles.BytesByContributor, throttles.BytesByAddress])
def test_bytes_of_a_day_are_bounded_for_a_contributor_and_an_address(
    visitor: APIClient, monkeypatch: pytest.MonkeyPatch, budget: type[throttles.WindowThrottle]
) -> None:
    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201  # a cookie
    monkeypatch.setattr(budget, "limit", 300_000)
    statuses = [visitor.post("/api/v1/drawings/", LONG_PATH).status_code for _ in range(6)]
    assert statuses[-1] == 429
    stored = sum(len(bytes(drawing.png)) + 24 * 4096 for drawing in Drawing.objects.all()[1:])
    assert stored < 500_000
    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201  # what is usual goes on
    assert Contributor.objects.count() == 1

"""One device, many hands."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from recognizer import contributor_cookie
from recognizer.models import Contributor, Drawing
from tests.support import pictures
from tests.support.fake_model import FakeClassifier

pytestmark = pytest.mark.django_db

PATH = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}
NEXT = "/api/v1/session/next/"


def draw(tablet: APIClient, **body: Any) -> dict[str, Any]:
    response = tablet.post("/api/v1/drawings/", PATH | body)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_the_next_person_s_drawing_makes_another_contributor(visitor: APIClient) -> None:
    draw(visitor)
    assert visitor.post(NEXT).status_code == 204
    draw(visitor)
    assert Contributor.objects.count() == 2
    assert [person.drawings.count() for person in Contributor.objects.all()] == [1, 1]


def test_the_next_person_is_answered_without_the_last_one_s_memory(visitor: APIClient, model: FakeClassifier) -> None:
    model.logit = 3.0
    stored = draw(visitor)["id"]
    visitor.put(f"/api/v1/drawings/{stored}/feedback/", {"label": 1})
    assert draw(visitor)["memory"] == 1
    visitor.post(NEXT)
    answer = draw(visitor)
    assert (answer["memory"], answer["digit"]) == (0, 7)


def test_what_the_last_person_drew_cannot_be_seen_changed_or_deleted_by_the_next(visitor: APIClient) -> None:
    stored = draw(visitor)["id"]
    visitor.post(NEXT)
    assert visitor.get("/api/v1/drawings/").json()["results"] == []
    assert visitor.put(f"/api/v1/drawings/{stored}/feedback/", {"label": 1}).status_code == 404
    assert visitor.delete(f"/api/v1/drawings/{stored}/").status_code == 404
    assert Drawing.objects.count() == 1


def test_a_cookie_that_comes_back_late_is_nobody_s(visitor: APIClient) -> None:
    """An answer that was on its way when the device was handed on sets the last person's cookie once more."""
    draw(visitor)
    late = visitor.cookies[contributor_cookie.COOKIE].value
    visitor.post(NEXT)
    visitor.cookies[contributor_cookie.COOKIE] = late
    draw(visitor)
    assert Contributor.objects.count() == 2


def test_a_device_without_a_contributor_is_told_the_same(visitor: APIClient) -> None:
    assert visitor.post(NEXT).status_code == 204
    assert Contributor.objects.count() == 0


def test_a_page_of_another_site_cannot_end_anybody(visitor: APIClient) -> None:
    draw(visitor)
    assert visitor.post(NEXT, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    draw(visitor)
    assert Contributor.objects.count() == 1


def test_300_visitors_of_one_tablet_are_300_contributors_of_whom_a_fifth_is_examined(
    visitor: APIClient, settings: Any
) -> None:
    settings.DIGITRE_THROTTLES = False  # a day's visitors in seconds
    memories = set()
    for _ in range(300):
        memories.add(draw(visitor)["memory"])
        visitor.post(NEXT)
    assert Contributor.objects.count() == 300
    assert 58 <= Contributor.objects.filter(is_exam=True).count() <= 62  # the fives at both ends may be cut
    assert memories == {0}

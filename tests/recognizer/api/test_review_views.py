"""The queue for programs: what is handed out, decided, taken back, and refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from recognizer.models import ApiKey, Drawing, LabelEvent, Look, Scope
from recognizer.review import queue
from tests.support.drawings import make_drawing
from tests.support.known import known
from tests.support.programs import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(reviewer: User) -> APIClient:
    return program(reviewer, Scope.REVIEW)


@pytest.fixture
def other_bot(other_reviewer: User) -> APIClient:
    return program(other_reviewer, Scope.REVIEW)


def handed_out(bot: APIClient, **asked: Any) -> list[dict[str, Any]]:
    drawings: list[dict[str, Any]] = bot.post("/api/v1/review/next/", asked).json()["drawings"]
    return drawings


def decide(bot: APIClient, drawing: Drawing, **said: Any) -> Any:
    return bot.put(f"/api/v1/review/{drawing.pk}/decision/", said)


def test_the_most_telling_comes_first_with_what_was_said_of_it(bot: APIClient) -> None:
    make_drawing(seed=1, predicted=7, confirmed=7, confidence=0.99)
    telling = make_drawing(seed=2, predicted=1, confirmed=7)
    (first,) = handed_out(bot)
    assert first["id"] == str(telling.pk)
    assert (first["predicted"], first["confirmed"], first["is_confirmed"]) == (1, 7, True)
    assert first["image"].startswith("data:image/png;base64,")
    assert bot.post("/api/v1/review/next/", {}).json()["waiting"] == 2


def test_nobody_else_is_handed_what_one_holds_until_the_lease_is_over(bot: APIClient, other_bot: APIClient) -> None:
    drawing = make_drawing()
    assert handed_out(bot)
    assert handed_out(other_bot) == []
    Drawing.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert handed_out(other_bot)[0]["id"] == str(drawing.pk)


def test_a_lease_is_renewed_and_given_back(bot: APIClient, other_bot: APIClient) -> None:
    drawing = make_drawing()
    handed_out(bot)
    Drawing.objects.update(claimed_until=timezone.now() + timedelta(seconds=5))
    assert bot.post("/api/v1/review/renew/", {"ids": [str(drawing.pk)]}).status_code == 204
    assert known(Drawing.objects.get().claimed_until) > timezone.now() + timedelta(minutes=4)
    other_bot.post("/api/v1/review/release/", {"ids": [str(drawing.pk)]})
    assert Drawing.objects.get().claimed_until is not None  # it was not theirs
    bot.post("/api/v1/review/release/", {"ids": [str(drawing.pk)]})
    assert len(handed_out(other_bot)) == 1


def test_what_one_has_in_hand_comes_again_unless_it_is_named(bot: APIClient) -> None:
    drawings = {str(make_drawing(seed=seed).pk) for seed in range(3)}
    first = [drawing["id"] for drawing in handed_out(bot, count=2)]
    assert {handed_out(bot)[0]["id"]} <= set(first)
    (last,) = handed_out(bot, count=5, without=first)
    assert {*first, last["id"]} == drawings


def test_what_is_decided_is_the_owners_word(bot: APIClient, reviewer: User) -> None:
    drawing = make_drawing(predicted=1, confirmed=7)
    said = decide(bot, drawing, action="approve", label=7, reason="plainly a 7")
    assert said.json() == {"id": str(drawing.pk), "status": "approved", "label": 7, "has_label": True}
    event = LabelEvent.objects.latest("pk")
    assert (event.actor, event.user, event.action, event.label) == ("reviewer", reviewer, "approved", 7)
    assert event.reason == "plainly a 7"


def test_null_is_not_a_digit_and_rejecting_takes_no_label(bot: APIClient) -> None:
    thing, noise = make_drawing(seed=1), make_drawing(seed=2)
    assert decide(bot, thing, action="approve", label=None).json()["has_label"]
    assert Drawing.objects.get(pk=thing.pk).reviewed_label == 10
    assert decide(bot, noise, action="reject").json()["status"] == "rejected"
    assert Drawing.objects.get(pk=noise.pk).status_reason == "rejected by a program"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"action": "approve"},
        {"action": "approve", "label": "7"},
        {"action": "approve", "label": 10},
        {"action": "keep"},
    ],
)
def test_what_is_no_decision_changes_nothing(bot: APIClient, said: dict[str, Any]) -> None:
    drawing = make_drawing()
    response = decide(bot, drawing, **said)
    assert response.status_code == 400
    assert set(response.json()) == {"code", "detail"}
    assert Drawing.objects.get().status == "waiting"


def test_the_same_decision_may_be_sent_again_after_a_lost_answer(bot: APIClient) -> None:
    drawing = make_drawing()
    assert [decide(bot, drawing, action="approve", label=7).status_code for _ in range(2)] == [200, 200]
    assert LabelEvent.objects.filter(action="approved").count() == 1


def test_what_was_decided_elsewhere_is_a_conflict(bot: APIClient, other_bot: APIClient, other_reviewer: User) -> None:
    drawing = make_drawing()
    queue.decide(other_reviewer, drawing.pk, 7)
    response = decide(bot, drawing, action="approve", label=1)
    assert (response.status_code, response.json()["code"]) == (409, "taken")
    assert "decided" in response.json()["detail"]
    mine = decide(other_bot, drawing, action="approve", label=1)  # one's own word is changed by taking it back first
    assert (mine.status_code, "undo that first" in mine.json()["detail"]) == (409, True)


def test_what_another_reviewer_holds_is_a_conflict(bot: APIClient, other_bot: APIClient) -> None:
    drawing = make_drawing()
    handed_out(other_bot)
    assert decide(bot, drawing, action="approve", label=7).status_code == 409
    assert bot.delete(f"/api/v1/review/{drawing.pk}/decision/").status_code == 409


def test_undoing_brings_back_what_stood_before_and_the_drawing_into_hand(
    bot: APIClient, other_bot: APIClient, reviewer: User
) -> None:
    drawing = make_drawing()
    decide(bot, drawing, action="approve", label=3)
    assert bot.delete(f"/api/v1/review/{drawing.pk}/decision/").json()["status"] == "waiting"
    assert LabelEvent.objects.latest("pk").action == "undone"
    assert Drawing.objects.get().claimed_by == reviewer
    assert handed_out(other_bot) == []


def test_a_drawing_that_is_gone_is_not_found(bot: APIClient) -> None:
    for method in (bot.put, bot.delete):
        response = method(f"/api/v1/review/{uuid4()}/decision/", {"action": "reject"})
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_blind_tells_nothing_that_was_said(bot: APIClient) -> None:
    make_drawing(predicted=1, confirmed=7)
    (handed,) = handed_out(bot, blind=True)
    told = {name for name, value in handed.items() if value not in (None, "")}
    assert told == {"id", "image", "blind", "held_until", "created_at"}


def test_every_tenth_that_a_key_is_handed_is_a_blind_check(bot: APIClient) -> None:
    decided = make_drawing(seed=50, predicted=7, confirmed=7, confidence=0.99)
    Drawing.objects.filter(pk=decided.pk).update(status="approved", check_due=Look.AUDIT)
    for seed in range(12):
        make_drawing(seed=seed)
    first = handed_out(bot, count=9)
    assert str(decided.pk) not in {drawing["id"] for drawing in first}
    (tenth,) = handed_out(bot, without=[drawing["id"] for drawing in first])
    assert (tenth["id"], tenth["blind"], tenth["predicted"]) == (str(decided.pk), True, None)
    assert ApiKey.objects.get().served == 10
    assert decide(bot, decided, action="approve", label=7).status_code == 200
    assert LabelEvent.objects.latest("pk").look == Look.AUDIT

import json
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from recognizer.models import Drawing, Look
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known

pytestmark = pytest.mark.django_db


class Ask(Protocol):
    def __call__(self, what: str, status: int = 200, **said: Any) -> dict[str, Any]: ...


@pytest.fixture
def ask(reviewer: User, sign_in: SignIn) -> Ask:
    client = sign_in(reviewer)

    def ask(what: str, status: int = 200, **said: Any) -> dict[str, Any]:
        address = reverse(f"admin:recognizer_drawing_{what}")
        response = client.post(address, json.dumps(said), content_type="application/json")
        assert response.status_code == status, response.content
        answer: dict[str, Any] = response.json()
        return answer

    return ask


def claim(ask: Ask, **said: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"held": [], "unsent": [], "blind": False}
    return ask("claim", **(body | said))


def test_claims_the_drawing_on_the_desk_and_three_more(ask: Ask) -> None:
    make_drawings(6)
    answer = claim(ask)
    assert len(answer["drawings"]) == 4
    assert answer["left"] == 6


def test_claims_only_what_is_missing(ask: Ask) -> None:
    make_drawings(6)
    held = [one["id"] for one in claim(ask)["drawings"]]
    more = claim(ask, held=held[1:], unsent=held[:1])["drawings"]
    assert len(more) == 1
    assert more[0]["id"] not in held


def test_open_drawing_tells_model_and_person(ask: Ask) -> None:
    make_drawing(predicted=1, confirmed=7, confidence=0.62)
    (drawing,) = claim(ask)["drawings"]
    assert (drawing["model"], drawing["confidence"], drawing["person"], drawing["label"]) == ("1", "62 %", "7", 7)


@pytest.mark.parametrize("blind", [True, False])
def test_blind_drawing_and_check_tell_nothing(ask: Ask, blind: bool) -> None:
    drawing = make_drawing(predicted=1, confirmed=7)
    if not blind:
        drawing.approve_by_rule("they agree")
        Drawing.objects.update(check_due=Look.AUDIT)
    (shown,) = claim(ask, blind=blind)["drawings"]
    assert set(shown) == {"id", "image", "blind", "check"}
    assert shown["blind"] is True


def test_decision_skip_and_undo_are_recorded(ask: Ask) -> None:
    make_drawings(3)
    first, second, _ = claim(ask)["drawings"]
    assert ask("decide", id=first["id"], label=3, blind=False)["left"] == 2
    ask("skip", id=second["id"])
    assert Drawing.objects.get(pk=second["id"]).claimed_by is None
    assert second["id"] not in [one["id"] for one in claim(ask, skipped=[second["id"]])["drawings"]]
    ask("undo", id=first["id"], decided=True)
    assert Drawing.objects.get(pk=first["id"]).status == "waiting"
    ask("undo", id=second["id"], decided=False)
    assert known(Drawing.objects.get(pk=second["id"]).claimed_by).username == "rosa"


def test_undoing_a_skip_takes_back_no_earlier_decision(ask: Ask, reviewer: User) -> None:
    drawing = make_drawing()
    drawing.approve(7, reviewer)
    drawing.put_back(reviewer, "once more")
    claim(ask)
    ask("skip", id=str(drawing.pk))
    ask("undo", id=str(drawing.pk), decided=False)
    assert Drawing.objects.get().status == "waiting"


def test_skipped_drawings_come_again_when_asked_for(ask: Ask) -> None:
    make_drawing()
    (drawing,) = claim(ask)["drawings"]
    ask("skip", id=drawing["id"])
    assert claim(ask, skipped=[drawing["id"]])["drawings"] == []
    assert len(claim(ask, skipped=[])["drawings"]) == 1


def test_what_is_skipped_hangs_on_no_session_that_two_requests_write_at_once(
    ask: Ask, reviewer: User, sign_in: SignIn
) -> None:
    make_drawings(2)
    first, second = claim(ask)["drawings"]
    client = sign_in(reviewer)  # another session, as if this one's skips had been written over
    said = {"held": [second["id"]], "unsent": [], "skipped": [first["id"]], "blind": False}
    address = reverse("admin:recognizer_drawing_claim")
    assert client.post(address, said, content_type="application/json").json()["drawings"] == []


def test_rejected_in_the_queue_has_a_reason(ask: Ask) -> None:
    drawing = make_drawing()
    ask("decide", id=str(drawing.pk), label=None, blind=False)
    assert Drawing.objects.get().status_reason == "rejected in the queue"


def test_what_another_reviewer_holds_is_a_409(ask: Ask, other_reviewer: User) -> None:
    from recognizer.review import queue

    make_drawing()
    (drawing,) = queue.claim(other_reviewer, 1)
    answer = ask("decide", 409, id=str(drawing.pk), label=7, blind=False)
    assert answer["code"] == "taken"


def test_what_its_contributor_deleted_is_a_404(ask: Ask) -> None:
    drawing_id = str(make_drawing().pk)
    Drawing.objects.all().delete()
    assert ask("decide", 404, id=drawing_id, label=7, blind=False)["code"] == "gone"


@pytest.mark.parametrize("label", [11, -1, 7.0, "7", True, [], {}])
def test_only_labels_are_decisions(ask: Ask, label: object) -> None:
    drawing = make_drawing()
    ask("decide", 400, id=str(drawing.pk), label=label, blind=False)
    assert Drawing.objects.get().status == "waiting"


@pytest.mark.parametrize("body", ["", "[]", "7", "null", '{"held": 3}', '{"id": "x"}', "[" * 100_000])
@pytest.mark.parametrize("what", ["claim", "decide", "skip", "undo", "leave"])
def test_nonsense_is_a_400(reviewer: User, sign_in: SignIn, what: str, body: str) -> None:
    address = reverse(f"admin:recognizer_drawing_{what}")
    response = sign_in(reviewer).post(address, body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


def test_leaving_gives_back_what_was_held(ask: Ask) -> None:
    make_drawings(3)
    held = [one["id"] for one in claim(ask)["drawings"]]
    ask("leave", held=held)
    assert not Drawing.objects.filter(claimed_by__isnull=False).exists()


def test_page_has_no_inline_script_or_style(reviewer: User, sign_in: SignIn) -> None:
    page = sign_in(reviewer).get(reverse("admin:recognizer_drawing_queue")).content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page

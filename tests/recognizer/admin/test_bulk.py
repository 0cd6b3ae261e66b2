from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from recognizer.models import Contributor, Drawing, LabelEvent
from recognizer.review import moderation
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known

pytestmark = pytest.mark.django_db
LIST = "/admin/recognizer/drawing/"


@pytest.fixture
def desk(reviewer: User, sign_in: SignIn) -> Client:
    return sign_in(reviewer)


def act(client: Client, action: str, drawings: Iterable[Drawing], **said: object) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [str(one.pk) for one in drawings]} | said)


def test_action_first_shows_a_contact_sheet_and_decides_nothing(desk: Client) -> None:
    made = make_drawings(3)
    response = act(desk, "approve_as_said", made)
    page = response.content.decode()
    assert page.count('src="data:image/png;base64,') == 3
    assert page.count('name="_selected_action"') == 3
    assert Drawing.objects.filter(status="waiting").count() == 3


@pytest.mark.parametrize(
    ("action", "said", "status", "label"),
    [
        ("approve_as_said", {}, "approved", 7),
        ("approve_as", {"label": "4"}, "approved", 4),
        ("not_a_digit", {}, "approved", 10),
        ("reject", {"reason": "offensive"}, "rejected", 7),
    ],
)
def test_confirmed_action_decides_with_an_event_each(
    desk: Client, action: str, said: dict[str, Any], status: str, label: int
) -> None:
    made = [make_drawing(seed=seed, confirmed=7) for seed in range(3)]
    response = act(desk, action, made, sheet="yes", **said)
    assert response.status_code == 302
    assert {(one.status, one.label) for one in Drawing.objects.all()} == {(status, label)}
    events = LabelEvent.objects.filter(actor="reviewer")
    assert {(known(event.user).username, event.reason) for event in events} == {("rosa", said.get("reason", ""))}
    assert events.count() == 3


def test_what_is_unticked_on_the_sheet_stays(desk: Client) -> None:
    kept, decided = make_drawing(seed=1), make_drawing(seed=2)
    act(desk, "not_a_digit", [decided], sheet="yes")
    assert Drawing.objects.get(pk=kept.pk).status == "waiting"


@pytest.mark.parametrize(
    ("action", "said"), [("reject", {}), ("reject", {"reason": " "}), ("approve_as", {"label": "11"})]
)
def test_sheet_asks_again_for_what_is_missing(desk: Client, action: str, said: dict[str, Any]) -> None:
    drawing = make_drawing()
    response = act(desk, action, [drawing], sheet="yes", **said)
    assert "complaint" in response.content.decode()
    assert Drawing.objects.get().status == "waiting"


def test_drawing_without_a_persons_label_is_not_approved_as_said(desk: Client) -> None:
    drawing = make_drawing(confirmed=None)
    response = desk.post(
        f"{LIST}?status=all", {"action": "approve_as_said", "_selected_action": [str(drawing.pk)], "sheet": "yes"}
    )
    assert response.status_code == 302
    assert Drawing.objects.get().status == "unconfirmed"


def test_put_back_undoes_a_bulk_decision(desk: Client, reviewer: User) -> None:
    made = make_drawings(3)
    for drawing in made:
        drawing.reject("not readable", reviewer)
    desk.post(
        f"{LIST}?status=rejected",
        {
            "action": "put_back",
            "_selected_action": [str(one.pk) for one in made],
            "sheet": "yes",
            "reason": "my mistake",
        },
    )
    assert set(Drawing.objects.values_list("status", flat=True)) == {"waiting"}


def test_blocking_a_contributor_rejects_all_their_drawings(desk: Client) -> None:
    troll, honest = Contributor.join(), Contributor.join()
    theirs = [make_drawing(seed=seed, contributor=troll) for seed in range(4)]
    make_drawing(seed=9, contributor=honest)
    sheet = act(desk, "block_contributors", theirs[:1])
    assert sheet.content.decode().count('src="data:image/png;base64,') == 4
    act(desk, "block_contributors", theirs[:1], sheet="yes", reason="wrong on purpose")
    troll.refresh_from_db()
    assert troll.is_blocked
    assert set(Drawing.objects.of(troll).values_list("status", flat=True)) == {"rejected"}
    assert set(Drawing.objects.of(honest).values_list("status", flat=True)) == {"waiting"}
    assert LabelEvent.objects.filter(action="rejected", reason__contains="wrong on purpose").count() == 4


def test_unblocking_puts_back_what_blocking_rejected_and_nothing_else(reviewer: User) -> None:
    troll = Contributor.join()
    earlier, waiting = make_drawing(seed=1, contributor=troll), make_drawing(seed=2, contributor=troll)
    unconfirmed = make_drawing(seed=3, contributor=troll, confirmed=None)
    earlier.reject("offensive", reviewer)
    moderation.block(troll, by=reviewer, reason="wrong on purpose")
    moderation.unblock(troll, by=reviewer, reason="a mistake")
    states = dict(Drawing.objects.values_list("pk", "status"))
    assert states == {earlier.pk: "rejected", waiting.pk: "waiting", unconfirmed.pk: "unconfirmed"}
    troll.refresh_from_db()
    assert not troll.is_blocked


def test_contributors_are_found_by_purpose_and_by_being_blocked(desk: Client, reviewer: User) -> None:
    people = [Contributor.join() for _ in range(5)]
    moderation.block(people[0], by=reviewer, reason="wrong on purpose")
    found = {}
    for query in ("is_exam=1", "is_exam=0", "blocked=1", "blocked=0", "blocked=x"):
        found[query] = len(desk.get(f"/admin/recognizer/contributor/?{query}").context["cl"].result_list)
    exams = sum(Contributor.objects.values_list("is_exam", flat=True))
    assert found == {"is_exam=1": exams, "is_exam=0": 5 - exams, "blocked=1": 1, "blocked=0": 4, "blocked=x": 5}


def test_contributor_is_let_in_again_in_the_admin(desk: Client, reviewer: User) -> None:
    drawing = make_drawing()
    moderation.block(drawing.contributor, by=reviewer, reason="wrong on purpose")
    desk.post(
        "/admin/recognizer/contributor/",
        {"action": "unblock", "_selected_action": [str(drawing.contributor_id)], "index": 0},
    )
    assert Drawing.objects.get().status == "waiting"

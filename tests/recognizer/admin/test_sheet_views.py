"""Many drawings at once: one contributor's sheet, batches that are taken back, and windows that do not overrule each other."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from recognizer.models import Contributor, Drawing, LabelEvent, ReviewBatch
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db
LIST = "/admin/recognizer/drawing/"


@pytest.fixture
def desk(reviewer: User, sign_in: SignIn) -> Client:
    return sign_in(reviewer)


@pytest.fixture
def liar(db: None) -> Contributor:
    person = Contributor.join()
    for seed in range(6):
        make_drawing(seed=seed, contributor=person, predicted=7, confirmed=1)
    return person


def sheet_of(person: Contributor) -> str:
    return reverse("admin:recognizer_drawing_sheet", args=[person.pk])


def test_sheet_shows_what_waits_by_one_hand_and_how_often_it_is_contradicted(desk: Client, liar: Contributor) -> None:
    make_drawing(seed=50)
    page = desk.get(sheet_of(liar)).content.decode()
    assert page.count('name="drawing"') == 6
    assert "Contradicted on 6 of 6." in page
    assert "The model contradicts 6 of 6: 6 called 1 and read 7." in page


def test_one_button_rejects_what_is_ticked_and_it_is_taken_back_as_one(desk: Client, liar: Contributor) -> None:
    ids = [str(pk) for pk in Drawing.objects.values_list("pk", flat=True)]
    desk.post(sheet_of(liar), {"decision": "reject", "reason": "wrong on purpose", "drawing": ids[:5]})
    assert Drawing.objects.filter(status="rejected").count() == 5
    batch = ReviewBatch.objects.get()
    assert (batch.title, batch.drawings) == ("Reject", 5)
    address = reverse("admin:recognizer_drawing_batch", args=[batch.pk])
    assert desk.get(f"{LIST}?status=all&batch={batch.pk}").content.decode().count("/change/") == 5
    desk.post(address)
    assert Drawing.objects.filter(status="waiting").count() == 6
    assert "Taken back" in desk.get(address).content.decode()


def test_taking_a_batch_back_leaves_what_was_said_since(desk: Client, liar: Contributor, other_reviewer: User) -> None:
    ids = [str(pk) for pk in Drawing.objects.values_list("pk", flat=True)]
    desk.post(sheet_of(liar), {"decision": "approve_as_said", "drawing": ids})
    Drawing.objects.get(pk=ids[0]).approve(7, other_reviewer)
    desk.post(reverse("admin:recognizer_drawing_batch", args=[ReviewBatch.objects.get().pk]))
    assert Drawing.objects.get(status="approved").reviewed_label == 7


def test_sheet_blocks_the_person_for_who_may(desk: Client, liar: Contributor) -> None:
    desk.post(sheet_of(liar), {"decision": "block"})
    liar.refresh_from_db()
    assert liar.is_blocked
    assert not Drawing.objects.exclude(status="rejected").exists()


@pytest.mark.parametrize("said", [{}, {"decision": "reject", "drawing": ["x"]}, {"decision": "no", "reason": "x"}])
def test_nonsense_on_a_sheet_decides_nothing(desk: Client, liar: Contributor, said: dict[str, object]) -> None:
    assert desk.post(sheet_of(liar), said).status_code == 200
    assert Drawing.objects.filter(status="waiting").count() == 6


def test_bulk_decision_leaves_what_another_reviewer_decided_since_the_sheet(
    desk: Client, liar: Contributor, other_reviewer: User
) -> None:
    ids = [str(pk) for pk in Drawing.objects.values_list("pk", flat=True)]
    body = {"action": "approve_as_said", "_selected_action": ids}
    page = desk.post(LIST, body).content.decode()
    assert "The model contradicts 6 of 6" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    Drawing.objects.get(pk=ids[0]).reject("not readable", other_reviewer)
    answer = desk.post(LIST, body | {"sheet": "yes", "seen": seen}, follow=True).content.decode()
    assert "1 were decided on meanwhile" in answer
    assert Drawing.objects.get(pk=ids[0]).status == "rejected"
    assert Drawing.objects.filter(status="approved").count() == 5


def test_drawing_page_asks_again_where_another_decided_meanwhile(desk: Client, other_reviewer: User) -> None:
    drawing = make_drawing()
    address = reverse("admin:recognizer_drawing_change", args=[drawing.pk])
    page = desk.get(address).content.decode()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    drawing.reject("not readable", other_reviewer)
    judge = reverse("admin:recognizer_drawing_judge", args=[drawing.pk])
    answer = desk.post(judge, {"decision": "7", "seen": seen}, follow=True).content.decode()
    assert "Meanwhile omar said: rejected, before that 7." in answer
    assert Drawing.objects.get().status == "rejected"


def test_list_is_narrowed_by_reviewer_and_by_dispute(desk: Client, reviewer: User, other_reviewer: User) -> None:
    mine, theirs = make_drawing(seed=1), make_drawing(seed=2)
    mine.approve(7, reviewer)
    theirs.approve(7, other_reviewer)
    Drawing.objects.filter(pk=theirs.pk).update(check_due="third")
    by_reviewer = desk.get(f"{LIST}?status=all&reviewer={reviewer.pk}").content.decode()
    assert str(mine.pk) in by_reviewer
    assert str(theirs.pk) not in by_reviewer
    disputed = desk.get(f"{LIST}?status=all&dispute=third").content.decode()
    assert str(theirs.pk) in disputed
    assert str(mine.pk) not in disputed


def test_batches_are_listed_for_reviewers(desk: Client, liar: Contributor) -> None:
    ids = [str(pk) for pk in Drawing.objects.values_list("pk", flat=True)]
    desk.post(sheet_of(liar), {"decision": "approve_as_said", "drawing": ids})
    page = desk.get(reverse("admin:recognizer_reviewbatch_changelist")).content.decode()
    assert f"batch {ReviewBatch.objects.get().pk}" in page
    assert LabelEvent.objects.filter(batch__isnull=False).count() == 6


@pytest.mark.parametrize("name", ["recognizer_drawing_sheet", "recognizer_drawing_batch"])
def test_sheets_are_for_reviewers(operator: User, sign_in: SignIn, name: str) -> None:
    assert sign_in(operator).get(reverse(f"admin:{name}", args=[1])).status_code == 403

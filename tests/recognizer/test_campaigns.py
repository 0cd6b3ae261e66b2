"""A class, a table, a study: joining, consent, what is refused, and deletion with a receipt."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from recognizer import campaigns, contributor_cookie
from recognizer.models import (
    CODE_LETTERS,
    Admission,
    Campaign,
    CampaignReceipt,
    Contributor,
    Drawing,
    LabelEvent,
    Stage,
    Tombstone,
)
from recognizer.models.tombstones import of_id, of_picture
from recognizer.review import queue
from tests.support import pictures
from tests.support.drawings import make_drawing
from tests.support.fake_model import FakeClassifier

pytestmark = pytest.mark.django_db

PATH = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}
NEXT = "/api/v1/session/next/"


def campaign(**columns: Any) -> Campaign:
    made = Campaign(**({"name": "7b"} | columns))
    made.save()
    return made


def past(minutes: int = 1) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


def join(device: Client, to: Campaign, version: int | None = None, kiosk: bool = False) -> Any:
    body = {"action": "join", "version": str(to.consent_version if version is None else version)}
    return device.post(f"/j/{to.code}/{'?to=kiosk' if kiosk else ''}", body)


def draw(device: Client) -> Any:
    return device.post("/api/v1/drawings/", PATH, content_type="application/json")


@pytest.fixture
def phone(model: FakeClassifier) -> Client:
    return Client()


# the code


def test_a_code_has_four_letters_that_do_not_look_alike() -> None:
    codes = [campaign().code for _ in range(20)]
    assert len(set(codes)) == 20
    assert all(len(code) == 4 and set(code) <= set(CODE_LETTERS) for code in codes)
    assert not set(CODE_LETTERS) & set("AEIOULQBGSZV0123456789")


def test_a_deleted_campaign_s_code_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = campaign()
    campaigns.delete(gone, None)
    letters = iter([*gone.code, *"KRTM"])
    monkeypatch.setattr("secrets.choice", lambda _: next(letters))
    assert Campaign.free_code() == "KRTM"


@pytest.mark.parametrize("typed", [str.lower, str.upper, lambda code: f" {code[:2]} {code[2:]}"])
def test_a_code_may_be_typed_as_one_likes(phone: Client, typed: Any) -> None:
    made = campaign()
    assert phone.get(f"/j/{typed(made.code)}/").status_code == 200


def test_whoever_tries_code_after_code_is_shut_out_of_right_ones_too(phone: Client) -> None:
    made = campaign()
    answers = [phone.get(f"/j/AAA{number}/").status_code for number in range(62)]
    assert answers[:60] == [404] * 60
    assert answers[61] == 429
    assert phone.get(f"/j/{made.code}/").status_code == 429
    assert phone.get(f"/wall/{made.code}/").status_code == 429


@pytest.mark.parametrize("nonsense", ["%00", "KRT", "KRTMX", "....", "KR%2FT", "%F0%9F%99%82%F0%9F%99%82", "x" * 900])
def test_what_is_no_code_is_answered_with_a_sentence(phone: Client, nonsense: str) -> None:
    page = phone.get(f"/j/{nonsense}/")
    assert page.status_code == 404
    assert phone.get(f"/api/v1/walls/{nonsense}/").status_code == 404


def test_a_class_that_joins_at_once_from_one_address_is_not_shut_out(phone: Client) -> None:
    made = campaign()
    assert {phone.get(f"/j/{made.code}/").status_code for _ in range(100)} == {200}


# joining


def test_who_joined_draws_in_the_campaign(phone: Client) -> None:
    made = campaign()
    assert join(phone, made)["Location"] == "/"
    assert draw(phone).status_code == 201
    drawing = Drawing.objects.get()
    assert drawing.campaign == drawing.contributor.campaign == made


@pytest.mark.parametrize("wall", [True, False])
def test_the_page_says_that_drawings_may_be_shown(phone: Client, wall: bool) -> None:
    page = phone.get(f"/j/{campaign(wall=wall).code}/").content.decode()
    assert ("may be shown on this campaign" in page) is wall


def test_looking_at_the_page_joins_nobody(phone: Client) -> None:
    phone.get(f"/j/{campaign().code}/")
    draw(phone)
    assert Drawing.objects.get().campaign is None


def test_who_drew_before_begins_anew_in_the_campaign(phone: Client) -> None:
    draw(phone)
    join(phone, campaign())
    draw(phone)
    assert [person.campaign_id is not None for person in Contributor.objects.order_by("pk")] == [False, True]


def test_who_leaves_draws_for_everybody(phone: Client) -> None:
    made = campaign()
    join(phone, made)
    draw(phone)
    phone.post(f"/j/{made.code}/", {"action": "leave"})
    draw(phone)
    assert Contributor.objects.order_by("pk").last().campaign is None  # type: ignore[union-attr]  # there are two


def test_a_fifth_of_a_campaign_s_people_is_examined_whoever_draws_between_them(phone: Client) -> None:
    made = campaign()
    for _ in range(50):
        Contributor.join(Admission(made))
        for _ in range(4):
            Contributor.join()
    assert made.contributors.filter(is_exam=True).count() == 10


# consent


def test_without_a_text_nobody_is_asked_and_nothing_is_called_consent(phone: Client) -> None:
    made = campaign()
    page = phone.get(f"/j/{made.code}/").content.decode()
    assert "consent" not in page.lower()
    join(phone, made)
    draw(phone)
    person = Contributor.objects.get()
    assert (person.consented_at, person.consent_version) == (None, None)


def test_consent_is_written_with_its_moment_and_version(phone: Client) -> None:
    made, before = campaign(consent_text="We keep it for five years."), timezone.now()
    assert "We keep it for five years." in phone.get(f"/j/{made.code}/").content.decode()
    join(phone, made)
    draw(phone)
    person = Contributor.objects.get()
    assert person.consent_version == 1
    assert person.consented_at is not None
    assert abs(person.consented_at - before) < timedelta(seconds=30)


def test_another_text_is_another_version_and_has_to_be_read_first(phone: Client) -> None:
    made = campaign(consent_text="We keep it for a year.")
    made.consent_text = "We keep it for ever."
    made.save()
    assert [(text.version, text.text) for text in made.consents.all()] == [
        (1, "We keep it for a year."),
        (2, "We keep it for ever."),
    ]
    page = join(phone, made, version=1)
    assert page.status_code == 200
    assert "has just been changed" in page.content.decode()
    draw(phone)
    assert Drawing.objects.get().campaign is None


def test_a_campaign_that_is_saved_with_the_same_text_keeps_its_version() -> None:
    made = campaign(consent_text="We keep it.")
    made.name = "7c"
    made.save()
    assert made.consent_version == made.consents.count() == 1


def test_the_next_person_stays_in_the_campaign_and_is_asked_for_themselves(phone: Client) -> None:
    made = campaign(consent_text="We keep it.")
    assert join(phone, made, kiosk=True)["Location"] == "/kiosk/"
    draw(phone)
    assert phone.post(NEXT).status_code == 204
    refused = draw(phone)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_missing")
    assert phone.get("/kiosk/")["Location"] == f"/j/{made.code}/?to=kiosk"
    join(phone, made, kiosk=True)
    draw(phone)
    assert made.contributors.filter(consent_version=1).count() == 2


def test_the_next_person_of_a_campaign_that_asks_nobody_just_draws(phone: Client) -> None:
    made = campaign()
    join(phone, made)
    for _ in range(3):
        draw(phone)
        phone.post(NEXT)
    assert made.contributors.count() == made.drawings.count() == 3


def test_minors_join_once_a_teacher_has_confirmed_and_are_asked_nothing(phone: Client, admin_user: User) -> None:
    made = campaign(consent_text="The parents agreed.", minors=True)
    assert phone.get(f"/j/{made.code}/").status_code == 403
    made.confirm_for_minors(admin_user)
    join(phone, made)
    draw(phone)
    phone.post(NEXT)
    assert draw(phone).status_code == 201
    assert {(p.consented_at, p.consent_version) for p in made.contributors.all()} == {(made.confirmed_at, 1)}


def test_another_text_for_minors_has_to_be_confirmed_anew(admin_user: User) -> None:
    made = campaign(consent_text="The parents agreed.", minors=True)
    made.confirm_for_minors(admin_user)
    made.consent_text = "The parents agreed to more."
    made.save()
    assert made.stage() is Stage.UNCONFIRMED


def test_minors_need_a_text() -> None:
    with pytest.raises(ValidationError, match="there must be a text"):
        Campaign(name="7b", minors=True).full_clean()


def test_who_deletes_everything_takes_the_consent_back(phone: Client) -> None:
    join(phone, campaign(consent_text="We keep it."))
    draw(phone)
    phone.delete("/api/v1/drawings/")
    assert draw(phone).json()["code"] == "consent_missing"


# start and end


@pytest.mark.parametrize(
    ("columns", "status", "words"),
    [
        ({"starts_at": timezone.now() + timedelta(days=365)}, 403, "has not begun yet"),
        ({"ends_at": past()}, 410, "has ended"),
    ],
)
def test_a_campaign_that_is_not_open_answers_with_a_sentence(
    phone: Client, columns: dict[str, Any], status: int, words: str
) -> None:
    page = phone.get(f"/j/{campaign(**columns).code}/")
    assert page.status_code == status
    assert words in page.content.decode()


def test_an_ended_campaign_takes_no_drawing_and_the_next_person_is_out_of_it(phone: Client) -> None:
    made = campaign()
    join(phone, made)
    draw(phone)
    Campaign.objects.update(ends_at=past())
    campaigns.known.clear()
    refused = draw(phone)
    assert (refused.status_code, refused.json()["code"]) == (403, "campaign_closed")
    assert made.drawings.count() == 1
    phone.post(NEXT)
    assert draw(phone).status_code == 201
    assert made.drawings.count() == 1


# asked by campaign


def test_the_queue_of_a_campaign_hands_out_its_drawings_alone(admin_user: User) -> None:
    made = campaign()
    ours = make_drawing(contributor=Contributor.join(Admission(made)), campaign=made, seed=1)
    make_drawing(seed=2)
    assert queue.claim(admin_user, 4, wanted=queue.Wanted(campaign=made.code)) == [ours]


def test_for_a_wall_the_queue_also_hands_out_what_a_rule_approved(admin_user: User) -> None:
    made = campaign(wall=True)
    drawing = make_drawing(contributor=Contributor.join(Admission(made)), campaign=made, seed=1)
    Drawing.objects.filter(pk=drawing.pk).update(status=Drawing.Status.APPROVED)
    assert queue.claim(admin_user, 4, wanted=queue.Wanted(campaign=made.code)) == [drawing]
    queue.decide(admin_user, drawing.pk, 7)
    assert list(Drawing.objects.showable()) == [drawing]


# deletion


def test_deleting_a_campaign_deletes_its_people_and_drawings_and_gives_a_receipt(admin_user: User) -> None:
    made = campaign()
    people = [Contributor.join(Admission(made)) for _ in range(campaigns.DELETED_AT_ONCE + 1)]
    for seed, person in enumerate(people[:3]):
        make_drawing(contributor=person, campaign=made, seed=seed)
    other = make_drawing(seed=9)
    receipt = campaigns.delete(made, admin_user)
    assert (receipt.people, receipt.drawings, receipt.events) == (len(people), 3, 3)
    assert (receipt.code, receipt.name, receipt.deleted_by) == (made.code, "7b", admin_user)
    assert receipt.finished_at is not None
    assert len(receipt.digest) == 64
    assert list(Drawing.objects.all()) == [other]
    assert list(Contributor.objects.all()) == [other.contributor]
    assert set(LabelEvent.objects.values_list("drawing", flat=True)) == {other.pk}
    assert not Campaign.objects.exists()


def test_a_deletion_that_was_cut_off_goes_on_with_the_same_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    made = campaign()
    for _ in range(campaigns.DELETED_AT_ONCE + 1):
        Contributor.join(Admission(made))
    delete_people = campaigns._delete_people
    calls: list[list[int]] = []

    def break_off(receipt: CampaignReceipt, people: list[int]) -> None:
        if calls:
            raise ConnectionError
        calls.append(people)
        delete_people(receipt, people)

    monkeypatch.setattr(campaigns, "_delete_people", break_off)
    with pytest.raises(ConnectionError):
        campaigns.delete(made, None)
    monkeypatch.undo()
    assert campaigns.delete(made, None).people == campaigns.DELETED_AT_ONCE + 1
    assert CampaignReceipt.objects.count() == 1


def test_many_drawings_of_one_person_go_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "DRAWINGS_AT_ONCE", 2)
    made = campaign()
    person = Contributor.join(Admission(made))
    for seed in range(5):
        make_drawing(contributor=person, campaign=made, seed=seed)
    with CaptureQueriesContext(connection) as asked:
        receipt = campaigns.delete(made, None)
    assert (receipt.people, receipt.drawings, receipt.events) == (1, 5, 5)
    assert not Contributor.objects.exists()
    assert sum(query["sql"].startswith('DELETE FROM "recognizer_drawing"') for query in asked) == 3


def test_no_export_brings_a_deleted_campaigns_drawings_back() -> None:
    made = campaign()
    drawing = make_drawing(contributor=Contributor.join(Admission(made)), campaign=made)
    campaigns.delete(made, None)
    buried = {of_id(drawing.pk), of_picture(drawing.content_hash)}
    assert Tombstone.objects.among(buried) == buried


def test_a_device_of_a_deleted_campaign_is_told_and_the_next_person_is_out_of_it(phone: Client) -> None:
    made = campaign()
    join(phone, made)
    draw(phone)
    campaigns.delete(made, None)
    contributor_cookie.known.clear()
    assert draw(phone).json()["code"] == "campaign_gone"
    phone.post(NEXT)
    assert draw(phone).status_code == 201


def test_a_foreign_campaign_cookie_is_no_membership(visitor: APIClient) -> None:
    campaign()
    visitor.cookies["digitre_campaign"] = "WzEsIktSVE0iXQ:not:ours"
    assert visitor.post("/api/v1/drawings/", PATH).status_code == 201
    assert Drawing.objects.get().campaign is None

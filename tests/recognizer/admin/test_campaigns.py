"""Campaigns at the desk: made, confirmed, put on a wall as a sheet, asked by, ended, deleted."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from recognizer.models import Admission, Campaign, CampaignReceipt, Contributor, Drawing, Stage
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db

LIST = "/admin/recognizer/campaign/"
FORM: dict[str, Any] = {
    "name": "7b",
    "starts_at_0": "",
    "starts_at_1": "",
    "ends_at_0": "",
    "ends_at_1": "",
    "consent_text": "",
}


@pytest.fixture
def campaign() -> Campaign:
    made = Campaign(name="7b", wall=True)
    made.save()
    return made


def test_a_campaign_is_made_with_a_code(admin_client: Client) -> None:
    response = admin_client.post(f"{LIST}add/", FORM | {"wall": "on"})
    assert response.status_code == 302, response.content
    made = Campaign.objects.get()
    assert (made.name, made.wall, len(made.code), made.stage()) == ("7b", True, 4, Stage.OPEN)


def test_a_teacher_confirms_for_minors_and_their_name_is_kept(admin_client: Client, admin_user: User) -> None:
    sent = FORM | {"consent_text": "The parents agreed.", "minors": "on"}
    admin_client.post(f"{LIST}add/", sent)
    made = Campaign.objects.get()
    assert made.stage() is Stage.UNCONFIRMED
    admin_client.post(f"{LIST}{made.pk}/change/", sent | {"confirm": "on"})
    made.refresh_from_db()
    assert (made.stage(), made.confirmed_by) == (Stage.OPEN, admin_user)


def test_the_sheet_has_the_code_and_a_picture_that_leads_there(admin_client: Client, campaign: Campaign) -> None:
    page = admin_client.get(f"{LIST}{campaign.pk}/sheet/").content.decode()
    assert f"http://testserver/j/{campaign.code}/" in page
    assert 'src="data:image/svg+xml' in page
    assert "works on this machine alone" not in page


def test_the_sheet_of_a_machine_s_own_address_says_that_no_phone_reaches_it(
    admin_client: Client, campaign: Campaign
) -> None:
    page = admin_client.get(f"{LIST}{campaign.pk}/sheet/", headers={"Host": "127.0.0.1:8000"}).content.decode()
    assert "works on this machine alone" in page


@pytest.mark.parametrize("path", ["drawing/?status=all&campaign={}", "contributor/?campaign={}"])
def test_lists_may_be_asked_by_campaign(admin_client: Client, campaign: Campaign, path: str) -> None:
    ours = make_drawing(contributor=Contributor.join(Admission(campaign)), campaign=campaign, seed=1)
    theirs = make_drawing(seed=2)
    page = admin_client.get(f"/admin/recognizer/{path.format(campaign.pk)}").content.decode()
    assert ours.contributor.short_name in page
    assert theirs.contributor.short_name not in page


def test_the_queue_of_a_campaign_tells_and_counts_its_own(admin_client: Client, campaign: Campaign) -> None:
    make_drawing(contributor=Contributor.join(Admission(campaign)), campaign=campaign, seed=1)
    make_drawing(seed=2)
    asked = f"/admin/recognizer/drawing/queue/?campaign={campaign.code}"
    assert f"&quot;campaign&quot;: &quot;{campaign.code}&quot;" in admin_client.get(asked).content.decode()
    message = {"held": [], "unsent": [], "skipped": [], "blind": False, "wanted": {"campaign": campaign.code}}
    claimed = admin_client.post(
        "/admin/recognizer/drawing/queue/claim/", message, content_type="application/json"
    ).json()
    assert (len(claimed["drawings"]), claimed["left"]) == (1, 1)


def test_going_blind_and_back_stays_in_the_campaign(admin_client: Client, campaign: Campaign) -> None:
    queue = "/admin/recognizer/drawing/queue/"
    assert (
        f'"?campaign={campaign.code}&amp;blind=1"'
        in admin_client.get(f"{queue}?campaign={campaign.code}").content.decode()
    )
    page = admin_client.get(f"{queue}?campaign={campaign.code}&blind=1").content.decode()
    assert f'<a href="?campaign={campaign.code}">Show what was said</a>' in page


def test_the_queue_of_a_campaign_that_is_gone_hands_out_nobody_else_s(admin_client: Client) -> None:
    make_drawing()
    assert admin_client.get("/admin/recognizer/drawing/queue/?campaign=ZZZZ").status_code == 404
    message = {"held": [], "unsent": [], "blind": False, "wanted": {"campaign": "ZZZZ"}}
    claimed = admin_client.post("/admin/recognizer/drawing/queue/claim/", message, content_type="application/json")
    assert claimed.status_code == 404


def test_a_campaign_is_ended_by_a_click(admin_client: Client, campaign: Campaign) -> None:
    admin_client.post(LIST, {"action": "end_now", "_selected_action": [campaign.pk]})
    campaign.refresh_from_db()
    assert campaign.stage(timezone.now()) is Stage.OVER


def test_deletion_says_how_much_goes_and_leads_to_its_receipt(admin_client: Client, campaign: Campaign) -> None:
    make_drawing(contributor=Contributor.join(Admission(campaign)), campaign=campaign)
    asked = admin_client.get(f"{LIST}{campaign.pk}/delete/").content.decode()
    assert "Drawings: 1" in asked
    done = admin_client.post(f"{LIST}{campaign.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    receipt = CampaignReceipt.objects.get()
    assert f"/admin/recognizer/campaignreceipt/{receipt.pk}/change/" in done
    assert not Drawing.objects.exists()
    assert admin_client.get(f"/admin/recognizer/campaignreceipt/{receipt.pk}/change/").status_code == 200


def test_a_receipt_is_nobody_s_to_change(admin_client: Client) -> None:
    receipt = CampaignReceipt.objects.create(name="7b", code="KRTM")
    address = f"/admin/recognizer/campaignreceipt/{receipt.pk}"
    assert admin_client.post(f"{address}/change/", {"name": "8c"}).status_code == 403
    assert admin_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403

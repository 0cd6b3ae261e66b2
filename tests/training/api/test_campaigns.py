"""The wall of a campaign, and its progress."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from recognizer.models import Admission, Campaign, Contributor, Drawing, ModelVersion
from recognizer.ttl_cache import TtlCache
from tests.support.drawings import Draw, make_drawing
from training.api import campaign_progress
from training.evaluation.gate import Decision
from training.exchange.records import read_records
from training.exchange.selection import Selection
from training.models import DatasetSnapshot, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    made = Campaign(name="7b", wall=True)
    made.save()
    return made


@pytest.fixture
def person(campaign: Campaign) -> Contributor:
    return Contributor.join(Admission(campaign))


def wall(client: Client, campaign: Campaign, **headers: str) -> Any:
    campaign_progress._walls.clear()
    return client.get(f"/api/v1/walls/{campaign.code}/", headers=headers)


def test_nothing_that_no_reviewer_approved_is_shown(
    client: Client, campaign: Campaign, person: Contributor, admin_user: User
) -> None:
    waiting, by_rule, approved, rejected, none = (
        make_drawing(seed=seed, contributor=person, campaign=campaign) for seed in range(5)
    )
    by_rule.approve_by_rule("the two agree")
    approved.approve(7, admin_user)
    rejected.reject("rude", admin_user)
    none.approve(10, admin_user)
    answer = wall(client, campaign).json()
    assert [shown["id"] for shown in answer["shown"]] == [str(approved.pk)]
    assert (answer["people"], answer["drawings"]) == (1, 5)
    assert waiting.status == Drawing.Status.WAITING


def test_what_is_rejected_later_or_whose_contributor_is_blocked_leaves_the_wall(
    client: Client, campaign: Campaign, person: Contributor, admin_user: User
) -> None:
    drawing = make_drawing(contributor=person, campaign=campaign)
    drawing.approve(7, admin_user)
    assert len(wall(client, campaign).json()["shown"]) == 1
    person.block()
    assert wall(client, campaign).json()["shown"] == []


def test_other_campaigns_drawings_are_not_shown(client: Client, campaign: Campaign, admin_user: User) -> None:
    make_drawing().approve(7, admin_user)
    assert wall(client, campaign).json()["shown"] == []


def test_what_was_misread_and_is_read_now_is_marked(
    client: Client, campaign: Campaign, person: Contributor, draw: Draw
) -> None:
    for predicted in (3, 1):
        drawing = draw(3, by=person, style=predicted, reviewed=True)
        Drawing.objects.filter(pk=drawing.pk).update(campaign=campaign, predicted_label=predicted)
    shown = [(entry["digit"], entry["mended"]) for entry in wall(client, campaign).json()["shown"]]
    assert sorted(shown) == [(3, False), (3, True)]


def test_a_wall_that_has_not_changed_is_not_sent_again(client: Client, campaign: Campaign) -> None:
    first = wall(client, campaign)
    again = wall(client, campaign, **{"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_two_who_look_at_a_wall_are_told_in_their_own_language(client: Client, campaign: Campaign) -> None:
    told = [
        client.get(f"/api/v1/walls/{campaign.code}/", headers={"accept-language": language}).json()["learned"]
        for language in ("de", "en")
    ]
    assert told == [
        "Es hat hier noch von niemandem gelernt. Jede Zeichnung, die richtiggestellt wird, hilft.",
        "It has not learned from anybody here yet. Every drawing that is put right helps.",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Version 1: Of 4 corrections it reads 3."), ("pl", "Wersja 1 uczyła się z 3 rysunków.")],
)
def test_what_a_run_recorded_in_english_is_said_in_short_elsewhere(
    client: Client, campaign: Campaign, baseline: ModelVersion, language: str, sentence: str
) -> None:
    TrainingRun.objects.create(
        status=TrainingRun.Status.PROMOTED,
        trigger=TrainingRun.Trigger.COMMAND,
        challenger=baseline,
        snapshot=DatasetSnapshot.objects.create(digest="a", drawings=3, contributors=1),
        decision=Decision(promote=True, findings=["Of 4 corrections it reads 3."]).to_dict(),
    )
    assert wall(client, campaign, **{"accept-language": language}).json()["learned"] == sentence


def test_a_campaign_without_a_wall_has_none(client: Client, campaign: Campaign) -> None:
    Campaign.objects.update(wall=False)
    assert wall(client, campaign).status_code == 404
    assert client.get(f"/wall/{campaign.code}/").status_code == 404


def test_many_screens_cost_what_one_costs(
    client: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(campaign_progress, "_walls", TtlCache(1, 3600))  # seconds: however slow this machine is
    wall(client, campaign)
    with django_assert_num_queries(10):
        for _ in range(10):
            client.get(f"/api/v1/walls/{campaign.code}/")  # the campaign itself, each time


def test_progress_tells_how_the_versions_read_a_campaign_s_exam_drawings(
    client: Client, campaign: Campaign, draw: Draw
) -> None:
    Contributor.objects.bulk_create([Contributor(campaign=campaign, is_exam=exam) for exam in (True, False)])
    for person in campaign.contributors.all():
        drawing = draw(3, by=person, reviewed=True)
        Drawing.objects.filter(pk=drawing.pk).update(campaign=campaign)
    told = client.get(f"/api/v1/progress/?campaign={campaign.code}").json()["campaign"]
    assert (told["people"], told["drawings"], told["approved"]) == (2, 2, 2)
    assert [(share["version"], share["n"], share["right"]) for share in told["exam"]] == [(1, 1, 1)]
    assert "7b" in client.get(f"/progress/?campaign={campaign.code}").content.decode()


def test_progress_of_no_campaign_says_nothing_of_one(client: Client) -> None:
    assert "campaign" not in client.get("/api/v1/progress/").json()
    assert client.get("/api/v1/progress/?campaign=ZZZZ").status_code == 404


def test_an_export_may_be_of_one_campaign(campaign: Campaign, person: Contributor, draw: Draw) -> None:
    drawings = [draw(3, by=person), draw(4)]
    Drawing.objects.filter(pk=drawings[0].pk).update(campaign=campaign)
    chosen = Selection.of({"campaign": campaign.code}).drawings()
    assert [record.line["id"] for record in read_records(chosen)] == [str(drawings[0].pk)]
    assert len(list(read_records())) == 2

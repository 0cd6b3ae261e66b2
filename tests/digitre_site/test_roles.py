"""Least privilege: who may see which page, and who may do what."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client

from recognizer import registry
from recognizer.models import Campaign, Drawing, ModelVersion, Subscriber
from tests.support.accounts import MakeUser, SignIn
from tests.support.drawings import make_drawing
from training.models import TrainingPolicy, TrainingRun

pytestmark = pytest.mark.django_db

PAGES = {  # address: who may see it beside the owner
    "/admin/": {"Reviewer", "Operator", "nobody in particular"},
    "/admin/recognizer/drawing/": {"Reviewer"},
    "/admin/recognizer/drawing/{drawing}/change/": {"Reviewer"},
    "/admin/recognizer/drawing/queue/": {"Reviewer"},
    "/admin/recognizer/drawing/sheet/{contributor}/": {"Reviewer"},
    "/admin/recognizer/drawing/contradictions/": {"Reviewer"},
    "/admin/recognizer/drawing/map/": {"Reviewer"},
    "/admin/recognizer/reviewbatch/": {"Reviewer"},
    "/admin/recognizer/contributor/": {"Reviewer"},
    "/admin/recognizer/campaign/": {"Reviewer", "Operator"},
    "/admin/recognizer/campaign/add/": {"Operator"},
    "/admin/recognizer/campaign/{campaign}/delete/": {"Operator"},
    "/admin/recognizer/campaign/{campaign}/sheet/": {"Reviewer", "Operator"},
    "/admin/recognizer/campaignreceipt/": {"Operator"},
    "/admin/recognizer/labelevent/": {"Reviewer"},
    "/admin/recognizer/apikey/": {"Reviewer", "Operator"},
    "/admin/recognizer/apikey/add/": {"Reviewer", "Operator"},
    "/admin/recognizer/subscriber/": {"Operator"},
    "/admin/recognizer/subscriber/add/": {"Operator"},
    "/admin/recognizer/delivery/": {"Operator"},
    "/admin/recognizer/ledgerentry/": {"Operator"},
    "/admin/recognizer/modelversion/": {"Operator"},
    "/admin/recognizer/modelversion/{version}/change/": {"Operator"},
    "/admin/recognizer/modelversion/{version}/promote/": {"Operator"},
    "/admin/recognizer/modelversion/roll-back/": {"Operator"},
    "/admin/recognizer/modelversion/compare/": {"Operator"},
    "/admin/training/trainingpolicy/reviewers/": {"Operator"},
    "/admin/recognizer/promotionevent/": {"Operator"},
    "/admin/training/trainingrun/": {"Operator"},
    "/admin/training/trainingrun/{run}/change/": {"Operator"},
    "/admin/training/trainingrun/{run}/progress/": {"Operator"},
    "/admin/training/trainingpolicy/1/change/": {"Operator"},
    "/admin/training/datasetsnapshot/": {"Operator"},
    "/admin/training/workerheartbeat/": {"Operator"},
    "/admin/auth/user/": set(),
    "/admin/auth/group/": set(),
    "/admin/axes/accessattempt/": set(),
}
ACTS = {  # address: (what is sent, who may)
    "/admin/recognizer/drawing/{drawing}/decide/": ({"decision": "7"}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/claim/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/decide/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/skip/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/undo/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/leave/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/queue/note/": ({}, {"Reviewer"}),
    "/admin/recognizer/drawing/sheet/{contributor}/": ({}, {"Reviewer"}),
    "/admin/recognizer/modelversion/{version}/describe/": ({"tags": "museum"}, {"Operator"}),
    "/admin/recognizer/modelversion/{version}/promote/": ({"reason": "why not"}, {"Operator"}),
    "/admin/recognizer/modelversion/roll-back/": ({"reason": "why not"}, {"Operator"}),
    "/admin/recognizer/apikey/add/": ({"name": "mine", "scopes": ["read"]}, {"Reviewer", "Operator"}),
    "/admin/recognizer/subscriber/{subscriber}/test/": ({}, {"Operator"}),
    "/admin/training/trainingrun/train-now/": ({}, {"Operator"}),
    "/admin/training/trainingrun/{run}/cancel/": ({}, {"Operator"}),
    "/admin/training/trainingpolicy/1/change/": (
        {"minimum_new_labels": "50", "minimum_interval_minutes": "60"},
        {"Operator"},
    ),
}
ROLES = ["Reviewer", "Operator", "nobody in particular", "a visitor"]


@pytest.fixture
def rows() -> dict[str, Any]:
    version = registry.ensure_baseline()
    TrainingPolicy.load()
    run = TrainingRun.objects.create(trigger="request")
    subscriber = Subscriber.objects.create(name="a bot", address="https://bot.example/hook", events=[])
    campaign = Campaign(name="7b")
    campaign.save()
    drawing = make_drawing()
    return {
        "subscriber": subscriber.pk,
        "drawing": drawing.pk,
        "contributor": drawing.contributor_id,
        "version": version.pk,
        "run": run.pk,
        "campaign": campaign.pk,
    }


@pytest.fixture
def client_of(make_user: MakeUser, sign_in: SignIn, client: Client) -> Callable[[str], Client]:
    def client_of(role: str) -> Client:
        return client if role == "a visitor" else sign_in(make_user("somebody", role))

    return client_of


def is_refused(response: HttpResponseBase, role: str) -> bool:
    """Whether somebody was turned away: a visitor is asked to sign in, everybody else is told no."""
    if role == "a visitor":
        return response.status_code == 302 and response["Location"].startswith("/admin/login/")
    return response.status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_pages_and_no_other(
    client_of: Callable[[str], Client], rows: dict[str, Any], role: str
) -> None:
    visitor = client_of(role)
    seen = {page: visitor.get(page.format(**rows)).status_code == 200 for page in PAGES}
    assert seen == {page: role in who for page, who in PAGES.items()}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_its_work_and_no_other(
    client_of: Callable[[str], Client], rows: dict[str, Any], role: str
) -> None:
    visitor = client_of(role)
    refused = {act: is_refused(visitor.post(act.format(**rows), said), role) for act, (said, _) in ACTS.items()}
    assert refused == {act: role not in who for act, (_, who) in ACTS.items()}


def test_what_a_role_may_not_do_is_not_done(client_of: Callable[[str], Client], rows: dict[str, Any]) -> None:
    visitor = client_of("Operator")
    visitor.post(f"/admin/recognizer/drawing/{rows['drawing']}/decide/", {"decision": "1"})
    assert Drawing.objects.get().status == "waiting"


@pytest.mark.parametrize(
    "action", ["approve_as_said", "approve_as", "not_a_digit", "reject", "put_back", "block_contributors"]
)
def test_who_may_only_look_has_no_actions(
    make_user: MakeUser, sign_in: SignIn, rows: dict[str, Any], action: str
) -> None:
    from django.contrib.auth.models import Permission

    onlooker = make_user("onlooker")
    onlooker.user_permissions.add(Permission.objects.get(codename="view_drawing"))
    response = sign_in(onlooker).post(
        "/admin/recognizer/drawing/",
        {"action": action, "_selected_action": [str(rows["drawing"])], "sheet": "yes", "reason": "x", "label": "1"},
    )
    assert response.status_code in (200, 302)
    assert Drawing.objects.get().status == "waiting"


def test_blocking_needs_the_permission_to_change_contributors(
    make_user: MakeUser, sign_in: SignIn, rows: dict[str, Any]
) -> None:
    from django.contrib.auth.models import Permission

    junior = make_user("junior")
    junior.user_permissions.add(*Permission.objects.filter(codename__in=["view_drawing", "change_drawing"]))
    sign_in(junior).post(
        "/admin/recognizer/drawing/",
        {"action": "block_contributors", "_selected_action": [str(rows["drawing"])], "sheet": "yes", "reason": "x"},
    )
    assert not Drawing.objects.get().contributor.is_blocked


def test_reviewer_sees_no_training_on_the_first_page_and_operator_no_drawings(
    client_of: Callable[[str], Client], make_user: MakeUser, sign_in: SignIn, rows: dict[str, Any]
) -> None:
    reviewers = client_of("Reviewer").get("/admin/").content.decode()
    assert "waiting for review" in reviewers
    assert "Champion" not in reviewers
    assert "trainingrun" not in reviewers
    operators = sign_in(make_user("petra", "Operator")).get("/admin/").content.decode()
    assert "waiting for review" not in operators
    assert "/drawing/queue/" not in operators
    assert "next training" in operators


def test_operator_sees_no_pictures_on_a_versions_page(client_of: Callable[[str], Client], rows: dict[str, Any]) -> None:
    page = client_of("Operator").get(f"/admin/recognizer/modelversion/{rows['version']}/change/").content.decode()
    assert "data:image/png" not in page


@pytest.mark.parametrize("page", ["/admin/recognizer/modelversion/{version}/", "/admin/training/trainingrun/{run}/"])
def test_nobody_deletes_versions_or_runs(owner: User, sign_in: SignIn, rows: dict[str, Any], page: str) -> None:
    client = sign_in(owner)
    assert client.post(page.format(**rows) + "delete/", {"post": "yes"}).status_code == 403
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "places"), [("Reviewer", ["Drawings", "Queue"]), ("Operator", ["Versions", "Runs", "Policy"])]
)
def test_header_leads_to_the_places_of_a_role(client_of: Callable[[str], Client], role: str, places: list[str]) -> None:
    page = client_of(role).get("/admin/").content.decode()
    nav = page[page.index('class="places-of-work"') : page.index("</nav>")]
    assert re.findall(r">(\w+)</a>", nav) == places


def test_refusal_says_whose_account_it_is_not_for(client_of: Callable[[str], Client], rows: dict[str, Any]) -> None:
    response = client_of("Operator").get("/admin/recognizer/drawing/")
    assert response.status_code == 403
    assert "somebody may do other work here" in response.content.decode()


def test_form_from_another_site_is_refused_in_its_own_words(make_user: MakeUser) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("somebody", "Operator"), "django.contrib.auth.backends.ModelBackend")
    response = client.post("/admin/training/trainingrun/train-now/")
    assert response.status_code == 403
    assert "came from another site" in response.content.decode()


def test_first_page_asks_visitors_to_sign_in(client: Client) -> None:
    response = client.get("/admin/recognizer/drawing/queue/")
    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]

"""Who may do what: every address, every method, every action of the desk. What has no rule here fails.

Each table says who is let in; whoever it does not name is turned away, and the tests try everybody at every door.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from recognizer import registry
from recognizer.models import (
    ApiKey,
    Campaign,
    CampaignReceipt,
    Delivery,
    LabelEvent,
    LedgerEntry,
    PromotionEvent,
    ReviewBatch,
    Scope,
    Subscriber,
)
from tests.support.accounts import MakeUser, SignIn
from tests.support.drawings import make_drawing
from tests.support.known import known
from tests.support.pictures import SEVEN
from training.models import DatasetSnapshot, TrainingPolicy, TrainingRun, WorkerHeartbeat

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VISITOR, STAFF, REVIEWER, OPERATOR, OWNER = "a visitor", "nobody in particular", "Reviewer", "Operator", "the owner"
ACCOUNTS = (STAFF, REVIEWER, OPERATOR, OWNER)
FORM = {"strokes": SEVEN, "canvas": {"width": 280, "height": 280}}

# Asked by everybody, in these ways and no other
OPEN = {
    "": {"GET"},
    "rounds/": {"GET"},
    "drawings/": {"GET"},
    "model/": {"GET"},
    "about/": {"GET"},
    "privacy/": {"GET"},
    "progress/": {"GET"},
    "kiosk/": {"GET"},
    "away/": {"GET"},
    "service-worker.js": {"GET"},
    "j/": {"GET"},
    "j/<str:code>/": {"GET", "POST"},
    "wall/<str:code>/": {"GET"},
    "language/": set(METHODS),  # whatever the method, it sets a cookie for a form of ours alone
    "api/v1/session/next/": {"POST"},
    "api/v1/walls/<str:code>/": {"GET"},
    "api/v1/guesses/": {"POST"},
    "api/v1/guesses/batch/": {"POST"},
    "api/v1/drawings/": {"GET", "POST", "DELETE"},  # one's own
    "api/v1/drawings/export/": {"GET"},  # one's own
    "api/v1/explanations/": {"POST"},
    "api/v1/rounds/": {"GET"},
    "api/v1/model/": {"GET"},
    "api/v1/progress/": {"GET"},
    "api/v1/progress/drawings/": {"GET"},
    "api/schema/": {"GET"},
    "api/docs/": {"GET"},
    "_get_digit": {"POST"},
    "healthz": {"GET"},
    "readyz": {"GET"},
}
# A contributor's alone; to anybody else it is not there
OWN = {
    "api/v1/drawings/<uuid:drawing_id>/": {"GET", "DELETE"},
    "api/v1/drawings/<uuid:drawing_id>/feedback/": {"PUT", "DELETE"},
}
# There for nobody, or for who is named in a test of its own
NOT_THERE = {
    "metrics",
    "words/<slug:page>.<slug:language>.json",
    "manifest.<slug:language>.webmanifest",
    "^api/",
    "admin/(?P<url>.*)$",
}
# For programs with a key whose scope fits; exports also for who may export at the desk
KEYED = {
    "api/v1/collection/",
    "api/v1/export/",
    "api/v1/exports/<str:name>/",
    "api/v1/key/",
    "api/v1/review/<uuid:drawing_id>/decision/",
    "api/v1/review/next/",
    "api/v1/review/release/",
    "api/v1/review/renew/",
    "api/v1/runs/",
    "api/v1/runs/<int:run_id>/",
}
# The desk's own doors, before anything is asked for
SIGNING_IN = {"admin/login/", "admin/logout/"}
ANY_ACCOUNT = {
    "admin/",
    "admin/password_change/",
    "admin/password_change/done/",
    "admin/jsi18n/",
}
# Of Django's admin; what they show has a permission of its own, or leads to an address that has one
INDIRECT = {
    "admin/autocomplete/",
    "admin/r/<path:content_type_id>/<path:object_id>/",
    "admin/^(?P<app_label>auth|axes|recognizer|training)/$",
}
# What is done at the desk: how it is asked for, and by whom
WORK = {
    "admin/auth/user/<id>/password/": ("GET", {OWNER}),
    "admin/recognizer/drawing/queue/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/claim/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/decide/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/skip/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/undo/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/leave/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/queue/note/": ("POST", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/contradictions/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/map/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/map/sheet/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/sheet/<int:contributor_id>/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/drawing/batch/<int:batch_id>/": ("GET", {REVIEWER, OWNER}),
    "admin/recognizer/campaign/<int:pk>/sheet/": ("GET", {REVIEWER, OPERATOR, OWNER}),
    "admin/recognizer/subscriber/<int:subscriber_id>/test/": ("POST", {OPERATOR, OWNER}),
    "admin/drawings/export/": ("GET", {OPERATOR, OWNER}),
    "admin/drawings/export/<int:file_id>/": ("GET", {OPERATOR, OWNER}),
    "admin/training/trainingpolicy/reviewers/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/drawing/<uuid:drawing_id>/decide/": ("POST", {REVIEWER, OWNER}),
    "admin/training/trainingrun/train-now/": ("POST", {OPERATOR, OWNER}),
    "admin/training/trainingrun/<int:run_id>/cancel/": ("POST", {OPERATOR, OWNER}),
    "admin/training/trainingrun/<int:run_id>/progress/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/<int:version_id>/promote/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/roll-back/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/compare/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/<int:version_id>/describe/": ("POST", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/<int:version_id>/files/<str:kind>/": ("GET", {OPERATOR, OWNER}),
    "admin/recognizer/modelversion/<int:version_id>/onnx/": ("POST", {OPERATOR, OWNER}),
}
# Rows: who may view, add, change and delete them
ROWS: dict[str, dict[str, set[str]]] = {
    "auth.Group": {OWNER: {"view", "add", "change", "delete"}},
    "auth.User": {OWNER: {"view", "add", "change", "delete"}},
    "axes.AccessAttempt": {OWNER: {"view", "change", "delete"}},
    "axes.AccessLog": {OWNER: {"view", "change", "delete"}},
    "axes.AccessFailureLog": {OWNER: {"view", "change", "delete"}},
    "recognizer.ApiKey": {who: {"view", "add"} for who in (REVIEWER, OPERATOR, OWNER)},
    "recognizer.Campaign": {
        REVIEWER: {"view"},
        OPERATOR: {"view", "add", "change", "delete"},
        OWNER: {"view", "add", "change", "delete"},
    },
    "recognizer.CampaignReceipt": {OPERATOR: {"view"}, OWNER: {"view"}},
    "recognizer.Contributor": {REVIEWER: {"view"}, OWNER: {"view"}},
    "recognizer.Delivery": {OPERATOR: {"view"}, OWNER: {"view"}},
    "recognizer.Drawing": {REVIEWER: {"view", "change"}, OWNER: {"view", "change", "delete"}},
    "recognizer.LabelEvent": {REVIEWER: {"view"}, OWNER: {"view"}},
    "recognizer.LedgerEntry": {OPERATOR: {"view"}, OWNER: {"view"}},
    "recognizer.ModelVersion": {OPERATOR: {"view", "change"}, OWNER: {"view", "change"}},
    "recognizer.PromotionEvent": {OPERATOR: {"view"}, OWNER: {"view"}},
    "recognizer.ReviewBatch": {REVIEWER: {"view"}, OWNER: {"view"}},
    "recognizer.Subscriber": {who: {"view", "add", "change", "delete"} for who in (OPERATOR, OWNER)},
    "training.DatasetSnapshot": {OPERATOR: {"view"}, OWNER: {"view"}},
    "training.TrainingPolicy": {OPERATOR: {"view", "change"}, OWNER: {"view", "change"}},
    "training.TrainingRun": {OPERATOR: {"view", "change"}, OWNER: {"view", "change"}},
    "training.WorkerHeartbeat": {OPERATOR: {"view"}, OWNER: {"view"}},
}
DECISIONS = {"approve_as", "approve_as_said", "block_contributors", "not_a_digit", "put_back", "reject"}
# What is done to many rows at once, by whom; the list itself is shown to those who may view it
ACTIONS: dict[str, dict[str, set[str]]] = {
    "auth.Group": {OWNER: {"delete_selected"}},
    "auth.User": {OWNER: {"delete_selected"}},
    "axes.AccessAttempt": {OWNER: {"delete_selected", "cleanup_expired_attempts"}},
    "axes.AccessLog": {OWNER: {"delete_selected"}},
    "axes.AccessFailureLog": {OWNER: {"delete_selected"}},
    "recognizer.ApiKey": {who: {"revoke"} for who in (REVIEWER, OPERATOR, OWNER)},
    "recognizer.Campaign": {OPERATOR: {"end_now"}, OWNER: {"end_now"}},
    "recognizer.Contributor": {REVIEWER: {"unblock"}, OWNER: {"unblock"}},
    "recognizer.Delivery": {OPERATOR: {"send_again"}, OWNER: {"send_again"}},
    "recognizer.Drawing": {REVIEWER: DECISIONS, OWNER: DECISIONS},
}
OF_ROWS = {  # the addresses that Django's admin makes for each kind of row, and what they take
    "": "view",
    "add/": "add",
    "<path:object_id>/history/": "view",
    "<path:object_id>/delete/": "delete",
    "<path:object_id>/change/": "view",
}
OLD_CHANGE = "<path:object_id>/"  # leads to the change page


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, before + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield before + str(entry.pattern)


def place_of(label: str) -> str:
    return f"admin/{label.lower().replace('.', '/')}/"


@pytest.fixture
def rows(make_user: MakeUser) -> dict[str, Any]:
    """One row of each kind, by its model."""
    drawing = make_drawing()
    subscriber = Subscriber.objects.create(name="a bot", address="https://bot.example/hook", events=[])
    campaign = Campaign(name="7b")
    campaign.save()
    found: list[models.Model] = [
        registry.ensure_baseline(),
        drawing,
        drawing.contributor,
        known(LabelEvent.objects.first()),
        known(PromotionEvent.objects.first()),
        make_user("zoe"),
        ApiKey.objects.make(make_user("keyed"), "theirs", [Scope.READ])[0],
        campaign,
        CampaignReceipt.objects.create(code="ABCD", name="7a"),
        subscriber,
        Delivery.objects.create(subscriber=subscriber, event="test", body="{}"),
        known(LedgerEntry.objects.first()),
        ReviewBatch.objects.create(title="approve as 3"),
        known(Group.objects.first()),
        TrainingPolicy.load(),
        TrainingRun.objects.create(trigger="request"),
        WorkerHeartbeat.objects.create(name="host:1", at=timezone.now()),
        DatasetSnapshot.objects.create(drawings=1, contributors=1),
        AccessAttempt.objects.create(failures_since_start=1),
        AccessLog.objects.create(),
        AccessFailureLog.objects.create(),
    ]
    return {row._meta.label: row.pk for row in found}


@pytest.fixture
def account(make_user: MakeUser) -> Callable[[str], User]:
    def account(role: str) -> User:
        groups = [role] if role in (REVIEWER, OPERATOR) else []
        return make_user("somebody", *groups, is_superuser=role == OWNER)

    return account


def filled_in(address: str, rows: dict[str, Any], row: object = "") -> str:
    parts = {
        "<path:object_id>": row,
        "<uuid:drawing_id>": rows["recognizer.Drawing"],
        "<id>": rows["auth.User"],
        "<int:run_id>": rows["training.TrainingRun"],
        "<int:contributor_id>": rows.get("recognizer.Contributor"),
        "<int:batch_id>": rows.get("recognizer.ReviewBatch"),
        "<int:pk>": rows.get("recognizer.Campaign"),
        "<int:subscriber_id>": rows.get("recognizer.Subscriber"),
        "<int:file_id>": 0,
        "<str:kind>": "tflite",
        "<str:name>": "csv",
        "<int:version_id>": rows["recognizer.ModelVersion"],
    }
    for part, value in parts.items():
        address = address.replace(part, str(value))
    return f"/{address}"


def test_every_address_has_a_rule() -> None:
    of_rows = {place_of(label) + rest for label in ROWS for rest in (*OF_ROWS, OLD_CHANGE)}
    ruled = [{*OPEN}, {*OWN}, KEYED, NOT_THERE, SIGNING_IN, ANY_ACCOUNT, INDIRECT, {*WORK}, of_rows]
    assert set(addresses(get_resolver())) == set().union(*ruled)
    assert sum(map(len, ruled)) == len(set().union(*ruled))


def test_every_kind_of_row_at_the_desk_has_a_rule() -> None:
    assert {model._meta.label for model in admin.site._registry} == set(ROWS)


@pytest.mark.parametrize("method", METHODS)
def test_open_addresses_are_asked_in_their_ways_and_no_other(client: Client, method: str) -> None:
    registry.ensure_baseline()
    answered = {address for address in OPEN if client.generic(method, f"/{address}").status_code != 405}
    assert answered == {address for address, ways in OPEN.items() if method in ways}


@pytest.mark.parametrize("address", sorted(KEYED))
def test_what_is_for_programs_wants_a_key(client: Client, rows: dict[str, Any], address: str) -> None:
    answers = {client.generic(method, filled_in(address, rows)).status_code for method in METHODS}
    assert answers == {401}


@pytest.mark.parametrize("address", OWN)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_ones_own_is_there_for_nobody_else(client: Client, address: str, method: str) -> None:
    registry.ensure_baseline()
    drawn = client.post("/api/v1/drawings/", FORM, "application/json").json()
    path = filled_in(address, {"recognizer.Drawing": drawn["id"], "auth.User": 0, "training.TrainingRun": 0,
                               "recognizer.ModelVersion": 0})  # fmt: skip
    stranger = Client()
    stranger.post("/api/v1/drawings/", FORM, "application/json")
    refusal = 404 if method in OWN[address] else 405
    for other in (Client(), stranger):
        assert other.generic(method, path, '{"label": 7}', "application/json").status_code == refusal
    mine = client.generic(method, path, '{"label": 7}', "application/json").status_code
    assert (mine in (200, 204)) == (method in OWN[address])


@pytest.mark.parametrize("method", METHODS)
def test_visitor_gets_nowhere_at_the_desk(client: Client, rows: dict[str, Any], method: str) -> None:
    doors = [*ANY_ACCOUNT, *WORK, "admin/autocomplete/", "admin/no-such-place/", "admin/recognizer/"]
    doors += [place_of(label) + rest for label in ROWS for rest in ("", "add/", "1/change/", "1/delete/")]
    seen = {door: client.generic(method, filled_in(door, rows)) for door in doors}
    assert [d for d, answer in seen.items() if not answer.get("Location", "").startswith("/admin/login/?next=")] == []


@pytest.mark.parametrize("role", ACCOUNTS)
def test_each_account_does_its_work_and_no_other(
    account: Callable[[str], User], sign_in: SignIn, rows: dict[str, Any], role: str
) -> None:
    client = sign_in(account(role))
    let_in = {
        address
        for address, (method, _) in WORK.items()
        if client.generic(method, filled_in(address, rows)).status_code != 403
    }
    assert let_in == {address for address, (_, who) in WORK.items() if role in who}


@pytest.mark.parametrize("role", ACCOUNTS)
def test_each_account_sees_and_handles_its_rows_and_no_other(
    account: Callable[[str], User], sign_in: SignIn, rows: dict[str, Any], role: str
) -> None:
    client = sign_in(account(role))
    wrong = []
    for label, who in ROWS.items():
        for rest, needed in OF_ROWS.items():
            status = client.get(filled_in(place_of(label) + rest, rows, rows[label]), follow=True).status_code
            if (status == 200) != (needed in who.get(role, ())):
                wrong.append(f"{status} {place_of(label)}{rest}")
        if "change" not in who.get(role, ()):
            status = client.post(filled_in(f"{place_of(label)}<path:object_id>/change/", rows, rows[label])).status_code
            if status != 403:
                wrong.append(f"{status} POST {place_of(label)}")
    assert wrong == []


@pytest.mark.parametrize("role", ACCOUNTS)
def test_each_account_has_its_actions_and_no_other(account: Callable[[str], User], role: str) -> None:
    request = RequestFactory().get("/admin/")
    request.user = account(role)
    offered = {}
    for model, desk in admin.site._registry.items():
        if desk.has_view_permission(request) and (names := set(desk.get_actions(request))):
            offered[model._meta.label] = names
    assert offered == {label: who[role] for label, who in ACTIONS.items() if role in who}


@pytest.mark.parametrize("address", sorted(ANY_ACCOUNT))
def test_every_account_may_see_the_first_page_and_change_its_password(
    account: Callable[[str], User], sign_in: SignIn, address: str
) -> None:
    assert sign_in(account(STAFF)).get(f"/{address}").status_code == 200


def test_metrics_are_there_for_accounts_alone(account: Callable[[str], User], sign_in: SignIn, client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert sign_in(account(STAFF)).get("/metrics").status_code == 200

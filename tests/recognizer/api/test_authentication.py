"""Keys: who calls with one, what they may, how often, and that the key itself is written nowhere."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from recognizer.api.authentication import RefusedKeys
from recognizer.models import ApiKey, Contributor, Drawing, Scope
from tests.support.accounts import SignIn
from tests.support.fake_model import FakeClassifier
from tests.support.known import known
from tests.support.programs import program, with_key

pytestmark = pytest.mark.django_db
NOON = time_machine.travel("2026-11-27T12:00:00Z", tick=False)  # what is counted by the minute is counted in one


def test_a_key_is_kept_as_its_hash_alone(reviewer: User) -> None:
    key, secret = ApiKey.objects.make(reviewer, "a program", [Scope.READ])
    assert secret.startswith("dgt_")
    assert len(secret) == 47
    kept = " ".join(str(value) for value in ApiKey.objects.values_list()[0])
    assert secret[len(key.beginning) :] not in kept
    assert ApiKey.objects.find(secret) == key


def test_a_key_says_what_it_is_for(reviewer: User) -> None:
    said = program(reviewer, Scope.READ, calls_a_minute=30).get("/api/v1/key/").json()
    assert (said["owner"], said["scopes"], said["calls_a_minute"]) == ("rosa", ["read"], 30)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic cm9zYTpyb3Nh", "Bearer of-another-service", "Bearer dgt_"])
def test_a_call_without_a_key_is_asked_for_one(header: str, db: None) -> None:
    response = APIClient().get("/api/v1/key/", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert set(response.json()) == {"code", "detail"}


@pytest.mark.parametrize("why", ["revoked", "over", "left", "unknown"])
def test_a_key_that_may_not_be_used_is_refused_in_words(reviewer: User, why: str) -> None:
    key, secret = ApiKey.objects.make(reviewer, "a program", [Scope.READ])
    if why == "revoked":
        key.revoke()
    elif why == "over":
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif why == "left":
        User.objects.filter(pk=reviewer.pk).update(is_active=False)
    else:
        secret += "x"
    response = with_key(secret).get("/api/v1/key/")
    assert response.status_code == 401
    words = {"revoked": "revoked", "over": "day that is over", "left": "account", "unknown": "no such key"}
    assert words[why] in response.json()["detail"]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.READ, "get", "/api/v1/collection/"),
        (Scope.READ, "get", "/api/v1/runs/"),
        (Scope.DRAW, "get", "/api/v1/drawings/"),
        (Scope.REVIEW, "post", "/api/v1/review/next/"),
        (Scope.EXPORT, "get", "/api/v1/export/"),
    ],
)
def test_a_key_opens_what_it_is_for_and_nothing_else(owner: User, scope: Scope, method: str, path: str) -> None:
    others = [other for other in Scope if other != scope]
    assert getattr(program(owner, scope), method)(path, {}).status_code == 200
    refused = getattr(program(owner, *others), method)(path, {})
    assert refused.status_code == 403
    assert scope in refused.json()["detail"]


def test_a_key_may_no_more_than_its_owner(operator: User) -> None:
    refused = program(operator, Scope.REVIEW).post("/api/v1/review/next/", {})
    assert refused.status_code == 403
    assert "owner" in refused.json()["detail"]


@NOON
def test_each_key_is_counted_for_itself(owner: User) -> None:
    slow, other = program(owner, Scope.READ, calls_a_minute=2), program(owner, Scope.READ, calls_a_minute=2)
    assert [slow.get("/api/v1/key/").status_code for _ in range(3)] == [200, 200, 429]
    assert int(slow.get("/api/v1/key/").headers["Retry-After"]) <= 60
    assert other.get("/api/v1/key/").status_code == 200


@NOON
def test_who_tries_keys_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RefusedKeys, "limit", 3)
    guesses = [with_key(f"dgt_{guess}").get("/api/v1/key/").status_code for guess in range(5)]
    assert guesses == [401] * 3 + [429] * 2


@NOON
def test_last_use_is_kept_to_the_minute(owner: User) -> None:
    client = program(owner, Scope.READ)
    client.get("/api/v1/key/")
    first = ApiKey.objects.get().last_used_at
    client.get("/api/v1/key/")
    assert first is not None
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    client.get("/api/v1/key/")
    assert known(ApiKey.objects.get().last_used_at) > first - timedelta(minutes=1)


def test_a_program_draws_as_one_contributor_without_a_cookie(
    model: FakeClassifier, owner: User, seven: dict[str, Any]
) -> None:
    client = program(owner, Scope.DRAW)
    stored = [client.post("/api/v1/drawings/", seven) for _ in range(2)]
    assert [response.status_code for response in stored] == [201, 201]
    assert not stored[0].cookies
    assert Contributor.objects.count() == 1
    said = client.put(f"/api/v1/drawings/{stored[0].json()['id']}/feedback/", {"label": 1})
    assert said.json()["label"] == 1
    assert len(client.get("/api/v1/drawings/").json()["results"]) == 2
    assert APIClient().get("/api/v1/drawings/").json()["results"] == []
    assert client.delete("/api/v1/drawings/").status_code == 204
    assert not Drawing.objects.exists()
    assert client.post("/api/v1/drawings/", seven).status_code == 201


@NOON
def test_a_program_s_batch_counts_each_drawing_with_its_key(
    model: FakeClassifier, owner: User, seven: dict[str, Any]
) -> None:
    client = program(owner, Scope.DRAW, calls_a_minute=5)
    assert client.post("/api/v1/guesses/batch/", {"drawings": [seven] * 3}).status_code == 200
    assert client.post("/api/v1/guesses/batch/", {"drawings": [seven] * 3}).status_code == 429


def test_no_log_has_a_key_in_it(owner: User, caplog: pytest.LogCaptureFixture) -> None:
    _, secret = ApiKey.objects.make(owner, "a program", [Scope.READ])
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("django_structlog").setLevel(logging.DEBUG)
        with_key(secret).get("/api/v1/key/")
        with_key(secret).post("/api/v1/review/next/", {})
        with_key(secret + "x").get("/api/v1/key/")
    logging.getLogger("django_structlog").setLevel(logging.WARNING)
    assert caplog.records
    assert secret[10:] not in "".join(f"{record.getMessage()} {record.args}" for record in caplog.records)


# made and revoked in the admin


def make_in_admin(client: Client, **said: Any) -> Any:
    return client.post("/admin/recognizer/apikey/add/", {"name": "a bot", "calls_a_minute": 60, **said})


def test_a_key_is_made_in_the_admin_and_shown_once(reviewer: User, sign_in: SignIn) -> None:
    client = sign_in(reviewer)
    page = make_in_admin(client, scopes=["read", "review"])
    key = ApiKey.objects.get()
    assert (key.owner, key.scopes) == (reviewer, ["read", "review"])
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert ApiKey.objects.find(secret) == key
    later = client.get("/admin/recognizer/apikey/").content.decode()
    assert key.beginning in later
    assert secret not in later


def test_nobody_makes_a_key_for_what_they_may_not_do(operator: User, sign_in: SignIn) -> None:
    page = make_in_admin(sign_in(operator), scopes=["review"])
    assert not ApiKey.objects.exists()
    assert "review is not one of the available choices" in page.content.decode()


def test_a_reviewer_sees_and_revokes_their_own_keys_only(
    reviewer: User, other_reviewer: User, operator: User, sign_in: SignIn
) -> None:
    mine, _ = ApiKey.objects.make(reviewer, "mine", [Scope.READ])
    theirs, secret = ApiKey.objects.make(other_reviewer, "theirs", [Scope.READ])
    said = {"action": "revoke", "_selected_action": [str(mine.pk), str(theirs.pk)]}
    sign_in(reviewer).post("/admin/recognizer/apikey/", said)
    assert [ApiKey.objects.get(pk=key.pk).revoked_at is None for key in (mine, theirs)] == [False, True]
    sign_in(operator).post("/admin/recognizer/apikey/", said)
    assert with_key(secret).get("/api/v1/key/").status_code == 401

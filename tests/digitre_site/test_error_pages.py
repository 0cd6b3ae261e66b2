"""What somebody reads when a page cannot be had: in the house's own style, and without asking the database."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError
from django.test import Client

from recognizer import views


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True, headers={"Accept": "text/html,*/*;q=0.8"})


def break_pages(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(views, "render_to_string", fail)


def assert_is_ours(response: Any, words: str) -> None:
    page = response.content.decode()
    assert words in page
    assert "digitre" in page
    assert 'href="/progress/"' in page
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_an_unknown_address(browser: Client) -> None:
    response = browser.get("/nothing-here/")
    assert response.status_code == 404
    assert_is_ours(response, "There is nothing at this address.")


def test_a_fault_of_ours_needs_no_database(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # no `db` fixture: pytest-django would fail any query
    break_pages(monkeypatch, DatabaseError("relation does not exist"))
    response = browser.get("/about/")
    assert response.status_code == 500
    assert_is_ours(response, "Something broke on our side.")


def test_a_database_that_is_away_is_a_page_to_people_and_json_to_programs(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_pages(monkeypatch, OperationalError("could not connect"))
    response = browser.get("/about/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert_is_ours(response, "Back in a moment.")

    response = browser.get("/about/", headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_a_form_of_another_site(browser: Client) -> None:
    response = browser.post("/admin/login/", {"username": "x", "password": "y"})
    assert response.status_code == 403
    assert_is_ours(response, "That form was too old.")


@pytest.mark.django_db
def test_a_page_that_one_may_not_see(browser: Client, django_user_model: type[User]) -> None:
    browser.force_login(
        django_user_model.objects.create_user("clerk", is_staff=True), "django.contrib.auth.backends.ModelBackend"
    )
    response = browser.get("/admin/auth/user/")
    assert response.status_code == 403
    assert_is_ours(response, "This is not for your account.")


def test_a_host_that_is_not_ours(browser: Client) -> None:
    response = browser.get("/", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert b"That request makes no sense here." in response.content

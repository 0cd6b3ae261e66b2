"""What is said beside the answer, what a proxy may have done to the question, and who may try to sign in how often."""

import threading
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings
from structlog.contextvars import get_contextvars

from digitre_site import sign_in
from recognizer.api.throttles import counter
from tests.support.pictures import SEVEN
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db
PATH = {"strokes": SEVEN, "canvas": {"width": 280, "height": 280}}
LOGIN = "/admin/login/"
SIGNING_IN = {"username": "rosa", "password": "rosa-secret", "next": "/admin/"}


def draw(client: Client, **headers: str) -> Any:
    return client.post("/api/v1/drawings/", PATH, content_type="application/json", headers=headers)


# nobody keeps what is one person's


@pytest.mark.parametrize(
    "path", ["/api/v1/drawings/", "/api/v1/drawings/export/", "/api/v1/progress/", "/api/v1/progress/drawings/"]
)
def test_personal_json_is_kept_by_no_cache(client: Client, path: str) -> None:
    response = client.get(path)
    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]


def test_the_page_that_shows_ones_own_is_kept_by_no_cache(client: Client) -> None:
    response = client.get("/progress/")
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    assert "Cookie" in response["Vary"]


def test_pages_give_up_what_no_page_asks_a_browser_for(client: Client) -> None:
    for path in ("/about/", LOGIN):
        assert "camera=(), " in client.get(path)["Permissions-Policy"]


# one id for a request, its lines and its answer


@pytest.mark.parametrize("path", ["/api/v1/guesses/", "/api/v1/nowhere", "/about/", "/nowhere/", "/healthz"])
def test_each_answer_names_its_request(client: Client, path: str) -> None:
    ids = {client.get(path)["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


def test_a_failed_call_is_logged_with_the_id_of_its_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("django.core.handlers.base.log_response", lambda *_, **__: seen.append(get_contextvars()))
    response = client.get("/api/v1/nowhere")
    assert seen == [{"request_id": response["X-Request-ID"]}]
    assert get_contextvars() == {}


@pytest.mark.parametrize(
    ("proxies", "told", "is_kept"),
    [(1, "from-the-proxy-4711", True), (0, "from-a-stranger-4711", False), (1, "two\nlines and more", False)],
)
def test_the_proxys_own_id_is_kept(settings: Settings, proxies: int, told: str, is_kept: bool) -> None:
    settings.NUM_PROXIES = proxies
    assert (Client(headers={"X-Request-ID": told}).get("/healthz")["X-Request-ID"] == told) is is_kept


# behind a proxy


@pytest.mark.parametrize("origin", ["https://digits.example", "null"])
def test_a_page_of_this_site_is_believed_whatever_the_proxy_calls_the_host(client: Client, origin: str) -> None:
    assert draw(client, **{"Sec-Fetch-Site": "same-origin", "Origin": origin}).status_code == 201
    assert draw(client, **{"Sec-Fetch-Site": "cross-site", "Origin": origin}).status_code == 403
    assert draw(client, Origin=origin).status_code == 403


@pytest.mark.parametrize("origin", ["https://digits.example", "null"])
def test_signing_in_works_without_referrers_and_behind_another_host_name(reviewer: User, origin: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "same-origin", "Origin": origin})
    client.get(LOGIN)
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert client.post(LOGIN, SIGNING_IN | token).status_code == 302
    stranger = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "cross-site", "Origin": origin})
    stranger.cookies = client.cookies
    assert stranger.post(LOGIN, SIGNING_IN | token).status_code == 403


def test_the_guard_looks_at_the_path_below_where_the_site_is_mounted(client: Client) -> None:
    response = client.post(
        "/api/v1/drawings/",
        PATH,
        content_type="application/json",
        headers={"Sec-Fetch-Site": "cross-site"},
        SCRIPT_NAME="/digitre",
    )
    assert response.status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_call_this_host_by_its_address(client: Client, path: str) -> None:
    assert client.get(path, headers={"Host": "10.1.2.3"}).status_code == 200
    assert client.get("/about/", headers={"Host": "10.1.2.3"}).status_code == 400


# in another site's frame


def test_public_pages_may_be_framed_by_who_is_named_and_the_admin_by_nobody(client: Client, settings: Settings) -> None:
    lms = "https://lms.example.org"
    settings.DIGITRE_FRAME_ANCESTORS, settings.DIGITRE_COOKIE_SAMESITE = [lms], "None"
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"frame-ancestors": [lms]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}
    page, admin = client.get("/about/"), client.get(LOGIN)
    assert f"frame-ancestors {lms}" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert "frame-ancestors 'none'" in admin["Content-Security-Policy"]
    assert admin["X-Frame-Options"] == "DENY"
    assert draw(client).cookies["digitre_contributor"]["samesite"] == "None"


def test_nobody_frames_a_page_unless_named(client: Client) -> None:
    page = client.get("/about/")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert draw(client).cookies["digitre_contributor"]["samesite"] == "Lax"


# signing in


def test_one_password_tried_with_many_names_shuts_the_door(reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in.SignInsByAddress, "limit", 1000)
    statuses = [
        Client().post(LOGIN, {"username": f"name {number}", "password": "Summer2026"}).status_code
        for number in range(sign_in.FailuresByAddress.limit + 2)
    ]
    assert statuses[: sign_in.FailuresByAddress.limit + 1] == [200] * (sign_in.FailuresByAddress.limit + 1)
    assert statuses[-1] == 429
    assert Client().post(LOGIN, SIGNING_IN).status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.7").post(LOGIN, SIGNING_IN).status_code == 302


def test_a_network_of_ipv6_is_one_address(reviewer: User) -> None:
    for number in range(8):
        Client(REMOTE_ADDR=f"2001:db8:1:2::{number}").post(LOGIN, SIGNING_IN | {"password": "wrong"})
    assert Client(REMOTE_ADDR="2001:db8:1:2:ffff::1").post(LOGIN, SIGNING_IN).status_code == 429
    assert AccessAttempt.objects.get().ip_address == "2001:db8:1:2::"


def test_sign_ins_of_an_address_are_limited_and_drawing_goes_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in.SignInsByAddress, "limit", 2)
    assert [client.post(LOGIN, SIGNING_IN).status_code for _ in range(3)] == [200, 200, 429]
    assert draw(client).status_code == 201


def test_one_sign_in_is_carried_out_at_a_time_and_one_waits(db: None) -> None:
    inside, go_on = threading.Semaphore(0), threading.Event()
    most, at_work = [], set()

    def hash_a_password(request: HttpRequest) -> HttpResponse:
        at_work.add(threading.get_ident())
        most.append(len(at_work))
        inside.release()
        go_on.wait(60)
        at_work.discard(threading.get_ident())
        return HttpResponse(status=302)

    middleware, statuses = sign_in.SignInMiddleware(hash_a_password), []
    threads = [
        threading.Thread(target=lambda: statuses.append(middleware(RequestFactory().post(LOGIN)).status_code))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    inside.acquire(timeout=60)
    wait_until_both_are_inside(middleware)
    assert middleware(RequestFactory().post(LOGIN)).status_code == 503
    go_on.set()
    for thread in threads:
        thread.join()
    assert (statuses, max(most)) == ([302, 302], 1)
    counter.clear()


def wait_until_both_are_inside(middleware: sign_in.SignInMiddleware) -> None:
    def is_full() -> bool:
        if middleware._inside.acquire(blocking=False):
            middleware._inside.release()
            return False
        return True

    wait_until(is_full)


def test_where_signing_in_leads_is_this_site_whatever_next_says(reviewer: User, client: Client) -> None:
    response = client.post(LOGIN, SIGNING_IN | {"next": "https://elsewhere.example/"}, follow=True)
    assert response.redirect_chain == [("/admin/", 302)]
    assert response.status_code == 200

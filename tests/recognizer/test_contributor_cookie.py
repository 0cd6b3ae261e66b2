"""What a cookie says of its bearer, and when it is signed anew."""

import time
from typing import Any

import pytest
from django.core import signing
from django.http import HttpRequest, HttpResponse

from recognizer import contributor_cookie
from recognizer.contributor_cookie import COOKIE, RENEWAL_SECONDS, SALT
from recognizer.models import Contributor

pytestmark = pytest.mark.django_db


def call_with(value: str) -> HttpRequest:
    request = HttpRequest()
    request.COOKIES[COOKIE] = value
    return request


def test_each_cookie_of_a_contributor_has_a_stamp_of_its_own() -> None:
    contributor = Contributor.join()
    tickets = [contributor_cookie.ticket_of(call_with(contributor_cookie.signed(contributor))) for _ in range(2)]
    assert tickets[0] is not None
    assert tickets[1] is not None
    assert tickets[0].token == tickets[1].token == contributor.token
    assert tickets[0].stamp != tickets[1].stamp


def test_a_cookie_without_a_stamp_is_known_too() -> None:
    contributor = Contributor.join()
    caller = contributor_cookie.caller(call_with(signing.dumps(contributor.token.hex, salt=SALT)))
    assert caller is not None
    assert (caller.contributor, caller.stamp) == (contributor, "")


@pytest.mark.parametrize("said", [None, 7, [], ["a" * 32], {}, "", "no token", "g" * 32])
def test_what_we_signed_and_is_no_token_is_nobody(said: Any) -> None:
    assert contributor_cookie.ticket_of(call_with(signing.dumps(said, salt=SALT))) is None


@pytest.mark.parametrize("spoilt", ["", "x", "::", "x" * 5000, "\0", "é:é:é"])
def test_what_we_did_not_sign_is_nobody(spoilt: str) -> None:
    assert contributor_cookie.ticket_of(call_with(spoilt)) is None
    assert contributor_cookie.caller(call_with(spoilt)) is None


def test_a_changed_cookie_is_nobody() -> None:
    value = contributor_cookie.signed(Contributor.join())
    assert contributor_cookie.token_of(call_with(value)) is not None
    assert contributor_cookie.token_of(call_with("A" + value[1:])) is None
    assert contributor_cookie.token_of(call_with(value + "A")) is None


def test_a_cookie_is_signed_anew_after_a_day_or_for_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    contributor, other = Contributor.join(), Contributor.join()
    request = call_with(contributor_cookie.signed(contributor))

    def is_set(whose: Contributor) -> bool:
        response = HttpResponse()
        contributor_cookie.keep_known(request, response, whose)
        return COOKIE in response.cookies

    assert not is_set(contributor)
    assert is_set(other)
    later = time.time() + RENEWAL_SECONDS + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert is_set(contributor)

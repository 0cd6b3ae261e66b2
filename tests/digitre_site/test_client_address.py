"""Whose failed sign-ins are counted together, behind a proxy and without one."""

import pytest
from axes.models import AccessAttempt
from django.conf import settings as site
from django.test import Client, RequestFactory
from pytest_django import Settings

from digitre_site.client_address import client_address

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


@pytest.fixture
def behind_a_proxy(settings: Settings) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}


def sign_in_from(address: str, password: str) -> int:
    client = Client(headers={"X-Forwarded-For": address})
    return client.post(LOGIN, {"username": "rosa", "password": password, "next": "/admin/"}).status_code


@pytest.mark.usefixtures("behind_a_proxy", "reviewer")
def test_a_stranger_does_not_shut_out_somebody_at_another_address() -> None:
    answers = [sign_in_from("203.0.113.9", "wrong") for _ in range(site.AXES_FAILURE_LIMIT)]
    assert answers[-1] == 429
    assert sign_in_from("203.0.113.9", "rosa-secret") == 429
    assert sign_in_from("198.51.100.4", "rosa-secret") == 302


@pytest.mark.usefixtures("behind_a_proxy", "reviewer")
def test_addresses_written_before_the_proxys_own_do_not_reset_the_count() -> None:
    for number in range(site.AXES_FAILURE_LIMIT):
        sign_in_from(f"10.0.0.{number}, 203.0.113.9", "wrong")
    assert sign_in_from("10.9.9.9, 203.0.113.9", "rosa-secret") == 429


@pytest.mark.usefixtures("behind_a_proxy", "reviewer")
@pytest.mark.parametrize("nonsense", ["banana", "1.2.3.4:5678", "::zz", ""])
def test_what_is_no_address_counts_as_the_peers(nonsense: str) -> None:
    assert sign_in_from(nonsense, "wrong") == 200
    assert AccessAttempt.objects.get().ip_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("fe80::1%eth0", "fe80::"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("", None),
    ],
)
def test_a_peer_is_an_address_that_a_column_takes_or_none(peer: str, address: str | None) -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer)) == address

"""What is posted goes to public addresses, once, and is not waited for without end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from recognizer.notices import posting
from recognizer.notices.posting import NotSent, checked, is_public, post
from tests.support.receiver import Receiver, receiving


def answer_names(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    """Let this thread look names up so; others, which may be at work for tests before this one, as ever."""
    real, here = socket.getaddrinfo, threading.get_ident()

    def getaddrinfo(*asked: Any, **options: Any) -> Any:
        return (answer if threading.get_ident() == here else real)(*asked, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_a_body_arrives_with_its_headers(receiver: Receiver) -> None:
    assert post(receiver.url, b'{"a": 1}', {"webhook-id": "1"}, may_be_private=True) == 204
    ((path, headers, body),) = receiver.received
    assert (path, headers["webhook-id"], body) == ("/hook?from=digitre", "1", b'{"a": 1}')
    assert headers["host"] == f"127.0.0.1:{receiver.server_port}"


PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    *("255.255.255.255", "192.0.2.1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_this_machine_or_its_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/"),
        *("http://bot.example/", "ftp://bot.example/", "https://", "https://user:pass@bot.example/", "bot.example"),
        *("https://bot.example:99999/", "https://[::1", "file:///etc/passwd", "https://bot.example:0/"),
    ],
)
def test_what_may_not_be_called_is_refused_before_anything_is_looked_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_names(monkeypatch, lambda *asked, **options: pytest.fail("looked up"))
    with pytest.raises(NotSent):
        checked(url)


def resolving(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """Let a name lead to these addresses, and collect what is connected to."""
    connected: list[str] = []
    here = threading.get_ident()

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            if threading.get_ident() != here:
                super().connect(address)
                return
            connected.append(address[0])
            raise ConnectionRefusedError("refused")

    def lead(host: str, port: int, **options: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    answer_names(monkeypatch, lead)
    monkeypatch.setattr(socket, "socket", Socket)
    return connected


@pytest.mark.parametrize("found", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"]])
def test_a_name_that_leads_to_a_private_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    connected = resolving(monkeypatch, *found)
    with pytest.raises(NotSent, match="private"):
        post("https://bot.example/", b"", {})
    assert connected == []


def test_a_connection_is_made_to_the_very_addresses_that_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = resolving(monkeypatch, "1.1.1.1", "1.0.0.1")
    with pytest.raises(NotSent, match="refused"):
        post("https://bot.example/", b"", {})
    assert connected == ["1.1.1.1", "1.0.0.1"]


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    assert post(receiver.url, b"", {}, may_be_private=True) == 302
    assert len(receiver.received) == 1


def test_an_answer_that_drips_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "MOST_SECONDS", 0.3)
    receiver.drips = True
    begun = time.monotonic()
    with pytest.raises(NotSent, match="No answer"):
        post(receiver.url, b"", {}, may_be_private=True)
    assert time.monotonic() - begun < 30


def test_nobody_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as server:
        url = server.url
    with pytest.raises(NotSent, match="No connection"):
        post(url, b"", {}, may_be_private=True)

    def know_nobody(*asked: object, **options: object) -> None:
        raise socket.gaierror(2, "x")

    answer_names(monkeypatch, know_nobody)
    with pytest.raises(NotSent, match="no address"):
        post("https://nowhere.example/", b"", {})

"""One POST to an address that somebody typed in: never to this machine or its network, never redirected, never for long.

The name is resolved once, every address it has is looked at, and the connection is made to one of these very addresses: a name
that leads elsewhere a moment later leads nowhere here. Knows no Django.
"""

import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

CONNECT_SECONDS = 4.0  # to one address
MOST_SECONDS = 10.0  # for all of it, however slowly the other side drips: the worker has other things to do
EMBEDDING = IPv6Network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
MOST_ADDRESSES = 4  # of one name that are tried: each may take as long as a connection may
PORTS = {"https": 443, "http": 80}


class NotSent(Exception):
    """Nothing arrived, or nobody can tell; the message, a sentence, says why."""


def post(url: str, body: bytes, headers: dict[str, str], *, may_be_private: bool = False) -> int:
    """Send a body and return the status of the answer, which is read no further.

    Args:
        may_be_private: also to private addresses, and without TLS.

    Raises:
        NotSent: the address is none to send to, or there was no answer in time.
    """
    parts = checked(url, may_be_private=may_be_private)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    connection = _connection(parts, host, port)
    connection.sock = _connected(addresses(host, port, may_be_private=may_be_private))
    is_over = threading.Event()
    deadline = threading.Timer(MOST_SECONDS, _hang_up, [connection, is_over])
    deadline.daemon = True
    deadline.start()
    try:
        if parts.scheme == "https":
            tls = ssl.create_default_context()
            secured = tls.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
            connection.sock = secured  # before the handshake, which may drip as well
            secured.do_handshake()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status
        if is_over.is_set():  # what had come until then may look like an answer
            raise TimeoutError("timed out")
        return status
    except (OSError, HTTPException, ValueError) as error:
        raise NotSent(f"No answer: {_words(error)}.") from error
    finally:
        deadline.cancel()
        connection.close()


def checked(url: str, *, may_be_private: bool = False) -> SplitResult:
    """Take an address apart.

    Raises:
        NotSent: it is none that anything may be sent to; its name is not looked up here.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotSent("That is no address.") from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise NotSent("An address begins with https:// and names a host.")
    if parts.scheme == "http" and not may_be_private:
        raise NotSent("The address must begin with https://.")
    if parts.username or parts.password:
        raise NotSent("An address holds no name and no password.")
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        return parts
    if not may_be_private and not is_public(literal):
        raise NotSent("That address is private.")
    return parts


def addresses(host: str, port: int, *, may_be_private: bool) -> list[tuple[int, tuple[object, ...]]]:
    """Look a name up: (family, socket address) of each of its addresses.

    Raises:
        NotSent: it has none, or one of them is private.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent("The host has no address.") from error
    private = [address for *_, address in found if not is_public(ip_address(str(address[0]).partition("%")[0]))]
    if private and not may_be_private:
        raise NotSent("The host has a private address.")
    return [(family, address) for family, *_, address in found]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the whole internet's, and leads to no other kind by the way it is written."""
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in EMBEDDING:
            inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(inner):
            return all(is_public(one) for one in inner if one is not None)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _connection(parts: SplitResult, host: str, port: int) -> HTTPConnection:
    return (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(host, port, timeout=MOST_SECONDS)


def _connected(found: list[tuple[int, tuple[object, ...]]]) -> socket.socket:
    """Connect to the first address that lets us.

    Raises:
        NotSent: none does.
    """
    problem: OSError | None = None
    for family, address in found[:MOST_ADDRESSES]:
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.settimeout(CONNECT_SECONDS)
        try:
            connected.connect(address)
        except OSError as error:
            connected.close()
            problem = error
        else:
            connected.settimeout(MOST_SECONDS)
            return connected
    raise NotSent(f"No connection: {_words(problem)}.")


def _hang_up(connection: HTTPConnection, is_over: threading.Event) -> None:
    """End whatever waits for this connection, in another thread."""
    is_over.set()
    with suppress(OSError, AttributeError):  # it has ended by itself just now
        connection.sock.shutdown(socket.SHUT_RDWR)


def _words(error: BaseException | None) -> str:
    return str(error) or error.__class__.__name__

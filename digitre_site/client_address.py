"""Where a call comes from, for django-axes, which counts failed sign-ins by it."""

from contextlib import suppress
from ipaddress import ip_network

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from recognizer.api.throttles import network_of


def client_address(request: HttpRequest) -> str | None:
    """Return the address that the API's throttles count by, or else the peer's; None where there is neither.

    It goes into an address column, so what a client wrote into X-Forwarded-For must be an address. Of an IPv6 network of
    64 bits, in which a device chooses its addresses, it is the first.
    """
    for told in (BaseThrottle().get_ident(Request(request)), request.META.get("REMOTE_ADDR")):
        with suppress(ValueError):
            return str(ip_network(network_of(told or "")).network_address)
    return None

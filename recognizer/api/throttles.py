"""How often one visitor, and one address, may call. Counted exactly: see `counters`."""

import hashlib
import time
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address

from django.conf import settings
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from recognizer import contributor_cookie, monitoring
from recognizer.api.counters import Counter

MINUTE, DAY = 60, 86_400
counter = Counter(settings.REDIS_URL)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """Return what one sender has at least: an IPv4 address, or an IPv6 network of 64 bits, of which devices change theirs."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False))


class WindowThrottle(BaseThrottle):
    """At most `limit` calls in each `window_seconds` for whatever `identify` returns."""

    scope = ""
    limit = 0
    window_seconds = MINUTE

    def identify(self, request: Request) -> str | None:
        raise NotImplementedError

    def window(self, request: Request) -> tuple[str, int] | None:
        """Return what one call of this sender's counts in, and its seconds; None where nobody is to be counted."""
        who = self.identify(request)
        number = int(time.time()) // self.window_seconds
        return None if who is None else (f"throttle:{self.scope}:{who}:{number}", self.window_seconds)

    def allow_request(self, request: Request, view: APIView) -> bool:
        return not over_limit([self], request)

    def wait(self) -> float:
        return self.window_seconds - time.time() % self.window_seconds


def over_limit(throttles: Sequence[WindowThrottle], request: Request, calls: int = 1) -> list[WindowThrottle]:
    """Count so many calls with each throttle, all in one round trip. Returns those whose limit is passed."""
    windows = [(throttle, throttle.window(request)) for throttle in throttles if settings.DIGITRE_THROTTLES]
    counted = [(throttle, window) for throttle, window in windows if window is not None]
    if not counted:
        return []
    counts = counter.add([window for _, window in counted], calls)
    passed = [throttle for (throttle, _), count in zip(counted, counts, strict=True) if count > throttle.limit]
    for throttle in passed:
        monitoring.THROTTLED.labels(bucket=throttle.scope).inc()
    return passed


def count_more(throttle: WindowThrottle, request: Request, calls: int) -> None:
    """Count what a call turned out to hold besides the one guess, or drawing, that it was counted as.

    Raises:
        Throttled: that was too much.
    """
    if calls and over_limit([throttle], request, calls):
        raise Throttled(throttle.wait())


class Together(BaseThrottle):
    """Several throttles that count each call at once."""

    def __init__(self, *throttles: WindowThrottle) -> None:
        self._throttles = throttles
        self._passed: list[WindowThrottle] = []

    def allow_request(self, request: Request, view: APIView) -> bool:
        self._passed = over_limit(self._throttles, request)
        return not self._passed

    def wait(self) -> float:
        return max(throttle.wait() for throttle in self._passed)


class AddressThrottle(WindowThrottle):
    """Counts by network address, hashed with the secret so that the counters hold no address."""

    def identify(self, request: Request) -> str:
        address = network_of(self.get_ident(request) or "")  # a server on a Unix socket is told none
        return hashlib.blake2s(address.encode(), key=settings.SECRET_KEY.encode()[:32], digest_size=12).hexdigest()


class ContributorThrottle(WindowThrottle):
    """Counts by contributor, whose cookie is signed anew each time; who drops it is counted by address all the same."""

    def identify(self, request: Request) -> str | None:
        token = contributor_cookie.token_of(request)
        return hashlib.blake2s(token.bytes, digest_size=12).hexdigest() if token else None


class DrawingsByContributor(ContributorThrottle):
    scope, limit = "drawings", 120  # two a second for a minute: faster than anyone draws


class DrawingsByAddress(AddressThrottle):
    scope, limit = (
        "drawings-address",
        1_800,
    )  # a class of thirty behind one address, each at half of the above


class DrawingsByAddressDaily(AddressThrottle):
    scope, limit, window_seconds = (
        "drawings-day",
        20_000,
        DAY,
    )  # a museum table's best day, several times over


class GuessesByAddress(AddressThrottle):
    scope, limit = "guesses", 12_000  # forty people with a live guess every 200 ms


class CallsByAddress(AddressThrottle):
    scope, limit = "calls", 6_000


DRAWING_THROTTLES = [DrawingsByContributor, DrawingsByAddress, DrawingsByAddressDaily]

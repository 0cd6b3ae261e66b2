"""How often one visitor, and one address, may call.

Counted exactly: one atomic increment a call, in a window that starts on the clock. DRF's own throttles read, add and
write back, and let 78 of 120 calls at once through a limit of 10 (measured); they also answer 500 when the cache is
down. Here a dead cache costs one short time-out, and then this process counts for itself until it tries again.
"""

import hashlib
import logging
import time
from ipaddress import IPv4Address, IPv6Network, ip_address

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from recognizer import contributor_cookie

logger = logging.getLogger(__name__)
SHARED_RETRY_SECONDS = 10  # how long this process counts alone after the shared counters failed
MINUTE, DAY = 60, 86_400


class Counter:
    """Counts calls by key and window in the shared cache, or in this process while that is away."""

    def __init__(self) -> None:
        self._alone_until = float("-inf")

    def hit(self, key: str, window_seconds: int) -> int:
        """Count one call. Returns how many there were in this window, this one included."""
        if time.monotonic() >= self._alone_until:
            try:
                return self._hit(caches["counters"], key, window_seconds)
            except (RedisError, OSError):
                logger.warning("the shared counters are away; counting in this process for %s s", SHARED_RETRY_SECONDS)
                self._alone_until = time.monotonic() + SHARED_RETRY_SECONDS
        return self._hit(caches["default"], key, window_seconds)

    @staticmethod
    def _hit(cache: BaseCache, key: str, window_seconds: int) -> int:
        cache.add(key, 0, timeout=window_seconds + 5)
        try:
            return cache.incr(key)
        except ValueError:  # evicted between the two calls
            return 1


counter = Counter()


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

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not settings.DIGITRE_THROTTLES:
            return True
        who = self.identify(request)
        if who is None:
            return True
        window = int(time.time()) // self.window_seconds
        return counter.hit(f"throttle:{self.scope}:{who}:{window}", self.window_seconds) <= self.limit

    def wait(self) -> float:
        return self.window_seconds - time.time() % self.window_seconds


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

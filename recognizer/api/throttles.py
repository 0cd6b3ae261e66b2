"""How often one visitor, and one address, may call. Counted exactly: see `counters`."""

import hashlib
import time
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from recognizer import contributor_cookie, monitoring
from recognizer.api.counters import Counter
from recognizer.submissions import Submission

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


@lru_cache(maxsize=1024)
def hashed(address: str, secret: str) -> str:
    return hashlib.blake2s(address.encode(), key=secret.encode()[:32], digest_size=12).hexdigest()


class WindowThrottle(BaseThrottle):
    """At most `limit` calls in each `window_seconds` for whatever `identify` returns."""

    scope = ""
    limit = 0
    window_seconds = MINUTE
    weight = 1  # as how many calls each counts where this throttle stands alone

    def identify(self, request: Request) -> str | None:
        raise NotImplementedError

    def window(self, request: Request) -> tuple[str, int] | None:
        """Return what one call of this sender's counts in, and its seconds; None where nobody is to be counted."""
        who = self.identify(request)
        number = int(time.time()) // self.window_seconds
        return None if who is None else (f"throttle:{self.scope}:{who}:{number}", self.window_seconds)

    def allow_request(self, request: Request, view: APIView) -> bool:
        return not over_limit([self], request, self.weight)

    def wait(self) -> float:
        return self.window_seconds - time.time() % self.window_seconds


def over_limit(throttles: Sequence[WindowThrottle], request: Request, calls: int = 1) -> list[WindowThrottle]:
    """Count so many calls with each throttle, all in one round trip. Returns those whose limit is passed."""
    windows = [(throttle, throttle.window(request)) for throttle in throttles if settings.DIGITRE_THROTTLES]
    counted = [(throttle, window) for throttle, window in windows if window is not None]
    if not counted:
        return []
    counts = counter.add([window for _, window in counted], calls, [throttle.limit for throttle, _ in counted])
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
        address = self.get_ident(request) or ""  # a server on a Unix socket is told none
        return hashed(network_of(address), settings.SECRET_KEY)


class ContributorThrottle(WindowThrottle):
    """Counts by contributor, whose cookie is signed anew each time; who drops it is counted by address all the same."""

    def identify(self, request: Request) -> str | None:
        token = contributor_cookie.token_of(request)
        return hashlib.blake2s(token.bytes, digest_size=12).hexdigest() if token else None


class GuessesByAddress(AddressThrottle):
    # forty people with a live guess every 200 ms; what is dear to read counts as several
    scope, limit = "guesses", 12_000


class CallsByAddress(AddressThrottle):
    scope, limit = "calls", 6_000


class DearCallsByAddress(CallsByAddress):
    """Calls that ask several versions, or many rows: each counts as ten."""

    weight = 10


class ExplanationsByAddress(AddressThrottle):
    """A dozen passes through network and preparation, for a press of a button: a class that presses it at once is within."""

    scope, limit, window_seconds = "explanations", 60, 10


class BatchesByAddress(AddressThrottle):
    """Counted by their drawings, in short windows: ten full batches at once are a second's work."""

    scope, limit, window_seconds = "batches", 640, 10


class ExportsByAddress(AddressThrottle):
    # a class that goes home, twice; each may be thousands of drawings
    scope, limit, window_seconds = "exports", 60, 600


class DrawingsByContributor(ContributorThrottle):
    scope, limit = "drawings", 120  # two a second for a minute: faster than anyone draws


class DrawingsByAddress(AddressThrottle):
    # a class of thirty behind one address, each at half of the above
    scope, limit = "drawings-address", 1_800


class DrawingsByAddressDaily(AddressThrottle):
    scope, limit, window_seconds = "drawings-day", 20_000, DAY  # a museum table's best day, several times over


class BytesByContributor(ContributorThrottle):
    """Bytes a day beyond what a drawing usually takes, see `count_bytes`."""

    scope, limit, window_seconds = "bytes", 10_000_000, DAY


class BytesByAddress(AddressThrottle):
    scope, limit, window_seconds = "bytes-address", 100_000_000, DAY


DRAWING_THROTTLES = [DrawingsByContributor, DrawingsByAddress, DrawingsByAddressDaily, GuessesByAddress]
USUAL_BYTES = 16_384  # of a drawing's picture and path; the page's have 3 to 10 thousand
POINT_BYTES = 24  # of a path as it is kept
# what is read in the time of one guess, 2 to 6 ms; the page's picture has 78,400 pixels
USUAL_POINTS, USUAL_PIXELS = 400, 100_000


def work_of(submission: Submission) -> int:
    """Say as how many guesses reading this counts: 1 for what people draw, 11 for the longest path or the largest picture."""
    return work(*size_of(submission))


def work(points: int, pixels: int) -> int:
    return 1 + points // USUAL_POINTS + pixels // USUAL_PIXELS


def size_of(submission: Submission) -> tuple[int, int]:
    """Count a submission's points and pixels."""
    return sum(map(len, submission.strokes or [])), 0 if submission.picture is None else submission.picture.size


def count_work(request: Request, submissions: Sequence[Submission]) -> None:
    """Count what these cost beyond one guess each, as which they have been counted.

    Raises:
        Throttled: that was too much.
    """
    count_more(GuessesByAddress(), request, sum(map(work_of, submissions)) - len(submissions))


def count_bytes(request: Request, submission: Submission) -> None:
    """Count what keeping this takes beyond USUAL_BYTES, for its contributor and its address.

    The limits of drawings a day bound what usual ones take, so these need no second round trip to the counters.

    Raises:
        Throttled: that was too much for today.
    """
    points, _ = size_of(submission)
    beyond = len(submission.png) + POINT_BYTES * points - USUAL_BYTES
    if beyond > 0 and (passed := over_limit([BytesByContributor(), BytesByAddress()], request, beyond)):
        raise Throttled(max(throttle.wait() for throttle in passed))


class WrongCodes(AddressThrottle):
    """Counts codes that lead nowhere, and right ones not at all: a class joins at once from one address."""

    # 38,416 codes at this pace take one address four weeks; a class of thirty may mistype twice each
    scope, limit, window_seconds = "codes", 60, 3_600

    def is_shut(self, request: HttpRequest) -> bool:
        """Whether this address has tried too many; asking counts nothing."""
        return bool(over_limit([self], request, 0))  # type: ignore[arg-type]  # asked for its META alone

    def count(self, request: HttpRequest) -> None:
        over_limit([self], request)  # type: ignore[arg-type]

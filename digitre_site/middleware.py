"""What every request passes before a view sees it."""

import logging
import re
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from digitre_site import database_limits, health, queueing
from digitre_site.error_pages import API_PREFIXES, DATABASE_AWAY, database_down, refusal
from digitre_site.page_middleware import REQUEST_ID

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
QUEUE_SECONDS = 1.0  # that a request may have waited for a thread while the database is in trouble
OURS_ALONE = (*API_PREFIXES, "/language/")  # no page of another site may send here; a language's choice has no token
DATABASE_SECONDS = 3.0  # that a visitor's request may wait for the database, all its statements together
SOUND_ID = re.compile(r"[\w.:-]{8,64}", re.ASCII)
PROBES = {"/healthz": health.healthz, "/readyz": health.readyz}


class RequestIdMiddleware:
    """Give each request an id, for its lines in the log and for its answer. A proxy's own is kept.

    It stays bound until the request is over: Django writes of a failed call after the last middleware.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        request_finished.connect(forget_request, dispatch_uid="digitre_site.request_id")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.get("HTTP_X_REQUEST_ID", "") if settings.NUM_PROXIES else ""
        request_id = told if SOUND_ID.fullmatch(told) else str(uuid.uuid4())
        request.META[REQUEST_ID] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response.headers["X-Request-ID"] = request_id
        return response


def forget_request(**_: object) -> None:
    structlog.contextvars.clear_contextvars()


class ProbeMiddleware:
    """Answer probes whatever they call this host: a load balancer asks by address, and not every one can be told a name."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return probe(request) if probe else self.get_response(request)


class BodyCapMiddleware:
    """Answer 413 to a body that is too long, or whose length is not told, before a byte of it is read.

    Django's own cap does not count uploaded files, and a chunked body has no length to check.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        chunked = bool(request.META.get("HTTP_TRANSFER_ENCODING"))
        most = settings.LONGER_BODIES.get(request.path_info, settings.REQUEST_BODY_MAX_BYTES)
        if chunked or not length.isdigit() or int(length) > most:
            detail = gettext("That is too large for this call. At most {most} KB, with its length told.")
            response = refusal(413, "too_large", detail.format(most=most // 1024))
            response["Connection"] = "close"
            return response
        return self.get_response(request)


class OriginMiddleware:
    """Believe a browser that says a page of this site made the call, where its Origin was lost or the host renamed on the way.

    A policy of no-referrer makes the Origin "null", and a proxy that passes on no Host makes it another's: Django then takes the
    sign-in form for a stranger's. No script can write Sec-Fetch-Site; browsers since 2023 all send it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("HTTP_SEC_FETCH_SITE") == "same-origin" and "HTTP_ORIGIN" in request.META:
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return self.get_response(request)


class SameSiteMiddleware:
    """Refuse a state-changing API call that a page of another site made in a visitor's browser.

    Browsers say where a call comes from (Sec-Fetch-Site, or only Origin where they are old); programs that are not browsers say
    nothing and pass. The admin keeps Django's own CSRF token.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_ours = request.path_info.startswith(OURS_ALONE)
        if request.method not in SAFE_METHODS and is_ours and self.is_foreign(request):
            detail = gettext("This call came from another site's page, so it was not carried out.")
            return refusal(403, "cross_site", detail)
        return self.get_response(request)

    @staticmethod
    def is_foreign(request: HttpRequest) -> bool:
        site = request.META.get("HTTP_SEC_FETCH_SITE")
        if site is not None:
            return site not in ("same-origin", "none")
        origin: str | None = request.META.get("HTTP_ORIGIN")
        if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
            return False
        try:
            return urlsplit(origin).netloc != request.get_host()
        except ValueError:  # "http://[" is no address at all
            return True


class DatabaseDownMiddleware:
    """Answer 503 with Retry-After while the database is away, instead of a 500, and within five seconds.

    This sees what views raise; `error_pages.server_error` does the same for what middlewares raise.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if database_limits.breaker.is_troubled and queueing.seconds_queued() > QUEUE_SECONDS:
            return database_down(request)  # those before it waited in vain; so would it, and those behind it
        if request.path_info.startswith(
            "/admin/"
        ):  # many quick statements are one action there; each has its own limit
            return self.get_response(request)
        with database_limits.budget(DATABASE_SECONDS):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DATABASE_AWAY):
            return None
        logger.error("the database did not answer %s", request.path, exc_info=exception)
        return database_down(request)

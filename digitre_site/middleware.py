"""What every request passes before a view sees it."""

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from digitre_site import database_limits, queueing
from digitre_site.error_pages import API_PREFIXES, DATABASE_AWAY, database_down, refusal

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
QUEUE_SECONDS = 1.0  # that a request may have waited for a thread while the database is in trouble
OURS_ALONE = (
    *API_PREFIXES,
    "/language/",
)  # no page of another site may send here; the choice of a language has no token
DATABASE_SECONDS = 3.0  # that a visitor's request may wait for the database, all its statements together


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


class SameSiteMiddleware:
    """Refuse a state-changing API call that a page of another site made in a visitor's browser.

    Browsers say where a call comes from (Sec-Fetch-Site, Origin); programs that are not browsers say nothing and pass.
    The admin keeps Django's own CSRF token.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE_METHODS and request.path.startswith(OURS_ALONE) and self.is_foreign(request):
            detail = gettext("This call came from another site's page, so it was not carried out.")
            return refusal(403, "cross_site", detail)
        return self.get_response(request)

    @staticmethod
    def is_foreign(request: HttpRequest) -> bool:
        site = request.META.get("HTTP_SEC_FETCH_SITE")
        if site is not None and site not in ("same-origin", "none"):
            return True
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
        if request.path.startswith("/admin/"):  # many quick statements are one action there; each has its own limit
            return self.get_response(request)
        with database_limits.budget(DATABASE_SECONDS):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DATABASE_AWAY):
            return None
        logger.error("the database did not answer %s", request.path, exc_info=exception)
        return database_down(request)

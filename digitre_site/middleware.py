"""What every request passes before a view sees it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

Handler = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
API_PREFIXES = ("/api/", "/_get_digit")
RETRY_AFTER_SECONDS = 5


def refusal(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail}, status=status)


class BodyCapMiddleware:
    """Answer 413 to a body that is too long, or whose length is not told, before a byte of it is read.

    Django's own cap does not count uploaded files, and a chunked body has no length to check.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        chunked = bool(request.META.get("HTTP_TRANSFER_ENCODING"))
        if chunked or not length.isdigit() or int(length) > settings.REQUEST_BODY_MAX_BYTES:
            response = refusal(
                413, "too_large", "That is too large to be a drawing. At most 256 KB, with its length told."
            )
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
        if request.method not in SAFE_METHODS and request.path.startswith(API_PREFIXES) and self.is_foreign(request):
            return refusal(403, "cross_site", "This call came from another site's page, so it was not carried out.")
        return self.get_response(request)

    @staticmethod
    def is_foreign(request: HttpRequest) -> bool:
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in ("same-origin", "none"):
            return True
        origin = request.headers.get("Origin")
        if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
            return False
        return urlsplit(origin).netloc != request.get_host()


class DatabaseDownMiddleware:
    """Answer 503 with Retry-After while the database is away, instead of a 500."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        return database_down(request)


def database_down(request: HttpRequest) -> HttpResponse:
    """Say so in a page to somebody who looks at one, to anybody else as the API says it."""
    if request.path.startswith(API_PREFIXES) or not request.accepts("text/html"):
        response: HttpResponse = refusal(
            503,
            "unavailable",
            "The database is not answering. Your drawing is still here; try again in a moment.",
        )
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response

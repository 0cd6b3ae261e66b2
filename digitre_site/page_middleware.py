"""What pages need and calls of the API do not.

A call has no session, no user and no messages, and its answer is JSON, on which a policy for scripts and styles says nothing.
"""

import logging
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog
from csp.constants import NONE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_structlog.middlewares import RequestMiddleware

CALLS = ("/api/v1/", "/_get_digit")  # the schema's page under /api/docs/ is a page
ENGLISH_ONLY = ("/admin/", "/_get_digit", "/api/schema/", "/static/", "/healthz", "/readyz", "/metrics")
CALL_POLICY = "default-src 'none'; frame-ancestors 'none'"  # of an answer that is opened as if it were a page
REQUEST_ID = "digitre.request_id"  # in a request's META, where no header of a client's has such a name
HEADER = "Content-Security-Policy"
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope", "magnetometer",
        "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip  # no page asks for any of these, so nothing that gets into one may
Handler = Callable[[HttpRequest], Any]


def is_call(request: HttpRequest) -> bool:
    return request.path_info.startswith(CALLS)


def is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")


class LanguageMiddleware:
    """Answer in the language that a visitor has chosen, else in the one that the browser likes best of those there are.

    A call of the API is told by Accept-Language alone. The pages set it to their own, so that no answer is in another
    language than the page around it. This is the first middleware: whatever answers, does so in that language.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(ENGLISH_ONLY):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        if is_call(request):
            language, depends_on = accepted_language(request.META.get("HTTP_ACCEPT_LANGUAGE", "")), ["Accept-Language"]
        else:
            language, depends_on = translation.get_language_from_request(request), ["Accept-Language", "Cookie"]
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, depends_on)
        return response


@lru_cache(maxsize=1024)  # a browser sends the same with each call
def accepted_language(header: str) -> str:
    """Return which of our languages an Accept-Language header likes best."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = header
    return translation.get_language_from_request(request)


class CallsPassMiddleware:
    """Send a call of the API straight to its view: what stands behind this is for pages, and seven layers cost a call more
    than what they would do for it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.view = innermost(get_response)

    def __call__(self, request: HttpRequest) -> Any:
        return self.view(request) if is_call(request) else self.get_response(request)


def innermost(handler: Any) -> Handler:
    """Return what the last middleware around a handler calls. Django wraps each in a function that answers its errors."""
    while hasattr(middleware := getattr(handler, "__wrapped__", handler), "get_response"):
        handler = middleware.get_response
    innermost_handler: Handler = handler
    return innermost_handler


class PolicyMiddleware(CSPMiddleware):
    """A page's policy is put together anew for each of its answers; a call's is always the same, and nobody keeps its answer.

    What an API says is its caller's alone, by their cookie: no cache on the way may hand it to the next.
    """

    def __call__(self, request: HttpRequest) -> Any:
        if is_call(request):
            response: Any = self.get_response(request)
            response.headers[HEADER] = CALL_POLICY
            response.headers.setdefault("Cache-Control", "private, no-store")
            patch_vary_headers(response, ["Cookie"])
            return response
        response = super().__call__(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if settings.DIGITRE_FRAME_ANCESTORS and not is_admin(request):
            response.headers.pop("X-Frame-Options", None)  # it can name no other site, and would forbid them all
        return response

    def get_policy_parts(self, request: HttpRequest, response: Any, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if is_admin(request):  # what can be pressed there is worth a stranger's frame around it
            parts.replace = (parts.replace or {}) | {"frame-ancestors": [NONE]}
        return parts


class RequestLogMiddleware(RequestMiddleware):
    """Bind the request's id for its lines in the log. A call that went well, of which nothing is written, gets no more."""

    def __call__(self, request: HttpRequest) -> Any:
        if not is_call(request) or logging.getLogger("django_structlog").isEnabledFor(logging.INFO):
            return super().__call__(request)
        structlog.contextvars.bind_contextvars(request_id=id_of(request))
        response: Any = self.get_response(request)
        if response.status_code >= 400:
            self.handle_response(request, response)
        else:
            structlog.contextvars.clear_contextvars()
        return response

    def prepare(self, request: HttpRequest) -> None:
        super().prepare(request)
        structlog.contextvars.bind_contextvars(request_id=id_of(request))


def id_of(request: HttpRequest) -> str:
    """Return the id that RequestIdMiddleware gave."""
    return str(request.META.get(REQUEST_ID) or uuid.uuid4())

"""What pages need and calls of the API do not: each of these lets such a call pass untouched.

A call has no session, no user and no messages, and its answer is JSON, on which a policy for scripts and styles says nothing.
"""

import logging
import re
import uuid
from typing import Any

import structlog
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django_structlog.middlewares import RequestMiddleware

CALLS = ("/api/v1/", "/_get_digit")  # the schema's page under /api/docs/ is a page
REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
CALL_POLICY = "default-src 'none'; frame-ancestors 'none'"  # of an answer that is opened as if it were a page
HEADER = "Content-Security-Policy"


def request_id(request: HttpRequest) -> str:
    """Return what the proxy before this site calls the request; without one, and where it says nonsense, a new id."""
    given = request.headers.get("X-Request-ID", "") if settings.NUM_PROXIES else ""
    return given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def is_call(request: HttpRequest) -> bool:
    return request.path_info.startswith(CALLS)


class PagesOnly(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if is_call(request) else super().__call__(request)


class PageSessionMiddleware(PagesOnly, SessionMiddleware):
    pass


class PageAuthenticationMiddleware(PagesOnly, AuthenticationMiddleware):
    pass


class PageMessageMiddleware(PagesOnly, MessageMiddleware):
    pass


class PolicyMiddleware(CSPMiddleware):
    """A page's policy is put together anew for each of its answers; a call's is always the same."""

    def __call__(self, request: HttpRequest) -> Any:
        if not is_call(request):
            return super().__call__(request)
        response: Any = self.get_response(request)
        response.headers[HEADER] = CALL_POLICY
        return response


class RequestLogMiddleware(RequestMiddleware):
    """Give each request an id, for its lines in the log. A call that went well, of which nothing is written, gets no more."""

    def prepare(self, request: HttpRequest) -> None:
        super().prepare(request)
        structlog.contextvars.bind_contextvars(request_id=request_id(request))

    def __call__(self, request: HttpRequest) -> Any:
        if not is_call(request) or logging.getLogger("django_structlog").isEnabledFor(logging.INFO):
            return super().__call__(request)
        structlog.contextvars.bind_contextvars(request_id=request_id(request))
        response: Any = self.get_response(request)
        if response.status_code >= 400:
            self.handle_response(request, response)
        else:
            structlog.contextvars.clear_contextvars()
        return response

"""Signing in costs a third of a second of a core, on purpose, and anybody may try: so it has a budget of its own.

django-axes counts what is tried with one name from one address; this counts what one address tries with any names.
"""

import threading

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request

from digitre_site.middleware import Handler
from recognizer.api.throttles import AddressThrottle, over_limit

SIGN_IN = "/admin/login/"
WAITING_SECONDS = 2.0  # for the one that is being carried out; who comes after whoever waits is asked to come again


class SignInsByAddress(AddressThrottle):
    scope, limit = "sign-ins", 20  # a staff room in a minute


class FailuresByAddress(AddressThrottle):
    """Wrong names and passwords: one password tried with many names is seen by no count of tries with one."""

    scope, limit, window_seconds = "sign-in-failures", 30, 15 * 60


class SignInMiddleware:
    """Carry out one sign-in at a time in each process, and so many from one address."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self._running, self._inside = threading.Lock(), threading.BoundedSemaphore(2)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != SIGN_IN or request.method != "POST":
            return self.get_response(request)
        asked = Request(request)
        if over_limit([SignInsByAddress()], asked) or over_limit([FailuresByAddress()], asked, 0):
            return shut(request)
        response = self._in_turn(request)
        if response is None:
            return busy()
        if response.status_code != 302:
            over_limit([FailuresByAddress()], asked)
        return response

    def _in_turn(self, request: HttpRequest) -> HttpResponse | None:
        """Return None where one is being carried out and another waits: the threads are there for those who draw."""
        if not self._inside.acquire(blocking=False):
            return None
        try:
            if not self._running.acquire(timeout=WAITING_SECONDS):
                return None
            try:
                return self.get_response(request)
            finally:
                self._running.release()
        finally:
            self._inside.release()


def shut(request: HttpRequest) -> HttpResponse:
    return render(request, "admin/locked_out.html", status=429)


def busy() -> HttpResponse:
    response = HttpResponse("Others are signing in just now. Try again in a moment.", "text/plain", 503)
    response["Retry-After"] = "2"
    return response

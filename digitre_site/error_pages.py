"""What is answered when a call is refused, the database is away, or something of ours broke."""

import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views import defaults

API_PREFIXES = ("/api/", "/_get_digit")
# InternalError is what a server says that takes no writes, a standby that was not promoted for one
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
RETRY_AFTER_SECONDS = 5


def refusal(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail}, status=status)


def database_down(request: HttpRequest) -> HttpResponse:
    """Say so in a page to somebody who looks at one, to anybody else as the API says it."""
    if request.path_info.startswith(API_PREFIXES) or not request.accepts("text/html"):
        response: HttpResponse = refusal(
            503,
            "unavailable",
            gettext("The database is not answering. Your drawing is still here; try again in a moment."),
        )
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error that nobody caught; Django has logged it.

    Django turns what a middleware raises into a response at once, so no middleware around it could see the error.
    """
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return database_down(request)
    return defaults.server_error(request)

"""How many pages one address may open: each costs a few milliseconds of a core, and anybody may ask for any."""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from rest_framework.request import Request

from digitre_site.middleware import Handler
from recognizer.api.throttles import AddressThrottle, over_limit


class PagesByAddress(AddressThrottle):
    """A school of three hundred behind one address comes for the first time within the same minute: a browser then fetches the
    page, its words, the manifest, the service worker and the three pages that it keeps."""

    scope, limit = "pages", 3_000


class PageLimitMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if passed := over_limit([PagesByAddress()], Request(request)):
            response = HttpResponse(limit_page(get_language()), status=429)
            response["Retry-After"] = str(max(1, round(passed[0].wait())))
            return response
        return self.get_response(request)


@lru_cache(maxsize=64)  # it must cost less than what it refuses
def limit_page(language: str) -> str:
    """The page in the language that is spoken now."""
    return render_to_string("429.html")

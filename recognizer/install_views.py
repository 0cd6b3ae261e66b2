"""What a browser asks for to install the site and to open it without a network."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language_info, gettext, override, pgettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recognizer import kept_pages

PAPER = "#f4efe5"  # the page's colour in css/tokens.css, behind the icon while an installed Digitre starts
ICON_SIDES = (192, 512)


@require_safe
@cache_control(public=True, max_age=3_600)
def manifest(request: HttpRequest, language: str) -> HttpResponse:
    """Say what an installed Digitre is called and looks like, in the language that the address names: of the page that names it.

    Browsers ask for it without cookies, so nothing else would tell them which language was chosen.
    """
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with override(language):
        response = JsonResponse(_manifest(language), content_type="application/manifest+json")
    response["Content-Language"] = language
    return response


def _manifest(language: str) -> dict[str, Any]:
    return {
        "id": "/",  # the same application in whichever language it was installed
        "name": gettext("Digitre: draw a digit, it learns"),
        "short_name": "Digitre",
        "description": gettext(
            "Draw a digit, see what a small network reads, correct it, and watch it learn from people."
        ),
        "lang": language,
        "dir": "rtl" if get_language_info(language)["bidi"] else "ltr",
        "start_url": reverse("pages:draw"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [_icon("digitre.svg", "any", "image/svg+xml")]
        + [_icon(f"digitre-{side}.png", f"{side}x{side}") for side in ICON_SIDES]
        + [_icon("digitre-maskable-512.png", "512x512") | {"purpose": "maskable"}],
        "shortcuts": [
            {"name": gettext("A round of ten"), "url": reverse("pages:rounds")},
            {"name": pgettext("in the menu", "Yours"), "url": reverse("pages:drawings")},
        ],
    }


def _icon(name: str, sizes: str, kind: str = "image/png") -> dict[str, str]:
    return {"src": static(f"icons/{name}"), "sizes": sizes, "type": kind}


@require_safe
@cache_control(no_cache=True)  # browsers compare it with what they keep, and so find a new release
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the script from the root: a service worker looks after nothing outside of its own folder."""
    return HttpResponse(kept_pages.worker_script(), content_type="text/javascript")


@require_safe
def away(request: HttpRequest) -> HttpResponse:
    """Stand in for a page that a browser does not keep while there is no network."""
    return render(request, "pages/away.html")

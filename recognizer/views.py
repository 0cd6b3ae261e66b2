"""The pages. What they show of a visitor's own comes from the API, so that a page is the same for everybody."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recognizer import serving
from recognizer.errors import NoChampion
from recognizer.imaging.strokes import MAX_POINTS, MAX_STROKES
from recognizer.models import ModelVersion
from recognizer.page_words import PAGES, page_words
from recognizer.version_card import ModelCard

LIMITS = {"strokes": MAX_STROKES, "points": MAX_POINTS}  # what a page with a pad must know of the API's


@require_safe
def draw(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/draw.html", {"here": "draw", "limits": LIMITS})


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)  # the address changes with what is said
def words(request: HttpRequest, page: str, language: str) -> HttpResponse:
    """Say what a page's scripts say in the language that the address names, whoever asks."""
    if page not in PAGES or language not in dict(settings.LANGUAGES):
        raise Http404
    response = HttpResponse(page_words(page, language), content_type="application/json")
    response["Content-Language"] = language
    return response


@require_safe
def rounds(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/rounds.html", {"here": "rounds", "limits": LIMITS})


@require_safe
def drawings(request: HttpRequest) -> HttpResponse:
    return render(
        request, "pages/drawings.html", {"here": "drawings", "retention_days": settings.DIGITRE_RETENTION_DAYS}
    )


@require_safe
def model(request: HttpRequest) -> HttpResponse:
    """Show the card of the version that this process answers with."""
    try:
        served = serving.current_classifier()
    except NoChampion:
        return render(request, "pages/model.html", {"here": "model", "card": None}, status=503)
    card = ModelCard.of(ModelVersion.objects.get(pk=served.version_id))
    return render(request, "pages/model.html", {"here": "model", "card": card})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/about.html", {"here": "about"})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html", {"here": "privacy", "retention_days": settings.DIGITRE_RETENTION_DAYS})

"""The pages. What they show of a visitor's own comes from the API, so that a page is the same for everybody."""

import time
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from recognizer import campaign_cookie, campaigns, contributor_cookie, serving
from recognizer.api.throttles import WrongCodes
from recognizer.campaign_cookie import Membership
from recognizer.context_processors import next_place
from recognizer.errors import NoChampion
from recognizer.imaging.strokes import MAX_POINTS, MAX_STROKES
from recognizer.models import Campaign, ModelVersion, Stage
from recognizer.page_words import PAGES, page_words
from recognizer.ttl_cache import TtlCache
from recognizer.version_card import ModelCard

LIMITS = {"strokes": MAX_STROKES, "points": MAX_POINTS}  # what a page with a pad must know of the API's

# where DIGITRE_IDLE_SECONDS says nothing: a kiosk without an end is one person's for a whole day
KIOSK_IDLE_SECONDS = 60
rendered: TtlCache[tuple[str, ...], bytes] = TtlCache(most=64, seconds=300)  # at 20 KB each
CLOSED_STATUS = {Stage.EARLY: 403, Stage.UNCONFIRMED: 403, Stage.OVER: 410}


def same_for_everybody(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page of which only language, address and the next person's place differ, once for all who share these.

    Its template takes ten times as long as all else that a page needs, and a class opens it at once.
    """
    place = str(settings.DIGITRE_IDLE_SECONDS), next_place(request)
    key = (name, get_language() or "", request.build_absolute_uri(request.path), *place)
    content = None if settings.DEBUG else rendered.get(key)
    if content is None:
        content = render_to_string(name, context, request).encode()
        rendered.put(key, content)
    return HttpResponse(content)


@require_safe
def draw(request: HttpRequest) -> HttpResponse:
    return same_for_everybody(request, "pages/draw.html", {"here": "draw", "limits": LIMITS})


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
    return same_for_everybody(request, "pages/rounds.html", {"here": "rounds", "limits": LIMITS})


@require_safe
def drawings(request: HttpRequest) -> HttpResponse:
    context = {"here": "drawings", "retention_days": settings.DIGITRE_RETENTION_DAYS}
    return same_for_everybody(request, "pages/drawings.html", context)


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
    return same_for_everybody(request, "pages/about.html", {"here": "about"})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {"here": "privacy", "retention_days": settings.DIGITRE_RETENTION_DAYS}
    return same_for_everybody(request, "pages/privacy.html", context)


@require_safe
def kiosk(request: HttpRequest) -> HttpResponse:
    """The draw page for a device that stands where people come and go: no link leads away, and nobody goes on as another."""
    membership = campaign_cookie.find(request)
    if membership is not None and membership.asks_each and not membership.version:
        return redirect(next_place(request))
    is_round = "rounds" in request.GET
    context = {
        "here": "kiosk",
        "limits": LIMITS,
        "idle_seconds": settings.DIGITRE_IDLE_SECONDS or KIOSK_IDLE_SECONDS,
    }
    return render(request, "pages/kiosk_rounds.html" if is_round else "pages/kiosk.html", context)


@require_safe
def find_campaign(request: HttpRequest) -> HttpResponse:
    """Ask for a code, for those whose camera reads no QR picture."""
    code = request.GET.get("code", "").strip()
    return redirect("pages:join", code) if code and "/" not in code else render(request, "pages/find_campaign.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Say what a campaign is and asks; joining is a tap on its one button, and nothing before."""
    wrong_codes = WrongCodes()
    if wrong_codes.is_shut(request):
        return not_joined(request, gettext("Too many wrong codes came from here. Try again in an hour."), status=429)
    campaign = campaigns.by_code(code)
    if campaign is None:
        wrong_codes.count(request)
        return not_joined(request, gettext("No campaign has this code. Look at it once more."), status=404)
    if campaign.stage() is not Stage.OPEN:
        return not_joined(
            request, str(campaigns.CLOSED[campaign.stage()]), campaign, status=CLOSED_STATUS[campaign.stage()]
        )
    at_kiosk = request.GET.get("to") == "kiosk"
    if request.POST.get("action") == "leave":
        return leave_campaign(request)
    if request.method == "POST" and request.POST.get("version") == str(campaign.consent_version):
        return join_campaign(request, campaign, at_kiosk)
    membership = campaign_cookie.find(request)
    is_member = membership is not None and membership.campaign_id == campaign.pk
    context = {
        "campaign": campaign,
        "is_member": is_member and not at_kiosk,
        "was_somebody": not is_member and contributor_cookie.token_of(request) is not None,
        "has_changed": request.method == "POST",
        "retention_days": settings.DIGITRE_RETENTION_DAYS,
    }
    return render(request, "pages/join.html", context)


def not_joined(request: HttpRequest, sentence: str, campaign: Campaign | None = None, *, status: int) -> HttpResponse:
    return render(request, "pages/not_joined.html", {"sentence": sentence, "campaign": campaign}, status=status)


def join_campaign(request: HttpRequest, campaign: Campaign, at_kiosk: bool) -> HttpResponse:
    """Note on the device what was consented to. Whoever it stood for outside of this campaign ends."""
    asks = campaign.asks_each_person
    membership = Membership(
        campaign.pk,
        campaign.code,
        version=campaign.consent_version if asks else 0,
        consented_at=int(time.time()) if asks else 0,
        asks_each=asks,
        at_kiosk=at_kiosk,
    )
    response = redirect("pages:kiosk" if at_kiosk else "pages:draw")
    before = contributor_cookie.find(request)
    if before is not None and (before.campaign_id != campaign.pk or at_kiosk):
        contributor_cookie.end(request, response)
    campaign_cookie.remember(response, membership)
    return response


def leave_campaign(request: HttpRequest) -> HttpResponse:
    response = redirect("pages:draw")
    contributor_cookie.end(request, response)
    campaign_cookie.leave(response)
    return response

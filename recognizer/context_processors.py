"""What every page is told, whoever asks for it."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from recognizer import campaign_cookie


def next_person(request: HttpRequest) -> dict[str, int | str]:
    """After how many seconds without a touch the next person begins (0: never), and where, unless where they are."""
    return {"idle_seconds": settings.DIGITRE_IDLE_SECONDS, "next_place": next_place(request)}


def next_place(request: HttpRequest) -> str:
    """Where the next person on this device is asked for consent; "" where nobody is."""
    membership = campaign_cookie.find(request)
    if membership is None or not membership.asks_each:
        return ""
    address = reverse("pages:join", args=[membership.code])
    return f"{address}?to=kiosk" if membership.at_kiosk else address

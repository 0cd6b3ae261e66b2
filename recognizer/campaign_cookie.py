"""Which campaign this device has joined, and what was consented to on it: a signed cookie beside the contributor's.

It outlives the contributor: whoever draws next on the same device is in the same campaign, and is asked for themselves.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "digitre_campaign"
COOKIE_SECONDS = 60 * 60 * 24 * 120  # a term, or an exhibition
SALT = "recognizer.campaign"
MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Membership:
    """What the cookie says.

    Attributes:
        consented_at: seconds since 1970, of consent to `version` of the text; 0 while the present person gave none.
        asks_each: whether each person on the device is asked.
        at_kiosk: the device stands where people come and go: they are led back to the kiosk's page.
    """

    campaign_id: int
    code: str
    version: int = 0
    consented_at: int = 0
    asks_each: bool = False
    at_kiosk: bool = False

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.consented_at, UTC)

    def for_next_person(self) -> "Membership":
        return replace(self, version=0, consented_at=0)


def find(request: HttpRequest) -> Membership | None:
    """Return what a cookie that we signed says, without asking the database whether there is still such a campaign."""
    text = request.COOKIES.get(COOKIE, "")
    if not text or len(text) > MOST_CHARACTERS:
        return None
    try:
        return Membership(*signing.loads(text, salt=SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def remember(response: HttpResponse, membership: Membership) -> None:
    fields = [getattr(membership, name) for name in Membership.__dataclass_fields__]
    response.set_cookie(
        COOKIE,
        signing.dumps(fields, salt=SALT),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def leave(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")

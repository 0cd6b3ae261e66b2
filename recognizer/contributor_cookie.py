"""Who is calling: an anonymous contributor, known by a signed cookie and nothing else."""

import uuid

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from recognizer.models import Contributor

COOKIE = "digitre_contributor"
COOKIE_SECONDS = 60 * 60 * 24 * 365
SALT = "recognizer.contributor"


def find(request: HttpRequest) -> Contributor | None:
    """Return the contributor of a valid cookie; a forged, foreign or forgotten one is nobody."""
    token = token_of(request)
    contributor = Contributor.objects.filter(token=token).first() if token else None
    if contributor is not None and contributor.returned_at is None:
        contributor.note_return()
    return contributor


def token_of(request: HttpRequest) -> uuid.UUID | None:
    """Return what a cookie that we signed says, without asking the database whether there is still such a person."""
    try:
        return uuid.UUID(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


def signed(contributor: Contributor) -> str:
    """Return what the contributor's cookie says."""
    return signing.dumps(contributor.token.hex, salt=SALT)


def remember(response: HttpResponse, contributor: Contributor) -> None:
    response.set_cookie(
        COOKIE,
        signed(contributor),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )

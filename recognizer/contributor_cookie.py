"""Who is calling: an anonymous contributor, known by a signed cookie and nothing else; or a program, by its key.

The cookie holds the contributor's token and a stamp. Whatever changes what a contributor is answered next, a label or a deletion,
stamps the cookie anew: a process that remembers something of theirs under an older stamp looks again, whichever process it was
that took the label. Nobody has to tell the others. A program's key has no stamp: what it labels counts within 10 seconds.
"""

import secrets
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from recognizer.models import ApiKey, Contributor
from recognizer.ttl_cache import TtlCache

COOKIE = "digitre_contributor"
COOKIE_SECONDS = 60 * 60 * 24 * 365
RENEWAL_SECONDS = 60 * 60 * 24  # a cookie that was signed longer ago is signed anew: who keeps drawing stays known
SALT = "recognizer.contributor"
TOKEN_LENGTH = 32  # hexadecimal digits; what follows is the stamp
MOST_CHARACTERS = 200  # of a cookie of ours, about twice over; longer ones are not even looked at
# that a process knows a contributor without asking: who is forgotten meanwhile cannot store all the same
KNOWN_SECONDS = 60


@dataclass(frozen=True)
class Ticket:
    """What a cookie that we signed says."""

    token: uuid.UUID
    stamp: str
    signed_at: float  # seconds since 1970


@dataclass(frozen=True)
class Caller:
    """A contributor and the stamp of the cookie they came with."""

    contributor: Contributor
    stamp: str


known: TtlCache[uuid.UUID, Contributor] = TtlCache(1024, KNOWN_SECONDS)


def key_of(request: Any) -> ApiKey | None:
    """Return the key that a call came with; None for a page, and for a call without one."""
    key = getattr(request, "auth", None)
    return key if isinstance(key, ApiKey) else None


def find(request: HttpRequest) -> Contributor | None:
    """Return the contributor of a valid cookie, as the database has them; of a call with a key it is the key's.

    A forged, foreign or forgotten one is nobody; so is one whose device was handed on: an answer that was still on its way
    may have set their cookie once more.
    """
    key = key_of(request)
    if key is not None:
        return key.contributor
    token = token_of(request)
    contributor = Contributor.objects.filter(token=token, ended_at__isnull=True).first() if token else None
    if contributor is not None and contributor.returned_at is None:
        contributor.note_return()
    return contributor


def caller(request: HttpRequest) -> Caller | None:
    """As `find`, without asking the database about somebody whom this process has met within KNOWN_SECONDS.

    Enough to answer and to store by: a drawing of a contributor who is gone since is refused by its foreign key.
    """
    key = key_of(request)
    if key is not None:
        return Caller(key.contributor, "") if key.contributor else None
    ticket = ticket_of(request)
    if ticket is None:
        return None
    contributor = known.get(ticket.token)
    if contributor is None or contributor.returned_at is None:
        contributor = find(request)
        if contributor is None:
            return None
        known.put(ticket.token, contributor)
    return Caller(contributor, ticket.stamp)


def token_of(request: HttpRequest) -> uuid.UUID | None:
    """Return what a cookie that we signed says, without asking the database whether there is still such a person."""
    ticket = ticket_of(request)
    return ticket.token if ticket else None


def ticket_of(request: HttpRequest) -> Ticket | None:
    return _opened(request.COOKIES.get(COOKIE, "")[:MOST_CHARACTERS])


def signed(contributor: Contributor) -> str:
    """Return what the contributor's cookie says, with a stamp that no other has."""
    return signing.dumps(contributor.token.hex + secrets.token_hex(4), salt=SALT)


def remember(request: HttpRequest, response: HttpResponse, contributor: Contributor) -> None:
    """Set the contributor's cookie, stamped anew; a program with a key needs none."""
    if key_of(request) is not None:
        return
    response.set_cookie(
        COOKIE,
        signed(contributor),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.DIGITRE_COOKIE_SAMESITE,
    )


def end(request: HttpRequest, response: HttpResponse) -> None:
    """Hand the device to its next person: whoever the cookie stands for ends, and it is taken away."""
    contributor = find(request)
    if contributor is not None:
        contributor.end()
        known.drop(contributor.token)
    response.delete_cookie(COOKIE, samesite="Lax")


def keep_known(request: HttpRequest, response: HttpResponse, contributor: Contributor) -> None:
    """See to it that who called has the contributor's cookie: set it unless they came with it, signed within the last day."""
    ticket = ticket_of(request)
    is_theirs = ticket is not None and ticket.token == contributor.token
    if ticket is None or not is_theirs or time.time() - ticket.signed_at > RENEWAL_SECONDS:
        remember(request, response, contributor)


@lru_cache(maxsize=2048)  # a live guess comes with the same cookie again and again
def _opened(text: str) -> Ticket | None:
    try:
        said = signing.loads(text, salt=SALT)
        signed_at = signing.b62_decode(text.rsplit(":", 2)[1])
        return Ticket(uuid.UUID(said[:TOKEN_LENGTH]), said[TOKEN_LENGTH:], signed_at)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None

"""A webhook's signature, as standardwebhooks.com has it: libraries in a dozen languages check it."""

import base64
import hashlib
import hmac

from django.utils.crypto import salted_hmac

from recognizer.models import Subscriber

PREFIX = "whsec_"
SALT = "recognizer.notices"


def secret_of(subscriber: Subscriber) -> str:
    """Return what a subscriber checks signatures with.

    It is derived from SECRET_KEY, so that a copy of the database is not enough to sign; a new SECRET_KEY makes a new one.
    """
    return PREFIX + base64.b64encode(_key(subscriber)).decode()


def signed_headers(subscriber: Subscriber, message: str, body: str, timestamp: int) -> dict[str, str]:
    """Return the headers that vouch for a message sent at `timestamp` (seconds since 1970)."""
    signed = hmac.new(_key(subscriber), f"{message}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _key(subscriber: Subscriber) -> bytes:
    return salted_hmac(SALT, subscriber.salt, algorithm="sha256").digest()

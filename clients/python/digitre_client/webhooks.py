"""Checks what a webhook was sent, as standardwebhooks.com has it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE_SECONDS = 300  # between the two clocks; an older message may be somebody's who has kept it


class BadSignature(Exception):
    """It was not sent by the site that the secret is from, or not just now."""


@dataclass(frozen=True)
class Event:
    """What happened. `id` is the same in each try of one delivery: who has seen it has had it."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Event:
    """Return the event of a message that is what it seems.

    Args:
        secret: as the admin shows it: `whsec_...`.
        headers: of the request; upper and lower case are the same.
        body: the bytes as they came, before anything has read them as JSON.

    Raises:
        BadSignature: it is not.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        message, stamp, signatures = (found[f"webhook-{part}"] for part in ("id", "timestamp", "signature"))
        age = (time.time() if now is None else now) - int(stamp)
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError) as error:
        raise BadSignature("The message has no id, no time or no signature, or the secret is none.") from error
    if abs(age) > tolerance:
        raise BadSignature(f"The message was signed {age:.0f} seconds ago.")
    signed = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(signed).decode()}"
    if not any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split()):
        raise BadSignature("The signature is not of this secret.")
    said = json.loads(body)
    return Event(message, said["type"], said["timestamp"], said["data"])

"""A small client for a Digitre site. Standard library only."""

from digitre_client.client import Client
from digitre_client.errors import ApiError, Conflict, Unreachable
from digitre_client.shapes import Answer, Decided, KeyFacts, Label, ToReview
from digitre_client.webhooks import BadSignature, Event, verify_webhook

__all__ = [
    "Answer",
    "ApiError",
    "BadSignature",
    "Client",
    "Conflict",
    "Decided",
    "Event",
    "KeyFacts",
    "Label",
    "ToReview",
    "Unreachable",
    "verify_webhook",
]

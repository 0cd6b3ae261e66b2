"""Programs that call with a key."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from recognizer.models import ApiKey


def program(owner: User, *scopes: str, **options: Any) -> APIClient:
    """A program that holds a new key of `owner`'s."""
    _, secret = ApiKey.objects.make(owner, "a program", scopes, **options)
    return with_key(secret)


def with_key(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client

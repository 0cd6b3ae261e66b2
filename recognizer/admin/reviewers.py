"""Who is signed in to the admin."""

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def signed_in(request: HttpRequest) -> "User":
    """Return the request's user.

    Raises:
        PermissionDenied: it has none. The admin lets nobody in who has not signed in.
    """
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user

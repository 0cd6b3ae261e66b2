"""What every page is told, whoever asks for it."""

from django.conf import settings
from django.http import HttpRequest


def idle(request: HttpRequest) -> dict[str, int]:
    """After how many seconds without a touch a page is put away for the next person; 0: never."""
    return {"idle_seconds": settings.DIGITRE_IDLE_SECONDS}

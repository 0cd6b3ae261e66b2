"""Which campaign is asked for, by its code."""

from django.http import HttpRequest
from django.utils.translation import gettext
from rest_framework.exceptions import NotFound, Throttled

from recognizer import campaigns
from recognizer.api.throttles import WrongCodes
from recognizer.models import Campaign


def campaign_of(request: HttpRequest, code: str) -> Campaign:
    """Return the campaign of a code; whoever tries many wrong ones is not told any more.

    Raises:
        NotFound: there is none.
        Throttled: too many wrong codes came from there.
    """
    wrong_codes = WrongCodes()
    if wrong_codes.is_shut(request):
        raise Throttled(wrong_codes.wait())
    campaign = campaigns.by_code(code)
    if campaign is None:
        wrong_codes.count(request)
        raise NotFound(gettext("No campaign has this code. Look at it once more."))
    return campaign

"""One device, many hands: where one person ends and the next begins."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import campaign_cookie, campaigns, contributor_cookie
from recognizer.api import serializers as shapes
from recognizer.api.throttles import CallsByAddress


def ask_anew(request: Request, response: Response) -> None:
    """Keep the device in its campaign, without the consent of the person who leaves; out of one that is over."""
    membership = campaign_cookie.find(request)
    if membership is None:
        return
    if campaigns.is_open(membership):
        campaign_cookie.remember(response, membership.for_next_person())
    else:
        campaign_cookie.leave(response)


class NextPersonView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(
        operation_id="session_next",
        request=None,
        responses={204: None, 429: shapes.ErrorSerializer, 503: shapes.ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """End this device's contributor: the next drawing makes another, in the same campaign if the device has joined one.

        Where a campaign asks each person, the next one has to be asked before a drawing of theirs is kept.
        """
        response = Response(status=status.HTTP_204_NO_CONTENT)
        contributor_cookie.end(request, response)
        ask_anew(request, response)
        return response

"""One device, many hands: where one person ends and the next begins."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie
from recognizer.api import serializers as shapes
from recognizer.api.throttles import CallsByAddress


class NextPersonView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(
        operation_id="session_next",
        request=None,
        responses={204: None, 429: shapes.ErrorSerializer, 503: shapes.ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """End this device's contributor: the next drawing makes another. Without a contributor it changes nothing."""
        response = Response(status=status.HTTP_204_NO_CONTENT)
        contributor_cookie.end(request, response)
        return response

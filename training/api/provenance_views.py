"""What became of the caller's drawings in training, for the page that lists them."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie, words
from recognizer.api.throttles import DearCallsByAddress
from training.api.provenance import Provenance, provenance_of


class ProvenanceSerializer(serializers.Serializer[Provenance]):
    versions = serializers.ListField(child=serializers.IntegerField(), help_text="that learned from the drawing")
    left_out = serializers.SerializerMethodField(help_text="why the newest version did not, or empty")

    def get_left_out(self, provenance: Provenance) -> str:
        return words.recorded(provenance["left_out"])


class ProvenancesSerializer(serializers.Serializer[dict[str, dict[str, Provenance]]]):
    drawings = serializers.DictField(child=ProvenanceSerializer(), help_text="by drawing id; one that is missing waits")


class ProvenanceView(APIView):
    throttle_classes = [DearCallsByAddress]

    @extend_schema(operation_id="lessons", responses={200: ProvenancesSerializer})
    def get(self, request: Request) -> Response:
        """Say which versions learned from which of the caller's drawings."""
        found = provenance_of(contributor_cookie.find(request))
        return Response(ProvenancesSerializer({"drawings": found}).data)

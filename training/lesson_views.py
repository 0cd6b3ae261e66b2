"""What became of the caller's drawings in training, for the page that lists them."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie
from recognizer.api.throttles import CallsByAddress
from training.own_lessons import lessons_of


class LessonSerializer(serializers.Serializer):
    versions = serializers.ListField(child=serializers.IntegerField(), help_text="that learned from the drawing")
    left_out = serializers.CharField(help_text="why the newest version did not, or empty")


class LessonsSerializer(serializers.Serializer):
    drawings = serializers.DictField(child=LessonSerializer(), help_text="by drawing id; one that is missing waits")


class LessonsView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(operation_id="lessons", responses={200: LessonsSerializer})
    def get(self, request: Request) -> Response:
        """Say which versions learned from which of the caller's drawings."""
        return Response({"drawings": lessons_of(contributor_cookie.find(request))})

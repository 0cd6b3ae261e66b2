"""The progress of learning, as a page and as JSON."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie
from recognizer.api.throttles import CallsByAddress
from recognizer.version_card import ExamResult, VersionProgress
from training.api import progress


class ExamSerializer(serializers.Serializer[ExamResult]):
    name = serializers.CharField(source="exam.name")
    title = serializers.SerializerMethodField()
    accuracy = serializers.FloatField(help_text="0..1; a refused digit counts as wrong")
    low = serializers.FloatField(allow_null=True, help_text="of the 95 % interval")
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()

    def get_title(self, result: ExamResult) -> str:
        return gettext(result.exam.title)


class VersionSerializer(serializers.Serializer[VersionProgress]):
    number = serializers.IntegerField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    is_champion = serializers.BooleanField()
    held = serializers.BooleanField(help_text="the gate did not let it answer")
    reasons = serializers.ListField(child=serializers.CharField())
    drawings = serializers.IntegerField(help_text="how many drawings it learned from")
    exams = ExamSerializer(many=True)


class TotalsSerializer(serializers.Serializer[progress.Totals]):
    drawings = serializers.IntegerField()
    contributors = serializers.IntegerField()
    new_since = serializers.IntegerField(help_text="labels approved since the last version was trained")
    next_at = serializers.IntegerField(allow_null=True, help_text="at how many of them the next run starts")


class ProgressSerializer(serializers.Serializer[progress.Board]):
    versions = VersionSerializer(many=True)
    totals = TotalsSerializer()
    mine = serializers.DictField(
        child=serializers.IntegerField(), help_text="the caller's drawings by what became of them"
    )


class ProgressView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(operation_id="progress", responses={200: ProgressSerializer})
    def get(self, request: Request) -> Response:
        """Say how the versions did in their exams, what was collected, and what became of the caller's drawings."""
        return Response(ProgressSerializer(progress.board(contributor_cookie.find(request))).data)


@require_safe
def progress_page(request: HttpRequest) -> HttpResponse:
    board = progress.board(contributor_cookie.find(request))
    return render(request, "pages/progress.html", {"here": "progress", **board})

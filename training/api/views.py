"""The progress of learning, as a page and as JSON."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie
from recognizer.api import serializers as shapes
from recognizer.api.throttles import DearCallsByAddress
from recognizer.version_card import ExamResult, VersionProgress
from training.api import campaign_progress, progress
from training.api.campaigns import campaign_of


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
    new_since = serializers.IntegerField(
        help_text="labels approved since the last version was trained, up to 2,000 or next_at"
    )
    next_at = serializers.IntegerField(allow_null=True, help_text="at how many of them the next run starts")


class CampaignExamSerializer(serializers.Serializer[campaign_progress.VersionShare]):
    version = serializers.IntegerField()
    right = serializers.IntegerField()
    n = serializers.IntegerField()
    accuracy = serializers.FloatField(help_text="0..1; a refused digit counts as wrong")
    interval = serializers.ListField(child=serializers.FloatField(), help_text="95 %")


class CampaignSerializer(serializers.Serializer[campaign_progress.CampaignBoard]):
    name = serializers.CharField()
    code = serializers.CharField()
    people = serializers.IntegerField()
    drawings = serializers.IntegerField()
    approved = serializers.IntegerField()
    exam = CampaignExamSerializer(
        many=True, help_text="its exam contributors' approved drawings, the oldest version first"
    )


class ProgressSerializer(serializers.Serializer[progress.Board]):
    versions = VersionSerializer(many=True)
    totals = TotalsSerializer()
    mine = serializers.DictField(
        child=serializers.IntegerField(), help_text="the caller's drawings by what became of them"
    )
    campaign = CampaignSerializer(required=False, help_text="where one was asked for")


class ProgressView(APIView):
    throttle_classes = [DearCallsByAddress]

    @extend_schema(
        operation_id="progress",
        responses={200: ProgressSerializer, 404: shapes.ErrorSerializer, 429: shapes.ErrorSerializer},
        parameters=[OpenApiParameter("campaign", str, description="the code of a campaign: how it does, besides")],
    )
    def get(self, request: Request) -> Response:
        """Say how the versions did in their exams, what was collected, and what became of the caller's drawings."""
        board = progress.board(contributor_cookie.find(request))
        if code := request.query_params.get("campaign"):
            board["campaign"] = campaign_progress.board(campaign_of(request._request, code))
        return Response(ProgressSerializer(board).data)


@never_cache  # it tells visitors what became of theirs
@vary_on_cookie
@require_safe
def progress_page(request: HttpRequest) -> HttpResponse:
    board = progress.board(contributor_cookie.find(request))
    if code := request.GET.get("campaign"):
        try:
            board["campaign"] = campaign_progress.board(campaign_of(request, code))
        except (NotFound, Throttled) as error:
            raise Http404 from error
    return render(request, "pages/progress.html", {"here": "progress", **board})

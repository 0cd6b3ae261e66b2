"""Runs and what came of them, for programs: what a webhook has told in a few words, in full."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.authentication import KEY_ERRORS, KeyView
from recognizer.api.serializers import ErrorSerializer
from recognizer.api.views import NewestFirst
from recognizer.models import Scope
from training.models import TrainingRun

MISSING = {404: OpenApiResponse(ErrorSerializer, description="No such run, or no such page.")}


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    """A run in brief."""

    champion = serializers.IntegerField(source="champion.number", allow_null=True, default=None)
    challenger = serializers.IntegerField(source="challenger.number", allow_null=True, default=None)
    reasons = serializers.SerializerMethodField(
        help_text="why it was promoted or held; empty before the gate was asked"
    )

    class Meta:
        model = TrainingRun
        fields = [
            "id", "status", "trigger", "requested_at", "started_at", "finished_at", "phase", "progress", "champion",
            "challenger", "reasons", "error",
        ]  # fmt: skip

    def get_reasons(self, run: TrainingRun) -> list[str]:
        reasons: list[str] = run.decision.get("reasons", [])
        return reasons


class WholeRunSerializer(RunSerializer):
    """A run with the gate's decision, every report and what it saw when it began."""

    difference = serializers.JSONField(help_text="what was new when it began")
    decision = serializers.JSONField()
    reports = serializers.JSONField(help_text="exam: {champion, challenger, baseline}")

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "difference", "decision", "reports"]


class NewestRuns(NewestFirst):
    page_size = 50
    ordering = ("-id",)


class RunsPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="address of the page after")
    previous = serializers.URLField(allow_null=True)
    results = RunSerializer(many=True)


class RunsView(KeyView):
    key_scope = Scope.READ

    @extend_schema(operation_id="runs_list", responses={200: RunsPageSerializer, **MISSING, **KEY_ERRORS})
    def get(self, request: Request) -> Response:
        """List the runs, the newest first, a page at a time."""
        paginator = NewestRuns()
        page = paginator.paginate_queryset(runs().in_brief(), request, view=self)
        return paginator.get_paginated_response(RunSerializer(page, many=True).data)


class RunView(KeyView):
    key_scope = Scope.READ

    @extend_schema(operation_id="runs_read", responses={200: WholeRunSerializer, **MISSING, **KEY_ERRORS})
    def get(self, request: Request, run_id: int) -> Response:
        """Read one run whole."""
        run = runs().filter(pk=run_id).first()
        if run is None:
            raise NotFound("There is no such run.")
        return Response(WholeRunSerializer(run).data)


def runs() -> Any:
    """Runs with the two versions that they compared, whose own reports are left where they are."""
    compared: QuerySet[TrainingRun] = TrainingRun.objects.select_related("champion", "challenger")
    return compared.defer(
        "champion__metrics", "champion__calibration", "challenger__metrics", "challenger__calibration"
    )

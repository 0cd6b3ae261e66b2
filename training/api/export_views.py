"""Drawings out, for programs: by filter, streamed, a line as soon as it is read."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from recognizer.api.authentication import KEY_ERRORS, KeyView
from recognizer.api.serializers import ErrorSerializer
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, Scope
from training.exchange import exporting

PAGE = 200  # drawings a statement: no statement of a web process may take longer than two seconds
LABELS = [*map(str, range(10)), "none"]
LABELLED = "labelled"


class FilterSerializer(serializers.Serializer[Any]):
    """Which drawings; without any of these all that are approved."""

    status = serializers.ChoiceField(
        choices=[*Drawing.Status.values, LABELLED],
        default=Drawing.Status.APPROVED,
        help_text="labelled: whatever has a label, of its contributor or of a reviewer",
    )
    label = serializers.ChoiceField(  # type: ignore[assignment]  # a field named as an attribute of fields
        choices=LABELS, required=False, help_text="none: not a digit"
    )
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="number of the version that answered"
    )
    is_exam = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="of contributors who examine, or of those who teach"
    )
    since = serializers.DateTimeField(required=False, help_text="drawn at or after")
    until = serializers.DateTimeField(required=False, help_text="drawn before")


class ExportView(KeyView):
    key_scope = Scope.EXPORT

    @extend_schema(
        operation_id="export",
        parameters=[FilterSerializer],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, description="A JSON object a line."),
            400: OpenApiResponse(ErrorSerializer, description="No such filter."),
            **KEY_ERRORS,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Take drawings out as JSON lines, ordered by id, as `manage.py export_drawings` writes them.

        Contributors are numbers of this one answer. What is added meanwhile may be in it or not.
        """
        wanted = FilterSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        return StreamingHttpResponse(
            lines(chosen(**wanted.validated_data)),
            content_type="application/x-ndjson",
            headers={"Content-Disposition": 'attachment; filename="digitre-drawings.jsonl"'},
        )


def chosen(
    status: str,
    label: str | None = None,
    version: int | None = None,
    is_exam: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Drawing]:
    """Return the drawings that have a label and fit the filters."""
    wanted = ~Q(confirmed_label=None, reviewed_label=None)
    if status != LABELLED:
        wanted &= Q(status=status)
    if label is not None:
        wanted &= Q(told=NOT_A_DIGIT if label == "none" else int(label))
    if version is not None:
        wanted &= Q(model_version__number=version)
    if is_exam is not None:
        wanted &= Q(contributor__is_exam=is_exam)
    if since is not None:
        wanted &= Q(created_at__gte=since)
    if until is not None:
        wanted &= Q(created_at__lt=until)
    return Drawing.objects.annotate(told=Coalesce("reviewed_label", "confirmed_label")).filter(wanted)


def lines(drawings: QuerySet[Drawing]) -> Iterator[bytes]:
    """Yield drawings as the lines of an export: the one place where this call meets the formats."""
    return map(exporting.json_line, exporting.readable(pages(drawings)))


def pages(drawings: QuerySet[Drawing]) -> Iterator[Drawing]:
    """Yield rows by id, a page a statement: a cursor over all would be one statement, and longer than any may be here."""
    ordered = drawings.select_related("contributor").order_by("id")
    last = UUID(int=0)
    while page := list(ordered.filter(id__gt=last)[:PAGE]):
        yield from page
        last = page[-1].pk

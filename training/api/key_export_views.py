"""Drawings out, for programs: by filter, streamed, a line as soon as it is read."""

import json
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from recognizer.api.authentication import KEY_ERRORS, KeyView
from recognizer.api.serializers import ErrorSerializer
from recognizer.models import Scope
from training.api.export_views import FILTERS, InvalidSelection
from training.exchange.records import read_records
from training.exchange.selection import BadSelection, Selection


class ExportView(KeyView):
    key_scope = Scope.EXPORT

    @extend_schema(
        operation_id="export",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR, description=meaning) for name, meaning in FILTERS.items()],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, description="A JSON object a line."),
            400: OpenApiResponse(ErrorSerializer, description="No such filter."),
            **KEY_ERRORS,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Take drawings out as JSON lines, ordered by id: what `manage.py export_drawings` writes, as it is read.

        Contributors are numbers of this one answer. What is added meanwhile may be in it or not.
        """
        try:
            selection = Selection.of(request.query_params)
        except BadSelection as error:
            raise InvalidSelection(str(error)) from error
        return StreamingHttpResponse(
            lines(selection, names=request.query_params.get("names") == "1"),
            content_type="application/x-ndjson",
            headers={
                "Content-Disposition": 'attachment; filename="digitre-drawings.jsonl"',
                "Cache-Control": "no-store",
            },
        )


def lines(selection: Selection, *, names: bool) -> Iterator[bytes]:
    """Yield drawings as the lines of an export, uncompressed."""
    for record in read_records(selection.drawings(), names=names):
        yield json.dumps(record.line, separators=(",", ":")).encode() + b"\n"

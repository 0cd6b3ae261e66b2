"""Take one's own drawings away as a file."""

import json
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import get_language, override
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from recognizer import contributor_cookie
from recognizer.api.serializers import DrawingDetailSerializer
from recognizer.api.throttles import ExportsByAddress
from recognizer.api.views import ERRORS
from recognizer.models import Contributor, Drawing


class ExportView(APIView):
    throttle_classes = [ExportsByAddress]

    @extend_schema(operation_id="drawings_export", responses={200: DrawingDetailSerializer(many=True), **ERRORS})
    def get(self, request: Request) -> StreamingHttpResponse:
        """All of one's own drawings with all that is known of them, as a JSON file."""
        return StreamingHttpResponse(
            _lines(contributor_cookie.find(request), get_language()),
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="my-digitre-drawings.json"'},
        )


def _lines(contributor: Contributor | None, language: str | None) -> Iterator[str]:
    """Stream a JSON list: a person may have thousands of drawings. It is read when the request's language is forgotten."""
    mine = Drawing.objects.of(contributor).with_fate().order_by("created_at")
    serializer = DrawingDetailSerializer(context={"asks_versions": False})
    yield "["
    for i, drawing in enumerate(mine.iterator(chunk_size=100)):
        with override(language):
            row = json.dumps(serializer.to_representation(drawing), default=str)
        yield ("" if i == 0 else ",") + "\n" + row
    yield "\n]\n"

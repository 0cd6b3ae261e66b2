"""Drawings out by HTTP, for programs: the formats that can be streamed, by the filters that the command knows too."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import StreamingHttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from recognizer.api.authentication import KeyAuthentication, check_scope
from recognizer.api.serializers import ErrorSerializer
from recognizer.api.throttles import CallsByAddress
from recognizer.contributor_cookie import key_of
from recognizer.models import Scope
from training.exchange import formats
from training.exchange.records import read_records
from training.exchange.selection import BadSelection, Selection

PERMISSION = "recognizer.export_drawing"
MEDIA = {"jsonl": "application/gzip", "csv": "text/csv; charset=utf-8", "png": "application/zip"}
FILES = {"jsonl": "drawings.jsonl.gz", "csv": "drawings.csv", "png": "drawings-png.zip"}
FILTERS = {
    "status": "`all`, or some of `unconfirmed,waiting,approved,rejected,quarantined`; `approved` where it is missing",
    "label": "some of `0` to `9`, and `none` for what is no digit",
    "version": "the number of the version that answered",
    "contributor": "the number of a contributor",
    "purpose": "`learning` or `exam`: what their contributors' drawings are for",
    "since": "a day or a moment: handed in then or later",
    "until": "handed in before",
    "campaign": "the code of a campaign: its drawings alone",
    "names": "`1`: with reviewers' names instead of numbers",
}


class InvalidSelection(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid_filter"


class SignedInAtTheDesk(BaseAuthentication):
    """Whoever is signed in to the admin, in this browser. Calls have no session of their own, so it is looked up here."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if not key:
            return None
        http = request._request
        http.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        user = get_user(http)
        return (user, None) if user.is_authenticated and user.is_active else None

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class SignedInAtTheDeskScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SignedInAtTheDesk
    name = "desk"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class MayExport(BasePermission):
    message = "You may not export drawings."

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = key_of(request)
        if key is not None:
            return check_scope(key, Scope.EXPORT)
        return bool(request.user and request.user.is_staff and request.user.has_perm(PERMISSION))


class DrawingsFileView(APIView):
    authentication_classes = [KeyAuthentication, SignedInAtTheDesk]
    permission_classes = [MayExport]
    throttle_classes = [CallsByAddress]

    @extend_schema(
        operation_id="exports",
        parameters=[
            OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(formats.STREAMED)),
            *[OpenApiParameter(name, OpenApiTypes.STR, description=meaning) for name, meaning in FILTERS.items()],
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            400: ErrorSerializer,
            401: ErrorSerializer,
            403: ErrorSerializer,
            404: ErrorSerializer,
            429: OpenApiResponse(ErrorSerializer),
        },
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        """Drawings by filter as one file: `jsonl` holds everything, `csv` is Kaggle's, `png` an archive of folders by class.

        For who may export drawings. The file is streamed while it is read; Parquet, NPZ and IDX come from `manage.py
        export_drawings` and the admin.
        """
        if name not in formats.STREAMED:
            raise NotFound(f"There is no such file; there are {', '.join(formats.STREAMED)}.")
        try:
            selection = Selection.of(request.query_params)
        except BadSelection as error:
            raise InvalidSelection(str(error)) from error
        return streamed(name, selection, names=request.query_params.get("names") == "1")


def streamed(name: str, selection: Selection, *, names: bool) -> StreamingHttpResponse:
    """Stream one of the formats that need no second look at what was written."""
    records = read_records(selection.drawings(), names=names)
    answer = StreamingHttpResponse(formats.stream(name, records), content_type=MEDIA[name])
    answer["Content-Disposition"] = f'attachment; filename="{FILES[name]}"'
    answer["Cache-Control"] = "no-store"
    return answer

"""HTTP, version 1: parse, one verb, respond."""

from collections.abc import Sequence
from typing import Any, NoReturn
from uuid import UUID

import numpy as np
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext, pgettext_lazy
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from numpy.typing import NDArray
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from recognizer import (
    campaign_cookie,
    contributor_cookie,
    personalization,
    prototypes,
    refusals,
    services,
    serving,
    words,
)
from recognizer.api import serializers as shapes
from recognizer.api import session_views
from recognizer.api.authentication import MayHaveKey
from recognizer.api.parsers import AnyTypeJSONParser, StrictJSONParser
from recognizer.api.throttles import (
    DRAWING_THROTTLES,
    AddressThrottle,
    CallsByAddress,
    DearCallsByAddress,
    GuessesByAddress,
    Together,
    count_bytes,
    count_work,
)
from recognizer.contributor_cookie import Caller
from recognizer.errors import InvalidDrawing
from recognizer.imaging import decoding
from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import preparation_steps
from recognizer.inference.answers import credit_people
from recognizer.labels import api_label, stored_label
from recognizer.models import Contributor, Drawing, ModelVersion
from recognizer.submissions import Reading, Submission

ERRORS = {
    400: OpenApiResponse(shapes.ErrorSerializer, description="Not a drawing, or not what the call takes."),
    413: OpenApiResponse(shapes.ErrorSerializer, description="Too large."),
    415: OpenApiResponse(shapes.ErrorSerializer, description="Another media type."),
    429: OpenApiResponse(shapes.ErrorSerializer, description="Too many calls; Retry-After says for how long."),
    503: OpenApiResponse(shapes.ErrorSerializer, description="No model or no database right now."),
}
NOT_YOURS = {404: OpenApiResponse(shapes.ErrorSerializer, description="No such drawing of yours.")}
CLOSED = OpenApiResponse(
    shapes.ErrorSerializer,
    description="The device's campaign takes no drawings now (`campaign_closed`, `campaign_gone`), or asks each person for "
    "consent that this one has not given (`consent_missing`).",
)
STEPS = {  # as imaging.preprocessing calls them, and people
    "crop": pgettext_lazy("a step of preparing a drawing", "crop"),
    "fit": pgettext_lazy("a step of preparing a drawing", "fit"),
    "centre": pgettext_lazy("a step of preparing a drawing", "centre"),
}
DRAWING_BODY = {
    "application/json": shapes.DrawingRequestSerializer,
    "multipart/form-data": shapes.DrawingUploadSerializer,
}


def answer_payload(reading: Reading, submission: Submission, caller: Caller | None) -> dict[str, Any]:
    """Turn a reading into the answer of the API, with what people's approved drawings and this contributor's own ones say."""
    contributor, stamp = (caller.contributor, caller.stamp) if caller else (None, None)
    consulted, people = prototypes.consult(reading)
    answer, remembered = personalization.recall(consulted, submission.strokes, contributor, stamp)
    alone = consulted.answer
    if people and answer.digit != alone.digit:
        people = 0  # one's own word counts before all others'
    if people:
        answer = credit_people(answer)
    return {
        "kind": answer.kind,
        "digit": answer.digit,
        "refused": answer.refused,
        "message": words.said(refusals.message(answer, submission.strokes_on_ink, reading.served.model)),
        "certainty": answer.certainty,
        "confidence": answer.confidence,
        "margin": answer.margin,
        "likely_digit": answer.likely_digit,
        "probabilities": answer.probabilities,
        "alternatives": [{"digit": digit, "probability": probability} for digit, probability in answer.alternatives],
        "model_version": reading.served.version,
        "memory": remembered,
        "people": people,
        "memory_changed": (answer.kind, answer.digit) != (alone.kind, alone.digit),
        "preview": picture_url(to_grey(reading.image)),
    }


def explanation_payload(submission: Submission) -> dict[str, Any]:
    """Show the pictures between canvas and network."""
    steps = preparation_steps(submission.ink, submission.strokes_on_ink)
    return {"steps": [{"name": STEPS[name], "image": picture_url(image)} for name, image in steps]}


def picture_url(ink: NDArray[np.uint8]) -> str:
    return decoding.data_url(decoding.encode_png(ink))


class DrawingView(MayHaveKey):
    """What drawings and guesses share: a body that is JSON or a form."""

    parser_classes = [StrictJSONParser, MultiPartParser]

    def parse_drawing(self, request: Request) -> shapes.DrawingRequest:
        is_form = request.content_type.startswith("multipart/")
        return (shapes.DRAWING_UPLOAD if is_form else shapes.DRAWING_REQUEST).parse(request.data)


class NewestFirst(CursorPagination):
    page_size = 60
    ordering: tuple[str, ...] = ("-created_at", "id")

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return a page, or 404 for a cursor that we did not make: DRF reads its shape but not the moment in it."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, OverflowError) as error:
            raise NotFound(self.invalid_cursor_message) from error


class DrawingsView(DrawingView):
    """Store a drawing and answer it; list or forget one's own."""

    pagination_class = NewestFirst

    def visitor_throttles(self) -> list[BaseThrottle]:
        if self.request.method == "POST":
            return [Together(*(throttle() for throttle in DRAWING_THROTTLES))]
        return [DearCallsByAddress() if self.request.method == "GET" else CallsByAddress()]

    @extend_schema(
        operation_id="drawings_create",
        request=DRAWING_BODY,
        responses={201: shapes.StoredAnswerSerializer, 403: CLOSED, **ERRORS},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                "header",
                description="the same picture with the same key is one drawing of its contributor's, however often it is sent",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Store a drawing and say what it is. The first one makes its sender a contributor, by cookie."""
        drawn = self.parse_drawing(request)
        submission = drawn.submission
        count_work(request, [submission])
        count_bytes(request, submission)
        steps = explanation_payload(submission) if drawn.explain else {}
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        sender = AddressThrottle().identify(request)
        program = contributor_cookie.key_of(request)
        if program is not None:
            program.drawer()
        caller = contributor_cookie.caller(request)
        contributor, membership = caller.contributor if caller else None, campaign_cookie.find(request)
        drawing, reading = services.recognize(submission, contributor, key, sender, membership)
        is_callers = caller is not None and drawing.contributor_id == caller.contributor.pk
        payload = answer_payload(
            reading, submission, caller if is_callers else None
        )  # who is new has taught nothing yet
        response = Response({"id": drawing.pk, **payload, **steps}, status=status.HTTP_201_CREATED)
        contributor_cookie.keep_known(request, response, drawing.contributor)
        return response

    @extend_schema(operation_id="drawings_list", responses={200: shapes.DrawingSummarySerializer(many=True), **ERRORS})
    def get(self, request: Request) -> Response:
        """List one's own drawings, the newest first, a page at a time."""
        mine = Drawing.objects.of(contributor_cookie.find(request)).with_fate().defer("strokes", "probabilities")
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(mine, request, view=self)
        return paginator.get_paginated_response(shapes.DrawingSummarySerializer(page, many=True).data)

    @extend_schema(operation_id="drawings_forget_all", responses={204: None, **ERRORS})
    def delete(self, request: Request) -> Response:
        """Forget everything of the caller's: drawings, labels and the contributor."""
        contributor = contributor_cookie.find(request)
        if contributor:
            services.forget(contributor)
            contributor_cookie.known.drop(contributor.token)
        response = Response(status=status.HTTP_204_NO_CONTENT)
        response.delete_cookie(contributor_cookie.COOKIE, samesite=settings.DIGITRE_COOKIE_SAMESITE)
        session_views.ask_anew(request, response)
        return response


class GuessesView(DrawingView):
    throttle_classes = [GuessesByAddress]

    @extend_schema(
        operation_id="guesses_create",
        request=DRAWING_BODY,
        responses={200: shapes.AnswerSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Say what a drawing is; nothing is stored."""
        drawn = self.parse_drawing(request)
        submission = drawn.submission
        count_work(request, [submission])
        steps = explanation_payload(submission) if drawn.explain else {}
        reading = services.read(submission)
        return Response(answer_payload(reading, submission, contributor_cookie.caller(request)) | steps)


class OwnDrawingView(MayHaveKey):
    """Calls about one drawing of the caller's; anybody else's does not exist. Those that change one stamp the cookie anew."""

    throttle_classes = [CallsByAddress]

    def contributor(self, request: Request) -> Contributor:
        contributor = contributor_cookie.find(request)
        if contributor is None:
            raise_not_found()
        return contributor


class DrawingDetailView(OwnDrawingView):
    def get_throttles(self) -> list[BaseThrottle]:
        return [DearCallsByAddress() if self.request.method == "GET" else CallsByAddress()]

    @extend_schema(operation_id="drawings_read", responses={200: shapes.DrawingDetailSerializer, **NOT_YOURS, **ERRORS})
    def get(self, request: Request, drawing_id: UUID) -> Response:
        """Read one's own drawing: its picture, its labels, and what became of it."""
        mine = Drawing.objects.of(self.contributor(request)).with_fate()
        return Response(shapes.DrawingDetailSerializer(mine.filter(pk=drawing_id).first() or raise_not_found()).data)

    @extend_schema(operation_id="drawings_forget", responses={204: None, **NOT_YOURS, **ERRORS})
    def delete(self, request: Request, drawing_id: UUID) -> Response:
        """Forget one's own drawing, with all that was said of it."""
        contributor = self.contributor(request)
        try:
            services.forget(contributor, drawing_id)
        except Drawing.DoesNotExist:
            raise_not_found()
        response = Response(status=status.HTTP_204_NO_CONTENT)
        contributor_cookie.remember(request, response, contributor)
        return response


class FeedbackView(OwnDrawingView):
    @extend_schema(
        operation_id="feedback_update",
        request=shapes.FeedbackSerializer,
        responses={
            200: shapes.FeedbackAnswerSerializer,
            409: OpenApiResponse(shapes.ErrorSerializer, description="A reviewer has decided."),
            **NOT_YOURS,
            **ERRORS,
        },
    )
    def put(self, request: Request, drawing_id: UUID) -> Response:
        """Say what one's own drawing is: a digit, or null for none. May be changed until it is reviewed."""
        serializer = shapes.FeedbackSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        label, contributor = stored_label(serializer.validated_data["label"]), self.contributor(request)
        try:
            drawing = services.give_feedback(drawing_id, contributor, label)
        except Drawing.DoesNotExist:
            raise_not_found()
        said = {"id": drawing.pk, "label": api_label(drawing.confirmed_label), "status": drawing.status}
        response = Response(said)
        contributor_cookie.remember(request, response, contributor)
        return response

    @extend_schema(
        operation_id="feedback_withdraw", responses={204: None, 409: shapes.ErrorSerializer, **NOT_YOURS, **ERRORS}
    )
    def delete(self, request: Request, drawing_id: UUID) -> Response:
        """Take back what one said of one's own drawing; the drawing stays, without a label."""
        contributor = self.contributor(request)
        try:
            services.withdraw_feedback(drawing_id, contributor)
        except Drawing.DoesNotExist:
            raise_not_found()
        response = Response(status=status.HTTP_204_NO_CONTENT)
        contributor_cookie.remember(request, response, contributor)
        return response


class ModelView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(operation_id="model_read", responses={200: shapes.ModelSerializer, 503: shapes.ErrorSerializer})
    def get(self, request: Request) -> Response:
        """Which version answers, since when, and how it does on its exams."""
        version = ModelVersion.objects.get(pk=serving.current_classifier().version_id)
        return Response({"version": version.number, "promoted_at": version.promoted_at, "metrics": version.metrics})


class SeedView(APIView):
    """The 2017 front end's call, answered as it was.

    `[{"digit": data URL}]` -> `{"result", "probability"}`; nothing is stored.
    """

    parser_classes = [AnyTypeJSONParser]
    throttle_classes = [GuessesByAddress]

    @extend_schema(
        operation_id="seed_get_digit",
        request=shapes.SeedRequestSerializer(many=True),
        responses={200: shapes.SeedAnswerSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        first = request.data[0] if isinstance(request.data, list) and request.data else None
        if not isinstance(first, dict) or not isinstance(first.get("digit"), str):
            raise InvalidDrawing("invalid_image", 'The body must be [{"digit": "data:image/png;base64,..."}].')
        ink = decoding.decode_png(decoding.decode_data_url(first["digit"]))
        submission = Submission(ink)
        count_work(request, [submission])
        answer = services.read(submission).answer
        if answer.refused:
            return Response({"result": "Huh...", "probability": "You call that a digit?"})
        return Response({"result": str(answer.digit), "probability": f"({answer.confidence * 100:.1f}% probability)"})


def raise_not_found() -> NoReturn:
    raise NotFound(gettext("There is no such drawing of yours."))


@csrf_exempt
def page_not_found(request: HttpRequest) -> HttpResponse:
    """Answer an unknown API address in the API's own shape."""
    return JsonResponse({"code": "not_found", "detail": gettext("There is nothing at this address.")}, status=404)

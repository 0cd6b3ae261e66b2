"""Many drawings in one call: for programs that have a heap of them."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from recognizer import contributor_cookie, services, words
from recognizer.api.authentication import CallsByKey, MayHaveKey
from recognizer.api.errors import BadDrawing, flatten
from recognizer.api.serializers import AnswerSerializer, DrawingRequestSerializer, ErrorSerializer
from recognizer.api.throttles import (
    BatchesByAddress,
    GuessesByAddress,
    Together,
    WindowThrottle,
    count_more,
    work,
)
from recognizer.api.views import ERRORS, answer_payload
from recognizer.contributor_cookie import Caller
from recognizer.errors import InvalidDrawing
from recognizer.submissions import Reading, Submission

MOST_DRAWINGS = 64
# as how many guesses they may count together: a quarter of a second's work, twice what 64 of people's are
MOST_WORK = 128


class BatchedDrawingSerializer(DrawingRequestSerializer):
    """A drawing that is only read: what would explain it or keep it is not asked for."""

    prompted = None  # type: ignore[assignment]  # DRF's way to leave out an inherited field
    explain = None  # type: ignore[assignment]


BATCHED_DRAWING = BatchedDrawingSerializer()


class BatchSerializer(serializers.Serializer[Any]):
    drawings = serializers.ListField(child=BatchedDrawingSerializer(), min_length=1, max_length=MOST_DRAWINGS)


class BatchAnswerSerializer(serializers.Serializer[Any]):
    answers = serializers.SerializerMethodField(help_text="in the order of the drawings")

    @extend_schema_field(
        PolymorphicProxySerializer(
            component_name="AnswerOrError",
            serializers=[AnswerSerializer, ErrorSerializer],
            resource_type_field_name=None,
            many=True,
        )
    )
    def get_answers(self, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return answers


class BatchView(MayHaveKey):
    def visitor_throttles(self) -> list[BaseThrottle]:
        return [Together(GuessesByAddress(), BatchesByAddress())]

    @extend_schema(
        operation_id="guesses_batch", request=BatchSerializer, responses={200: BatchAnswerSerializer, **ERRORS}
    )
    def post(self, request: Request) -> Response:
        """Say what each of up to 64 drawings is, in their order; nothing is stored, and each counts as a guess.

        A drawing that cannot be read has an error of its own, and costs the others nothing. So has one that is too large for
        what those before it left: 64 usual ones fit twice, of the largest pictures there is room for eleven.
        """
        bodies = drawings_of(request.data)
        for throttle in self.counting():
            count_more(throttle, request, len(bodies) - 1)  # the call itself has been counted as one
        budget = Budget(MOST_WORK)
        sent = [parse(body, budget) for body in bodies]
        count_more(GuessesByAddress(), request, budget.beyond_usual)
        submissions = [drawn for drawn in sent if isinstance(drawn, Submission)]
        readings = iter(services.read_all(submissions))
        caller = contributor_cookie.caller(request)
        return Response({"answers": [answer_or_error(drawn, readings, caller) for drawn in sent]})

    def counting(self) -> list[WindowThrottle]:
        """Where each drawing of this caller counts."""
        has_key = contributor_cookie.key_of(self.request)
        return [CallsByKey()] if has_key else [GuessesByAddress(), BatchesByAddress()]


def answer_or_error(
    drawn: Submission | APIException, readings: Iterator[Reading | InvalidDrawing], caller: Caller | None
) -> dict[str, Any]:
    """Answer one drawing of a batch, by the next reading where it could be parsed."""
    if isinstance(drawn, APIException):
        return error_payload(drawn)
    reading = next(readings)
    if isinstance(reading, InvalidDrawing):
        return error_payload(BadDrawing(words.fault(reading), reading.code))
    return answer_payload(reading, drawn, caller)


def drawings_of(body: object) -> list[object]:
    """Return the drawings of a batch, each still as it came.

    Raises:
        ValidationError: not a list of 1 to MOST_DRAWINGS.
    """
    drawings = body.get("drawings") if isinstance(body, dict) else None
    if not isinstance(drawings, list) or not 1 <= len(drawings) <= MOST_DRAWINGS:
        wrong = gettext("Must be a list of 1 to {most} drawings.").format(most=MOST_DRAWINGS)
        raise ValidationError({"drawings": [wrong]}, code="invalid")
    return drawings


class Budget:
    """What the drawings of one batch may cost together: bytes say little of it, a megapixel of paper has two thousand.

    Told of each before it is decoded, so that a damaged picture costs what it says it has.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self.beyond_usual = 0  # guesses more than one for each drawing that was let in

    def admit(self, points: int, pixels: int) -> None:
        """Let a drawing in.

        Raises:
            InvalidDrawing: those before it left too little.
        """
        cost = work(points, pixels)
        if cost > self._left:
            raise InvalidDrawing("too_large", "These drawings are too large for one call. Send the others in another.")
        self._left -= cost
        self.beyond_usual += cost - 1


def parse(body: object, budget: Budget) -> Submission | APIException:
    try:
        return BATCHED_DRAWING.parse(body, budget.admit).submission
    except ValidationError as error:
        return error
    except InvalidDrawing as error:
        return BadDrawing(words.fault(error), error.code)


def error_payload(error: APIException) -> dict[str, str]:
    code, detail = flatten(error)
    return {"code": code, "detail": detail}

"""The review queue for programs: the rules of the desk's page, with a key. What is decided is its owner's word."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.authentication import KEY_ERRORS, KeyView
from recognizer.api.serializers import DigitField, ErrorSerializer
from recognizer.api.views import ERRORS
from recognizer.imaging.decoding import data_url
from recognizer.labels import api_label, stored_label
from recognizer.models import Drawing, Scope
from recognizer.review import queue

MOST_AT_ONCE = 20  # drawings handed out in one call: a lease is five minutes, and somebody else waits for them
IDS_MOST = 500
DEFAULT_REASON = "rejected by a program"
APPROVE, REJECT = "approve", "reject"


class Taken(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "taken"


class NextSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(default=1, min_value=1, max_value=MOST_AT_ONCE)
    blind = serializers.BooleanField(default=False, help_text="hand out without what model and person said of it")
    without = serializers.ListField(
        child=serializers.UUIDField(),
        default=list,
        max_length=IDS_MOST,
        help_text="drawings not to hand out: those in hand, or they come again, and those skipped",
    )


class IdsSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.UUIDField(), max_length=IDS_MOST)


class ToReviewSerializer(serializers.Serializer[Any]):
    """One drawing that was handed out; of a blind one nothing is told that anybody said of it."""

    id = serializers.UUIDField()
    image = serializers.SerializerMethodField(help_text="the picture as it was drawn, a PNG data URL")
    blind = serializers.SerializerMethodField()
    held_until = serializers.DateTimeField(source="claimed_until", help_text="then it may be another reviewer's")
    created_at = serializers.DateTimeField()
    predicted = serializers.SerializerMethodField(help_text="what the model read; null if it refused, or blind")
    confidence = serializers.SerializerMethodField(help_text="null where blind")
    confirmed = serializers.SerializerMethodField(
        help_text="what its contributor says; null: not a digit, or nothing, see is_confirmed; or blind"
    )
    is_confirmed = serializers.SerializerMethodField(help_text="null where blind")
    suspicion = serializers.SerializerMethodField(help_text="0..1: how strongly others contradict the label; or null")
    status = serializers.SerializerMethodField(help_text="null where blind")
    status_reason = serializers.SerializerMethodField(help_text="empty where blind")

    def get_image(self, drawing: Drawing) -> str:
        return data_url(bytes(drawing.png))

    def get_blind(self, drawing: Drawing) -> bool:
        return bool(self.context["blind"] or queue.is_check(drawing, self.context["user"]))

    def get_predicted(self, drawing: Drawing) -> int | None:
        return None if self.get_blind(drawing) else drawing.predicted_label

    def get_confidence(self, drawing: Drawing) -> float | None:
        return None if self.get_blind(drawing) else drawing.confidence

    def get_confirmed(self, drawing: Drawing) -> int | None:
        return None if self.get_blind(drawing) else api_label(drawing.confirmed_label)

    def get_is_confirmed(self, drawing: Drawing) -> bool | None:
        return None if self.get_blind(drawing) else drawing.confirmed_label is not None

    def get_suspicion(self, drawing: Drawing) -> float | None:
        return None if self.get_blind(drawing) else drawing.suspicion

    def get_status(self, drawing: Drawing) -> str | None:
        return None if self.get_blind(drawing) else drawing.status

    def get_status_reason(self, drawing: Drawing) -> str:
        return "" if self.get_blind(drawing) else drawing.status_reason


class HandedOutSerializer(serializers.Serializer[Any]):
    drawings = ToReviewSerializer(many=True)
    waiting = serializers.IntegerField(
        help_text=f"how many wait for review; {queue.COUNTED_MOST:,} also stands for more"
    )


class DecisionSerializer(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=[APPROVE, REJECT])
    label = DigitField(  # type: ignore[assignment]  # a field named as an attribute of fields
        required=False, allow_null=True, help_text="for approve: 0-9, or null for: not a digit"
    )
    blind = serializers.BooleanField(default=False, help_text="it was handed out blind, by one's own wish")
    reason = serializers.CharField(default="", allow_blank=True, max_length=300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["action"] == APPROVE and "label" not in attrs:
            raise serializers.ValidationError({"label": "To approve takes a label: 0-9, or null for: not a digit."})
        return attrs


class DecidedSerializer(serializers.Serializer[Drawing]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Drawing.Status.choices)
    label = serializers.SerializerMethodField(  # type: ignore[assignment]  # a field named as an attribute of fields
        help_text="0-9; null: not a digit, or nothing, see has_label"
    )
    has_label = serializers.SerializerMethodField()

    def get_label(self, drawing: Drawing) -> int | None:
        return api_label(drawing.label)

    def get_has_label(self, drawing: Drawing) -> bool:
        return drawing.label is not None


RESPONSES = {**ERRORS, **KEY_ERRORS}
CONFLICT = {
    404: OpenApiResponse(ErrorSerializer, description="No such drawing: its contributor may have deleted it."),
    409: OpenApiResponse(ErrorSerializer, description="Another reviewer holds it, or has decided on it."),
}


class ReviewView(KeyView):
    key_scope = Scope.REVIEW

    @property
    def window(self) -> str:
        """Two programs of one person never have the same drawing in hand, as two windows have not."""
        return f"key {self.key.pk}"


class NextView(ReviewView):
    @extend_schema(
        operation_id="review_next", request=NextSerializer, responses={200: HandedOutSerializer, **RESPONSES}
    )
    def post(self, request: Request) -> Response:
        """Be handed the next drawings of the queue, for five minutes. Nobody else is handed them meanwhile.

        Every tenth is a check, if one is due: a drawing that was decided already, shown blind.
        """
        wanted = parsed(NextSerializer, request)
        drawings = queue.claim(
            self.key.owner,
            wanted["count"],
            blind=wanted["blind"],
            without=wanted["without"],
            served=self.key.served,
            window=self.window,
        )
        self.key.note_served(len(drawings))
        context = {"blind": wanted["blind"], "user": self.key.owner}
        handed = ToReviewSerializer(drawings, many=True, context=context)
        return Response({"drawings": handed.data, "waiting": queue.count_waiting()})


class RenewView(ReviewView):
    @extend_schema(operation_id="review_renew", request=IdsSerializer, responses={204: None, **RESPONSES})
    def post(self, request: Request) -> Response:
        """Keep drawings that one still has in hand for five more minutes; those of others are left alone."""
        queue.renew(self.key.owner, parsed(IdsSerializer, request)["ids"], self.window)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReleaseView(ReviewView):
    @extend_schema(operation_id="review_release", request=IdsSerializer, responses={204: None, **RESPONSES})
    def post(self, request: Request) -> Response:
        """Give drawings back undecided, so that nobody has to wait for them."""
        queue.release(self.key.owner, parsed(IdsSerializer, request)["ids"], self.window)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DecisionView(ReviewView):
    @extend_schema(
        operation_id="review_decide",
        request=DecisionSerializer,
        responses={200: DecidedSerializer, **CONFLICT, **RESPONSES},
    )
    def put(self, request: Request, drawing_id: UUID) -> Response:
        """Approve a drawing with a label, or reject it. The same decision sent again changes nothing."""
        said = parsed(DecisionSerializer, request)
        is_rejected = said["action"] == REJECT
        label = None if is_rejected else stored_label(said["label"])
        reason = said["reason"] or (DEFAULT_REASON if is_rejected else "")
        with refusals_as_errors():
            drawing = queue.decide(
                self.key.owner, drawing_id, label, blind=said["blind"], reason=reason, window=self.window
            )
        return Response(DecidedSerializer(drawing).data)

    @extend_schema(operation_id="review_undo", responses={200: DecidedSerializer, **CONFLICT, **RESPONSES})
    def delete(self, request: Request, drawing_id: UUID) -> Response:
        """Take back one's own last word on a drawing; what stood before stands again, and the drawing is in one's hand."""
        with refusals_as_errors():
            drawing = queue.undo(self.key.owner, drawing_id, self.window)
        return Response(DecidedSerializer(drawing).data)


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Answer what the queue refuses as the API does."""
    try:
        yield
    except queue.Taken as error:
        raise Taken(str(error)) from error
    except Drawing.DoesNotExist as error:
        raise NotFound("There is no such drawing; its contributor may have deleted it.") from error


def parsed(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return what a body says.

    Raises:
        ValidationError: it is not what the call takes.
    """
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    said: dict[str, Any] = body.validated_data
    return said

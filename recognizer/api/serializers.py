"""The shape and limits of what comes in and goes out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from recognizer import own_drawings
from recognizer.errors import InvalidDrawing
from recognizer.imaging import decoding
from recognizer.imaging.strokes import MAX_POINTS, validate_strokes
from recognizer.inference.answers import Kind
from recognizer.labels import api_label
from recognizer.models import Drawing
from recognizer.submissions import Submission

MIN_CANVAS_SIDE = 1  # a canvas may be measured in shares of itself; less would magnify its strokes beyond all numbers
MAX_CANVAS_SIDE = 16_384  # pixels; a wall display, twice over
KINDS = [kind.value for kind in Kind]


def is_digit(data: object) -> TypeGuard[int]:
    return type(data) is int and 0 <= data <= 9


def is_length(data: object) -> bool:
    return (type(data) is int or type(data) is float) and MIN_CANVAS_SIDE <= data <= MAX_CANVAS_SIDE


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 9})
class DigitField(serializers.Field[int, object, int, Any]):
    """A JSON integer 0..9 and nothing that merely looks like one: true, "7", 7.0 are refused."""

    default_error_messages = {"invalid": gettext_lazy("Must be a whole number from 0 to 9.")}

    def to_internal_value(self, data: object) -> int:
        if not is_digit(data):
            self.fail("invalid")
        return data

    def to_representation(self, value: int) -> int:
        return value


class DigitTextField(DigitField):
    """The same as a form sends it: one character."""

    def to_internal_value(self, data: object) -> int:
        if data not in tuple("0123456789"):
            self.fail("invalid")
        return int(data)


@extend_schema_field({"type": "number", "minimum": MIN_CANVAS_SIDE, "maximum": MAX_CANVAS_SIDE})
class LengthField(serializers.Field[float, Any, float, Any]):
    """A number of canvas pixels. Compared as it came: an integer of 400 digits is no float, and NaN is never between."""

    default_error_messages = {"invalid": gettext_lazy("Must be a number from {least} to {most}.")}

    def to_internal_value(self, data: Any) -> float:
        if not is_length(data):
            self.fail("invalid", least=MIN_CANVAS_SIDE, most=MAX_CANVAS_SIDE)
        return float(data)


class CanvasSerializer(serializers.Serializer[Any]):
    width = LengthField()
    height = LengthField()


@extend_schema_field({"type": "string"})
class PictureField(serializers.Field[str, object, str, Any]):
    """A text that `decoding` will judge: DRF's own field would walk thousands of its characters in Python first."""

    default_error_messages = {"invalid": gettext_lazy("Not a valid string.")}

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


@extend_schema_field({})
class StrokesField(serializers.Field[object, object, object, Any]):
    """What `validate_strokes` will judge. DRF's JSON field would write it as JSON once more to see whether it is."""

    def to_internal_value(self, data: object) -> object:
        return data


PLAIN_FIELDS = {"image", "strokes", "canvas", "prompted", "explain"}
PLAIN_CANVAS = {"width", "height"}


@dataclass(frozen=True)
class DrawingRequest:
    """A call about one drawing, parsed and decoded."""

    submission: Submission
    explain: bool


class DrawingRequestSerializer(serializers.Serializer[Any]):
    """A picture as a data URL, and what a browser knows besides; or strokes on a canvas alone."""

    image = PictureField(
        required=False,
        help_text="data:image/png;base64,... at most 128 KB decoded, each side 1 to 1024 pixels; "
        "may be left out where there are strokes and a canvas",
    )
    strokes = StrokesField(required=False, allow_null=True, help_text="[[[x, y, t_ms], ...], ...] in canvas pixels")
    canvas = CanvasSerializer(required=False, allow_null=True)
    prompted = DigitField(required=False, allow_null=True, help_text="the digit that the page had asked for")
    explain = serializers.BooleanField(required=False, default=False)

    def parse(self, body: object, admit: Callable[[int, int], None] | None = None) -> DrawingRequest:
        """Parse and decode one drawing. One instance serves all calls: its fields are made once and keep nothing of a call.

        Args:
            admit: told of how many points and pixels the drawing says it is before any is looked at; may raise InvalidDrawing.

        Raises:
            ValidationError: not the shape of a drawing.
            InvalidDrawing: picture or strokes are not sound.
        """
        if body is None:
            raise serializers.ValidationError({"non_field_errors": [gettext("No data provided.")]}, code="null")
        data: dict[str, Any] = body if self.is_plain(body) else self.run_validation(body)  # type: ignore[assignment]
        png = self.read_png(data["image"]) if "image" in data else None
        if admit is not None:
            width, height = (0, 0) if png is None else decoding.check_header(png)
            admit(count_points(data.get("strokes")), width * height)
        return DrawingRequest(self._submission(data, png), data.get("explain", False))

    def is_plain(self, body: object) -> bool:
        """Whether a body is what pages send, in which the fields would find nothing to say or to change."""
        if type(body) is not dict or not body.keys() <= PLAIN_FIELDS:
            return False
        canvas, prompted = body.get("canvas"), body.get("prompted")
        if type(body.get("explain", False)) is not bool or not (prompted is None or is_digit(prompted)):
            return False
        if type(body.get("image", "")) is not str or not (
            "image" in body or (canvas and body.get("strokes") is not None)
        ):
            return False
        return canvas is None or (
            type(canvas) is dict and canvas.keys() == PLAIN_CANVAS and all(map(is_length, canvas.values()))
        )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "image" not in data and data.get("strokes") is None:
            raise serializers.ValidationError({"image": [gettext("This field is required.")]}, code="required")
        if "image" not in data and data.get("canvas") is None:
            raise serializers.ValidationError(
                {"canvas": [gettext("Strokes without a picture need the canvas that they are drawn on.")]},
                code="required",
            )
        return data

    def read_png(self, image: Any) -> bytes:
        return decoding.decode_data_url(image)

    def _submission(self, data: dict[str, Any], png: bytes | None) -> Submission:
        ink = None if png is None else decoding.decode_png(png)
        sides = _sides(data["canvas"]) if data.get("canvas") else None
        raw, prompted = data.get("strokes"), data.get("prompted")
        if ink is not None:
            sides = sides or (float(ink.shape[1]), float(ink.shape[0]))
            strokes = validate_strokes(raw, *sides) if raw is not None and raw != [] else None
            return Submission(ink, strokes, sides if strokes else None, prompted).with_picture_of_path()
        if sides is None or raw == []:
            raise InvalidDrawing("empty", "There is nothing drawn yet.")
        if max(sides) > decoding.MAX_ASPECT * min(sides):
            raise InvalidDrawing(
                "invalid_size", "The canvas must be at most {aspect} to 1.", aspect=decoding.MAX_ASPECT
            )
        return Submission(None, validate_strokes(raw, *sides), sides, prompted)


def count_points(strokes: object) -> int:
    """Count the points of what may be strokes, and has not been looked at yet; more than are looked at count for nothing."""
    count = sum(len(stroke) for stroke in strokes if isinstance(stroke, list)) if isinstance(strokes, list) else 0
    return min(count, MAX_POINTS)


def _sides(canvas: dict[str, float]) -> tuple[float, float]:
    return float(canvas["width"]), float(canvas["height"])


class DrawingUploadSerializer(DrawingRequestSerializer):
    """The same as a form: the picture as a file, strokes and canvas as JSON text."""

    def is_plain(self, body: object) -> bool:
        return False

    # the same fields, as a form can send them
    image = serializers.FileField(max_length=255, required=False)  # type: ignore[assignment]
    strokes = serializers.CharField(required=False)  # type: ignore[assignment]
    canvas = serializers.CharField(required=False)  # type: ignore[assignment]
    prompted = DigitTextField(required=False, allow_null=True, help_text="the digit that the page had asked for")

    def read_png(self, image: Any) -> bytes:
        png: bytes = image.read()
        return png

    def validate_strokes(self, text: str) -> object:
        return parse_json_text(text)

    def validate_canvas(self, text: str) -> dict[str, float]:
        canvas: dict[str, float] = CANVAS.run_validation(parse_json_text(text))
        return canvas


def parse_json_text(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise serializers.ValidationError(gettext("Not valid JSON.")) from error


CANVAS = CanvasSerializer()
DRAWING_REQUEST = DrawingRequestSerializer()
DRAWING_UPLOAD = DrawingUploadSerializer()


class AlternativeSerializer(serializers.Serializer[Any]):
    digit = serializers.IntegerField(min_value=0, max_value=9)
    probability = serializers.FloatField(min_value=0, max_value=1)


class StepSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    image = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=KINDS, help_text="pair: too close to call, the digit or the first alternative"
    )
    digit = serializers.IntegerField(min_value=0, max_value=9, allow_null=True)
    refused = serializers.BooleanField()
    message = serializers.CharField()
    certainty = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)
    margin = serializers.FloatField(min_value=0, max_value=1)
    likely_digit = serializers.IntegerField(min_value=0, max_value=9)
    probabilities = serializers.ListField(child=serializers.FloatField(), min_length=10, max_length=10)
    alternatives = AlternativeSerializer(many=True)
    model_version = serializers.IntegerField()
    memory = serializers.IntegerField(help_text="corrections of this contributor that were used, 0 if none")
    people = serializers.IntegerField(help_text="approved drawings of people here that gave this answer, 0 if none")
    memory_changed = serializers.BooleanField(help_text="whether the network alone would have answered otherwise")
    preview = serializers.CharField(help_text="the 28 x 28 the model saw, as a PNG data URL")
    steps = StepSerializer(many=True, required=False)


class StoredAnswerSerializer(AnswerSerializer):
    id = serializers.UUIDField()


class FeedbackSerializer(serializers.Serializer[Any]):
    label = DigitField(allow_null=True, help_text="0-9, or null for: not a digit")  # type: ignore[assignment]  # a field named as an attribute of fields


class FeedbackAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.IntegerField(allow_null=True, min_value=0, max_value=9)  # type: ignore[assignment]  # a field named as an attribute of fields
    status = serializers.ChoiceField(choices=Drawing.Status.choices)


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class DrawingSummarySerializer(serializers.ModelSerializer[Drawing]):
    """What a contributor may know of a drawing of theirs."""

    predicted = serializers.IntegerField(source="predicted_label", allow_null=True)
    confirmed = serializers.SerializerMethodField()
    is_confirmed = serializers.SerializerMethodField()
    is_reviewed = serializers.SerializerMethodField(help_text="then what was said of it stands")
    model_version = serializers.IntegerField(source="model_version.number")
    image = serializers.SerializerMethodField()
    fate = serializers.SerializerMethodField(help_text="what became of it, in a sentence")

    class Meta:
        model = Drawing
        fields = [
            "id", "created_at", "image", "predicted", "confidence", "model_version", "confirmed", "is_confirmed",
            "is_reviewed", "status", "status_reason", "fate",
        ]  # fmt: skip

    def get_confirmed(self, drawing: Drawing) -> int | None:
        return api_label(drawing.confirmed_label)

    def get_is_confirmed(self, drawing: Drawing) -> bool:
        return drawing.confirmed_label is not None

    def get_is_reviewed(self, drawing: Drawing) -> bool:
        return drawing.reviewed_at is not None

    def get_image(self, drawing: Drawing) -> str:
        return decoding.data_url(bytes(drawing.png))

    def get_fate(self, drawing: Drawing) -> str:
        return own_drawings.fate(drawing)


class VersionAnswerSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    digit = serializers.IntegerField(min_value=0, max_value=9, allow_null=True)


class DrawingDetailSerializer(DrawingSummarySerializer):
    """One drawing with everything known of it; an export leaves out `answers` and `preview`, which would cost minutes."""

    canvas = serializers.SerializerMethodField(help_text="what the strokes are drawn on, null where there are none")
    preview = serializers.SerializerMethodField(help_text="the 28 x 28 a model sees of it, as a PNG data URL, or null")
    answers = serializers.SerializerMethodField(help_text="what each version that answered people says to it now")

    class Meta(DrawingSummarySerializer.Meta):
        fields = [
            *DrawingSummarySerializer.Meta.fields, "probabilities", "strokes", "canvas", "prompted_label", "preview", "answers",
        ]  # fmt: skip

    @extend_schema_field(CanvasSerializer(allow_null=True))
    def get_canvas(self, drawing: Drawing) -> dict[str, float] | None:
        width, height = drawing.canvas_width, drawing.canvas_height
        return None if width is None or height is None else {"width": width, "height": height}

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_preview(self, drawing: Drawing) -> str | None:
        return own_drawings.seen(drawing) if self.context.get("asks_versions", True) else None

    @extend_schema_field(VersionAnswerSerializer(many=True))
    def get_answers(self, drawing: Drawing) -> list[own_drawings.VersionAnswer]:
        return own_drawings.answers_by_version(drawing) if self.context.get("asks_versions", True) else []


class ModelSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    metrics = serializers.JSONField()


class SeedRequestSerializer(serializers.Serializer[Any]):
    digit = serializers.CharField()


class SeedAnswerSerializer(serializers.Serializer[Any]):
    result = serializers.CharField()
    probability = serializers.CharField()

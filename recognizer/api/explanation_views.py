"""Two calls of the pages that no other program needs: why an answer, and what to draw next."""

import random
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import contributor_cookie, explanations, personalization, rounds, services, serving, words
from recognizer.api.serializers import DRAWING_REQUEST, KINDS, DrawingRequestSerializer
from recognizer.api.throttles import CallsByAddress, ExplanationsByAddress
from recognizer.api.views import ERRORS
from recognizer.errors import InvalidDrawing
from recognizer.models import ModelVersion


class PartSerializer(serializers.Serializer[Any]):
    stroke = serializers.IntegerField(source="span.stroke")
    start = serializers.IntegerField(source="span.start", help_text="first point of the part")
    end = serializers.IntegerField(source="span.end", help_text="last point of the part")
    digit = serializers.IntegerField(allow_null=True, help_text="the answer without it; null is a refusal")
    probability_without = serializers.FloatField()
    drop = serializers.FloatField()


class ExplanationSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KINDS)
    digit = serializers.IntegerField(allow_null=True)
    probability = serializers.FloatField()
    parts = PartSerializer(many=True)
    strongest = PartSerializer(allow_null=True, help_text="the part that the sentence speaks of")
    sentence = serializers.SerializerMethodField()

    def get_sentence(self, explanation: explanations.Explanation) -> str:
        return words.said(explanation.sentence)


class RoundSerializer(serializers.Serializer[Any]):
    digits = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=9))


class ExplanationsView(APIView):
    throttle_classes = [ExplanationsByAddress]

    @extend_schema(request=DrawingRequestSerializer, responses={200: ExplanationSerializer, **ERRORS})
    def post(self, request: Request) -> Response:
        """Leave out one stroke, or one part of a long one, after another, and say what that changes. Nothing is stored."""
        submission, contributor = DRAWING_REQUEST.parse(request.data).submission, contributor_cookie.find(request)
        if submission.strokes is None:
            raise InvalidDrawing("strokes_required", "Only a drawing that comes with its strokes can be explained.")
        explained = explanations.explain(submission.strokes, serving.current_classifier().model)
        if contributor:
            answer, used = personalization.recall(services.read(submission), submission.strokes, contributor)
            if answer.digit != explained.digit:
                explained = explanations.credit_memory(explained, answer.digit, used)
        return Response(ExplanationSerializer(explained).data)


class RoundsView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(responses={200: RoundSerializer, **ERRORS})
    def get(self, request: Request) -> Response:
        """Ten digits to draw: those the champion mixes up, and those it has seen too few of."""
        version = ModelVersion.objects.get(pk=serving.current_classifier().version_id)
        return Response({"digits": rounds.prompts(version, random.SystemRandom())})

"""A wall for a projector. It asks by itself every few seconds: short calls that share their work, and hold no thread."""

import hashlib
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.api import serializers as shapes
from recognizer.api.throttles import CallsByAddress
from training.api import campaign_progress
from training.api.campaigns import campaign_of

NO_WALL = gettext_lazy("No campaign with this code has a wall.")


class ShownSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    image = serializers.CharField(help_text="PNG as a data URL")
    label = serializers.IntegerField(min_value=0, max_value=9, help_text="what a reviewer says it is")  # type: ignore[assignment]  # a field named as an attribute of fields
    digit = serializers.IntegerField(min_value=0, max_value=9, allow_null=True, help_text="what it is read as now")
    mended = serializers.BooleanField(help_text="misread when it was drawn, and read now")


class WallSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    code = serializers.CharField()
    people = serializers.IntegerField()
    drawings = serializers.IntegerField(help_text="all that were drawn, shown or not")
    shown = ShownSerializer(many=True, help_text="the newest that a reviewer approved")
    curve = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        help_text="version and the share of the campaign's exam drawings that it reads",
    )
    asked = serializers.IntegerField(help_text="how many exam drawings that share is of")
    learned = serializers.CharField(help_text="what the version that answers now has learned, in a sentence")


class WallView(APIView):
    throttle_classes = [CallsByAddress]

    @extend_schema(
        operation_id="wall",
        responses={200: WallSerializer, 304: None, 404: shapes.ErrorSerializer, 429: shapes.ErrorSerializer},
    )
    def get(self, request: Request, code: str) -> Response:
        """What a campaign's wall shows now; 304 while it is what `If-None-Match` names."""
        campaign = campaign_of(request._request, code)
        if not campaign.wall:
            raise NotFound(NO_WALL)
        shown = campaign_progress.wall(campaign)
        digest = f'"{hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == digest:
            return Response(status=304, headers={"ETag": digest})
        return Response(shown, headers={"ETag": digest, "Cache-Control": "no-cache"})


@require_safe
def wall_page(request: HttpRequest, code: str) -> HttpResponse:
    try:
        campaign = campaign_of(request, code)
    except Throttled:
        sentence = gettext("Too many wrong codes came from here. Try again in an hour.")
        return render(request, "pages/not_joined.html", {"sentence": sentence}, status=429)
    except NotFound as error:
        raise Http404 from error
    if not campaign.wall:
        raise Http404
    return render(request, "pages/wall.html", {"here": "wall", "campaign": campaign})

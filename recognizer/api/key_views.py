"""What a key is for, and what there is: for any program that holds one."""

from typing import Any

from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.authentication import KEY_ERRORS
from recognizer.api.authentication import KeyView as CallWithKey
from recognizer.models import ApiKey, Drawing, Scope


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    owner = serializers.CharField(source="owner.username", help_text="in whose name it decides")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.values))

    class Meta:
        model = ApiKey
        fields = ["name", "owner", "scopes", "calls_a_minute", "created_at", "expires_at"]


class CollectionSerializer(serializers.Serializer[Any]):
    by_status = serializers.DictField(child=serializers.IntegerField(), help_text="drawings by status")


class KeyView(CallWithKey):
    @extend_schema(operation_id="key_read", responses={200: KeySerializer, **KEY_ERRORS})
    def get(self, request: Request) -> Response:
        """Say what one's own key is for. Any key may ask."""
        return Response(KeySerializer(self.key).data)


class CollectionView(CallWithKey):
    key_scope = Scope.READ

    @extend_schema(operation_id="collection_read", responses={200: CollectionSerializer, **KEY_ERRORS})
    def get(self, request: Request) -> Response:
        """Count the drawings by status."""
        counts = Drawing.objects.values_list("status").annotate(count=Count("pk")).order_by()
        return Response({"by_status": dict.fromkeys(Drawing.Status.values, 0) | dict(counts)})

"""Where programs read what the API offers. It is the same for everybody, from a process's start to its end."""

from threading import Lock
from typing import Any

from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

_one_at_a_time = Lock()  # the generator fails where another thread generates
_made: dict[str, HttpResponse] = {}  # by media type


class SchemaView(SpectacularAPIView):
    """Makes the schema once in each format: it takes 0.1 s, and anybody may ask for it, over and over."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *_: Any, **__: Any) -> HttpResponse:
        kind = request.accepted_renderer.media_type  # not what was asked for: its parameters are without end
        with _one_at_a_time:
            if kind not in _made:
                with translation.override("en"):
                    response = self._get_schema_response(request)  # type: ignore[no-untyped-call]
                response.accepted_renderer, response.accepted_media_type = request.accepted_renderer, kind
                response.renderer_context = self.get_renderer_context()
                _made[kind] = response.render()
        return HttpResponse(_made[kind].content, headers=_made[kind].headers)

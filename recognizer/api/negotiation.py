"""Which of the ways to render an answer a caller wants: nearly always JSON."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from recognizer.api.renderers import CompiledJSONRenderer

PLAIN = ("application/json", "*/*")  # what the page, and programs that name nothing, write into Accept


class ShortNegotiation(DefaultContentNegotiation):
    """DRF's own, which takes the header apart for each call, behind the answer that it comes to where JSON is first."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        is_plain = request.META.get("HTTP_ACCEPT", "*/*") in PLAIN and not request.META.get("QUERY_STRING")
        first = next(iter(renderers), None)
        if is_plain and not format_suffix and type(first) is CompiledJSONRenderer:
            return first, "application/json"
        return super().select_renderer(request, renderers, format_suffix)

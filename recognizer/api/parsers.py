"""Bodies as strangers send them: strict JSON, bounded forms."""

import codecs
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import IO, Any

import orjson
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=refuse_constant)


@lru_cache(maxsize=64)  # a page sends the same type with each call
def is_utf8(media_type: str) -> bool:
    charset = parse_header_parameters(media_type)[1].get("charset", "utf-8")
    try:
        return codecs.lookup(charset).name == "utf-8"
    except LookupError:
        return False


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN; too deep or too long a number is a 400 like any other nonsense."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        if not is_utf8(media_type or ""):
            raise UnsupportedMediaType(media_type or "", detail=gettext("JSON is UTF-8."))
        body = stream.read()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # it refuses some of what is JSON: integers and nesting without bounds, and halves of a character
        try:
            return DECODER.decode(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise ParseError(gettext("The body is not valid JSON.")) from error


class AnyTypeJSONParser(StrictJSONParser):
    """For the 2017 front end, which did not always say what it sent."""

    media_type = "*/*"

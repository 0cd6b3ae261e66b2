"""Paths of thousands of points, written to and read from their column by a compiled encoder."""

import json
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import models


class CompiledEncoder(json.JSONEncoder):
    def encode(self, value: Any) -> str:
        try:
            return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        except (
            orjson.JSONEncodeError
        ):  # an integer that it takes for too large: a release before this one may have kept one
            return super().encode(value)


class CompiledDecoder(json.JSONDecoder):
    def decode(self, text: str) -> Any:  # type: ignore[override]  # whoever asks where to stop asks the standard library's
        return orjson.loads(text)


class StrokesField(models.JSONField):
    """JSON of finite numbers in lists. To migrations it is a JSONField: the column is the same."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"encoder": CompiledEncoder, "decoder": CompiledDecoder})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, values, options = super().deconstruct()
        del options["encoder"], options["decoder"]
        return name, "django.db.models.JSONField", values, options

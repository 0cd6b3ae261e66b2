"""Every error as `{"code", "detail"}`: a word for programs and a sentence for people."""

from typing import Any

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.http import Http404
from django.utils.translation import gettext, gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from recognizer import monitoring, words
from recognizer.errors import AlreadyReviewed, CallerGone, InvalidDrawing, NoChampion, NotAdmitted


class BadDrawing(APIException):
    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail, code)
        monitoring.BAD_DRAWINGS.labels(code=code).inc()


class Reviewed(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "already_reviewed"
    default_detail = gettext_lazy("A reviewer has looked at this drawing, so its label stands. Thank you.")


class Closed(APIException):
    status_code = status.HTTP_403_FORBIDDEN


class NobodyWaits(APIException):
    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_code = "caller_gone"


class ModelUnavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "no_model"
    default_detail = gettext_lazy("There is no model to read with right now. Try again in a moment.")


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Map our errors to DRF's, and DRF's many shapes to one."""
    exception = as_api_exception(error)
    response = drf_exception_handler(exception, context)
    if response is not None and isinstance(exception, APIException):
        code, detail = flatten(exception)
        response.data = {"code": code, "detail": detail}
        if response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
            response["Retry-After"] = "5"
    return response


def as_api_exception(error: Exception) -> Exception:
    match error:
        case InvalidDrawing():
            return BadDrawing(words.fault(error), error.code)
        case NotAdmitted():
            return Closed(error.detail, error.code)
        case AlreadyReviewed():
            return Reviewed()
        case CallerGone():
            return NobodyWaits()
        case NoChampion():
            return ModelUnavailable()
        case TooManyFieldsSent() | TooManyFilesSent():
            return ParseError(gettext("The body is not a drawing's form."))
        case Http404():
            return NotFound(gettext("There is no such drawing of yours."))
    return error


def flatten(error: APIException) -> tuple[str, str]:
    """Return the first code and sentence of an APIException; field errors name their field."""
    details: Any = error.get_full_details()
    field = ""
    while not (
        isinstance(details, dict) and "message" in details and "code" in details and isinstance(details["message"], str)
    ):
        if isinstance(details, list):
            details = next((entry for entry in details if entry), {"message": gettext("Not valid."), "code": "invalid"})
        else:
            name, details = next(iter(details.items()))
            field = field or str(name)
    sentence = str(details["message"])
    is_field_error = isinstance(error, ValidationError) and field and field != "non_field_errors"
    return str(details["code"]), f"{field}: {sentence}" if is_field_error else sentence

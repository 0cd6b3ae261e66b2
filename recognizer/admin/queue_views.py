"""The queue: one drawing at a time, by keyboard or by thumb. The page asks for drawings and tells decisions in JSON."""

import json
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recognizer.admin import thumbnails
from recognizer.admin.reviewers import signed_in
from recognizer.formatting import brief_percent
from recognizer.imaging.decoding import data_url
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import CLAIM_TIMEOUT, Drawing, Look, label_text
from recognizer.review import queue
from recognizer.sentences import marked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AHEAD = 4  # the drawing on the desk and the three after it
IDS_LIMIT = 500  # of each kind in one message: what a page decided on while offline, or skipped in one sitting
COUNT_LIMIT = 10_000  # beyond, a reviewer needs no exact number, and the database need not count
SERVED = "review_served"
DEFAULT_REASON = marked("rejected in the queue")

Message = dict[str, Any]
View = Callable[[HttpRequest, "User", Message], Message]


def reviewer(request: HttpRequest) -> "User":
    user = signed_in(request)
    if not user.has_perm("recognizer.change_drawing"):
        raise PermissionDenied
    return user


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    reviewer(request)
    agreement = queue.agreement_rate()
    context = admin.site.each_context(request) | {
        "title": "Review queue",
        "is_blind": request.GET.get("blind") == "1",
        "digits": range(10),
        "not_a_digit": NOT_A_DIGIT,
        "ahead": AHEAD,
        "claim_seconds": int(CLAIM_TIMEOUT.total_seconds()),
        "agreement": agreement and f"{brief_percent(agreement.share)} of {agreement.total}",
        "opts": Drawing._meta,
    }
    return TemplateResponse(request, "admin/recognizer/drawing/queue.html", context)


def json_view(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Take a JSON object, answer with one: 409 for what another reviewer has, 404 for what is gone, 400 for nonsense."""

    @require_POST
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        user = reviewer(request)
        try:
            return JsonResponse(view(request, user, json.loads(request.body)))
        except queue.Taken as taken:
            return JsonResponse({"code": "taken", "detail": str(taken)}, status=409)
        except Drawing.DoesNotExist:
            return JsonResponse({"code": "gone", "detail": "Its contributor has deleted it."}, status=404)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return JsonResponse({"code": "invalid", "detail": "That is no message of this page."}, status=400)

    return answer


@json_view
def claim(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"held": [ids], "unsent": [ids], "skipped": [ids], "blind"} -> {"drawings": [...], "left", ...}: enough for AHEAD.

    `unsent` are those decided on while the connection was away: still claimed, and not to be handed out again.
    `skipped` is the page's to remember, for in the session a claim under way would write over what a skip had added.
    """
    held, unsent, skipped = ids(message["held"]), ids(message["unsent"]), ids(message.get("skipped", []))
    served = request.session.get(SERVED, 0)
    queue.renew(user, [*held, *unsent])
    drawings = queue.claim(
        user,
        max(0, AHEAD - len(held)),
        blind=message["blind"] is True,
        without=[*held, *unsent, *skipped],
        served=served,
    )
    if drawings:
        request.session[SERVED] = served + len(drawings)
    return {"drawings": [shown(drawing, user, message["blind"] is True) for drawing in drawings]} | left()


@json_view
def decide(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "label": 0..10 or null for rejected, "blind"}. May be sent again after a lost answer."""
    label = message["label"]
    if label is not None and (type(label) is not int or not 0 <= label <= NOT_A_DIGIT):
        raise ValueError
    reason = DEFAULT_REASON if label is None else ""
    drawing = queue.decide(user, UUID(message["id"]), label, blind=message["blind"] is True, reason=reason)
    return {"id": str(drawing.pk), "label": label} | left()


@json_view
def skip(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id"}: give it back; the page asks for others by naming it among `skipped`."""
    drawing_id = UUID(message["id"])
    queue.release(user, [drawing_id])
    return {"id": str(drawing_id)} | left()


@json_view
def undo(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "decided": bool}: take back one's last word on a drawing (or one's having skipped it) and hold it again."""
    take_back = queue.undo if message["decided"] is True else queue.hold
    drawing = take_back(user, UUID(message["id"]))
    return {"id": str(drawing.pk)} | left()


@json_view
def leave(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"held": [ids]}: the page is being closed, so give back what it had in hand."""
    queue.release(user, ids(message["held"]))
    return {}


def ids(texts: list[str]) -> list[UUID]:
    return [UUID(text) for text in texts[-IDS_LIMIT:]]


def left() -> Message:
    waiting = count_up_to(Drawing.objects.filter(status=Drawing.Status.WAITING), COUNT_LIMIT)
    return {"left": waiting, "many": waiting >= COUNT_LIMIT}


def count_up_to(queryset: QuerySet[Any], limit: int) -> int:
    """Count rows, but stop at a limit: the cost stays the same when the table grows."""
    return queryset.order_by()[:limit].count()


def shown(drawing: Drawing, user: "User", blind: bool) -> Message:
    """What the page may know of a drawing. A blind one says nothing of what model, person or another reviewer said."""
    is_check = drawing.check_due == Look.AUDIT or (
        drawing.check_due == Look.SECOND and drawing.reviewed_by_id != user.pk
    )
    hidden = {"id": str(drawing.pk), "image": data_url(bytes(drawing.png)), "blind": True, "check": is_check}
    if blind or is_check:
        return hidden
    return hidden | {
        "blind": False,
        "address": reverse("admin:recognizer_drawing_change", args=[drawing.pk]),
        "model": thumbnails.answer_text(drawing),
        "confidence": brief_percent(drawing.confidence),
        "person": label_text(drawing.confirmed_label),
        "label": drawing.confirmed_label,
        "why": drawing.status_reason,
        "suspicion": brief_percent(drawing.suspicion),
    }

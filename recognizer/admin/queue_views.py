"""The queue: one drawing at a time, by keyboard or by thumb. The page asks for drawings and tells decisions in JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recognizer import campaigns
from recognizer.admin import thumbnails
from recognizer.admin.filters import VERSIONS_LISTED, row_number
from recognizer.admin.reviewers import signed_in
from recognizer.formatting import brief_percent
from recognizer.imaging.decoding import data_url
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import (
    CLAIM_TIMEOUT,
    LABEL_CHOICES,
    Campaign,
    Contributor,
    Drawing,
    LabelEvent,
    ModelVersion,
    label_text,
)
from recognizer.review import queue
from recognizer.review.priority import record_of
from recognizer.sentences import marked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AHEAD = 4  # the drawing on the desk and the three after it
IDS_LIMIT = 500  # of each kind in one message: what a page decided on while offline, or skipped in one sitting
WINDOW_LENGTH = 36  # a UUID
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
    try:
        campaign = asked_campaign(request.GET.get("campaign", ""))
    except Campaign.DoesNotExist as error:
        raise Http404 from error
    agreement = queue.agreement_rate()
    try:
        wanted = wanted_of(request.GET)
    except ValueError:
        wanted = queue.EVERYTHING
    context = admin.site.each_context(request) | {
        "title": "Review queue",
        "is_blind": request.GET.get("blind") == "1",
        "wanted": wanted,
        "wanted_json": json.dumps(asdict(wanted)),
        "orders": [(key, title) for key, (title, _) in queue.ORDERS.items()],
        "sources": [(key, title) for key, (title, _) in queue.SOURCES.items()],
        "labels": LABEL_CHOICES,
        "versions": ModelVersion.objects.values_list("pk", "number")[:VERSIONS_LISTED],
        "contributor": Contributor.objects.filter(pk=wanted.contributor).first() if wanted.contributor else None,
        "digits": range(10),
        "not_a_digit": NOT_A_DIGIT,
        "ahead": AHEAD,
        "claim_seconds": int(CLAIM_TIMEOUT.total_seconds()),
        "agreement": agreement and f"{brief_percent(agreement.share)} of {agreement.total}",
        "opts": Drawing._meta,
        "campaign": campaign,
    }
    return TemplateResponse(request, "admin/recognizer/drawing/queue.html", context)


def asked_campaign(code: object) -> Campaign | None:
    """The campaign whose drawings alone are asked for; None for all.

    Raises:
        Campaign.DoesNotExist: there is none of that code: never hand out others' drawings instead.
    """
    if not code:
        return None
    campaign = campaigns.by_code(str(code))
    if campaign is None:
        raise Campaign.DoesNotExist
    return campaign


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
        except Campaign.DoesNotExist:
            return JsonResponse({"code": "gone", "detail": "The campaign has been deleted."}, status=404)
        except Drawing.DoesNotExist:
            return JsonResponse({"code": "gone", "detail": "Its contributor has deleted it."}, status=404)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return JsonResponse({"code": "invalid", "detail": "That is no message of this page."}, status=400)

    return answer


@json_view
def claim(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"held": [ids], "unsent": [ids], "skipped": [ids], "blind", "campaign"?} -> {"drawings": [...], "left", ...}.

    Enough drawings for AHEAD, of one campaign where a code is named.

    `unsent` are those decided on while the connection was away: still claimed, and not to be handed out again.
    `skipped` is the page's to remember, for in the session a claim under way would write over what a skip had added.
    """
    held, unsent, skipped = ids(message["held"]), ids(message["unsent"]), ids(message.get("skipped", []))
    wanted, window = wanted_of(message.get("wanted", {})), window_of(message)
    served = request.session.get(SERVED, 0)
    queue.renew(user, [*held, *unsent], window)
    drawings = queue.claim(
        user,
        max(0, AHEAD - len(held)),
        blind=message["blind"] is True,
        without=[*held, *unsent, *skipped],
        served=served,
        window=window,
        wanted=wanted,
    )
    if drawings:
        request.session[SERVED] = served + len(drawings)
    told = [shown(drawing, user, message["blind"] is True) for drawing in drawings]
    return {"drawings": told} | left(user, wanted)


@json_view
def decide(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "label": 0..10 or null for rejected, "blind", "campaign"?}. May be sent again after a lost answer."""
    label = message["label"]
    if label is not None and (type(label) is not int or not 0 <= label <= NOT_A_DIGIT):
        raise ValueError
    reason = DEFAULT_REASON if label is None else ""
    drawing = queue.decide(
        user,
        UUID(message["id"]),
        label,
        blind=message["blind"] is True,
        reason=reason,
        window=window_of(message),
    )
    return {"id": str(drawing.pk), "label": label} | left(user, wanted_of(message.get("wanted", {})))


@json_view
def skip(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "campaign"?}: give it back; the page asks for others by naming it among `skipped`."""
    drawing_id = UUID(message["id"])
    queue.release(user, [drawing_id], window_of(message))
    return {"id": str(drawing_id)} | left(user, wanted_of(message.get("wanted", {})))


@json_view
def undo(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "decided": bool, "campaign"?}: take back one's last word on a drawing, or a skip, and hold it again."""
    take_back = queue.undo if message["decided"] is True else queue.hold
    drawing = take_back(user, UUID(message["id"]), window_of(message))
    return {"id": str(drawing.pk)} | left(user, wanted_of(message.get("wanted", {})))


@json_view
def note(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"id", "text"}: leave a sentence on a drawing, for whoever looks at it next."""
    text = message["text"].strip()
    if not text:
        raise ValueError
    queue.note(user, UUID(message["id"]), text)
    return {"id": message["id"]}


@json_view
def leave(request: HttpRequest, user: "User", message: Message) -> Message:
    """{"held": [ids]}: the page is being closed, so give back what it had in hand."""
    queue.release(user, ids(message["held"]), window_of(message))
    return {}


def ids(texts: list[str]) -> list[UUID]:
    return [UUID(text) for text in texts[-IDS_LIMIT:]]


def window_of(message: Message) -> str:
    """Which of a reviewer's windows speaks: two of them never have the same drawing in hand."""
    return str(message.get("window", ""))[:WINDOW_LENGTH]


def wanted_of(chosen: Mapping[str, Any]) -> queue.Wanted:
    """Read order and filters, from an address or a message.

    Raises:
        ValueError: one of them is none of ours.
    """
    order, source = chosen.get("order") or queue.DEFAULT_ORDER, chosen.get("source") or ""
    if order not in queue.ORDERS or (source and source not in queue.SOURCES):
        raise ValueError
    numbers = {name: _number(chosen.get(name)) for name in ("contributor", "label", "version")}
    campaign = asked_campaign(chosen.get("campaign"))
    return queue.Wanted(order=order, source=source, campaign=campaign.code if campaign else "", **numbers)


def _number(chosen: object) -> int | None:
    if chosen in (None, ""):
        return None
    number = row_number(str(chosen))
    if number is None:
        raise ValueError
    return number


def left(user: "User", wanted: queue.Wanted) -> Message:
    pools = (queue.waiting_for(user, wanted), *queue.unseen_on_walls(wanted))
    waiting = sum(map(queue.count_up_to_most, pools))
    return {"left": waiting, "many": waiting >= queue.COUNTED_MOST}


def shown(drawing: Drawing, user: "User", blind: bool) -> Message:
    """What the page may know of a drawing. A blind one says nothing of what model, person or another reviewer said."""
    is_check = queue.is_check(drawing, user)
    hidden = {"id": str(drawing.pk), "image": data_url(bytes(drawing.png)), "blind": True, "check": is_check}
    if blind or is_check:
        return hidden
    return hidden | {
        "blind": False,
        "address": reverse("admin:recognizer_drawing_change", args=[drawing.pk]),
        "contributor": drawing.contributor.short_name,
        "contributor_id": drawing.contributor_id,
        "record": record_text(drawing.contributor_id),
        "sheet": reverse("admin:recognizer_drawing_sheet", args=[drawing.contributor_id]),
        "notes": notes_on(drawing),
        "model": thumbnails.answer_text(drawing),
        "confidence": brief_percent(drawing.confidence),
        "person": label_text(drawing.confirmed_label),
        "label": drawing.confirmed_label,
        "why": drawing.status_reason,
        "suspicion": brief_percent(drawing.suspicion),
    }


def record_text(contributor_id: int) -> str:
    """ "contradicted on 24 of 24"; "" where nothing by this hand was labelled."""
    against, told = record_of(contributor_id)
    return f"contradicted on {against} of {told}" if told else ""


def notes_on(drawing: Drawing) -> list[str]:
    written = drawing.events.filter(action=LabelEvent.Action.NOTED).select_related("user")
    return [f"{event.user or 'somebody'}: {event.reason}" for event in written]

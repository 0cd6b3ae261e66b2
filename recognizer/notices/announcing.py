"""Events -> rows of the outbox, in the transaction of what happened. Nothing is sent here."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from recognizer.labels import api_label
from recognizer.models import Delivery, Drawing, Event, Subscriber
from recognizer.review.queue import count_waiting

Facts = dict[str, Any]


def announce(event: str, facts: Facts) -> int:
    """Write an event for everyone who wants to be told of it. Returns for how many.

    If what happened is rolled back, so is this; and once it is committed, it will be sent, whatever becomes of this process.
    """
    enabled = Subscriber.objects.filter(is_enabled=True).only("id", "events")
    wanting = [subscriber for subscriber in enabled if event in subscriber.events]
    body = body_of(event, facts)
    Delivery.objects.bulk_create([Delivery(subscriber=one, event=event, body=body) for one in wanting])
    return len(wanting)


def announce_test(subscriber: Subscriber) -> Delivery:
    """Write a test for one subscriber, enabled or not."""
    facts = {"subscriber": subscriber.name}
    return Delivery.objects.create(subscriber=subscriber, event=Event.TEST, body=body_of(Event.TEST, facts))


def announce_correction(drawing: Drawing) -> None:
    """Tell that a contributor says otherwise than the model had: which drawing, and neither picture nor person."""
    facts = {
        "drawing": str(drawing.pk),
        "predicted": drawing.predicted_label,
        "label": api_label(drawing.confirmed_label),
    }
    announce(Event.DRAWING_CORRECTED, facts)


def announce_waiting() -> None:
    """Tell those whose number of waiting drawings was reached, once, until the queue has been half empty again."""
    watching = [one for one in Subscriber.objects.filter(is_enabled=True) if Event.DRAWINGS_WAITING in one.events]
    if not watching:
        return
    waiting = count_waiting()
    for one in watching:
        if waiting >= one.waiting and not one.is_told_of_waiting:
            _tell_of_waiting(one, waiting)
        elif waiting < one.waiting / 2 and one.is_told_of_waiting:
            Subscriber.objects.filter(pk=one.pk).update(is_told_of_waiting=False)


def _tell_of_waiting(subscriber: Subscriber, waiting: int) -> None:
    with transaction.atomic():
        untold = Subscriber.objects.filter(pk=subscriber.pk, is_told_of_waiting=False)
        if untold.update(is_told_of_waiting=True):  # else another worker has just told
            body = body_of(Event.DRAWINGS_WAITING, {"waiting": waiting, "threshold": subscriber.waiting})
            Delivery.objects.create(subscriber=subscriber, event=Event.DRAWINGS_WAITING, body=body)


def body_of(event: str, facts: Facts) -> str:
    """Write what is sent: the shape that standardwebhooks.com asks for."""
    message = {"type": str(event), "timestamp": timezone.now().isoformat(timespec="milliseconds"), "data": facts}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))

"""Takes the outbox out: each row is claimed, tried outside of any transaction, and its outcome kept.

At least once, never exactly once: a process that dies between the answer and the row tries again, under the same message id.
"""

import json
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from recognizer.models import Delivery, Subscriber
from recognizer.notices import wording
from recognizer.notices.posting import NotSent, post
from recognizer.notices.signing import signed_headers

LEASE = timedelta(seconds=60)  # six times what a try may take: then another worker may try
PASS_SECONDS = 40.0  # of one task's time: the next tick goes on
# After the first try: nine tries in two days, the time that a receiver may be away over a weekend's fault
PAUSES = [timedelta(seconds=30)] + [timedelta(minutes=minutes) for minutes in (2, 10, 60, 180, 480, 720, 1440)]
JITTER = 0.1  # of a pause, either way: what failed together is not tried again together
KEPT = timedelta(days=30)  # what is over stays in the log
GONE = 410  # the receiver asks not to be called again
AGENT = "Digitre"


@dataclass
class Tally:
    """What one pass did."""

    delivered: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.delivered} delivered, {self.failed} failed"


def deliver_due(seconds: float = PASS_SECONDS) -> Tally:
    """Try what is due, until nothing is or the time is over. A subscriber that fails is left alone for the rest of the pass."""
    tally, failing, until = Tally(), set[int](), time.monotonic() + seconds
    while time.monotonic() < until and (delivery := _claim(failing)) is not None:
        if attempt(delivery):
            tally.delivered += 1
        else:
            tally.failed += 1
            failing.add(delivery.subscriber_id)
    return tally


def attempt(delivery: Delivery) -> bool:
    """Send a claimed row once and keep what came of it. Returns whether it arrived."""
    try:
        outcome = _send(delivery)
    except NotSent as problem:
        _failed(delivery, str(problem))
        return False
    mine = Delivery.objects.filter(pk=delivery.pk, tries=delivery.tries)
    mine.update(state=Delivery.State.DELIVERED, delivered_at=timezone.now(), outcome=outcome)
    return True


def send_again(delivery: Delivery) -> None:
    """Begin with a row anew, whatever came of it."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, due_at=timezone.now(), tries=0, delivered_at=None, outcome=""
    )


def forget_old() -> None:
    """Delete from the log what has been over for long."""
    Delivery.objects.over_before(timezone.now() - KEPT).delete()


def _claim(without: set[int]) -> Delivery | None:
    """Take the row that has waited longest: it counts as tried from now on, and is nobody else's for the time of a lease."""
    now = timezone.now()
    with transaction.atomic():
        free = Delivery.objects.due(now).exclude(subscriber__in=without).select_related("subscriber")
        delivery = free.select_for_update(skip_locked=True, of=("self",)).first()
        if delivery is None:
            return None
        Delivery.objects.filter(pk=delivery.pk).update(tries=F("tries") + 1, tried_at=now, due_at=now + LEASE)
        delivery.tries += 1
    return delivery


def _send(delivery: Delivery) -> str:
    """Send it by its channel. Returns what was answered.

    Raises:
        NotSent: it did not arrive.
    """
    subscriber = delivery.subscriber
    if subscriber.channel == Subscriber.Channel.MAIL:
        return _mail(delivery, subscriber.address)
    headers = signed_headers(subscriber, str(delivery.message), delivery.body, int(time.time()))
    headers |= {"Content-Type": "application/json", "User-Agent": AGENT}
    private = settings.DIGITRE_PRIVATE_WEBHOOKS
    status = post(subscriber.address, delivery.body.encode(), headers, may_be_private=private)
    if status == GONE:
        _disable(subscriber)
    if 300 <= status < 400:
        raise NotSent(f"Answered {status}: redirects are not followed.")
    if not 200 <= status < 300:
        raise NotSent(f"Answered {status}.")
    return f"answered {status}"


def _mail(delivery: Delivery, address: str) -> str:
    if not settings.DIGITRE_SENDS_MAIL:
        raise NotSent("EMAIL_URL is not set, so no mail is sent.")
    facts = json.loads(delivery.body)["data"]
    message = EmailMessage(
        wording.subject(delivery.event, facts),
        wording.text(delivery.event, facts),
        to=[address],
        headers={"Message-ID": f"<{delivery.message}@digitre>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        raise NotSent(f"The mail server did not take it: {error.__class__.__name__}.") from error
    return "handed to the mail server"


def _failed(delivery: Delivery, problem: str) -> None:
    """Wait for the next try, or give up after the last."""
    mine = Delivery.objects.filter(pk=delivery.pk, tries=delivery.tries, state=Delivery.State.WAITING)
    is_wanted = Subscriber.objects.filter(pk=delivery.subscriber_id, is_enabled=True).exists()
    if delivery.tries > len(PAUSES) or not is_wanted:
        mine.update(state=Delivery.State.GIVEN_UP, outcome=problem[:300])
        return
    pause = PAUSES[delivery.tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret
    mine.update(due_at=timezone.now() + pause, outcome=problem[:300])


def _disable(subscriber: Subscriber) -> None:
    because = f"It answered {GONE}, which asks not to be called again."
    Subscriber.objects.filter(pk=subscriber.pk).update(is_enabled=False, disabled_because=because)

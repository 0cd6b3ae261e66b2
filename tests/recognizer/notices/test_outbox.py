"""From an event to whoever is told: rows with what happened, signed, tried again, given up, and seen in the admin."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from recognizer import services
from recognizer.models import Delivery, Event, Subscriber
from recognizer.notices import announcing, outbox
from recognizer.notices.signing import secret_of
from tests.support.accounts import SignIn
from tests.support.drawings import make_drawing
from tests.support.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.DIGITRE_PRIVATE_WEBHOOKS = True
    with receiving() as server:
        yield server


def subscribe(address: str, *events: str, **columns: Any) -> Subscriber:
    return Subscriber.objects.create(name="a bot", address=address, events=list(events), **columns)


def run_held() -> None:
    facts = {"run": 3, "status": "held", "champion": 1, "challenger": 2, "reasons": ["MNIST test: falls"], "error": ""}
    announcing.announce(Event.RUN_HELD, facts)


def pass_time(delivery: Delivery) -> None:
    """Let the pause be over."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())


def test_an_event_arrives_signed_as_the_standard_has_it(receiver: Receiver) -> None:
    subscriber = subscribe(receiver.url, Event.RUN_HELD)
    run_held()
    assert str(outbox.deliver_due()) == "1 delivered, 0 failed"
    ((_, headers, body),) = receiver.received
    key = base64.b64decode(secret_of(subscriber).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    message = json.loads(body)
    assert (message["type"], message["data"]["run"]) == ("run.held", 3)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.outcome) == (State.DELIVERED, 1, "answered 204")
    assert headers["webhook-id"] == str(delivery.message)


def test_only_who_asked_is_told(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.RUN_HELD, Event.RUN_FAILED)
    subscribe(receiver.url, Event.RUN_PROMOTED)
    subscribe(receiver.url, Event.RUN_HELD, is_enabled=False)
    run_held()
    assert Delivery.objects.count() == 1


def test_a_correction_is_told_with_what_it_changed_and_is_rolled_back_with_it(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.DRAWING_CORRECTED)
    drawing, agreed = make_drawing(seed=1, predicted=1, confirmed=None), make_drawing(seed=2, confirmed=None)
    with transaction.atomic():
        services.give_feedback(drawing.pk, drawing.contributor, 7)
        assert Delivery.objects.exists()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    services.give_feedback(agreed.pk, agreed.contributor, 7)
    services.give_feedback(drawing.pk, drawing.contributor, 7)
    services.give_feedback(drawing.pk, drawing.contributor, 7)  # said again
    outbox.deliver_due()
    (message,) = receiver.messages
    assert message["data"] == {"drawing": str(drawing.pk), "predicted": 1, "label": 7}


def test_not_a_digit_for_what_the_model_refused_is_no_correction() -> None:
    subscribe("https://bot.example/", Event.DRAWING_CORRECTED)
    refused = make_drawing(predicted=None, confirmed=None)
    services.give_feedback(refused.pk, refused.contributor, 10)
    assert not Delivery.objects.exists()


def test_a_full_queue_is_told_once_until_it_was_half_empty() -> None:
    subscribe("https://bot.example/", Event.DRAWINGS_WAITING, waiting=2)
    first, second = make_drawing(seed=1), make_drawing(seed=2)
    for _ in range(2):
        announcing.announce_waiting()
    assert Delivery.objects.count() == 1
    first.withdraw()
    announcing.announce_waiting()
    make_drawing(seed=3)
    announcing.announce_waiting()
    assert Delivery.objects.count() == 1  # one waited all the time
    for drawing in (second, *type(first).objects.filter(status="waiting")):
        drawing.withdraw()
    announcing.announce_waiting()
    make_drawing(seed=4), make_drawing(seed=5)
    announcing.announce_waiting()
    assert [json.loads(delivery.body)["data"]["waiting"] for delivery in Delivery.objects.all()] == [2, 2]


def test_what_fails_is_tried_again_later_and_later_and_given_up(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    receiver.status = 500
    run_held()
    delivery = Delivery.objects.get()
    pauses = []
    while delivery.state == State.WAITING:
        outbox.deliver_due()
        delivery.refresh_from_db()
        pauses.append(delivery.due_at - timezone.now())
        pass_time(delivery)
    assert (delivery.state, delivery.tries, delivery.outcome) == (State.GIVEN_UP, 9, "Answered 500.")
    assert timedelta(seconds=20) < pauses[0] < timedelta(seconds=40)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert timedelta(hours=40) < sum(pauses[:-1], timedelta()) < timedelta(hours=60)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.received}) == 1


def test_what_failed_arrives_when_the_receiver_is_back(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    receiver.status = 503
    run_held()
    outbox.deliver_due()
    assert str(outbox.deliver_due()) == "0 delivered, 0 failed"  # it is not due yet
    pass_time(Delivery.objects.get())
    receiver.status = 200
    outbox.deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries) == (State.DELIVERED, 2)


def test_one_that_fails_does_not_hold_up_the_others(receiver: Receiver, settings: Settings) -> None:
    for _ in range(2):
        subscribe("http://127.0.0.1:9/", Event.RUN_HELD)
    subscribe(receiver.url, Event.RUN_HELD)
    run_held()
    run_held()
    assert str(outbox.deliver_due()) == "2 delivered, 2 failed"


def test_a_row_that_is_being_tried_is_nobody_elses(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    run_held()
    claimed = outbox._claim(set())
    assert claimed is not None
    assert outbox._claim(set()) is None
    Delivery.objects.update(due_at=timezone.now())  # its worker died, and the lease is over
    assert outbox.deliver_due().delivered == 1
    assert outbox.attempt(claimed)  # not dead after all: the outcome of the later try stands
    assert Delivery.objects.get().tries == 2


@pytest.mark.parametrize(("status", "words"), [(302, "redirects are not followed"), (404, "Answered 404.")])
def test_what_is_no_success_is_said(receiver: Receiver, status: int, words: str) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    receiver.status = status
    run_held()
    outbox.deliver_due()
    assert words in Delivery.objects.get().outcome


def test_who_asks_not_to_be_called_again_is_not(receiver: Receiver) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    receiver.status = 410
    run_held()
    outbox.deliver_due()
    assert Delivery.objects.get().state == State.GIVEN_UP
    subscriber = Subscriber.objects.get()
    assert (subscriber.is_enabled, "410" in subscriber.disabled_because) == (False, True)


def test_private_addresses_are_not_called_unless_a_setting_allows_it(receiver: Receiver, settings: Settings) -> None:
    settings.DIGITRE_PRIVATE_WEBHOOKS = False
    subscribe(receiver.url, Event.RUN_HELD)
    run_held()
    assert outbox.deliver_due().failed == 1
    assert receiver.received == []


def test_the_secret_is_not_in_the_database_and_each_has_its_own() -> None:
    one, other = subscribe("https://bot.example/"), subscribe("https://bot.example/")
    assert secret_of(one) != secret_of(other)
    rows = " ".join(str(value) for row in Subscriber.objects.values_list() for value in row)
    assert secret_of(one).removeprefix("whsec_") not in rows


# mail


def test_an_operator_is_told_by_mail(settings: Settings) -> None:
    settings.DIGITRE_SENDS_MAIL = True
    subscribe("petra@example.org", Event.RUN_HELD, channel=Subscriber.Channel.MAIL)
    run_held()
    assert outbox.deliver_due().delivered == 1
    (message,) = mail.outbox
    assert message.to == ["petra@example.org"]
    assert message.subject == "Digitre: run 3 was held by the gate"
    assert message.body == "Version 1 goes on answering.\nMNIST test: falls"


@pytest.mark.parametrize(
    ("event", "facts", "words"),
    [
        (Event.DRAWING_CORRECTED, {"drawing": "d", "predicted": None, "label": 8}, "its contributor says an 8"),
        (
            Event.DRAWING_CORRECTED,
            {"drawing": "d", "predicted": 1, "label": None},
            "read a 1; its contributor says that",
        ),
        (Event.DRAWINGS_WAITING, {"waiting": 1200, "threshold": 100}, "1,200 drawings wait"),
        (
            Event.RUN_PROMOTED,
            {"run": 1, "challenger": 4, "reasons": ["better"]},
            "Version 4 answers from now on.\nbetter",
        ),
        (Event.RUN_FAILED, {"run": 1, "error": "Out of memory."}, "Out of memory."),
        (Event.TEST, {"subscriber": "petra"}, "mail arrives"),
    ],
)
def test_mail_says_what_happened(settings: Settings, event: str, facts: dict[str, Any], words: str) -> None:
    settings.DIGITRE_SENDS_MAIL = True
    subscribe("petra@example.org", event, channel=Subscriber.Channel.MAIL)
    announcing.announce(event, facts)
    outbox.deliver_due()
    (message,) = mail.outbox
    assert words in f"{message.subject}\n{message.body}"


def test_without_a_mail_server_the_log_says_so() -> None:
    subscribe("petra@example.org", Event.RUN_HELD, channel=Subscriber.Channel.MAIL)
    run_held()
    outbox.deliver_due()
    assert Delivery.objects.get().outcome == "EMAIL_URL is not set, so no mail is sent."


# in the admin

SUBSCRIBERS = "/admin/recognizer/subscriber/"
SAID = {"name": "a bot", "channel": "webhook", "events": ["run.held"], "waiting": 100, "is_enabled": "on"}


def test_a_webhook_is_made_in_the_admin_and_tried_by_a_button(
    receiver: Receiver, operator: User, sign_in: SignIn
) -> None:
    client = sign_in(operator)
    client.post(f"{SUBSCRIBERS}add/", SAID | {"address": receiver.url})
    subscriber = Subscriber.objects.get()
    assert (subscriber.made_by, subscriber.events) == (operator, ["run.held"])
    assert secret_of(subscriber) in client.get(f"{SUBSCRIBERS}{subscriber.pk}/change/").content.decode()
    page = client.post(f"{SUBSCRIBERS}{subscriber.pk}/test/", follow=True)
    assert "A test is in the outbox" in page.content.decode()
    outbox.deliver_due()
    assert [message["type"] for message in receiver.messages] == ["test"]
    log = client.get(page.request["PATH_INFO"]).content.decode()
    assert "answered 204" in log
    delivery = Delivery.objects.get()
    assert "subscriber" in client.get(f"/admin/recognizer/delivery/{delivery.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("channel", "address", "words"),
    [
        ("webhook", "http://bot.example/", "must begin with https://"),
        ("webhook", "https://10.0.0.1/", "private"),
        ("mail", "petra@example.org", "EMAIL_URL is not set"),
    ],
)
def test_an_address_that_would_not_work_is_refused_in_the_form(
    operator: User, sign_in: SignIn, channel: str, address: str, words: str
) -> None:
    page = sign_in(operator).post(f"{SUBSCRIBERS}add/", SAID | {"channel": channel, "address": address})
    assert words in page.content.decode()
    assert not Subscriber.objects.exists()


def test_what_was_given_up_is_sent_again(receiver: Receiver, operator: User, sign_in: SignIn) -> None:
    subscribe(receiver.url, Event.RUN_HELD)
    run_held()
    Delivery.objects.update(state=State.GIVEN_UP, tries=9)
    again = {"action": "send_again", "_selected_action": [str(Delivery.objects.get().pk)]}
    sign_in(operator).post("/admin/recognizer/delivery/", again)
    assert outbox.deliver_due().delivered == 1


def test_old_deliveries_leave_the_log() -> None:
    subscribe("https://bot.example/", Event.RUN_HELD)
    for _ in range(3):
        run_held()
    over, _, waiting = Delivery.objects.order_by("pk")
    Delivery.objects.exclude(pk=waiting.pk).update(state=State.DELIVERED)
    Delivery.objects.exclude(pk__in=[over.pk + 1]).update(created_at=timezone.now() - timedelta(days=31))
    outbox.forget_old()
    assert set(Delivery.objects.values_list("pk", flat=True)) == {over.pk + 1, waiting.pk}

"""Who is told of what: webhooks and mail, a button to try them, and the log of what was sent."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from recognizer.admin.keyset import KeysetAdmin, NamedChangeList
from recognizer.admin.reviewers import signed_in
from recognizer.models import Delivery, Subscriber
from recognizer.models.notices import SUBSCRIBED
from recognizer.notices import announcing, outbox
from recognizer.notices.posting import NotSent, checked
from recognizer.notices.signing import secret_of
from recognizer.tasks import wake_deliverer

Channel = Subscriber.Channel


class SubscriberForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the stubs alone
    events = forms.MultipleChoiceField(
        label="Tell it when",
        choices=[(event, event.label) for event in SUBSCRIBED],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Subscriber
        fields = ("name", "channel", "address", "events", "waiting", "is_enabled")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        address, channel = said.get("address", ""), said.get("channel")
        try:
            if channel == Channel.MAIL:
                self.check_mail(address)
            else:
                checked(address, may_be_private=settings.DIGITRE_PRIVATE_WEBHOOKS)
        except NotSent as problem:
            self.add_error("address", str(problem))
        except ValidationError as problem:
            self.add_error("address", problem)
        return said

    def check_mail(self, address: str) -> None:
        if not settings.DIGITRE_SENDS_MAIL:
            raise ValidationError("This site sends no mail: EMAIL_URL is not set.")
        validate_email(address)


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    form = SubscriberForm
    fields = ("name", "channel", "address", "events", "waiting", "is_enabled", "secret")
    readonly_fields = ("secret",)
    list_display = ("name", "channel", "address", "told_of", "state", "log")
    list_per_page = 50
    sortable_by = ()
    actions = None
    change_form_template = "admin/recognizer/subscriber/change_form.html"

    def get_changelist(self, request: HttpRequest, **options: object) -> type[NamedChangeList]:
        return NamedChangeList

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.test))
        return [path("<int:subscriber_id>/test/", test, name="recognizer_subscriber_test"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Subscriber | None = None) -> Any:
        """A new one has no secret yet, and who may only look is shown none."""
        if obj is None or not self.has_change_permission(request, obj):
            return self.fields[:-1]
        return self.fields

    def save_model(self, request: HttpRequest, obj: Subscriber, form: Any, change: bool) -> None:
        obj.made_by = obj.made_by or signed_in(request)
        if obj.is_enabled:
            obj.disabled_because = ""
        super().save_model(request, obj, form, change)

    def test(self, request: HttpRequest, subscriber_id: int) -> HttpResponse:
        """Write a test into the outbox, as an event would be; what comes of it stands in the log."""
        subscriber = get_object_or_404(Subscriber, pk=subscriber_id)
        if not self.has_change_permission(request, subscriber):
            raise PermissionDenied
        announcing.announce_test(subscriber)
        transaction.on_commit(wake_deliverer)
        messages.success(
            request, "A test is in the outbox. The worker sends it within seconds, after a run if one is at work."
        )
        return HttpResponseRedirect(log_of(subscriber))

    @admin.display(description="told of")
    def told_of(self, subscriber: Subscriber) -> str:
        return ", ".join(subscriber.events)

    @admin.display(description="state")
    def state(self, subscriber: Subscriber) -> str:
        return "enabled" if subscriber.is_enabled else subscriber.disabled_because or "off"

    @admin.display(description="log")
    def log(self, subscriber: Subscriber) -> SafeString:
        return format_html('<a class="said" href="{}">what was sent</a>', log_of(subscriber))

    @admin.display(description="secret")
    def secret(self, subscriber: Subscriber) -> SafeString | str:
        if subscriber.channel == Channel.MAIL:
            return "Mail is not signed."
        return format_html("<code>{}</code>", secret_of(subscriber))


def log_of(subscriber: Subscriber) -> str:
    return f"{reverse('admin:recognizer_delivery_changelist')}?subscriber__id__exact={subscriber.pk}"


@admin.register(Delivery)
class DeliveryAdmin(KeysetAdmin):
    list_display = ("message_id", "created_at", "told", "event", "state", "tries", "next_try", "outcome")
    list_filter = ("state", "event", "subscriber")
    list_select_related = ("subscriber",)
    fields = (
        "message",
        "subscriber",
        "event",
        "created_at",
        "state",
        "tries",
        "tried_at",
        "delivered_at",
        "outcome",
        "sent",
    )
    readonly_fields = fields
    actions = ("send_again",)

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_delivery")

    @admin.display(description="message")
    def message_id(self, delivery: Delivery) -> SafeString:
        return format_html("<code>{}</code>", str(delivery.message)[:8])

    @admin.display(description="told")
    def told(self, delivery: Delivery) -> str:
        return delivery.subscriber.name

    @admin.display(description="next try", empty_value="-")
    def next_try(self, delivery: Delivery) -> Any:
        return delivery.due_at if delivery.state == Delivery.State.WAITING else None

    @admin.display(description="what is sent")
    def sent(self, delivery: Delivery) -> SafeString:
        return format_html(
            "<pre class='log'>{}</pre>", json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)
        )

    @admin.action(description="Send again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        deliveries = list(queryset)
        for delivery in deliveries:
            outbox.send_again(delivery)
        transaction.on_commit(wake_deliverer)
        self.message_user(request, f"{len(deliveries)} to be sent again.", messages.SUCCESS)

"""Everything that was ever said of a drawing: to read, never to change."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer.admin.keyset import KeysetAdmin
from recognizer.models import LabelEvent, Look, label_text


class LookFilter(admin.SimpleListFilter):
    title = "how it was met"
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [(value, title) for value, title in Look.choices if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LabelEvent]) -> QuerySet[LabelEvent]:
        return queryset.filter(look=self.value()) if self.value() in Look.values else queryset


@admin.register(LabelEvent)
class LabelEventAdmin(KeysetAdmin):
    list_display = ("at", "who", "action", "label_text", "before", "met", "about", "why")
    list_display_links = None
    list_filter = ("actor", "action", LookFilter)
    list_select_related = ("user",)
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: LabelEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LabelEvent | None = None) -> bool:
        return False

    @admin.display(description="who")
    def who(self, event: LabelEvent) -> str:
        return str(event.user) if event.user else event.get_actor_display()

    @admin.display(description="label")
    def label_text(self, event: LabelEvent) -> str:
        return label_text(event.label)

    @admin.display(description="before")
    def before(self, event: LabelEvent) -> str:
        return label_text(event.previous_label)

    @admin.display(description="met")
    def met(self, event: LabelEvent) -> str:
        return event.get_look_display() if event.look else "-"

    @admin.display(description="why")
    def why(self, event: LabelEvent) -> SafeString:
        return format_html('<span class="why">{}</span>', event.reason)

    @admin.display(description="drawing")
    def about(self, event: LabelEvent) -> SafeString:
        address = reverse("admin:recognizer_drawing_change", args=[event.drawing_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, str(event.drawing_id)[:8])

"""The bulk decisions: when, who, what, and the way to take one back."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer.admin.keyset import KeysetAdmin
from recognizer.models import ReviewBatch


@admin.register(ReviewBatch)
class ReviewBatchAdmin(KeysetAdmin):
    list_display = ("name", "at", "user", "title", "drawings", "against", "state")
    list_display_links = None
    list_select_related = ("user",)
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: ReviewBatch | None = None) -> bool:
        return request.user.has_perm("recognizer.change_drawing")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: ReviewBatch | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReviewBatch | None = None) -> bool:
        return False

    def get_model_perms(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_model_perms(request) | {"view": self.has_view_permission(request)}

    @admin.display(description="batch")
    def name(self, batch: ReviewBatch) -> SafeString:
        address = reverse("admin:recognizer_drawing_batch", args=[batch.pk])
        return format_html('<a class="said" href="{}">batch {}</a>', address, batch.pk)

    @admin.display(description="read otherwise by the model")
    def against(self, batch: ReviewBatch) -> SafeString:
        return format_html('<span class="figure">{}</span>', batch.contradicted)

    @admin.display(description="taken back", empty_value="-")
    def state(self, batch: ReviewBatch) -> Any:
        return batch.undone_at

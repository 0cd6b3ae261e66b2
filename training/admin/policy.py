"""When a run starts by itself, and what its version may cost: one row, edited here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from training.admin import reviewers
from training.models import TrainingPolicy


@admin.register(TrainingPolicy)
class TrainingPolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    fieldsets = (
        (
            "When a run starts by itself",
            {"fields": ("enabled", "minimum_new_labels", "minimum_interval_minutes", "preferred_hour")},
        ),
        ("What a gain for people may cost", {"fields": ("mnist_for_a_point", "mnist_at_most")}),
    )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(reviewers.page)
        return [path("reviewers/", page, name="training_reviewers"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TrainingPolicy | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Training policy", "subtitle": None, "show_save_and_continue": False}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one: go straight to it."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:training_trainingpolicy_change", args=[TrainingPolicy.load().pk]))

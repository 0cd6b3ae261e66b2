"""The drawings: a list to search, a page each, and the way into the queue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from recognizer.admin import filters, map_views, queue_views, sheet_views, thumbnails
from recognizer.admin.bulk import BulkDecisions
from recognizer.admin.drawing_page import decided_since, page_context
from recognizer.admin.keyset import KeysetAdmin
from recognizer.admin.reviewers import signed_in
from recognizer.formatting import brief_percent
from recognizer.models import LABEL_CHOICES, Drawing, LabelEvent, Tombstone, label_text

LIST_COLUMNS = (
    *("id", "png", "status", "status_reason", "confidence", "margin", "suspicion", "created_at"),
    *("predicted_label", "top_label", "confirmed_label", "reviewed_label", "reviewed_at", "review_priority"),
    *("contributor__token", "contributor__blocked_at", "model_version__number", "campaign"),
)
UUID_DIGITS = 32


@admin.register(Drawing)
class DrawingAdmin(BulkDecisions, KeysetAdmin):
    list_display = (
        *("picture", "labels", "sureness", "margin_text", "suspicion_text", "drawn_by", "state", "drawn_at"),
    )
    list_display_links = None
    list_filter = (
        *(filters.StatusFilter, filters.OrderFilter, filters.AnswerFilter, filters.ConfidenceFilter),
        *(filters.LabelFilter, filters.SuspicionFilter, filters.VersionFilter, filters.ContributorFilter),
        *(filters.DisputeFilter, filters.RereadingFilter, filters.ReviewerFilter, filters.BatchFilter),
        filters.CampaignFilter,
        ("created_at", admin.DateFieldListFilter),
        ("reviewed_at", admin.DateFieldListFilter),
    )
    search_fields = ("id",)
    change_list_template = "admin/recognizer/drawing/change_list.html"
    change_form_template = "admin/recognizer/drawing/change_form.html"
    fields = ()

    def page_order(self, params: dict[str, str]) -> tuple[str, ...]:
        of_any_status = params.get("status") == filters.StatusFilter.ALL
        if any(key in filters.BY_REVIEW for key in params):
            return filters.ORDERS["reviewed"]
        chosen = params.get("order")
        if chosen in filters.ORDERS and not (chosen == "telling" and of_any_status):
            return filters.ORDERS[chosen]
        narrowed = any(params.get(name) for name in ("contributor", "version", "batch", "differs", "dispute"))
        return filters.ORDERS["newest" if of_any_status or narrowed else "telling"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drawing]:
        return super().get_queryset(request).select_related("contributor", "model_version").only(*LIST_COLUMNS)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Drawing], search_term: str
    ) -> tuple[QuerySet[Drawing], bool]:
        """Find by the beginning of an id or of a contributor's token: two ranges of an index each, no scan."""
        start = search_term.strip().lower().replace("-", "")
        if not start:
            return queryset, False
        if len(start) > UUID_DIGITS or set(start) - set("0123456789abcdef"):
            return queryset.none(), False
        low, high = UUID(start.ljust(UUID_DIGITS, "0")), UUID(start.ljust(UUID_DIGITS, "f"))
        by_id = queryset.filter(id__gte=low, id__lte=high)
        if by_id.exists():
            return by_id, False
        return queryset.filter(contributor__token__gte=low, contributor__token__lte=high), False

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("queue/", self.admin_site.admin_view(queue_views.page), name="recognizer_drawing_queue"),
            path("queue/claim/", self.admin_site.admin_view(queue_views.claim), name="recognizer_drawing_claim"),
            path("queue/decide/", self.admin_site.admin_view(queue_views.decide), name="recognizer_drawing_decide"),
            path("queue/skip/", self.admin_site.admin_view(queue_views.skip), name="recognizer_drawing_skip"),
            path("queue/undo/", self.admin_site.admin_view(queue_views.undo), name="recognizer_drawing_undo"),
            path("queue/note/", self.admin_site.admin_view(queue_views.note), name="recognizer_drawing_note"),
            path(
                "sheet/<int:contributor_id>/",
                self.admin_site.admin_view(sheet_views.contributor_page),
                name="recognizer_drawing_sheet",
            ),
            path(
                "batch/<int:batch_id>/",
                self.admin_site.admin_view(sheet_views.batch_page),
                name="recognizer_drawing_batch",
            ),
            path(
                "contradictions/",
                self.admin_site.admin_view(sheet_views.contradictions_page),
                name="recognizer_drawing_contradictions",
            ),
            path("map/", self.admin_site.admin_view(map_views.page), name="recognizer_drawing_map"),
            path("map/sheet/", self.admin_site.admin_view(map_views.sheet), name="recognizer_drawing_map_sheet"),
            path("queue/leave/", self.admin_site.admin_view(queue_views.leave), name="recognizer_drawing_leave"),
            path(
                "<uuid:drawing_id>/decide/",
                self.admin_site.admin_view(require_POST(self.decide_view)),
                name="recognizer_drawing_judge",
            ),
        ]
        return mine + super().get_urls()

    def get_deleted_objects(
        self, objs: Sequence[Drawing] | QuerySet[Drawing], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """A drawing takes its events with it, though nobody may delete an event alone."""
        doomed, counts, missing, protected = super().get_deleted_objects(objs, request)
        return doomed, counts, missing - {LabelEvent._meta.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: Drawing) -> None:
        """Delete it for good: no export brings it back."""
        Tombstone.objects.bury([(obj.pk, obj.content_hash)])
        super().delete_model(request, obj)

    # the list

    @admin.display(description="drawing")
    def picture(self, drawing: Drawing) -> SafeString:
        return format_html('<a href="{}/change/">{}</a>', drawing.pk, thumbnails.thumbnail(drawing))

    @admin.display(description="model / person / reviewer")
    def labels(self, drawing: Drawing) -> SafeString:
        return format_html(
            '<span class="said">model <b>{}</b></span> <span class="said">person <b>{}</b></span>{}',
            thumbnails.answer_text(drawing),
            label_text(drawing.confirmed_label),
            format_html(' <span class="said">reviewer <b>{}</b></span>', thumbnails.review_text(drawing))
            if drawing.is_reviewed
            else "",
        )

    @admin.display(description="confidence")
    def sureness(self, drawing: Drawing) -> SafeString:
        return format_html('<span class="figure">{}</span>', brief_percent(drawing.confidence))

    @admin.display(description="margin")
    def margin_text(self, drawing: Drawing) -> SafeString:
        return format_html('<span class="figure">{}</span>', brief_percent(drawing.margin))

    @admin.display(description="suspicion")
    def suspicion_text(self, drawing: Drawing) -> SafeString:
        return format_html('<span class="figure">{}</span>', brief_percent(drawing.suspicion))

    @admin.display(description="contributor")
    def drawn_by(self, drawing: Drawing) -> SafeString:
        return format_html(
            '<a href="?status=all&amp;contributor={}"><code>{}</code></a>{}',
            drawing.contributor_id,
            drawing.contributor.short_name,
            " blocked" if drawing.contributor.is_blocked else "",
        )

    @admin.display(description="status")
    def state(self, drawing: Drawing) -> SafeString:
        return format_html(
            '<span class="state state-{}">{}</span>{}',
            drawing.status,
            drawing.get_status_display(),
            format_html('<span class="why">{}</span>', drawing.status_reason) if drawing.status_reason else "",
        )

    @admin.display(description="drawn")
    def drawn_at(self, drawing: Drawing) -> SafeString:
        return format_html(
            '<time datetime="{}">{}</time> <span class="why">version {}</span>',
            drawing.created_at.isoformat(),
            drawing.created_at.strftime("%d %b %Y, %H:%M").replace(" ", "\u00a0"),
            drawing.model_version.number,
        )

    # the page

    def get_readonly_fields(self, request: HttpRequest, obj: Drawing | None = None) -> tuple[str, ...]:
        return ()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET":
            raise PermissionDenied  # decisions have an address of their own; a row is not edited here
        drawing = self.get_object(request, object_id)
        if drawing is not None and self.has_view_or_change_permission(request, drawing):
            extra_context = (extra_context or {}) | page_context(drawing) | {"label_choices": LABEL_CHOICES}
        return super().change_view(request, object_id, form_url, extra_context)

    def decide_view(self, request: HttpRequest, drawing_id: UUID) -> HttpResponse:
        """Apply one decision from a drawing's page: a label, a rejection, or back to the queue."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        user = signed_in(request)
        drawing = get_object_or_404(Drawing.objects.without_pixels(), pk=drawing_id)
        decided = decided_since(drawing, request.POST.get("seen", ""))
        if decided:
            messages.warning(request, f"{decided} Look at it again before you decide.")
            return HttpResponseRedirect(reverse("admin:recognizer_drawing_change", args=[drawing.pk]))
        choice, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()[:300]
        if choice == "note" and reason:
            drawing.note(user, reason)
            outcome = "Noted."
        elif choice == "put back":
            drawing.put_back(user, reason)
            outcome = "It waits for review again."
        elif choice == "reject" and reason:
            drawing.reject(reason, user)
            outcome = "Rejected."
        elif choice in {str(value) for value, _ in LABEL_CHOICES}:
            drawing.approve(int(choice), user, reason)
            outcome = f"Approved as {label_text(int(choice))}."
        else:
            outcome = {"reject": "Say why it is rejected.", "note": "Write what is to be noted."}.get(
                choice, "That is no decision."
            )
            messages.error(request, outcome)
            return HttpResponseRedirect(reverse("admin:recognizer_drawing_change", args=[drawing.pk]))
        messages.success(request, outcome)
        return HttpResponseRedirect(reverse("admin:recognizer_drawing_change", args=[drawing.pk]))

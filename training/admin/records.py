"""Rows that only tell: snapshots, promotions, heartbeats. To read, never to change."""

from django.contrib import admin
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from recognizer.admin.keyset import NamedChangeList
from recognizer.models import LedgerEntry, ModelVersion, PromotionEvent
from training.models import DatasetSnapshot, TrainingRun, WorkerHeartbeat


class RecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    list_display_links: tuple[str, ...] | None = None
    list_per_page = 50
    actions = None
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **options: object) -> type[NamedChangeList]:
        return NamedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(DatasetSnapshot)
class DatasetSnapshotAdmin(RecordAdmin):
    list_display = ("name", "taken_at", "drawings", "contributors", "campaigns", "left_out", "runs_made")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetSnapshot]:
        return super().get_queryset(request).prefetch_related(Prefetch("runs", TrainingRun.objects.only("snapshot")))

    @admin.display(description="snapshot")
    def name(self, snapshot: DatasetSnapshot) -> SafeString:
        return format_html("<code>{}</code>", snapshot.digest[:12])

    @admin.display(description="of campaigns")
    def campaigns(self, snapshot: DatasetSnapshot) -> str:
        counts = snapshot.counts.get("campaigns", {})
        return ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items())) or "-"

    @admin.display(description="left out")
    def left_out(self, snapshot: DatasetSnapshot) -> str:
        excluded = snapshot.counts.get("excluded", {})
        reasons = sorted(excluded.items(), key=lambda item: -item[1])
        return "; ".join(f"{count:,}: {reason}" for reason, count in reasons) or "-"

    @admin.display(description="runs")
    def runs_made(self, snapshot: DatasetSnapshot) -> SafeString | str:
        runs = ((reverse("admin:training_trainingrun_change", args=[run.pk]), run) for run in snapshot.runs.all())
        return format_html_join(", ", '<a class="said" href="{}">{}</a>', runs) or "-"


@admin.register(LedgerEntry)
class LedgerEntryAdmin(RecordAdmin):
    list_display = ("number", "at", "kind", "row", "short_digest")
    list_display_links = ("number",)  # on a phone the table scrolls, and keys reach it by what is in it
    list_filter = ("kind",)

    @admin.display(description="digest")
    def short_digest(self, entry: LedgerEntry) -> SafeString:
        return format_html("<code>{}</code>", entry.digest[:16])


@admin.register(PromotionEvent)
class PromotionEventAdmin(RecordAdmin):
    list_display = ("at", "now_speaks", "before", "promoted_by", "why")
    list_select_related = ("by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromotionEvent]:
        numbers = ModelVersion.objects.only("number")
        return (
            super().get_queryset(request).prefetch_related(Prefetch("version", numbers), Prefetch("previous", numbers))
        )

    @admin.display(description="speaks")
    def now_speaks(self, event: PromotionEvent) -> SafeString:
        address = reverse("admin:recognizer_modelversion_change", args=[event.version_id])
        return format_html('<a class="said" href="{}">version {}</a>', address, event.version.number)

    @admin.display(description="before")
    def before(self, event: PromotionEvent) -> SafeString | str:
        return format_html('<span class="said">{}</span>', event.previous) if event.previous else "-"

    @admin.display(description="by")
    def promoted_by(self, event: PromotionEvent) -> str:
        return str(event.by or "the gate")

    @admin.display(description="why")
    def why(self, event: PromotionEvent) -> SafeString:
        return format_html('<span class="why">{}</span>', event.reason)


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(RecordAdmin):
    list_display = ("name", "at")

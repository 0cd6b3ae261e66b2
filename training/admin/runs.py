"""The training runs: one being watched, the others to read; start one, stop one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from recognizer.formatting import percent
from training.admin.taught import taught_page
from training.admin.version_page import data_counts, flat, learning_curve
from training.evaluation.gate import Decision
from training.models import TrainingRun
from training.runs import outcomes
from training.runs.schedule import difference_text
from training.tasks import wake_worker


class BriefChangeList(ChangeList):
    """Runs with what their rows show."""

    def apply_select_related(self, queryset: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
        brief = queryset.defer(*TrainingRun.ON_ITS_PAGE, "challenger__metrics", "snapshot__counts")
        return brief.select_related("requested_by", "challenger", "snapshot")


@admin.register(TrainingRun)
class TrainingRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    list_display = ("name", "state", "asked_by", "begun", "made", "why")
    list_display_links = None
    list_filter = ("status", "trigger")
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    actions = None
    sortable_by = ()
    fields = ()
    change_list_template = "admin/training/trainingrun/change_list.html"
    change_form_template = "admin/training/trainingrun/change_form.html"

    def get_changelist(self, request: HttpRequest, **options: object) -> type[ChangeList]:
        return BriefChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_request_permission(self, request: HttpRequest) -> bool:
        """Whether a run may be asked for; there is no form to fill in."""
        return request.user.has_perm("training.add_trainingrun")

    def has_delete_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("train-now/", view(require_POST(self.train_now)), name="training_trainingrun_train_now"),
            path("<int:run_id>/cancel/", view(require_POST(self.cancel)), name="training_trainingrun_cancel"),
            path("<int:run_id>/progress/", view(require_safe(self.progress)), name="training_trainingrun_progress"),
            *super().get_urls(),
        ]

    def train_now(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run. The row is the request: a worker takes it up at its next tick, if not at once."""
        if not (request.user.is_authenticated and self.has_request_permission(request)):
            raise PermissionDenied
        outcomes.give_up_expired()
        run, is_new = TrainingRun.objects.request(by=request.user)
        if is_new:
            transaction.on_commit(wake_worker)
            messages.success(request, f"Run {run.pk} waits for a worker.")
        else:
            messages.warning(request, f"Run {run.pk} is {run.get_status_display()}; one at a time.")
        return HttpResponseRedirect(reverse("admin:training_trainingrun_change", args=[run.pk]))

    def cancel(self, request: HttpRequest, run_id: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=run_id)
        if run.cancel():
            messages.success(request, f"Run {run.pk} stops, at the latest after its current batch.")
        else:
            messages.warning(request, f"Run {run.pk} cannot be stopped: it is {run.get_status_display()}.")
        return HttpResponseRedirect(reverse("admin:training_trainingrun_change", args=[run.pk]))

    def progress(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """What the page asks for every few seconds while a run is live."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(live(get_object_or_404(TrainingRun, pk=run_id)))

    # the list

    @admin.display(description="run")
    def name(self, run: TrainingRun) -> SafeString:
        return format_html(
            '<a class="said" href="{}">run {}</a>', reverse("admin:training_trainingrun_change", args=[run.pk]), run.pk
        )

    @admin.display(description="status")
    def state(self, run: TrainingRun) -> SafeString:
        return format_html('<span class="state state-{}">{}</span>', run.status, run.get_status_display())

    @admin.display(description="asked for by")
    def asked_by(self, run: TrainingRun) -> str:
        return str(run.requested_by or run.get_trigger_display())

    @admin.display(description="started")
    def begun(self, run: TrainingRun) -> SafeString | str:
        if run.started_at is None:
            return "-"
        started = date_format(timezone.localtime(run.started_at), "DATETIME_FORMAT")
        return format_html('<time>{}</time><span class="why">{}</span>', started, duration_text(run))

    @admin.display(description="made")
    def made(self, run: TrainingRun) -> SafeString:
        version = ""
        if run.challenger is not None:
            address = reverse("admin:recognizer_modelversion_change", args=[run.challenger_id])
            version = format_html('<a class="said" href="{}">version {}</a>', address, run.challenger.number)
        learned = f"from {run.snapshot.drawings:,} drawings" if run.snapshot else "-"
        return format_html('{}<span class="why">{}</span>', version, learned)

    @admin.display(description="why")
    def why(self, run: TrainingRun) -> SafeString:
        decision = Decision.from_dict(run.decision)
        reason = decision.reasons[0] if decision and decision.reasons else run.error
        return format_html('<span class="why">{}</span>', reason)

    # the page

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"title": "Training runs", "may_request": self.has_request_permission(request)}
        return super().changelist_view(request, (extra_context or {}) | context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET":
            raise PermissionDenied
        run = self.get_object(request, object_id)
        if run is not None and self.has_view_or_change_permission(request, run):
            extra_context = (extra_context or {}) | run_page(run)
            if run.challenger is not None and request.user.has_perm("recognizer.view_drawing"):
                extra_context["challenger_taught"] = taught_page(run.challenger, run)
        return super().change_view(request, object_id, form_url, extra_context)


def run_page(run: TrainingRun) -> dict[str, Any]:
    return {
        "run": run,
        "live": live(run),
        "decision": Decision.from_dict(run.decision),
        "curve": learning_curve(run.curve),
        "counts": data_counts(run.snapshot) if run.snapshot else None,
        "snapshot": run.snapshot,
        "config": sorted(flat(run.config)),
        "difference": difference_text(run.difference),
    }


def live(run: TrainingRun) -> dict[str, Any]:
    """A run's progress in words, for the page and for the script that keeps it fresh."""
    is_stopping = run.is_live and run.cancel_requested_at is not None
    return {
        "is_live": run.is_live,
        "status": "stopping" if is_stopping else run.get_status_display(),
        "phase": run.phase,
        "progress": round(run.progress, 4),
        "percent": percent(run.progress, 0),
        "epoch": f"{run.epoch} of {run.epochs}" if run.epochs else "-",
        "accuracy": percent(run.accuracy, 2),
        "left": left_text(run),
        "lasted": duration_text(run),
        "log": run.log,
    }


def duration_text(run: TrainingRun) -> str:
    if run.duration is None:
        return "-"
    minutes, seconds = divmod(int(run.duration.total_seconds()), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def left_text(run: TrainingRun) -> str:
    """ "about 3 min"; "-" where nobody knows."""
    if not run.is_live or run.eta_at is None:
        return "-"
    seconds = (run.eta_at - timezone.now()).total_seconds()
    return (
        "a moment"
        if seconds < 20
        else f"about {round(seconds / 60)} min"
        if seconds > 90
        else f"about {round(seconds)} s"
    )

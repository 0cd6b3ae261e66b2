"""The model versions: which speaks, how each did, and who let it speak."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.models import ModelVersion, PromotionEvent
from recognizer.preprocessing import PREPROCESSING_VERSION
from training.admin.charts import share_text
from training.admin.version_page import exam_reports, exam_title, version_page
from training.models import TrainingRun


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=1000, label="Why", widget=forms.Textarea(attrs={"rows": 3, "cols": 60}), strip=True
    )


def obstacles(version: ModelVersion) -> list[str]:
    """Check anew what serving will check: each thing that would keep the version from speaking, as a sentence."""
    found = []
    if version.preprocessing_version != PREPROCESSING_VERSION:
        found.append(
            f"It reads ink prepared by version {version.preprocessing_version}; this server prepares version "
            f"{PREPROCESSING_VERSION}."
        )
    try:
        registry.load_classifier(version)
    except CorruptArtifact as error:
        found.append(f"Its file cannot be served: {error}.")
    return found


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):
    list_display = ("name", "speaks", "exams", "origin", "created_at", "promoted_at", "answered")
    list_display_links = None
    list_per_page = 50
    actions = None
    sortable_by = ()
    fields = ()
    change_list_template = "admin/recognizer/modelversion/change_list.html"
    change_form_template = "admin/recognizer/modelversion/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ModelVersion | None = None) -> bool:
        return False  # every drawing names the version that answered it

    def get_urls(self) -> list:
        return [
            path(
                "<int:version_id>/promote/",
                self.admin_site.admin_view(self.promote_view),
                name="recognizer_modelversion_promote",
            ),
            path(
                "roll-back/", self.admin_site.admin_view(self.roll_back_view), name="recognizer_modelversion_roll_back"
            ),
            *super().get_urls(),
        ]

    # the list

    @admin.display(description="version")
    def name(self, version: ModelVersion) -> SafeString:
        return format_html(
            '<a class="said" href="{}">version {}</a>',
            reverse("admin:recognizer_modelversion_change", args=[version.pk]),
            version.number,
        )

    @admin.display(description="", empty_value="")
    def speaks(self, version: ModelVersion) -> SafeString | str:
        if version.is_champion:
            return format_html('<span class="champion">{}</span>', "champion")
        return "broken" if version.broken_reason else ""

    @admin.display(description="exams")
    def exams(self, version: ModelVersion) -> SafeString:
        reports = (
            (exam_title(name), share_text(report["accuracy"], 2))
            for name, report in exam_reports(version.metrics).items()
        )
        return format_html_join(" ", '<span class="said">{} <b class="figure">{}</b></span>', reports)

    @admin.display(description="drawings")
    def answered(self, version: ModelVersion) -> SafeString:
        address = reverse("admin:recognizer_drawing_changelist")
        return format_html('<a href="{}?status=all&amp;version={}">those it answered</a>', address, version.pk)

    # the page

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(request, (extra_context or {}) | {"title": "Versions"})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        if request.method != "GET":
            raise PermissionDenied  # promoting and rolling back have addresses of their own
        version = self.get_object(request, object_id)
        if version is not None and self.has_view_or_change_permission(request, version):
            extra_context = (extra_context or {}) | version_page(version, request.user)
        return super().change_view(request, object_id, form_url, extra_context)

    def promote_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Ask why, check once more, promote."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=version_id)
        found = obstacles(version)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and not found:
            registry.promote(version, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"Version {version.number} speaks from now on.")
            return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))
        run = TrainingRun.objects.filter(challenger=version).first()
        return self._ask(
            request,
            form,
            title=f"Promote version {version.number}",
            button="Promote it",
            version=version,
            obstacles=found,
            decision=run.decision if run else {},
        )

    def roll_back_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why, then let the version speak again that the champion replaced."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        latest = PromotionEvent.objects.filter(version__is_champion=True).select_related("version", "previous").first()
        previous = latest.previous if latest else None
        found = obstacles(previous) if previous else ["The champion replaced no other version."]
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and not found:
            version = registry.roll_back(by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"Rolled back: version {version.number} speaks again.")
            return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))
        title = f"Roll back to version {previous.number}" if previous else "Roll back"
        return self._ask(request, form, title=title, button="Roll back", version=previous, obstacles=found, decision={})

    def _ask(self, request: HttpRequest, form: ReasonForm, **context: object) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/recognizer/modelversion/ask.html",
            self.admin_site.each_context(request)
            | {"opts": self.opts, "form": form, "champion": ModelVersion.objects.champion()}
            | context,
        )

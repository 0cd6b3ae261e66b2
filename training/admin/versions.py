"""The model versions: which speaks, how each did, and who let it speak."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.exam_reports import read_reports
from recognizer.formatting import percent
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.models import ModelVersion
from training.admin import compare, version_files
from training.admin.version_page import counted_of, exam_title, version_page
from training.evaluation import recheck
from training.evaluation.recheck import Recheck

TAGS_LENGTH, NOTES_LENGTH = 200, 2000  # as much as the columns take


class ReasonForm(forms.Form):
    """Asks why; where the gate holds a version, also whether it shall speak all the same."""

    reason = forms.CharField(
        max_length=1000, label="Why", widget=forms.Textarea(attrs={"rows": 3, "cols": 60}), strip=True
    )
    against = forms.BooleanField(
        label="Promote it although the gate holds it",
        error_messages={"required": "The gate holds it. Tick this if it shall speak all the same."},
    )

    def __init__(self, data: QueryDict | None, *, is_held: bool = False) -> None:
        super().__init__(data)
        if not is_held:
            del self.fields["against"]


def obstacles(version: ModelVersion) -> list[str]:
    """Check anew what serving will check: each thing that would keep the version from speaking, as a sentence."""
    found = []
    if version.preprocessing_version != PREPROCESSING_VERSION:
        found.append(
            f"It reads ink prepared by version {version.preprocessing_version}; this server prepares version "
            f"{PREPROCESSING_VERSION}."
        )
    try:
        registry.load_model(version)
    except CorruptArtifact as error:
        found.append(f"Its file cannot be served: {error}.")
    return found


def recheck_if_sound(
    version: ModelVersion, champion: ModelVersion | None, drawings: int
) -> tuple[Recheck | None, list[str]]:
    """Check a version's file and let it answer once more. Returns what came of it, and what keeps it from speaking."""
    found = obstacles(version)
    if found:
        return None, found
    try:
        outcome = recheck.recheck_version(version, champion, drawings)
    except CorruptArtifact as error:
        return None, [f"It cannot be compared: {error}."]
    return outcome, [] if outcome.is_finite else ["It answers with something that is no number."]


def verdict_text(outcome: Recheck) -> str:
    """Write for the history how the gate's rules judged a version that a reviewer promotes."""
    if outcome.decision.promote:
        return "(By the gate's rules it may.)"
    return f"(Against the gate: {'; '.join(outcome.decision.reasons)}.)"


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    list_display = ("name", "speaks", "exams", "words", "origin", "made", "spoke", "answered")
    search_fields = ("tags", "notes")
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

    def get_urls(self) -> list[URLPattern]:
        return [
            *version_files.urls(self.admin_site),
            path("compare/", self.admin_site.admin_view(compare.page), name="recognizer_modelversion_compare"),
            path(
                "<int:version_id>/describe/",
                self.admin_site.admin_view(require_POST(self.describe_view)),
                name="recognizer_modelversion_describe",
            ),
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

    @admin.display(description="tags", empty_value="")
    def words(self, version: ModelVersion) -> str:
        return version.tags

    @admin.display(description="", empty_value="")
    def speaks(self, version: ModelVersion) -> SafeString | str:
        if version.is_champion:
            return format_html('<span class="champion">{}</span>', "champion")
        return "broken" if version.broken_reason else ""

    @admin.display(description="exams")
    def exams(self, version: ModelVersion) -> SafeString:
        reports = read_reports(version.metrics)
        accuracies = ((exam_title(name), percent(counted_of(name, report)[1], 2)) for name, report in reports.items())
        return format_html_join(" ", '<span class="said">{} <b class="figure">{}</b></span>', accuracies)

    @admin.display(description="made")
    def made(self, version: ModelVersion) -> datetime:
        return version.created_at

    @admin.display(description="promoted", empty_value="never")
    def spoke(self, version: ModelVersion) -> datetime | None:
        return version.promoted_at

    @admin.display(description="drawings")
    def answered(self, version: ModelVersion) -> SafeString:
        address = reverse("admin:recognizer_drawing_changelist")
        return format_html(
            '<a class="said" href="{}?status=all&amp;version={}">those it answered</a>', address, version.pk
        )

    # the page

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, (extra_context or {}) | {"title": "Versions"})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "GET":
            raise PermissionDenied  # promoting and rolling back have addresses of their own
        version = self.get_object(request, object_id)
        if version is not None and self.has_view_or_change_permission(request, version):
            extra_context = (extra_context or {}) | version_page(version, request.user)
            extra_context |= version_files.files_context(version)
        return super().change_view(request, object_id, form_url, extra_context)

    def describe_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Keep a version's tags and notes."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=version_id)
        tags = (tag.strip() for tag in request.POST.get("tags", "").split(","))
        version.tags = ", ".join(dict.fromkeys(filter(None, tags)))[:TAGS_LENGTH]
        version.notes = request.POST.get("notes", "").strip()[:NOTES_LENGTH]
        version.save(update_fields=["tags", "notes"])
        messages.success(request, "Kept.")
        return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))

    def promote_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Check once more, show what came of it, ask why, promote. The check is made again when the answer comes."""
        if not (request.user.is_authenticated and self.has_change_permission(request)):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=version_id)
        champion = ModelVersion.objects.champion()
        outcome, found = (
            (None, ["It speaks already."])
            if version == champion
            else recheck_if_sound(version, champion, recheck.DRAWINGS_MOST)
        )
        form = ReasonForm(request.POST or None, is_held=outcome is not None and not outcome.decision.promote)
        if outcome is not None and not found and request.method == "POST" and form.is_valid():
            registry.promote(version, by=request.user, reason=f"{form.cleaned_data['reason']} {verdict_text(outcome)}")
            messages.success(request, f"Version {version.number} speaks from now on.")
            return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))
        return self._ask(
            request,
            form,
            title=f"Promote version {version.number}",
            button="Promote it",
            version=version,
            obstacles=found,
            recheck=outcome,
        )

    def roll_back_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why, then let the version speak again that spoke before. Nothing but a broken file holds it back.

        The table is shown beforehand and not waited for afterwards: rolling back is for when there is no time.
        """
        if not (request.user.is_authenticated and self.has_change_permission(request)):
            raise PermissionDenied
        version = registry.rollback_target()
        form = ReasonForm(request.POST or None)
        found = obstacles(version) if version else ["The champion replaced no other version."]
        is_answer = version is not None and request.POST.get("version") == str(version.pk)
        if version is not None and is_answer and not found and form.is_valid():
            registry.roll_back(by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"Rolled back: version {version.number} speaks again.")
            return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))
        is_shown = not found and not is_answer
        outcome = recheck_if_sound(version, ModelVersion.objects.champion(), 0)[0] if version and is_shown else None
        return self._ask(
            request,
            form,
            title=f"Roll back to version {version.number}" if version else "Roll back",
            button="Roll back",
            version=version,
            obstacles=found,
            recheck=outcome,
            is_rollback=True,
        )

    def _ask(self, request: HttpRequest, form: ReasonForm, **context: object) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/recognizer/modelversion/ask.html",
            self.admin_site.each_context(request)
            | {"opts": self.opts, "form": form, "champion": ModelVersion.objects.champion()}
            | context,
        )

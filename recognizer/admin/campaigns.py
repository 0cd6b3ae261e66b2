"""Campaigns: a class, a table, a study. Made, put on a wall as a sheet, ended, and deleted with all that is in them."""

from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer import campaigns
from recognizer.admin.reviewers import signed_in
from recognizer.models import Campaign, CampaignReceipt, Stage

STAGES = {
    Stage.EARLY: "not begun",
    Stage.UNCONFIRMED: "a teacher has to confirm",
    Stage.OPEN: "open",
    Stage.OVER: "over",
}
THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the stubs alone
    confirm = forms.BooleanField(
        required=False,
        label="I hold the consent",
        help_text="In minors' mode: the consent to the text above, of those who may give it, for everybody who will join. "
        "Nobody can join before. Another text has to be confirmed anew.",
    )

    class Meta:
        model = Campaign
        fields = ("name", "starts_at", "ends_at", "consent_text", "minors", "confirm", "wall")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["confirm"].initial = self.instance.confirmed_at is not None


@admin.register(Campaign)
class CampaignAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    form = CampaignForm
    fields = (*CampaignForm.Meta.fields, "facts")
    readonly_fields = ("facts",)
    list_display = ("name", "join_code", "stage", "people", "drawings", "places")
    search_fields = ("name", "code")
    list_per_page = 50
    actions = ("end_now",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # one at a time, each with its receipt
        return actions

    def get_urls(self) -> list[URLPattern]:
        sheet = path("<int:pk>/sheet/", self.admin_site.admin_view(self.sheet_view), name="recognizer_campaign_sheet")
        return [sheet, *super().get_urls()]

    # the list

    @admin.display(description="code")
    def join_code(self, campaign: Campaign) -> SafeString:
        return format_html("<code>{}</code>", campaign.code)

    @admin.display(description="people")
    def people(self, campaign: Campaign) -> int:
        return campaign.joined

    @admin.display(description="state")
    def stage(self, campaign: Campaign) -> str:
        return STAGES[campaign.stage()]

    @admin.display(description="drawings")
    def drawings(self, campaign: Campaign) -> SafeString:
        return format_html(
            '<a href="{}?status=all&amp;campaign={}">list</a> <a href="{}?campaign={}">queue</a>',
            reverse("admin:recognizer_drawing_changelist"),
            campaign.pk,
            reverse("admin:recognizer_drawing_queue"),
            campaign.code,
        )

    @admin.display(description="for a class")
    def places(self, campaign: Campaign) -> SafeString:
        sheet = reverse("admin:recognizer_campaign_sheet", args=[campaign.pk])
        wall = format_html(' <a href="/wall/{}/">wall</a>', campaign.code) if campaign.wall else ""
        return format_html(
            '<a href="{}">sheet</a>{} <a href="/progress/?campaign={}">progress</a>',
            sheet,
            wall,
            campaign.code,
        )

    @admin.action(description="End now", permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        ended = queryset.update(ends_at=timezone.now())
        self.message_user(request, f"{ended} ended. Within seconds nothing more is kept for them.", messages.SUCCESS)

    # the page

    @admin.display(description="facts")
    def facts(self, campaign: Campaign) -> SafeString | str:
        if campaign.pk is None:
            return "The code is made when this is saved."
        version = campaign.consent_version
        confirmed = (
            f", confirmed by {campaign.confirmed_by or 'somebody'} on {campaign.confirmed_at:%d %b %Y, %H:%M}"
            if campaign.confirmed_at
            else ""
        )
        consent = f"version {version} of the consent{confirmed}" if version else "nobody is asked for consent"
        return format_html(
            "Code <code>{}</code>, {}, {}, {}. {}",
            campaign.code,
            STAGES[campaign.stage()],
            f"{campaign.joined} {'person' if campaign.joined == 1 else 'people'}",
            consent,
            self.places(campaign),
        )

    def save_model(self, request: HttpRequest, obj: Campaign, form: CampaignForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.minors and obj.confirmed_at is None and form.cleaned_data["confirm"]:
            obj.confirm_for_minors(signed_in(request))
        campaigns.known.drop(obj.pk)

    def sheet_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One page to print: the code, the QR picture that leads there, and the address for those without a camera."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        campaign = get_object_or_404(Campaign, pk=pk)
        address = request.build_absolute_uri(reverse("pages:join", args=[campaign.code]))
        context = {
            "title": campaign.name,
            "campaign": campaign,
            "address": address,
            "picture": segno.make(address, micro=False).svg_data_uri(
                border=2, omitsize=True, svgclass=None, lineclass=None
            ),
            "is_this_machine": request.get_host().rpartition(":")[0] in THIS_MACHINE
            or request.get_host() in THIS_MACHINE,
            "opts": self.opts,
        }
        return TemplateResponse(
            request, "admin/recognizer/campaign/sheet.html", self.admin_site.each_context(request) | context
        )

    # deletion

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Say how much goes, rather than name each of ten thousand drawings."""
        counts = {
            "people": sum(campaign.contributors.count() for campaign in objs),
            "drawings": sum(campaign.drawings.count() for campaign in objs),
        }
        return [str(campaign) for campaign in objs], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Campaign) -> None:
        receipt = campaigns.delete(obj, signed_in(request))
        address = reverse("admin:recognizer_campaignreceipt_change", args=[receipt.pk])
        self.message_user(
            request,
            format_html(
                '{} people and {} drawings were deleted. <a href="{}">The receipt</a>',
                receipt.people,
                receipt.drawings,
                address,
            ),
            messages.SUCCESS,
        )


@admin.register(CampaignReceipt)
class CampaignReceiptAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    list_display = ("name", "code", "people", "drawings", "events", "deleted_by", "finished_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CampaignReceipt | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CampaignReceipt | None = None) -> bool:
        return False

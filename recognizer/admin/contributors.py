"""The people who draw, known by nothing but a random token; blocked ones can be let in again here."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer.admin.filters import CampaignFilter
from recognizer.admin.keyset import KeysetAdmin
from recognizer.admin.reviewers import signed_in
from recognizer.models import Contributor
from recognizer.review import moderation


class PurposeFilter(admin.SimpleListFilter):
    title = "what their drawings are for"
    parameter_name = "is_exam"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("0", "learning"), ("1", "exams")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contributor]) -> QuerySet[Contributor]:
        return queryset.filter(is_exam=self.value() == "1") if self.value() in ("0", "1") else queryset


class BlockedFilter(admin.SimpleListFilter):
    title = "blocked"
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("1", "blocked"), ("0", "not blocked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contributor]) -> QuerySet[Contributor]:
        return queryset.filter(blocked_at__isnull=self.value() == "0") if self.value() in ("0", "1") else queryset


@admin.register(Contributor)
class ContributorAdmin(KeysetAdmin):
    list_display = ("name", "first_seen", "purpose", "shut_out", "drawings")
    list_display_links = None
    list_filter = (PurposeFilter, BlockedFilter, CampaignFilter)
    actions = ("unblock",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_change_permission(self, request: HttpRequest, obj: Contributor | None = None) -> bool:
        """A contributor's row is not edited; the permission is for blocking and letting in again."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Contributor | None = None) -> bool:
        return False  # a hundred thousand drawings would hang on it; people delete their own

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["recognizer.change_contributor", "recognizer.change_drawing"])

    @admin.display(description="contributor")
    def name(self, contributor: Contributor) -> SafeString:
        return format_html("<code>{}</code>", contributor.short_name)

    @admin.display(description="first seen")
    def first_seen(self, contributor: Contributor) -> datetime:
        return contributor.created_at

    @admin.display(description="their drawings are for")
    def purpose(self, contributor: Contributor) -> str:
        return "exams" if contributor.is_exam else "learning"

    @admin.display(description="blocked since", empty_value="-")
    def shut_out(self, contributor: Contributor) -> datetime | None:
        return contributor.blocked_at

    @admin.display(description="drawings")
    def drawings(self, contributor: Contributor) -> SafeString:
        address = reverse("admin:recognizer_drawing_changelist")
        return format_html(
            '<a href="{}?status=all&amp;contributor={}" class="said">their drawings</a>', address, contributor.pk
        )

    @admin.action(description="Let in again, and put their drawings back into the queue", permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Contributor]) -> None:
        user = signed_in(request)
        back = [moderation.unblock(one, by=user, reason="contributor let in again") for one in queryset]
        self.message_user(request, f"{len(back)} let in again, {sum(back)} drawings wait for review.", messages.SUCCESS)

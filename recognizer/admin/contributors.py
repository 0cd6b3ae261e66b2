"""The people who draw, known by nothing but a random token; blocked ones can be let in again here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer import moderation
from recognizer.admin.keyset import KeysetAdmin
from recognizer.models import Contributor


@admin.register(Contributor)
class ContributorAdmin(KeysetAdmin):
    list_display = ("name", "created_at", "is_exam", "blocked_at", "drawings")
    list_display_links = None
    list_filter = ("is_exam", ("blocked_at", admin.EmptyFieldListFilter))
    actions = ("unblock",)

    def get_actions(self, request: HttpRequest) -> dict:
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

    @admin.display(description="drawings")
    def drawings(self, contributor: Contributor) -> SafeString:
        address = reverse("admin:recognizer_drawing_changelist")
        return format_html('<a href="{}?status=all&amp;contributor={}">their drawings</a>', address, contributor.pk)

    @admin.action(description="Let in again, and put their drawings back into the queue", permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet) -> None:
        back = [moderation.unblock(one, by=request.user, reason="contributor let in again") for one in queryset]
        self.message_user(request, f"{len(back)} let in again, {sum(back)} drawings wait for review.", messages.SUCCESS)

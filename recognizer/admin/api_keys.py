"""Keys for programs: made for oneself, shown once, revoked in the list."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recognizer.admin.keyset import NamedChangeList
from recognizer.admin.reviewers import signed_in
from recognizer.models import ApiKey, Scope
from recognizer.models.api_keys import PERMISSIONS


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the stubs alone
    """A new key. What it may be for is what its owner may do."""

    scopes = forms.MultipleChoiceField(label="What for", choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "calls_a_minute", "expires_at")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "expires_at" in self.fields:  # two boxes under one label
            parts = getattr(self.fields["expires_at"].widget, "widgets", [])
            for part, name in zip(parts, ("Expires on this day", "Expires at this time"), strict=False):
                part.attrs["aria-label"] = name


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    form = KeyForm
    fields = ("name", "scopes", "calls_a_minute", "expires_at")
    list_display = ("name", "begins", "owner", "used_for", "calls_a_minute", "created_at", "last_used_at", "state")
    list_display_links = None
    list_select_related = ("owner",)
    list_per_page = 50
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    actions = ("revoke",)

    def get_changelist(self, request: HttpRequest, **options: object) -> type[NamedChangeList]:
        return NamedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        keys: QuerySet[ApiKey] = super().get_queryset(request)
        user = signed_in(request)
        return keys if user.has_perm("recognizer.manage_apikey") else keys.filter(owner=user)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # what a program relies on is not changed behind its back; revoke it and make another

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # a revoked key stays in the list, with when it was used last

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(
            request
        ):  # Django looks for the row first, and theirs alone are there for anybody
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_apikey")

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **options: Any) -> Any:
        user = signed_in(request)
        own = [
            (scope, title)
            for scope, title in Scope.choices
            if scope not in PERMISSIONS or user.has_perm(PERMISSIONS[scope])
        ]
        scopes = forms.MultipleChoiceField(label="What for", choices=own, widget=forms.CheckboxSelectMultiple)
        options["form"] = type("OwnKeyForm", (KeyForm,), {"scopes": scopes})
        return super().get_form(request, obj, change, **options)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        obj.owner, obj.scopes = signed_in(request), sorted(form.cleaned_data["scopes"])
        secret = obj.seal()
        super().save_model(request, obj, form, change)
        cast(Any, request).new_secret = secret

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key, here and never again: no message, session or log has it."""
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": "The new key",
            "key": obj,
            "secret": cast(Any, request).new_secret,
        }
        response = TemplateResponse(request, "admin/recognizer/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Make a key", "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().add_view(request, form_url, (extra_context or {}) | context)

    @admin.display(description="begins with")
    def begins(self, key: ApiKey) -> SafeString:
        return format_html("<code>{}…</code>", key.beginning)

    @admin.display(description="what for")
    def used_for(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> SafeString | str:
        if key.revoked_at is not None:
            return format_html("revoked {}", key.revoked_at.date())
        return format_html('<span class="why">{}</span>', key.refusal) if key.refusal else "in use"

    @admin.action(description="Revoke: programs that use them are refused at once", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset.filter(revoked_at=None))
        for key in keys:
            key.revoke()
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"{len(keys)} revoked.", messages.SUCCESS)

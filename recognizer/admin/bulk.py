"""Decisions on many drawings at once. Each shows a contact sheet first: what one is about to decide on, to look at once more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse

from recognizer.admin import thumbnails
from recognizer.admin.reviewers import signed_in
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import LABEL_CHOICES, Contributor, Drawing
from recognizer.review import moderation
from recognizer.sentences import marked

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASONS = (  # stored as they stand; a drawing's contributor reads them in their own language
    marked("not readable"),
    marked("not a digit and not worth keeping"),
    marked("offensive"),
    marked("a copy"),
    marked("wrong on purpose"),
)
SHEET_LIMIT = 300  # pictures on a sheet; a contributor's ten thousand are counted, not all shown


class SheetForm(forms.Form):
    label = forms.TypedChoiceField(choices=LABEL_CHOICES, coerce=int, required=True)
    reason = forms.CharField(
        max_length=250, required=True, widget=forms.TextInput(attrs={"list": "reasons", "size": 50})
    )

    def __init__(self, needs: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        for name in {"label", "reason"} - {needs}:
            del self.fields[name]


@dataclass(frozen=True)
class Decision:
    """One bulk decision: what it asks, what it needs to know, and what it does to a drawing."""

    action: str
    title: str
    button: str
    needs: str
    apply: Callable[[Drawing, dict[str, Any], "User"], bool]


def approve_as_confirmed(drawing: Drawing, form: dict[str, Any], user: "User") -> bool:
    if drawing.confirmed_label is None:
        return False
    drawing.approve(drawing.confirmed_label, user)
    return True


def approve_as(drawing: Drawing, form: dict[str, Any], user: "User") -> bool:
    drawing.approve(form["label"], user)
    return True


def not_a_digit(drawing: Drawing, form: dict[str, Any], user: "User") -> bool:
    drawing.approve(NOT_A_DIGIT, user)
    return True


def reject(drawing: Drawing, form: dict[str, Any], user: "User") -> bool:
    drawing.reject(form["reason"], user)
    return True


def put_back(drawing: Drawing, form: dict[str, Any], user: "User") -> bool:
    drawing.put_back(user, form["reason"])
    return True


APPROVE = Decision("approve_as_said", "Approve as the person said", "Approve them", "", approve_as_confirmed)
APPROVE_AS = Decision("approve_as", "Approve as another label", "Approve them as this", "label", approve_as)
NOT_DIGITS = Decision("not_a_digit", "Approve as not a digit", "They are no digits", "", not_a_digit)
REJECT = Decision("reject", "Reject", "Reject them", "reason", reject)
PUT_BACK = Decision("put_back", "Put back into the queue", "Put them back", "reason", put_back)


class BulkDecisions(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the stubs alone
    """The list's actions. They need the permission to change drawings; blocking needs that to change contributors too."""

    actions = ("approve_as_said", "approve_as", "not_a_digit", "reject", "put_back", "block_contributors")
    actions_selection_counter = True

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # a drawing leaves when its contributor says so, or the retention does
        return actions

    def has_block_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and request.user.has_perm("recognizer.change_contributor")

    @admin.action(description="Approve as the person said", permissions=["change"])
    def approve_as_said(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        return self.sheet(request, queryset, APPROVE)

    @admin.action(description="Approve as ...", permissions=["change"])
    def approve_as(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        return self.sheet(request, queryset, APPROVE_AS)

    @admin.action(description="Not a digit", permissions=["change"])
    def not_a_digit(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        return self.sheet(request, queryset, NOT_DIGITS)

    @admin.action(description="Reject, with a reason", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        return self.sheet(request, queryset, REJECT)

    @admin.action(description="Put back into the queue", permissions=["change"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        return self.sheet(request, queryset, PUT_BACK)

    @admin.action(description="Reject all of these contributors and block them", permissions=["block"])
    def block_contributors(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> HttpResponse | None:
        contributors = Contributor.objects.filter(pk__in=queryset.order_by().values("contributor"))
        form = SheetForm("reason", request.POST if "sheet" in request.POST else None)
        if form.is_valid():
            rejected = [
                moderation.block(contributor, by=signed_in(request), reason=form.cleaned_data["reason"])
                for contributor in contributors
            ]
            self.message_user(
                request,
                f"{len(rejected)} blocked, {sum(rejected)} drawings rejected. Unblocking puts the drawings back.",
                messages.SUCCESS,
            )
            return None
        theirs = self.get_queryset(request).filter(contributor__in=contributors).order_by("-created_at")
        return self._render_sheet(
            request,
            form,
            theirs,
            title="Block, and reject all they drew",
            button="Block them",
            action="block_contributors",
            chosen=[drawing.pk for drawing in queryset],
            contributors=contributors,
        )

    def sheet(self, request: HttpRequest, queryset: QuerySet[Drawing], decision: Decision) -> HttpResponse | None:
        """Show the contact sheet, or carry out what was decided on it."""
        form = SheetForm(decision.needs, request.POST if "sheet" in request.POST else None)
        if not form.is_valid():
            return self._render_sheet(
                request, form, queryset, title=decision.title, button=decision.button, action=decision.action
            )
        user = signed_in(request)
        done = sum(decision.apply(drawing, form.cleaned_data, user) for drawing in queryset)
        left = len(queryset) - done
        note = f" {left} had no label by a person and stay as they are." if left else ""
        self.message_user(request, f"{done} drawings: {decision.title.lower()}.{note}", messages.SUCCESS)
        return None

    def _render_sheet(
        self, request: HttpRequest, form: SheetForm, drawings: QuerySet[Drawing], **context: object
    ) -> TemplateResponse:
        shown = list(drawings[: SHEET_LIMIT + 1])
        return TemplateResponse(
            request,
            "admin/recognizer/drawing/contact_sheet.html",
            self.admin_site.each_context(request)
            | {
                "opts": self.opts,
                "form": form,
                "pictures": [
                    (drawing, thumbnails.thumbnail(drawing), thumbnails.answer_text(drawing))
                    for drawing in shown[:SHEET_LIMIT]
                ],
                "has_more": len(shown) > SHEET_LIMIT,
                "checkbox": ACTION_CHECKBOX_NAME,
                "reasons": REASONS,
            }
            | context,
        )

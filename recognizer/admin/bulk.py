"""Decisions on many drawings at once. Each shows a contact sheet first: what one is about to decide on, to look at once more."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from recognizer.admin import thumbnails
from recognizer.admin.reviewers import signed_in
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import LABEL_CHOICES, Contributor, Drawing, ReviewBatch, label_text
from recognizer.review import batches, moderation
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
    apply: Callable[[Drawing, dict[str, Any], "User", ReviewBatch], bool]


def approve_as_confirmed(drawing: Drawing, form: dict[str, Any], user: "User", batch: ReviewBatch) -> bool:
    if drawing.confirmed_label is None:
        return False
    drawing.approve(drawing.confirmed_label, user, batch=batch)
    return True


def approve_as(drawing: Drawing, form: dict[str, Any], user: "User", batch: ReviewBatch) -> bool:
    drawing.approve(form["label"], user, batch=batch)
    return True


def not_a_digit(drawing: Drawing, form: dict[str, Any], user: "User", batch: ReviewBatch) -> bool:
    drawing.approve(NOT_A_DIGIT, user, batch=batch)
    return True


def reject(drawing: Drawing, form: dict[str, Any], user: "User", batch: ReviewBatch) -> bool:
    drawing.reject(form["reason"], user, batch=batch)
    return True


def put_back(drawing: Drawing, form: dict[str, Any], user: "User", batch: ReviewBatch) -> bool:
    drawing.put_back(user, form["reason"], batch=batch)
    return True


APPROVE = Decision("approve_as_said", "Approve as the person said", "Approve them", "", approve_as_confirmed)
APPROVE_AS = Decision("approve_as", "Approve as another label", "Approve them as this", "label", approve_as)
NOT_DIGITS = Decision("not_a_digit", "Approve as not a digit", "They are no digits", "", not_a_digit)
REJECT = Decision("reject", "Reject", "Reject them", "reason", reject)
PUT_BACK = Decision("put_back", "Put back into the queue", "Put them back", "reason", put_back)


def carry_out(request: HttpRequest, decision: Decision, form: dict[str, Any], ids: list[UUID]) -> None:
    """Decide on drawings as one batch, and say what came of it, with the way to take it back."""
    user, seen = signed_in(request), request.POST.get("seen", "")
    outcome = batches.decide_together(
        user,
        ids,
        decision.title,
        lambda drawing, batch: decision.apply(drawing, form, user, batch),
        int(seen) if seen.isdecimal() and len(seen) < 19 else None,  # a row's number, see filters.row_number
    )
    words = [f"{outcome.done} drawing{pluralize(outcome.done)}: {decision.title.lower()}."]
    if outcome.left:
        words.append(f"{outcome.left} had no label by a person and stay as they are.")
    if outcome.overtaken:
        words.append(f"{outcome.overtaken} were decided on meanwhile by somebody else, whose word stands.")
    link = ""
    if outcome.batch:
        address = reverse("admin:recognizer_drawing_batch", args=[outcome.batch.pk])
        link = format_html(' <a href="{}">Look at them, or take it back</a>', address)
    messages.add_message(
        request,
        messages.WARNING if outcome.overtaken else messages.SUCCESS,
        format_html("{}{}", " ".join(words), link),
    )


def summary_of(drawings: Sequence[Drawing]) -> list[str]:
    """Say how many labels of a heap the model contradicts, and which it takes for which, the commonest first."""
    told = [drawing for drawing in drawings if drawing.confirmed_label is not None]
    against = [drawing for drawing in told if batches.is_read_otherwise(drawing)]
    if not against:
        return [f"The model reads all {len(told)} as they are labelled."] if told else []
    pairs = Counter((label_text(drawing.confirmed_label), thumbnails.answer_text(drawing)) for drawing in against)
    listed = ", ".join(f"{count} called {label} and read {read}" for (label, read), count in pairs.most_common(4))
    return [f"The model contradicts {len(against)} of {len(told)}: {listed}{', and others' if len(pairs) > 4 else ''}."]


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
        carry_out(request, decision, form.cleaned_data, self._ticked(request, queryset))
        return None

    def _ticked(self, request: HttpRequest, queryset: QuerySet[Drawing]) -> list[UUID]:
        """What was ticked on the sheet, also where it has left the list since: somebody has decided on it meanwhile."""
        ids = list(queryset.values_list("pk", flat=True))
        with suppress(ValueError):
            ticked = [UUID(pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
            ids += set(ticked) - set(ids)
        return ids

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
                "summary": summary_of(shown[:SHEET_LIMIT]),
                "seen": batches.latest_event(),
                "checkbox": ACTION_CHECKBOX_NAME,
                "reasons": REASONS,
            }
            | context,
        )

"""Drawings out of the admin: what streams is handed out at once, the rest is made by the worker."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from recognizer.admin.filters import row_number
from recognizer.models import LABEL_CHOICES, Drawing, ModelVersion
from recognizer.review.queue import COUNTED_MOST, count_up_to_most
from training.api.export_views import PERMISSION, streamed
from training.exchange.selection import ALL, WORDS, BadSelection, Selection
from training.models import PreparedFile
from training.tasks import wake_preparer

FORMATS = {
    "jsonl": "JSON lines: everything, to import it again",
    "csv": "CSV as Kaggle's: label and 784 pixels",
    "png": "PNG pictures, a folder for each class",
    "data set": "Data set: Parquet, JSON lines, NPZ, with datasheet, Croissant and citation",
    "idx": "IDX as MNIST's",
}
PREPARED = {"data set": ["parquet", "jsonl", "npz"], "idx": ["idx"]}
PREPARED_SHOWN = 10
STATUSES = [(ALL, "any status"), *Drawing.Status.choices]
LABELS = [("", "any"), *((str(label), name) for label, name in LABEL_CHOICES[:10]), ("none", "not a digit")]


class ExportForm(forms.Form):
    """The filters of `Selection`, in its words."""

    status = forms.ChoiceField(choices=STATUSES, initial=Drawing.Status.APPROVED)
    label = forms.ChoiceField(choices=LABELS, required=False)
    version = forms.CharField(required=False, label="Answered by version", widget=forms.NumberInput)
    contributor = forms.CharField(
        required=False, widget=forms.NumberInput, help_text="The number in the list's address."
    )
    purpose = forms.ChoiceField(choices=[("", "any"), *((word, f"for {word}") for word in WORDS)], required=False)
    since = forms.CharField(required=False, label="Drawn on or after", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.CharField(required=False, label="Drawn before", widget=forms.DateInput(attrs={"type": "date"}))
    format = forms.ChoiceField(choices=list(FORMATS.items()), widget=forms.RadioSelect, initial="jsonl")
    names = forms.BooleanField(
        required=False, label="With reviewers' names", help_text="Leave them out of what you publish."
    )

    def filters(self) -> dict[str, str]:
        """Return what is narrowed by.

        Raises:
            BadSelection: a filter says nothing.
        """
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("format", "names") and value}
        Selection.of(given)
        return given


def page(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Ask what to export, beginning with what the list shows; hand it out, or have it made."""
    if not (request.user.is_authenticated and request.user.has_perm(PERMISSION)):
        raise PermissionDenied
    if request.method == "POST":
        return _export(request)
    return _show(request, ExportForm(initial=initial_of(request.GET)))


def _export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    form = ExportForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    try:
        filters = form.filters()
    except BadSelection as error:
        form.add_error(None, str(error))
        return _show(request, form)
    chosen, names = form.cleaned_data["format"], form.cleaned_data["names"]
    if chosen in PREPARED:
        parameters = {"filters": filters, "formats": PREPARED[chosen], "names": names}
        PreparedFile.objects.create(
            kind=PreparedFile.Kind.DATA_SET,
            parameters=parameters,
            requested_by=request.user if request.user.is_authenticated else None,
        )
        transaction.on_commit(wake_preparer)
        messages.success(request, "The worker makes it as soon as it is free. It is listed below, for a day.")
        return HttpResponseRedirect(f"{reverse('training:admin-export')}?{urlencode(filters)}")
    return streamed(chosen, Selection.of(filters), names=names)


def initial_of(listed: Mapping[str, str]) -> dict[str, str]:
    """Translate the filters of the drawings list, which names versions by their rows, into ours."""
    known = {
        name: listed[name]
        for name in ("status", "label", "contributor", "purpose", "since", "until")
        if listed.get(name)
    }
    if known.get("label") == "10":
        known["label"] = "none"
    pk = row_number(listed.get("version"))
    number = ModelVersion.objects.filter(pk=pk).values_list("number", flat=True).first() if pk is not None else None
    return known | ({"version": str(number)} if number is not None else {})


def _show(request: HttpRequest, form: ExportForm) -> HttpResponse:
    context: dict[str, Any] = {
        "title": "Export drawings",
        "form": form,
        "opts": Drawing._meta,
        "prepared": PreparedFile.objects.filter(kind=PreparedFile.Kind.DATA_SET).order_by("-pk")[:PREPARED_SHOWN],
    }
    if not form.is_bound:
        try:
            drawings = Selection.of({name: str(value) for name, value in form.initial.items()}).drawings()
            context["count"], context["limit"] = count_up_to_most(drawings), COUNTED_MOST
        except BadSelection:
            pass
    return TemplateResponse(request, "admin/training/export.html", admin.site.each_context(request) | context)


def prepared(request: HttpRequest, file_id: int) -> StreamingHttpResponse:
    """Hand out a data set that the worker has made."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    made = get_object_or_404(PreparedFile.objects.ready(), pk=file_id, kind=PreparedFile.Kind.DATA_SET)
    answer = StreamingHttpResponse(made.blocks(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer["Content-Length"] = str(made.size)
    return answer

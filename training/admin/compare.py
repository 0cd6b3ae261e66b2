"""Two versions side by side: their exams, and the drawings that they read differently."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from recognizer.admin import thumbnails
from recognizer.admin.filters import VERSIONS_LISTED, row_number
from recognizer.errors import CorruptArtifact
from recognizer.exam_reports import read_reports
from recognizer.formatting import NOTHING, percent
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion, Rereading
from training.admin.version_page import counted_of, digit_text, exam_title
from training.curation import rereading

LOOKED_AT = 2000  # newest answers of each version
SHOWN = 24  # pictures of each kind
READ_NOW = 150  # newest approved drawings that both read while somebody waits: two seconds


@dataclass(frozen=True)
class ExamPair:
    title: str
    first: str
    second: str
    note: str


@dataclass(frozen=True)
class Difference:
    """A drawing that two versions read differently."""

    drawing: Drawing
    picture: SafeString
    first: str
    second: str
    truth: str


@dataclass(frozen=True)
class Answers:
    """What was compared: how many drawings both read, and those that the second fixed, broke, and reads otherwise wrong."""

    both: int
    fixed: list[Difference]
    broken: list[Difference]
    others: list[Difference]
    counts: tuple[int, int, int]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("recognizer.view_modelversion"):
        raise PermissionDenied
    chosen = request.POST if request.method == "POST" else request.GET
    first, second = versions_of(chosen)
    if request.method == "POST":
        return _read_now(request, first, second)
    sees_drawings = request.user.has_perm("recognizer.view_drawing")
    context = admin.site.each_context(request) | {
        "title": "Compare versions",
        "opts": ModelVersion._meta,
        "versions": ModelVersion.objects.values_list("pk", "number", "is_champion")[:VERSIONS_LISTED],
        "first": first,
        "second": second,
        "exams": exam_pairs(first, second) if first and second else [],
        "answers": differences(first, second) if first and second and sees_drawings else None,
        "read_now": READ_NOW,
        "may_read": sees_drawings and request.user.has_perm("recognizer.change_modelversion"),
    }
    return TemplateResponse(request, "admin/recognizer/modelversion/compare.html", context)


def versions_of(chosen: QueryDict) -> tuple[ModelVersion | None, ModelVersion | None]:
    """Find the two that were chosen; nothing chosen: the champion and the newest other one."""
    numbers = [row_number(chosen.get(name)) for name in ("first", "second")]
    first, second = (None if pk is None else ModelVersion.objects.filter(pk=pk).first() for pk in numbers)
    first = first or ModelVersion.objects.champion()
    others = ModelVersion.objects.exclude(pk=first.pk) if first else ModelVersion.objects.all()
    second = second or others.first()
    return first, second


def _read_now(request: HttpRequest, first: ModelVersion | None, second: ModelVersion | None) -> HttpResponse:
    if not request.user.has_perms(["recognizer.view_drawing", "recognizer.change_modelversion"]):
        raise PermissionDenied
    if first is not None and second is not None:
        try:
            count = rereading.read_by_both(first, second, READ_NOW)
            messages.success(request, f"{count} drawings read." if count else "Both have read all of these already.")
        except CorruptArtifact as error:
            messages.error(request, f"They cannot be compared: {error}.")
    address = reverse("admin:recognizer_modelversion_compare")
    pair = f"?first={first.pk}&second={second.pk}" if first and second else ""
    return HttpResponseRedirect(f"{address}{pair}")


def exam_pairs(first: ModelVersion, second: ModelVersion) -> list[ExamPair]:
    """One row for each exam that either was asked, with a note where they were asked other questions."""
    one, other = read_reports(first.metrics), read_reports(second.metrics)
    rows = []
    for name in dict.fromkeys([*one, *other]):
        texts = [
            percent(counted_of(name, reports[name])[1], 2) if name in reports else NOTHING for reports in (one, other)
        ]
        note = ""
        if name not in one or name not in other:
            note = "taken by one of them only"
        elif one[name].questions != other[name].questions:
            note = "not asked the same questions"
        rows.append(ExamPair(exam_title(name), texts[0], texts[1], note))
    return rows


def differences(first: ModelVersion, second: ModelVersion) -> Answers:
    """Compare what both have read, by themselves or again, among their newest answers."""
    one, other = answers_of(first, second), answers_of(second, first)
    shared = [pk for pk in other if pk in one]
    kinds: dict[str, list[UUID]] = {"fixed": [], "broken": [], "others": []}
    for pk in shared:
        (said, told), (says, _) = one[pk], other[pk]
        if said != says:
            kinds["fixed" if says == told else "broken" if said == told else "others"].append(pk)
    shown = {pk for kind in kinds.values() for pk in kind[:SHOWN]}
    there = Drawing.objects.defer("strokes", "probabilities").in_bulk(list(shown))
    made = {
        kind: [
            Difference(
                there[pk],
                thumbnails.thumbnail(there[pk]),
                digit_text(one[pk][0]),
                digit_text(other[pk][0]),
                digit_text(one[pk][1]),
            )
            for pk in pks[:SHOWN]
            if pk in there
        ]
        for kind, pks in kinds.items()
    }
    counts = (len(kinds["fixed"]), len(kinds["broken"]), len(kinds["others"]))
    return Answers(len(shared), made["fixed"], made["broken"], made["others"], counts)


def answers_of(version: ModelVersion, beside: ModelVersion) -> dict[UUID, tuple[int, int | None]]:
    """Return {drawing: (answer, label)} of a version: what it read again, and what it answered and `beside` read again."""
    read = Rereading.objects.filter(version=version).with_truth().order_by("-id")
    found: dict[UUID, tuple[int, int | None]] = {
        pk: (answer, told) for pk, answer, told in read.values_list("drawing_id", "answered", "told")[:LOOKED_AT]
    }
    own = Rereading.objects.filter(version=beside, drawing__model_version=version).with_truth().order_by("-id")
    for pk, said, told in own.values_list("drawing_id", "drawing__predicted_label", "told")[:LOOKED_AT]:
        found[pk] = (NOT_A_DIGIT if said is None else said, told)
    return found

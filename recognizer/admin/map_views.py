"""The map of drawings and the contact sheets it leads to: seen by who may see drawings, decided on by who may change them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from recognizer.admin import thumbnails
from recognizer.admin.bulk import REASONS, summary_of
from recognizer.admin.filters import row_number
from recognizer.admin.sheet_views import SHOWN_COLUMNS, decide_ticked
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import LABEL_CHOICES, Drawing, DrawingMap, label_text
from recognizer.models.drawing_map import SIDE
from recognizer.review import batches
from recognizer.review.map_points import Asked, BadOutline, Point, alike, letters_of, points_of

REFUSED = "refused"
SHOWN_MOST = 120  # pictures on a sheet: 300 took a page 300 ms; what is decided on makes room for the next


@dataclass(frozen=True)
class Dots:
    """Points that look the same on the map, as one path: a dot is a line of no length with round ends."""

    name: str
    title: str
    path: str
    count: int


@dataclass(frozen=True)
class Cell:
    count: int
    is_right: bool
    shade: int
    address: str


@dataclass(frozen=True)
class Cluster:
    """Refused drawings that lie together. Nobody knows what they are, so they are called by how many."""

    count: int
    x: int
    y: int
    address: str


def _seer(request: HttpRequest) -> None:
    if not request.user.has_perm("recognizer.view_drawing"):
        raise PermissionDenied


def _asked_map(request: HttpRequest) -> DrawingMap | None:
    """The map of the version that is asked for, else the champion's, else the newest there is."""
    maps = DrawingMap.objects.select_related("version").defer("features", "version__metrics", "version__calibration")
    asked = row_number(request.GET.get("version"))
    if asked is not None:
        return maps.filter(pk=asked).first()
    return maps.order_by("-version__is_champion", "-version__number").first()


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The map, and what is on it as a table and a list."""
    _seer(request)
    drawn = _asked_map(request)
    context = admin.site.each_context(request) | {"title": "Map of drawings", "opts": Drawing._meta, "map": drawn}
    if drawn is not None:
        try:
            asked = Asked.of(request.GET).of_the_page()
        except BadOutline:
            asked = Asked()
        points = asked.choose(points_of(drawn.pk))
        context |= {
            "asked": asked,
            "side": SIDE,
            "dots": dots_of(points),
            "letters": letters_of(drawn),
            "clusters": clusters_of(points, drawn, asked),
            "table": table_of(points, drawn, asked),
            "labels": LABEL_CHOICES,
            "maps": DrawingMap.objects.order_by("-version__number").values_list("pk", "version__number"),
            "count": len(points),
            "sheet": sheet_address(drawn, asked),
        }
    return TemplateResponse(request, "admin/recognizer/drawing/map.html", context)


def sheet_address(drawn: DrawingMap, asked: Asked, **place: object) -> str:
    narrowed = {"version": drawn.pk, "status": asked.status, "label": asked.label} | place
    query = urlencode({name: value for name, value in narrowed.items() if value not in (None, "")})
    return f"{reverse('admin:recognizer_drawing_map_sheet')}?{query}"


def dots_of(points: list[Point]) -> list[Dots]:
    """Four kinds, those that need somebody's look on top."""
    kinds: dict[str, list[Point]] = {"read": [], "misread": [], "waiting": [], "refused": []}
    for point in points:
        kinds[_kind(point)].append(point)
    titles = {
        "read": "approved, and read as labelled",
        "misread": "approved, and read otherwise",
        "waiting": "waiting for a reviewer",
        "refused": "refused by the model, waiting or approved",
    }
    return [Dots(name, titles[name], _path(found), len(found)) for name, found in kinds.items()]


def _kind(point: Point) -> str:
    if point.is_refused:
        return "refused"
    if point.status == Drawing.Status.WAITING:
        return "waiting"
    return "read" if point.answered == point.label else "misread"


def _path(points: Iterable[Point]) -> str:
    return "".join(f"M{point.x} {point.y}h0" for point in points)


def clusters_of(points: list[Point], drawn: DrawingMap, asked: Asked) -> list[Cluster]:
    """What the version refuses together, the largest first."""
    grouped: dict[int, list[Point]] = {}
    for point in points:
        if point.cluster:
            grouped.setdefault(point.cluster, []).append(point)
    found = [
        Cluster(
            len(group),
            sum(point.x for point in group) // len(group),
            sum(point.y for point in group) // len(group),
            sheet_address(drawn, asked, cluster=number),
        )
        for number, group in grouped.items()
    ]
    return sorted(found, key=lambda cluster: -cluster.count)


def table_of(points: list[Point], drawn: DrawingMap, asked: Asked) -> list[tuple[str, list[Cell]]]:
    """How often what is labelled so is read so: the map as a table, each cell of which leads to its drawings."""
    counts = Counter((point.label, point.answered) for point in points)
    most = max((count for (label, read), count in counts.items() if label != read), default=1)
    rows = []
    for label, name in LABEL_CHOICES:
        cells = []
        for read in range(NOT_A_DIGIT + 1):
            count = counts[label, read]
            shade = 0 if label == read or not count else 1 + 3 * count // most
            address = sheet_address(drawn, asked, label=label, read=read) if count else ""
            cells.append(Cell(count, label == read, shade, address))
        rows.append((str(name), cells))
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest) -> HttpResponse:
    """The drawings at one place of the map, or like one drawing, to look at and to decide on together."""
    _seer(request)
    drawn = _asked_map(request)
    if drawn is None:
        return _back_to_the_map(request, "There is no map yet.")
    if request.method == "POST":
        if not request.user.has_perm("recognizer.change_drawing"):
            raise PermissionDenied
        decide_ticked(request, Drawing.objects.filter(map_points__map=drawn))
        return HttpResponseRedirect(request.get_full_path())
    try:
        ids, title = _chosen(request, drawn)
    except BadOutline as error:
        return _back_to_the_map(request, f"Nothing can be found there: {error}.")
    return _sheet(request, drawn, ids, title)


def _back_to_the_map(request: HttpRequest, why: str) -> HttpResponse:
    messages.error(request, why)
    return HttpResponseRedirect(reverse("admin:recognizer_drawing_map"))


def _chosen(request: HttpRequest, drawn: DrawingMap) -> tuple[list[UUID], str]:
    """Return which drawings are asked for, and what to call them."""
    if like := request.GET.get("like"):
        try:
            drawing = get_object_or_404(Drawing, pk=UUID(like))
        except ValueError:
            raise BadOutline("that names no drawing") from None
        ids = alike(drawn.pk, drawing)
        if ids is None:
            raise BadOutline(f"{drawn.version} cannot look at that drawing")
        return ids, f"More like {drawing}"
    asked = Asked.of(request.GET)
    return [point.drawing_id for point in asked.choose(points_of(drawn.pk))], title_of(asked)


def title_of(asked: Asked) -> str:
    if asked.cluster is not None:
        return "Refused together"
    if asked.outline:
        return "Around this place of the map"
    read = REFUSED if asked.read == NOT_A_DIGIT else f"read as {asked.read}"
    if asked.read is not None and asked.label is not None:
        return f"Labelled {label_text(asked.label)}, {read}"
    return "On the map"


def _sheet(request: HttpRequest, drawn: DrawingMap, ids: list[UUID], title: str) -> HttpResponse:
    shown = ids[:SHOWN_MOST]
    there = Drawing.objects.defer(*SHOWN_COLUMNS).in_bulk(shown)
    drawings = [there[pk] for pk in shown if pk in there]
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": title,
        "opts": Drawing._meta,
        "map": drawn,
        "pictures": [(drawing, thumbnails.thumbnail(drawing), thumbnails.answer_text(drawing)) for drawing in drawings],
        "count": len(ids),
        "has_more": len(ids) > SHOWN_MOST,
        "summary": summary_of(drawings),
        "seen": batches.latest_event(),
        "reasons": REASONS,
        "may_decide": request.user.has_perm("recognizer.change_drawing"),
    }
    return TemplateResponse(request, "admin/recognizer/drawing/map_sheet.html", context)

"""Sheets of many drawings: what one contributor has waiting, and what one bulk decision did, to be taken back as one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from recognizer.admin import thumbnails
from recognizer.admin.bulk import APPROVE, NOT_DIGITS, REASONS, REJECT, SHEET_LIMIT, carry_out, summary_of
from recognizer.admin.queue_views import IDS_LIMIT, ids, record_text, reviewer
from recognizer.models import Contributor, Drawing, DrawingQuerySet, ModelVersion, ReviewBatch, label_text
from recognizer.review import batches, moderation
from recognizer.review.contradictions import contradicting_pairs

UNDECIDED = (Drawing.Status.WAITING, Drawing.Status.QUARANTINED)
SHOWN_COLUMNS = ("strokes", "probabilities")


@require_http_methods(["GET", "HEAD", "POST"])
def contributor_page(request: HttpRequest, contributor_id: int) -> HttpResponse:
    """Everything of one contributor that nobody has decided on, to be decided on together."""
    user = reviewer(request)
    contributor = get_object_or_404(Contributor, pk=contributor_id)
    undecided = Drawing.objects.of(contributor).filter(status__in=UNDECIDED).order_by("-created_at", "id")
    may_block = user.has_perm("recognizer.change_contributor")
    if request.method == "POST":
        if request.POST.get("decision") == "block":
            if not may_block:
                raise PermissionDenied
            reason = request.POST.get("reason", "").strip()[:250] or "contradicted again and again"
            count = moderation.block(contributor, by=user, reason=reason)
            messages.success(request, f"Blocked, and {count} drawings rejected. Unblocking puts the drawings back.")
            return HttpResponseRedirect(reverse("admin:recognizer_drawing_queue"))
        if decide_ticked(request, Drawing.objects.of(contributor)):
            return HttpResponseRedirect(reverse("admin:recognizer_drawing_queue"))
    return _sheet(
        request,
        undecided,
        title=f"Waiting, by {contributor.short_name}",
        contributor=contributor,
        record=record_text(contributor.pk),
        may_block=may_block,
        reasons=REASONS,
    )


def decide_ticked(request: HttpRequest, among: DrawingQuerySet) -> bool:
    """Carry out what was decided on the ticked ones. False: the page has to be shown again, with a message."""
    decision = {one.action: one for one in (APPROVE, REJECT, NOT_DIGITS)}.get(request.POST.get("decision", ""))
    reason = request.POST.get("reason", "").strip()[:250]
    try:
        ticked = ids(request.POST.getlist("drawing"))
    except ValueError:
        decision = None
    if decision is None:
        messages.error(request, "That is no decision.")
    elif not ticked:
        messages.error(request, "Nothing is ticked.")
    elif decision.needs == "reason" and not reason:
        messages.error(request, "Say why they are rejected.")
    else:
        found = among.filter(pk__in=ticked).values_list("pk", flat=True)
        carry_out(request, decision, {"reason": reason}, list(found[:IDS_LIMIT]))
        return True
    return False


@require_http_methods(["GET", "HEAD", "POST"])
def batch_page(request: HttpRequest, batch_id: int) -> HttpResponse:
    """What a bulk decision did, and the button that takes it back."""
    user = reviewer(request)
    batch = get_object_or_404(ReviewBatch, pk=batch_id)
    if request.method == "POST":
        undone, kept = batches.undo_together(user, batch)
        words = f"Taken back on {undone} drawing{'' if undone == 1 else 's'}."
        more = f" On {kept} something else was said since, which stands." if kept else ""
        messages.success(request, words + more)
        return HttpResponseRedirect(reverse("admin:recognizer_drawing_batch", args=[batch.pk]))
    drawings = Drawing.objects.filter(pk__in=batch.events.values("drawing_id")).order_by("-created_at", "id")
    return _sheet(request, drawings, title=f"Batch {batch.pk}: {batch.title.lower()}", batch=batch)


@require_safe
def contradictions_page(request: HttpRequest) -> HttpResponse:
    """Pairs of approved drawings that look alike and are labelled otherwise."""
    reviewer(request)
    champion = ModelVersion.objects.filter(is_champion=True).values_list("pk", flat=True).first()
    pairs = contradicting_pairs(champion) if champion is not None else []
    context = admin.site.each_context(request) | {
        "title": "Labels that contradict each other",
        "opts": Drawing._meta,
        "pairs": [
            {
                "drawings": [(one, thumbnails.thumbnail(one), label_text(one.label)) for one in (pair.one, pair.other)],
                "likeness": pair.likeness,
            }
            for pair in pairs
        ],
    }
    return TemplateResponse(request, "admin/recognizer/drawing/contradictions.html", context)


def _sheet(request: HttpRequest, drawings: DrawingQuerySet, **context: Any) -> HttpResponse:
    shown = list(drawings.defer(*SHOWN_COLUMNS)[: SHEET_LIMIT + 1])
    return TemplateResponse(
        request,
        "admin/recognizer/drawing/sheet.html",
        admin.site.each_context(request)
        | {
            "opts": Drawing._meta,
            "pictures": [
                (drawing, thumbnails.thumbnail(drawing), thumbnails.answer_text(drawing))
                for drawing in shown[:SHEET_LIMIT]
            ],
            "has_more": len(shown) > SHEET_LIMIT,
            "summary": summary_of(shown[:SHEET_LIMIT]),
            "seen": batches.latest_event(),
        }
        | context,
    )

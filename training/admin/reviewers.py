"""How reviewers work, for whoever runs the site: reviewers do not see one another's figures."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from recognizer.models import LabelEvent
from recognizer.review import reviewer_figures

PERMISSION = "training.change_trainingpolicy"  # an operator's, and no reviewer's


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    context = admin.site.each_context(request) | {
        "title": "Reviewers",
        "opts": LabelEvent._meta,
        "weeks": reviewer_figures.WEEKS,
        "figures": reviewer_figures.figures(),
        "pairs": reviewer_figures.pairs(),
    }
    return TemplateResponse(request, "admin/training/reviewers.html", context)

"""A version's files to take away: what is stored, its card, and ONNX, which the worker makes when it is asked to."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.models import ModelVersion
from training.exchange import model_files
from training.models import PreparedFile
from training.tasks import wake_preparer

STORED = ("tflite", "keras")
CARD = "card.md"


def urls(admin_site: admin.AdminSite) -> list[URLPattern]:
    view = admin_site.admin_view
    return [
        path("<int:version_id>/files/<str:kind>/", view(require_safe(download)), name="recognizer_modelversion_file"),
        path("<int:version_id>/onnx/", view(require_POST(ask_for_onnx)), name="recognizer_modelversion_onnx"),
    ]


def files_context(version: ModelVersion) -> dict[str, Any]:
    """What the version's page says of its files; none where they are not here."""
    if not ModelVersion.objects.here().filter(pk=version.pk).exists():
        return {}
    hashes = hashes_of(version)
    return {
        "files": [
            {"kind": kind, "name": model_files.file_name(version, kind), "sha256": digest}
            for kind, digest in hashes.items()
        ],
        "onnx": onnx_of(version) or _asked_for(version),
        "examples": [(kind, model_files.example(version, kind)) for kind in hashes],
    }


def onnx_of(version: ModelVersion) -> PreparedFile | None:
    return PreparedFile.objects.ready().filter(kind=PreparedFile.Kind.ONNX, parameters={"version": version.pk}).first()


def _asked_for(version: ModelVersion) -> PreparedFile | None:
    requests = PreparedFile.objects.filter(kind=PreparedFile.Kind.ONNX, parameters={"version": version.pk})
    return requests.order_by("-pk").first()


def hashes_of(version: ModelVersion) -> dict[str, str]:
    onnx = onnx_of(version)
    hashes = {"tflite": version.tflite_sha256, "keras": version.keras_sha256}
    return hashes | ({"onnx": onnx.sha256} if onnx else {})


def download(request: HttpRequest, version_id: int, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Hand out one file; what is stored is checked against its row's hash first."""
    if not request.user.has_perm("recognizer.view_modelversion"):
        raise PermissionDenied
    version = get_object_or_404(ModelVersion.objects.here(), pk=version_id)
    if kind == CARD:
        text = model_files.card(version, hashes_of(version))
        return _attached(HttpResponse(text, content_type="text/markdown; charset=utf-8"), version, CARD)
    if kind == "onnx" and (made := onnx_of(version)):
        return _attached(StreamingHttpResponse(made.blocks(), content_type="application/octet-stream"), version, kind)
    if kind not in STORED:
        raise Http404
    try:
        content = registry.check_artifact(getattr(version, kind), getattr(version, f"{kind}_sha256"))
    except CorruptArtifact as error:
        messages.error(request, f"Its {kind} file is damaged: {error}.")
        return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))
    return _attached(HttpResponse(content, content_type="application/octet-stream"), version, kind)


def _attached(
    answer: HttpResponse | StreamingHttpResponse, version: ModelVersion, kind: str
) -> HttpResponse | StreamingHttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{model_files.file_name(version, kind)}"'
    return answer


def ask_for_onnx(request: HttpRequest, version_id: int) -> HttpResponse:
    if not (request.user.is_authenticated and request.user.has_perm("recognizer.change_modelversion")):
        raise PermissionDenied
    version = get_object_or_404(ModelVersion.objects.here(), pk=version_id)
    PreparedFile.objects.request(PreparedFile.Kind.ONNX, {"version": version.pk}, by=request.user)
    transaction.on_commit(wake_preparer)
    messages.success(request, "The worker makes the ONNX file as soon as it is free.")
    return HttpResponseRedirect(reverse("admin:recognizer_modelversion_change", args=[version.pk]))

"""A version's page hands out its files: what is stored, checked; its card; ONNX once the worker has made it."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse

from recognizer import registry
from recognizer.models import ModelArtifacts, ModelVersion
from tests.support.accounts import SignIn
from training import learning, tasks
from training.models import PreparedFile

pytestmark = pytest.mark.django_db


def address(version: ModelVersion, kind: str) -> str:
    return f"/admin/recognizer/modelversion/{version.pk}/files/{kind}/"


def test_the_page_offers_what_is_stored_with_its_hash(baseline: ModelVersion, operator: User, sign_in: SignIn) -> None:
    client = sign_in(operator)
    page = client.get(f"/admin/recognizer/modelversion/{baseline.pk}/change/").content.decode()
    for kind in ("tflite", "keras"):
        assert f'href="{address(baseline, kind)}"' in page
        digest = getattr(baseline, f"{kind}_sha256")
        assert digest in page
        sent = client.get(address(baseline, kind))
        assert registry.sha256(sent.content) == digest
        assert f'filename="digitre-version-1.{kind}"' in sent["Content-Disposition"]
    assert client.get(address(baseline, "card.md")).content.startswith(b"# Digitre, version 1")
    assert client.get(address(baseline, "onnx")).status_code == 404
    assert client.get(address(baseline, "exe")).status_code == 404


def test_onnx_is_made_by_the_worker_once(
    baseline: ModelVersion, operator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def export_onnx(model: Any) -> bytes:
        made.append(model)
        return b"an ONNX file"

    conversion = SimpleNamespace(load_keras=registry.sha256, export_onnx=export_onnx)
    monkeypatch.setitem(sys.modules, "training.learning.conversion", conversion)  # the real one loads TensorFlow
    monkeypatch.setattr(learning, "conversion", conversion, raising=False)
    monkeypatch.setattr("training.admin.version_files.wake_preparer", lambda: None)
    client = sign_in(operator)
    for _ in range(2):
        answer = client.post(f"/admin/recognizer/modelversion/{baseline.pk}/onnx/", follow=True)
        assert "is being made" in answer.content.decode()
    assert tasks.prepare_files() == 1
    assert made == [baseline.keras_sha256]
    sent = client.get(address(baseline, "onnx"))
    assert isinstance(sent, StreamingHttpResponse)
    assert b"".join(sent) == b"an ONNX file"
    page = client.get(f"/admin/recognizer/modelversion/{baseline.pk}/change/").content.decode()
    assert registry.sha256(b"an ONNX file") in page
    assert "onnxruntime.InferenceSession" in page


def test_onnx_that_cannot_be_made_says_why_and_can_be_asked_for_again(
    baseline: ModelVersion, operator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.admin.version_files.wake_preparer", lambda: None)
    ModelArtifacts.objects.update(keras=b"damaged")
    client = sign_in(operator)
    client.post(f"/admin/recognizer/modelversion/{baseline.pk}/onnx/")
    assert tasks.prepare_files() == 0
    page = client.get(f"/admin/recognizer/modelversion/{baseline.pk}/change/").content.decode()
    assert "could not be made" in page
    assert "Make the ONNX file" in page
    client.post(f"/admin/recognizer/modelversion/{baseline.pk}/onnx/")
    assert PreparedFile.objects.filter(finished_at=None).count() == 1


def test_a_damaged_file_is_not_handed_out(baseline: ModelVersion, operator: User, sign_in: SignIn) -> None:
    ModelArtifacts.objects.update(tflite=b"damaged")
    answer = sign_in(operator).get(address(baseline, "tflite"), follow=True)
    assert "Its tflite file is damaged" in answer.content.decode()


def test_who_may_not_see_versions_gets_no_file(baseline: ModelVersion, reviewer: User, sign_in: SignIn) -> None:
    client = sign_in(reviewer)
    assert client.get(address(baseline, "tflite")).status_code == 403
    assert client.post(f"/admin/recognizer/modelversion/{baseline.pk}/onnx/").status_code == 403

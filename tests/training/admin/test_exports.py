"""Export from the admin: what streams comes at once, the rest is made by the worker and kept for a day."""

import gzip
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from recognizer.models import Drawing, ModelVersion
from tests.support.accounts import SignIn
from tests.support.drawings import Draw
from training import tasks
from training.models import PreparedFile, PreparedPart
from training.models.prepared_files import PART

pytestmark = pytest.mark.django_db
PAGE = "/admin/drawings/export/"


@pytest.fixture
def petra(operator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("training.admin.exports.wake_preparer", lambda: None)
    return sign_in(operator)


def content(response: Any) -> bytes:
    assert isinstance(response, StreamingHttpResponse), response.content.decode()
    return b"".join(response)


def test_the_page_begins_with_what_the_list_shows(petra: Client, draw: Draw) -> None:
    drawing = draw(7, status=Drawing.Status.WAITING)
    draw(4)
    listed = {"status": "waiting", "label": "7", "version": str(drawing.model_version_id)}
    page = petra.get(PAGE, listed).content.decode()
    assert "1 drawing as the list had them" in page
    assert '<option value="waiting" selected>' in page
    assert '<option value="7" selected>' in page


def test_json_lines_come_at_once(petra: Client, draw: Draw) -> None:
    draw(7)
    draw(4)
    sent = content(petra.post(PAGE, {"status": "approved", "label": "4", "format": "jsonl"}))
    assert [json.loads(line)["label"] for line in gzip.decompress(sent).splitlines()] == [4]


def test_a_data_set_is_made_by_the_worker(petra: Client, draw: Draw) -> None:
    draw(7)
    draw(4)
    answer = petra.post(PAGE, {"status": "all", "label": "7", "format": "data set"}, follow=True)
    assert "being made" in answer.content.decode()
    assert tasks.prepare_files() == 1
    made = PreparedFile.objects.get()
    assert f"{PAGE}{made.pk}/" in petra.get(PAGE).content.decode()
    sent = content(petra.get(f"{PAGE}{made.pk}/"))
    assert len(sent) == made.size
    with zipfile.ZipFile(io.BytesIO(sent)) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix("digitre-drawings/") for name in archive.namelist()}
        manifest = json.loads(archive.read("digitre-drawings/manifest.json"))
    assert {"drawings.parquet", "drawings.jsonl.gz", "drawings.npz", "DATASHEET.md", "croissant.json"} < names
    assert manifest["drawings"] == 1
    assert tasks.prepare_files() == 0


def test_a_data_set_is_gone_after_a_day(petra: Client, draw: Draw) -> None:
    petra.post(PAGE, {"status": "approved", "format": "idx"})
    tasks.prepare_files()
    made = PreparedFile.objects.get()
    PreparedFile.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    tasks.prepare_files()
    assert not PreparedPart.objects.exists()
    assert petra.get(f"{PAGE}{made.pk}/").status_code == 404


def test_what_cannot_be_made_says_why(petra: Client, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("training.runs.prepared_files.export_drawings", fail)
    petra.post(PAGE, {"status": "approved", "format": "idx"})
    assert tasks.prepare_files() == 0
    assert "no space left on device" in petra.get(PAGE).content.decode()


def test_a_request_that_a_dead_worker_had_is_taken_up_again(petra: Client, draw: Draw) -> None:
    petra.post(PAGE, {"status": "approved", "format": "idx"})
    assert PreparedFile.objects.claim() is not None
    assert PreparedFile.objects.claim() is None
    PreparedFile.objects.update(started_at=timezone.now() - timedelta(hours=4))
    assert tasks.prepare_files() == 1


def test_a_file_is_kept_and_read_in_parts() -> None:
    file = PreparedFile.objects.create(kind=PreparedFile.Kind.ONNX, parameters={})
    file.keep("a", [b"old"] * 3, "")
    file.keep("b", [b"x" * PART, b"yz"], "")
    assert file.size == PART + 2
    assert [len(block) for block in file.blocks()] == [PART, 2]


@pytest.mark.parametrize("data", [{}, {"status": "golden"}, {"status": "all", "format": "jsonl", "version": "x"}])
def test_what_makes_no_sense_is_said_on_the_page(petra: Client, baseline: ModelVersion, data: dict[str, str]) -> None:
    answer = petra.post(PAGE, data)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()


def test_a_reviewer_may_not_export(reviewer: User, sign_in: SignIn, draw: Draw) -> None:
    client = sign_in(reviewer)
    draw(7)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"status": "approved", "format": "jsonl"}).status_code == 403
    assert PAGE not in client.get("/admin/recognizer/drawing/").content.decode()


def test_the_list_leads_to_the_page(owner: User, sign_in: SignIn, draw: Draw) -> None:
    draw(7)
    client = sign_in(owner)
    assert f'href="{PAGE}?status=waiting"' in client.get("/admin/recognizer/drawing/").content.decode()
    filtered = client.get("/admin/recognizer/drawing/", {"status": "approved", "label": "7"}).content.decode()
    assert f'href="{PAGE}?label=7&amp;status=approved"' in filtered or f"{PAGE}?status=approved&amp;label=7" in filtered

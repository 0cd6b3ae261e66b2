"""HARDENING's JSON and identity sections: a 4xx with a code and a sentence, no row written."""

import base64
import json
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from pytest_django import Settings
from rest_framework.test import APIClient

from recognizer import contributor_cookie
from recognizer.api import throttles
from recognizer.imaging.decoding import decode_stored, encode_png
from recognizer.models import Contributor, Drawing, LabelEvent
from tests.support import pictures

pytestmark = pytest.mark.django_db
DRAWINGS = "/api/v1/drawings/"


def assert_refused(response: Any, status: int) -> None:
    assert response.status_code == status, response.content
    body = response.json()
    assert set(body) == {"code", "detail"}
    assert body["code"]
    assert body["detail"]


def send_raw(
    visitor: APIClient,
    body: bytes,
    address: str = DRAWINGS,
    content_type: str = "application/json",
    method: str = "POST",
) -> Any:
    return visitor.generic(method, address, body, content_type=content_type)  # type: ignore[arg-type]  # bytes will do


BAD_LABELS = [
    "true", '"7"', "7.0", "7.5", "[]", "{}", "NaN", "Infinity", "1e400", "9" * 5000, "-1", "10", '"٧"', "٧", '"null"',
]  # fmt: skip


@pytest.mark.parametrize("label", BAD_LABELS)
def test_label_is_a_digit_or_null_and_nothing_like_it(visitor: APIClient, seven: dict[str, Any], label: str) -> None:
    drawing = visitor.post(DRAWINGS, seven).json()
    address = f"{DRAWINGS}{drawing['id']}/feedback/"
    assert_refused(send_raw(visitor, f'{{"label": {label}}}'.encode(), address, method="PUT"), 400)
    assert not LabelEvent.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'{"image": 7}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 40_000]
)
def test_nonsense_body_is_a_400(visitor: APIClient, body: bytes) -> None:
    assert_refused(send_raw(visitor, body), 400)
    assert not Drawing.objects.exists()


def test_missing_label_is_a_400(visitor: APIClient, seven: dict[str, Any]) -> None:
    drawing = visitor.post(DRAWINGS, seven).json()
    assert_refused(visitor.put(f"{DRAWINGS}{drawing['id']}/feedback/", {}), 400)


@pytest.mark.parametrize("size", [257 * 1024, 10_000_000])
def test_long_body_is_a_413(visitor: APIClient, size: int) -> None:
    assert_refused(send_raw(visitor, b'{"image": "' + b"a" * size + b'"}'), 413)


def test_long_form_is_a_413(visitor: APIClient) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        + b"a" * 20_000_000
        + b"\r\n--x--\r\n"
    )
    assert_refused(send_raw(visitor, body, content_type="multipart/form-data; boundary=x"), 413)


def test_body_without_a_length_is_a_413(visitor: APIClient) -> None:
    assert_refused(visitor.post(DRAWINGS, {}, headers={"Transfer-Encoding": "chunked"}), 413)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/json; charset=utf-16", "application/json; charset=nonsense"],
)
def test_another_media_type_is_a_415(visitor: APIClient, seven: dict[str, Any], content_type: str) -> None:
    assert_refused(send_raw(visitor, json.dumps(seven).encode(), content_type=content_type), 415)


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\n\r\n--x--"])
def test_broken_form_is_a_400(visitor: APIClient, body: bytes) -> None:
    assert_refused(send_raw(visitor, body, content_type="multipart/form-data; boundary=x"), 400)


BAD_STROKES = [
    [[[1, 1]]] * 65,
    [[[1, 1]] * 4097],
    [[[float("inf"), 1]]],
    [[[309, 1]]],
    [[[-50, 1]]],
    [[["1", 1]]],
    [[[True, 1]]],
    [[[1]]],
    [[1, 2]],
    {"a": 1},
    {},
    False,
    0,
    "",
    "strokes",
    [[[1, 1, "late"]]],
]


@pytest.mark.parametrize("strokes", BAD_STROKES, ids=range(len(BAD_STROKES)))
def test_strokes_have_limits(visitor: APIClient, seven: dict[str, Any], strokes: object) -> None:
    body = seven | {"strokes": strokes, "canvas": {"width": 280, "height": 280}}
    assert_refused(send_raw(visitor, json.dumps(body).encode()), 400)
    assert not Drawing.objects.exists()


@pytest.mark.parametrize(
    "canvas",
    [
        {"width": 0, "height": 280},
        {"width": 5e-324, "height": 280},
        {"width": 1e9, "height": 1},
        {"width": 10**400, "height": 280},
        {"width": True, "height": 5},
        {"width": 280},
        [],
        "280",
    ],
    ids=range(8),
)
def test_canvas_has_a_sensible_size(
    visitor: APIClient, seven: dict[str, Any], canvas: dict[str, Any] | list[Any] | str
) -> None:
    strokes = [[[0, 1], [0, 200]]]
    assert_refused(visitor.post(DRAWINGS, seven | {"strokes": strokes, "canvas": canvas}), 400)
    assert not Drawing.objects.exists()


def test_blank_drawing_is_a_400(visitor: APIClient) -> None:
    response = visitor.post(DRAWINGS, {"image": pictures.data_url(pictures.canvas_png([]))})
    assert_refused(response, 400)
    assert response.json()["code"] == "empty"
    assert not Drawing.objects.exists()


@pytest.mark.parametrize("prompted", [10, -1, "7", True, 7.0])
def test_prompted_digit_is_a_digit(visitor: APIClient, seven: dict[str, Any], prompted: str | bool | float) -> None:
    assert_refused(visitor.post(DRAWINGS, seven | {"prompted": prompted}), 400)


@pytest.mark.parametrize("prompted", ["10", "-1", "07", "true", "null", "٧"])
def test_prompted_digit_of_a_form_is_a_digit(visitor: APIClient, prompted: str) -> None:
    form = {"image": SimpleUploadedFile("seven.png", pictures.paper_png()), "prompted": prompted}
    assert_refused(visitor.post(DRAWINGS, form, format="multipart"), 400)


@pytest.mark.parametrize("fields", [{f"f{i}": "" for i in range(1001)}, {f"f{i}": b"" for i in range(101)}])
def test_form_of_too_many_parts_is_a_400(visitor: APIClient, fields: dict[str, Any]) -> None:
    form = {name: SimpleUploadedFile("a", b"a") if value == b"" else value for name, value in fields.items()}
    assert_refused(visitor.post(DRAWINGS, form, format="multipart"), 400)


@pytest.mark.parametrize("position", ["garbage", "", "9999-99-99", "0001-01-01T00:00:00+14:00", "\0"])
def test_cursor_of_our_shape_with_nonsense_in_it_is_a_404(
    visitor: APIClient, seven: dict[str, Any], position: str
) -> None:
    visitor.post(DRAWINGS, seven)
    cursor = base64.b64encode(f"p={quote(position)}".encode()).decode()
    response = visitor.get(DRAWINGS, {"cursor": cursor})
    if response.status_code != 200:  # a moment before all drawings is one
        assert_refused(response, 404)


@pytest.mark.parametrize("explain", [False, True])
def test_speck_with_its_path_is_a_400_and_leaves_no_row(visitor: APIClient, explain: bool) -> None:
    ink = np.zeros((280, 280), "uint8")
    ink[100:104, 100:104] = 255
    speck = {"image": pictures.data_url(encode_png(ink)), "strokes": [[[102, 102]]], "explain": explain}
    response = visitor.post(DRAWINGS, speck)
    assert_refused(response, 400)
    assert response.json()["code"] == "too_small"
    assert not Drawing.objects.exists()


def test_contributor_s_limit_holds_though_each_label_signs_the_cookie_anew(
    visitor: APIClient, seven: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles.DrawingsByContributor, "limit", 3)
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)  # the first second of a minute
    statuses, cookies = [], set()
    for _ in range(6):
        response = visitor.post(DRAWINGS, seven)
        statuses.append(response.status_code)
        if response.status_code == 201:
            visitor.put(f"{DRAWINGS}{response.json()['id']}/feedback/", {"label": 7})
        cookies.add(visitor.cookies[contributor_cookie.COOKIE].value)
    assert statuses == [201] * 4 + [429] * 2  # the first has no cookie yet
    assert len(cookies) == 4


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_call_from_another_site_is_refused(visitor: APIClient, seven: dict[str, Any], headers: dict[str, Any]) -> None:
    assert_refused(visitor.post(DRAWINGS, seven, headers=headers), 403)
    assert_refused(visitor.delete(DRAWINGS, headers=headers), 403)
    assert_refused(visitor.post("/_get_digit", [{"digit": seven["image"]}], headers=headers), 403)
    assert not Drawing.objects.exists()


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, {"Sec-Fetch-Site": "none"}]
)
def test_call_from_our_page_or_a_program_passes(
    visitor: APIClient, seven: dict[str, Any], headers: dict[str, Any]
) -> None:
    assert visitor.post(DRAWINGS, seven, headers=headers).status_code == 201


def test_limit_holds_whatever_x_forwarded_for_says(
    visitor: APIClient, seven: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles.DrawingsByAddress, "limit", 5)
    statuses = [
        APIClient().post(DRAWINGS, seven, headers={"X-Forwarded-For": f"10.0.0.{i}"}).status_code for i in range(8)
    ]
    assert statuses == [201] * 5 + [429] * 3


def test_throttled_visitor_is_told_for_how_long(
    visitor: APIClient, seven: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles.GuessesByAddress, "limit", 0)
    response = visitor.post("/api/v1/guesses/", seven)
    assert_refused(response, 429)
    assert 0 < int(response["Retry-After"]) <= 60


def test_counter_is_exact_under_concurrent_calls() -> None:
    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(lambda _: throttles.counter.add([("test", 60)])[0], range(120)))
    assert sorted(counts) == list(range(1, 121))


def test_throttles_can_be_switched_off_for_load_tests(
    visitor: APIClient, seven: dict[str, Any], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.DIGITRE_THROTTLES = False
    monkeypatch.setattr(throttles.GuessesByAddress, "limit", 0)
    assert visitor.post("/api/v1/guesses/", seven).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_concurrent_labels_end_in_one_state_and_each_change_is_an_event(
    visitor: APIClient, seven: dict[str, Any], settings: Settings
) -> None:
    settings.DIGITRE_AUTO_APPROVE = "none"
    drawing = visitor.post(DRAWINGS, seven).json()

    def say(label: int) -> int:
        caller = APIClient()
        caller.cookies = visitor.cookies
        try:
            return caller.put(f"{DRAWINGS}{drawing['id']}/feedback/", {"label": label}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(say, [*range(10), *range(10)]))

    assert set(statuses) == {200}
    chain = list(LabelEvent.objects.order_by("id").values_list("previous_label", "label"))
    assert chain[0][0] is None
    assert [previous for previous, _ in chain[1:]] == [label for _, label in chain[:-1]]
    assert Drawing.objects.get().confirmed_label == chain[-1][1]


def test_blocked_contributor_s_agreement_is_not_approved(
    visitor: APIClient, seven: dict[str, Any], settings: Settings
) -> None:
    settings.DIGITRE_AUTO_APPROVE = "agreement"
    drawing = visitor.post(DRAWINGS, seven).json()
    Contributor.objects.get().block()
    answer = visitor.put(f"{DRAWINGS}{drawing['id']}/feedback/", {"label": 7}).json()
    assert answer["status"] == "waiting"


@pytest.mark.parametrize("case", pictures.unsound_pictures())
def test_picture_that_is_not_sound_is_a_400_and_leaves_no_row(visitor: APIClient, case: str) -> None:
    """Every case that decoding refuses, as a visitor would meet it."""
    response = visitor.post(DRAWINGS, {"image": pictures.data_url(pictures.unsound_pictures()[case])})
    assert_refused(response, 413 if response.status_code == 413 else 400)
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()


@pytest.mark.parametrize("case", pictures.tolerated_pictures())
def test_a_picture_that_every_viewer_opens_is_read(visitor: APIClient, case: str) -> None:
    response = visitor.post(DRAWINGS, {"image": pictures.data_url(pictures.tolerated_pictures()[case])})
    assert response.status_code == 201, response.content
    stored = decode_stored(bytes(Drawing.objects.get().png))
    np.testing.assert_array_equal(stored, pictures.draw_ink())


def test_hundred_pictures_that_would_fill_the_memory_do_not(visitor: APIClient) -> None:
    """A bomb of 13,000 x 13,000 pixels is 20 MB once decoded as one bit, and 169 MB as grey."""
    body = {"image": pictures.data_url(pictures.unsound_pictures()["bomb of 13000"])}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        assert visitor.post(DRAWINGS, body).status_code == 400
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 50 * 1024

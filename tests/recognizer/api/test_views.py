import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from recognizer import contributor_cookie, services, tasks
from recognizer.imaging.decoding import decode_stored, encode_png
from recognizer.imaging.pixels import content_hash, to_grey
from recognizer.imaging.preprocessing import is_of_strokes, normalize_drawing
from recognizer.imaging.strokes import ink_strokes
from recognizer.models import Contributor, Drawing, LabelEvent
from recognizer.submissions import Submission
from tests.support import pictures
from tests.support.fake_model import FakeClassifier

pytestmark = pytest.mark.django_db


def draw(visitor: APIClient, body: object) -> dict[str, Any]:
    response = visitor.post("/api/v1/drawings/", body)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def say(visitor: APIClient, drawing_id: str, label: int | None) -> Any:
    return visitor.put(f"/api/v1/drawings/{drawing_id}/feedback/", {"label": label})


def test_drawing_is_answered_and_stored(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven | {"prompted": 7})

    drawing = Drawing.objects.get()
    assert answer["id"] == str(drawing.pk)
    assert (answer["kind"], answer["digit"], answer["refused"], answer["model_version"]) == ("digit", 7, False, 1)
    assert len(answer["probabilities"]) == 10
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert answer["preview"].startswith("data:image/png;base64,")
    assert (drawing.predicted_label, drawing.prompted_label, drawing.status) == (7, 7, "unconfirmed")
    assert drawing.probabilities == pytest.approx(answer["probabilities"])
    assert not drawing.events.exists()


def test_guess_stores_nothing(visitor: APIClient, seven: dict[str, Any]) -> None:
    response = visitor.post("/api/v1/guesses/", seven)
    assert response.status_code == 200
    assert (response.json()["kind"], response.json()["digit"]) == ("digit", 7)
    assert "id" not in response.json()
    assert contributor_cookie.COOKIE not in response.cookies
    assert not Drawing.objects.exists()
    assert not Contributor.objects.exists()


PATH = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}


def test_a_guess_by_its_path_alone_is_the_guess_with_its_picture(visitor: APIClient) -> None:
    picture = {"image": pictures.data_url(encode_png(ink_strokes(pictures.SEVEN)))}
    by_path, by_both = (visitor.post("/api/v1/guesses/", body).json() for body in (PATH, PATH | picture))
    assert by_path == by_both
    assert by_path["digit"] == 7


def test_a_drawing_by_its_path_alone_is_kept_with_its_picture(visitor: APIClient) -> None:
    answer = draw(visitor, PATH)

    drawing = Drawing.objects.get(pk=answer["id"])
    assert (drawing.strokes, drawing.canvas_width, drawing.canvas_height) == (pictures.SEVEN, 280, 280)
    np.testing.assert_array_equal(decode_stored(bytes(drawing.png)), ink_strokes(pictures.SEVEN))
    assert content_hash(to_grey(Submission.stored(drawing).image)) == drawing.content_hash
    assert visitor.get(f"/api/v1/drawings/{drawing.pk}/").json()["image"].startswith("data:image/png;base64,")


def test_a_form_may_hold_a_path_alone(visitor: APIClient) -> None:
    form = {name: json.dumps(value) for name, value in PATH.items()}
    response = visitor.post("/api/v1/drawings/", form, format="multipart")
    assert response.status_code == 201, response.content
    assert Drawing.objects.get().strokes == pictures.SEVEN


def test_a_path_alone_is_explained_with_its_steps(visitor: APIClient) -> None:
    steps = visitor.post("/api/v1/guesses/", PATH | {"explain": True}).json()["steps"]
    assert [step["name"] for step in steps] == ["crop", "fit", "centre"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "image"),
        ({"canvas": {"width": 280, "height": 280}}, "required", "image"),
        ({"strokes": None}, "required", "image"),
        ({"strokes": pictures.SEVEN}, "required", "canvas"),
        ({"strokes": pictures.SEVEN, "canvas": None}, "required", "canvas"),
        (PATH | {"strokes": []}, "empty", "nothing drawn"),
        (PATH | {"strokes": [[]]}, "invalid_strokes", "at least one point"),
        (PATH | {"strokes": "a path"}, "invalid_strokes", "list"),
        (PATH | {"canvas": {"width": 5600, "height": 279}}, "invalid_size", "20 to 1"),
        (PATH | {"image": None}, "null", "image"),
    ],
)
@pytest.mark.parametrize("call", ["drawings", "guesses"])
def test_a_path_without_a_canvas_or_ink_is_no_drawing(
    visitor: APIClient, call: str, body: dict[str, Any], code: str, field: str
) -> None:
    response = visitor.post(f"/api/v1/{call}/", body)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert field in response.json()["detail"]
    assert not Drawing.objects.exists()


def test_picture_may_come_as_a_file(visitor: APIClient) -> None:
    picture = SimpleUploadedFile("seven.png", pictures.paper_png(), content_type="image/png")
    form = {"image": picture, "strokes": json.dumps(pictures.SEVEN), "canvas": '{"width": 280, "height": 280}'}
    response = visitor.post("/api/v1/drawings/", form, format="multipart")
    assert response.status_code == 201, response.content
    assert Drawing.objects.get().strokes == pictures.SEVEN


def falsified(kind: str) -> str:
    """What a browser that guards its user's privacy hands a page that reads its own canvas."""
    rng = np.random.default_rng(0)
    rgba = np.full((280, 280, 4), 255, "uint8")
    if kind == "32 bytes over and over":
        rgba = np.resize(rng.integers(0, 256, 32, "uint8"), rgba.shape)
    elif kind == "noise":  # grey, as a canvas of noise in four channels is longer than a picture may be
        return pictures.data_url(pictures.save_png(Image.fromarray(rng.integers(0, 256, (280, 280), "uint8"))))
    elif kind == "another digit":
        return pictures.data_url(pictures.canvas_png(pictures.ONE))
    return pictures.data_url(pictures.save_png(Image.fromarray(rgba)))


@pytest.mark.parametrize("kind", ["32 bytes over and over", "white", "noise", "another digit"])
@pytest.mark.parametrize("canvas", [280, 560])
def test_where_picture_and_path_differ_the_path_is_read_and_its_picture_kept(
    visitor: APIClient, kind: str, canvas: int
) -> None:
    strokes = [[[x * canvas / 280, y * canvas / 280] for x, y in stroke] for stroke in pictures.SEVEN]
    draw(visitor, {"image": falsified(kind), "strokes": strokes, "canvas": {"width": canvas, "height": canvas}})
    drawing = Drawing.objects.get()
    assert drawing.strokes == strokes
    kept = decode_stored(bytes(drawing.png))
    assert is_of_strokes(kept, pictures.SEVEN)
    assert np.abs(kept / 255 - pictures.draw_ink(pen=22) / 255).mean() < 0.01
    seen = normalize_drawing(kept, pictures.SEVEN)
    assert drawing.content_hash == content_hash(to_grey(seen))


def test_a_picture_of_its_path_is_kept_as_it_was_sent(visitor: APIClient, seven: dict[str, Any]) -> None:
    draw(visitor, seven | {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}})
    np.testing.assert_array_equal(decode_stored(bytes(Drawing.objects.get().png)), pictures.draw_ink())


def test_what_a_pen_tells_besides_and_a_step_beyond_the_canvas_lose_nobody_a_drawing(
    visitor: APIClient, seven: dict[str, Any]
) -> None:
    strokes = [[[70.0, 60.0, 0, 0.5], [280.4, 62.0, 8, 0.7]], [[100.0, -0.4, 20, 0.1, 33, 1]]]
    draw(visitor, seven | {"strokes": strokes, "canvas": {"width": 280, "height": 280}})
    assert Drawing.objects.get().strokes == [[point[:3] for point in stroke] for stroke in strokes]


def test_a_form_says_what_the_page_had_asked_for(visitor: APIClient) -> None:
    form = {"image": SimpleUploadedFile("seven.png", pictures.paper_png()), "prompted": "7", "explain": "true"}
    response = visitor.post("/api/v1/drawings/", form, format="multipart")
    assert response.status_code == 201, response.content
    assert Drawing.objects.get().prompted_label == 7
    assert response.json()["steps"]


def test_explained_guess_shows_the_steps(visitor: APIClient, seven: dict[str, Any]) -> None:
    steps = visitor.post("/api/v1/guesses/", seven | {"explain": True}).json()["steps"]
    assert len(steps) >= 2
    assert all(step["image"].startswith("data:image/png;base64,") for step in steps)


def test_refusal_says_huh(visitor: APIClient, seven: dict[str, Any], model: FakeClassifier) -> None:
    model.digitness, model.logit = -50.0, 0.1
    answer = draw(visitor, seven)
    assert (answer["kind"], answer["digit"], answer["refused"]) == ("refused", None, True)
    assert answer["message"] == "Huh... You call that a digit?"
    assert answer["likely_digit"] == 7


def test_a_close_call_asks_which_of_two(visitor: APIClient, seven: dict[str, Any], model: FakeClassifier) -> None:
    model.logit = 0.0
    answer = draw(visitor, seven)
    assert (answer["kind"], answer["refused"]) == ("pair", False)
    assert answer["message"] == f"{answer['digit']} or {answer['alternatives'][0]['digit']}?"


def test_contributor_is_known_again_by_cookie(visitor: APIClient, seven: dict[str, Any]) -> None:
    draw(visitor, seven)
    draw(visitor, seven)
    cookie = visitor.cookies[contributor_cookie.COOKIE]
    assert Contributor.objects.count() == 1
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_forged_cookie_is_a_new_visitor(visitor: APIClient, seven: dict[str, Any]) -> None:
    draw(visitor, seven)
    forger = APIClient()
    forger.cookies[contributor_cookie.COOKIE] = Contributor.objects.get().token.hex + ":forged:signature"
    draw(forger, seven)
    assert Contributor.objects.count() == 2


def test_correction_is_stored_beside_the_prediction(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven)
    response = say(visitor, answer["id"], 1)

    drawing = Drawing.objects.get()
    assert response.status_code == 200
    assert response.json() == {"id": answer["id"], "label": 1, "status": "waiting"}
    assert (drawing.predicted_label, drawing.confirmed_label, drawing.reviewed_label) == (7, 1, None)
    event = drawing.events.get()
    assert (event.actor, event.action, event.label, event.previous_label) == ("contributor", "confirmed", 1, None)


def test_null_label_means_not_a_digit(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven)
    assert say(visitor, answer["id"], None).json()["label"] is None
    assert Drawing.objects.get().confirmed_label == 10


def test_same_feedback_twice_is_one_event(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven)
    assert [say(visitor, answer["id"], 1).status_code for _ in range(2)] == [200, 200]
    assert LabelEvent.objects.count() == 1


def test_changed_feedback_keeps_what_was_said_before(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven)
    say(visitor, answer["id"], 1)
    say(visitor, answer["id"], 2)
    assert Drawing.objects.get().confirmed_label == 2
    assert list(LabelEvent.objects.values_list("previous_label", "label")) == [(None, 1), (1, 2)]


def test_feedback_after_review_is_a_conflict(visitor: APIClient, seven: dict[str, Any], admin_user: User) -> None:
    answer = draw(visitor, seven)
    say(visitor, answer["id"], 1)
    Drawing.objects.get().approve(1, admin_user)
    response = say(visitor, answer["id"], 2)
    assert response.status_code == 409
    assert response.json()["code"] == "already_reviewed"
    assert Drawing.objects.get().confirmed_label == 1


def test_agreement_is_approved_by_rule(visitor: APIClient, seven: dict[str, Any], settings: Settings) -> None:
    settings.DIGITRE_AUTO_APPROVE = "agreement"
    answer = draw(visitor, seven)
    assert say(visitor, answer["id"], 7).json()["status"] == "approved"
    drawing = Drawing.objects.get()
    assert drawing.reviewed_label is None
    assert list(drawing.events.values_list("actor", "action")) == [("contributor", "confirmed"), ("rule", "approved")]


def test_second_thoughts_after_the_rule_wait_for_review(
    visitor: APIClient, seven: dict[str, Any], settings: Settings
) -> None:
    settings.DIGITRE_AUTO_APPROVE = "agreement"
    answer = draw(visitor, seven)
    say(visitor, answer["id"], 7)
    assert say(visitor, answer["id"], 1).json()["status"] == "waiting"


@pytest.mark.parametrize(("policy", "label", "status"), [("all", 1, "approved"), ("none", 7, "waiting")])
def test_approval_follows_the_setting(
    visitor: APIClient, seven: dict[str, Any], settings: Settings, policy: str, label: int, status: str
) -> None:
    settings.DIGITRE_AUTO_APPROVE = policy
    answer = draw(visitor, seven)
    assert say(visitor, answer["id"], label).json()["status"] == status


@pytest.mark.parametrize("method", ["get", "delete"])
def test_drawing_of_another_does_not_exist(visitor: APIClient, seven: dict[str, Any], method: str) -> None:
    answer = draw(visitor, seven)
    stranger = APIClient()
    draw(stranger, seven)
    response = getattr(stranger, method)(f"/api/v1/drawings/{answer['id']}/")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert say(stranger, answer["id"], 1).status_code == 404
    assert Drawing.objects.count() == 2


def test_own_drawing_can_be_read_and_forgotten(visitor: APIClient, seven: dict[str, Any]) -> None:
    answer = draw(visitor, seven)
    say(visitor, answer["id"], 1)
    address = f"/api/v1/drawings/{answer['id']}/"
    read = visitor.get(address).json()
    assert (read["predicted"], read["confirmed"], read["status"]) == (7, 1, "waiting")
    assert visitor.delete(address).status_code == 204
    assert visitor.get(address).status_code == 404
    assert not Drawing.objects.exists()
    assert not LabelEvent.objects.exists()


def test_own_drawings_are_listed_alone(visitor: APIClient, seven: dict[str, Any]) -> None:
    draw(visitor, seven)
    stranger = APIClient()
    mine = draw(stranger, seven)
    assert [row["id"] for row in stranger.get("/api/v1/drawings/").json()["results"]] == [mine["id"]]
    assert APIClient().get("/api/v1/drawings/").json()["results"] == []


def test_forgetting_all_leaves_nothing_of_a_contributor(visitor: APIClient, seven: dict[str, Any]) -> None:
    draw(visitor, seven)
    other = APIClient()
    draw(other, seven)
    assert visitor.delete("/api/v1/drawings/").status_code == 204
    assert Contributor.objects.count() == Drawing.objects.count() == 1
    draw(visitor, seven)
    assert Contributor.objects.count() == 2


def test_retry_with_the_same_key_stores_one_drawing(visitor: APIClient, seven: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (visitor.post("/api/v1/drawings/", seven, headers=headers).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert Drawing.objects.count() == 1


HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


def first_call(seven: dict[str, Any], key: str, address: str = HOME) -> tuple[APIClient, dict[str, Any]]:
    """Post a first drawing from somewhere, without a cookie."""
    client = APIClient(REMOTE_ADDR=address)
    response = client.post("/api/v1/drawings/", seven, headers={"Idempotency-Key": key})
    assert response.status_code == 201
    return client, response.json()


@pytest.mark.usefixtures("model")
def test_retry_whose_first_answer_was_lost_finds_its_contributor(seven: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    _, lost = first_call(seven, key)
    again, found = first_call(seven, key)
    assert found["id"] == lost["id"]
    assert Drawing.objects.count() == Contributor.objects.count() == 1
    assert again.get(f"/api/v1/drawings/{found['id']}/").status_code == 200


def assert_strangers(owner: APIClient, stored: dict[str, Any], other: APIClient, got: dict[str, Any]) -> None:
    """Neither has anything of the other's."""
    assert got["id"] != stored["id"]
    assert other.get(f"/api/v1/drawings/{stored['id']}/").status_code == 404
    assert owner.get(f"/api/v1/drawings/{stored['id']}/").status_code == 200
    mine, theirs = (contributor_cookie.token_of(who.get("/about/").wsgi_request) for who in (owner, other))
    assert None not in (mine, theirs)
    assert mine != theirs


@pytest.mark.usefixtures("model")
def test_key_and_picture_of_another_sent_from_elsewhere_hand_out_nothing(seven: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    assert_strangers(*first_call(seven, key), *first_call(seven, key, ELSEWHERE))


@pytest.mark.usefixtures("model")
def test_key_hands_out_nothing_once_its_owner_has_come_back(seven: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    owner, stored = first_call(seven, key)
    assert owner.get("/api/v1/drawings/").status_code == 200  # so the answer arrived
    assert_strangers(owner, stored, *first_call(seven, key))


@pytest.mark.usefixtures("model")
def test_key_hands_out_nothing_after_ten_minutes(seven: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    owner, stored = first_call(seven, key)
    Drawing.objects.update(created_at=timezone.now() - services.RETRY_WINDOW - timedelta(seconds=1))
    assert_strangers(owner, stored, *first_call(seven, key))


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    "key", ["1", "retry-1", "a" * 64, "1234567890123456789", "00000000-0000-0000-0000-000000000000"]
)
def test_key_that_can_be_guessed_hands_out_nothing_at_all(seven: dict[str, Any], key: str) -> None:
    owner, stored = first_call(seven, key)
    assert_strangers(owner, stored, *first_call(seven, key))
    again = owner.post("/api/v1/drawings/", seven, headers={"Idempotency-Key": key}).json()
    assert again["id"] == stored["id"]  # for its owner it is good enough


@pytest.mark.usefixtures("model")
def test_key_of_another_sent_with_a_cookie_of_ones_own_stores_ones_own(seven: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    owner, stored = first_call(seven, key)
    other, _ = first_call(seven, str(uuid.uuid4()))
    got = other.post("/api/v1/drawings/", seven, headers={"Idempotency-Key": key}).json()
    assert_strangers(owner, stored, other, got)


@pytest.mark.usefixtures("model")
def test_what_stands_for_a_sender_is_gone_after_the_next_purge(seven: dict[str, Any]) -> None:
    first_call(seven, str(uuid.uuid4()))
    services.forget_senders()
    assert Drawing.objects.get().retry_digest
    Drawing.objects.update(created_at=timezone.now() - services.RETRY_WINDOW - timedelta(seconds=1))
    tasks.purge()
    assert Drawing.objects.get().retry_digest is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("model")
def test_first_calls_sent_twice_at_once_store_one_drawing(seven: dict[str, Any]) -> None:
    key, barrier = str(uuid.uuid4()), threading.Barrier(6)

    def send(_: int) -> str:
        try:
            barrier.wait()
            return str(first_call(seven, key)[1]["id"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(6)))) == 1
    assert Drawing.objects.count() == Contributor.objects.count() == 1


def test_key_of_another_with_another_picture_stores_a_drawing_of_ones_own(
    visitor: APIClient, seven: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    visitor.post("/api/v1/drawings/", seven, headers=headers)
    other = {"image": pictures.data_url(pictures.canvas_png(pictures.ONE))}
    APIClient().post("/api/v1/drawings/", other, headers=headers)
    assert Drawing.objects.count() == Contributor.objects.count() == 2


def test_a_key_that_comes_again_with_more_ink_stores_another_drawing(visitor: APIClient, seven: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    half = {"image": pictures.data_url(pictures.canvas_png(pictures.SEVEN[:1]))}
    first, second, retried = (
        visitor.post("/api/v1/drawings/", body, headers=headers).json()["id"] for body in (half, seven, seven)
    )
    assert first != second == retried
    assert Drawing.objects.count() == 2
    assert Contributor.objects.count() == 1


def test_feedback_does_not_lift_a_quarantine(visitor: APIClient, seven: dict[str, Any], settings: Settings) -> None:
    settings.DIGITRE_AUTO_APPROVE = "agreement"
    answer = draw(visitor, seven)
    say(visitor, answer["id"], 7)
    Drawing.objects.get().quarantine("others call it a 1")
    assert [say(visitor, answer["id"], label).json()["status"] for label in (1, 7)] == ["quarantined"] * 2
    assert not Drawing.objects.trainable().exists()


def test_of_each_five_contributors_one_is_an_exam_contributor_for_ever(db: None) -> None:
    flags = [Contributor.join().is_exam for _ in range(25)]
    assert 4 <= sum(flags) <= 6  # five whole fives, or four and two that are cut
    assert Contributor.objects.filter(is_exam=True).count() == sum(flags)


def test_model_says_which_version_and_how_good(visitor: APIClient) -> None:
    model = visitor.get("/api/v1/model/").json()
    assert model["version"] == 1
    assert model["promoted_at"]
    assert model["metrics"]


def test_2017_front_end_is_answered_as_it_was(visitor: APIClient, seven: dict[str, Any]) -> None:
    body = json.dumps([{"digit": seven["image"]}])
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        response = visitor.generic("POST", "/_get_digit", body, content_type=content_type)
        assert response.status_code == 200
        assert response.json()["result"] == "7"
        assert response.json()["probability"].startswith("(")
        assert response.json()["probability"].endswith("% probability)")
    assert not Drawing.objects.exists()


def test_2017_front_end_hears_huh(visitor: APIClient, seven: dict[str, Any], model: FakeClassifier) -> None:
    model.digitness = -50.0
    response = visitor.post("/_get_digit", [{"digit": seven["image"]}])
    assert response.json() == {"result": "Huh...", "probability": "You call that a digit?"}


@pytest.mark.parametrize("body", [[], {}, [{}], [{"digit": 7}], [{"digit": "data:,"}], "7", None])
def test_2017_front_end_s_nonsense_is_a_400(visitor: APIClient, body: list[Any] | dict[str, Any] | str | None) -> None:
    assert visitor.post("/_get_digit", body).status_code == 400


def test_unknown_api_address_answers_in_the_api_s_shape(client: Client) -> None:
    response = client.get("/api/v2/nothing/")
    assert response.status_code == 404
    assert set(response.json()) == {"code", "detail"}


def test_schema_and_its_page_are_served(client: Client) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    assert "/api/v1/drawings/{drawing_id}/feedback/" in schema.json()["paths"]
    listed = schema.json()["paths"]["/api/v1/drawings/"]["get"]["responses"]["200"]["content"]["application/json"]
    assert listed["schema"]["$ref"].endswith("/PaginatedDrawingSummaryList")
    page = client.get("/api/docs/").content.decode().replace("http://testserver/", "/")
    assert "<style" not in page
    assert "http://" not in page
    assert "https://" not in page

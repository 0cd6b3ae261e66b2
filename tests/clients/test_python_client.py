"""The Python client against a site that is really running, over a socket."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from digitre_client import ApiError, BadSignature, Client, Conflict, Unreachable, verify_webhook
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from recognizer.models import ApiKey, Contributor, Drawing, Event, Scope, Subscriber
from recognizer.notices.announcing import announce_test
from recognizer.notices.signing import secret_of, signed_headers
from recognizer.review import queue
from tests.support import pictures
from tests.support.drawings import approved_drawing, make_drawing
from tests.support.running_site import free_port
from training.models import TrainingRun

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Client]


@pytest.fixture
def connect(live_server: LiveServer, reviewer: User) -> Connect:
    """A client that holds a key of rosa's: connect("review"); connect() has none."""

    def connect(*scopes: str, owner: User = reviewer, **options: Any) -> Client:
        key = ApiKey.objects.make(owner, "a program", scopes, **options)[1] if scopes else None
        return Client(live_server.url, key)

    return connect


def test_a_guess_needs_no_key(connect: Connect) -> None:
    with connect() as site:
        answer = site.guess(pictures.canvas_png())
        assert (answer.digit, answer.id, answer.refused) == (7, None, False)
        assert site.guess(strokes=pictures.SEVEN, canvas=(280, 280)).digit == 7
        with pytest.raises(ValueError, match="picture"):
            site.guess()


def test_what_is_drawn_is_kept_labelled_and_forgotten(connect: Connect) -> None:
    with connect(Scope.DRAW) as site:
        drawn = site.draw(pictures.canvas_png())
        assert drawn.id is not None
        site.label(drawn.id, 1)
        assert Drawing.objects.get().confirmed_label == 1
        site.draw(pictures.canvas_png())
        assert Contributor.objects.count() == 1
        site.forget(drawn.id)
    assert Drawing.objects.count() == 1


def test_a_queue_is_worked_through(connect: Connect, other_reviewer: User) -> None:
    drawings = {str(make_drawing(seed=seed, predicted=1, confirmed=7).pk) for seed in range(4)}
    seen = []
    with connect(Scope.REVIEW) as site, connect(Scope.REVIEW, owner=other_reviewer) as other:
        for drawing in site.review():
            seen.append(drawing.id)
            assert drawing.png.startswith(b"\x89PNG")
            if len(seen) == 1:
                assert site.approve(drawing, 7).status == "approved"
                assert site.undo(drawing).status == "waiting"
                assert site.approve(drawing, None).label is None
            elif len(seen) == 2:
                site.reject(drawing, "not readable")
            elif len(seen) == 3:
                site.skip(drawing)
        assert set(seen) == drawings
        assert len(seen) == 4
        assert len(other.next(5)) == 2  # skipped, and left undecided: nobody has to wait for them


def test_what_was_decided_elsewhere_is_a_conflict(connect: Connect, other_reviewer: User) -> None:
    make_drawing()
    with connect(Scope.REVIEW) as site:
        (drawing,) = site.next()
        Drawing.objects.update(claimed_by=None, claimed_until=None)
        queue.decide(other_reviewer, Drawing.objects.get().pk, 7)
        with pytest.raises(Conflict, match="decided"):
            site.approve(drawing, 1)


def test_an_export_comes_drawing_by_drawing(connect: Connect) -> None:
    ids = sorted(str(approved_drawing(digit).pk) for digit in (3, 4, 5))
    with connect(Scope.EXPORT) as site:
        assert [line["id"] for line in site.export()] == ids
        assert [line["label"] for line in site.export(label=4)] == [4]
        assert next(site.export())["id"] == ids[0]  # left in the middle
        assert site.key().scopes == ["export"]


def test_runs_and_counts_are_read(connect: Connect) -> None:
    make_drawing()
    runs = [TrainingRun.objects.create(status="failed", trigger="request").pk for _ in range(52)]
    with connect(Scope.READ) as site:
        assert site.collection()["waiting"] == 1
        assert [run["id"] for run in site.runs()] == runs[::-1]
        assert site.run(runs[0])["status"] == "failed"


def test_a_refusal_is_said_in_the_site_s_words(connect: Connect) -> None:
    with connect(Scope.READ) as site:
        with pytest.raises(ApiError) as refused:
            site.next()
        assert (refused.value.status, refused.value.code) == (403, "permission_denied")
        assert "This key is for read" in refused.value.detail


def test_who_is_asked_to_wait_waits_and_tries_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("digitre_client.client.time", SimpleNamespace(sleep=waits.append))  # others here sleep too
    monkeypatch.setattr("recognizer.api.throttles.time", SimpleNamespace(time=lambda: 1e9))  # within one minute
    with connect(Scope.READ, calls_a_minute=1) as site:
        site.key()
        with pytest.raises(ApiError) as refused:
            site.key()
    assert refused.value.status == 429
    assert len(waits) == 2
    assert all(1 <= seconds <= 60 for seconds in waits)


def test_a_connection_that_the_site_has_closed_is_made_anew(connect: Connect) -> None:
    with connect() as site:
        site.guess(pictures.canvas_png())
        site._connection.sock.close()
        assert site.guess(pictures.canvas_png()).digit == 7


def test_nobody_there_is_said_after_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("digitre_client.client.time", SimpleNamespace(sleep=waits.append))
    with pytest.raises(Unreachable, match="refused"):
        Client(f"http://127.0.0.1:{free_port()}").guess(pictures.canvas_png())
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("site", ["", "digitre.example.org", "ftp://digitre.example.org"])
def test_an_address_that_is_none_is_refused_at_once(site: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Client(site)


# webhooks


def test_a_webhook_is_what_it_seems_or_is_refused() -> None:
    subscriber = Subscriber.objects.create(name="a bot", address="https://bot.example/", events=[Event.RUN_HELD])
    delivery = announce_test(subscriber)
    headers = signed_headers(subscriber, str(delivery.message), delivery.body, 1_800_000_000)
    secret, body, now = secret_of(subscriber), delivery.body.encode(), 1_800_000_030.0
    event = verify_webhook(secret, {name.title(): value for name, value in headers.items()}, body, now=now)
    assert (event.id, event.type, event.data) == (str(delivery.message), "test", {"subscriber": "a bot"})
    for wrong in (
        (secret, headers, body + b" ", now),
        (secret, headers, body, now + 300),
        ("whsec_AAAA", headers, body, now),
        ("not a secret", headers, body, now),
        (secret, headers | {"webhook-id": "another"}, body, now),
        (secret, {}, body, now),
    ):
        with pytest.raises(BadSignature):
            verify_webhook(*wrong[:3], now=wrong[3])


# the package


@pytest.mark.slow
@pytest.mark.sqlite
def test_the_package_is_installed_by_pip_from_the_repository(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    source = tmp_path / "source"
    subprocess.run(["cp", "-r", str(ROOT / "clients/python"), str(source)], check=True)
    subprocess.run([*pip, "--target", str(tmp_path / "installed"), str(source)], check=True, capture_output=True)
    program = "import digitre_client; print(digitre_client.__file__)"
    run = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); {program}"]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert said.strip() == str(tmp_path / "installed/digitre_client/__init__.py")
    assert (tmp_path / "installed/digitre_client/py.typed").exists()

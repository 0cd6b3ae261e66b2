"""Draw, correct, approve, train, examine, promote, answer, roll back: with every process there is.

On SQLite only: it waits for a tick of the clock, and its rows are asked of PostgreSQL by the other tests of runs and crashes.
"""

import http.client
import json
import random
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.known import known
from tests.support.pictures import canvas_png, data_url
from tests.support.running_site import BASE_DIR, Digitre
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.tensorflow, pytest.mark.sqlite, pytest.mark.timeout(900)]
TAUGHT = 4  # what people here mean by a shape that the baseline does not take for one
SMALL_RUN = {
    "fine_tune": {
        "epochs": 3,
        "epoch_pictures": 2_048,
        "batch": 64,
        "learning_rate": 4e-4,
        "replay_mnist": 1_500,
        "replay_scans": 200,
        "replay_pen": 200,
        "replay_synthetic": 200,
        "replay_others": 300,
    }
}
NOBODY_LISTENS = "http://127.0.0.1:9"  # a proxy that is not there: no data set is downloaded


class Visitor:
    """One browser: its cookies, and JSON both ways."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def call(
        self, method: str, path: str, body: object = None, form: dict[str, Any] | None = None, **headers: str
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        content = urllib.parse.urlencode(form) if form else (None if body is None else json.dumps(body))
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, content, {"Content-Type": kind, "Cookie": cookies, **headers})
        response = connection.getresponse()
        for header in response.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        raw = response.read().decode()
        connection.close()
        is_json = "json" in (response.headers.get("Content-Type") or "")
        return response.status, json.loads(raw) if is_json and raw else raw


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Digitre]:
    """Web, worker, beat and broker as the launcher starts them; what they learn is smaller, and asks no other machine."""
    installation = Digitre(tmp_path / "var", database_url)
    installation.environment |= {
        "DIGITRE_THROTTLES": "off",
        "DIGITRE_AUTO_APPROVE": "none",
        "DIGITRE_RUN_CONFIG": json.dumps(SMALL_RUN),
        "https_proxy": NOBODY_LISTENS,
    }
    installation.start()
    yield installation
    installation.clean_up()


def manage(site: Digitre, statement: str) -> None:
    """Do what an operator does in the admin, by the same verbs."""
    environment = site.environment | {"SECRET_KEY": (site.var_dir / "secret_key").read_text()}
    command = [sys.executable, str(BASE_DIR / "manage.py"), "shell", "-v0", "-c", statement]
    subprocess.run(command, check=True, cwd=BASE_DIR, env=environment)


def stemless_four(number: int) -> dict[str, Any]:
    """A 4 whose stem ends at its bar, as one of many hands draws it, no two alike."""
    hand = random.Random(number)
    x, y, width, height = hand.uniform(30, 60), hand.uniform(30, 50), hand.uniform(120, 190), hand.uniform(130, 190)
    corners = ((0, 0.6), (0.6, 0), (0.6, 0.65), (0.05, 0.65))
    path = [
        [x + width * (across + hand.gauss(0, 0.02)), y + height * (down + hand.gauss(0, 0.02))]
        for across, down in corners
    ]
    return {"image": data_url(canvas_png([path])), "strokes": [path], "canvas": {"width": 280, "height": 280}}


def sign_in(site: Digitre) -> Visitor:
    admin = Visitor(site.port)
    admin.call("GET", "/admin/login/")
    password = known(re.search(r'password "([^"]+)"', site.output))[1]
    form = {"username": "admin", "password": password, "next": "/admin/"}
    assert submit(admin, "/admin/login/", form) == 302
    return admin


def submit(visitor: Visitor, path: str, form: dict[str, Any]) -> int:
    """Send a page's form with its token, as a browser does. Returns the status."""
    return visitor.call("POST", path, form=form | {"csrfmiddlewaretoken": visitor.cookies["csrftoken"]})[0]


def approve_all(admin: Visitor) -> int:
    """Decide drawing after drawing at the review desk, as its page does."""
    approved = 0
    while True:
        headers = {"X-CSRFToken": admin.cookies["csrftoken"]}
        said = {"held": [], "unsent": [], "blind": False}
        status, desk = admin.call("POST", "/admin/recognizer/drawing/queue/claim/", said, None, **headers)
        assert status == 200, desk
        if not desk["drawings"]:
            return approved
        for drawing in desk["drawings"]:
            decision = {"id": drawing["id"], "label": TAUGHT, "blind": False}
            status, answer = admin.call("POST", "/admin/recognizer/drawing/queue/decide/", decision, None, **headers)
            assert status == 200, answer
            approved += 1


def roll_back(admin: Visitor) -> None:
    """Press the admin's button and fill in its form."""
    path = "/admin/recognizer/modelversion/roll-back/"
    status, page = admin.call("GET", path)
    assert status == 200
    version = known(re.search(r'name="version" value="(\d+)"', page))[1]
    assert submit(admin, path, {"version": version, "reason": "the old answer, please"}) == 302


def test_the_whole_loop(site: Digitre) -> None:
    admin, asked = sign_in(site), Visitor(site.port)
    status, before = asked.call("POST", "/api/v1/guesses/", stemless_four(1000))
    assert status == 200
    assert before["model_version"] == 1
    assert before["digit"] != TAUGHT

    for person in range(6):
        visitor = Visitor(site.port)
        for number in range(person * 8, person * 8 + 8):
            status, drawing = visitor.call("POST", "/api/v1/drawings/", stemless_four(number))
            assert status == 201, drawing
            status, _ = visitor.call("PUT", f"/api/v1/drawings/{drawing['id']}/feedback/", {"label": TAUGHT})
            assert status == 200
    assert approve_all(admin) == 48
    manage(site, "from training.models import *; TrainingPolicy(minimum_new_labels=30).save()")

    wait_until(lambda: runs(site)[0] not in ("", "running"), 600)  # from the next tick of the clock on
    outcome, story = runs(site)
    assert outcome == "promoted", story

    wait_until(lambda: asked.call("POST", "/api/v1/guesses/", stemless_four(1000))[1]["model_version"] == 2, 10)
    after = asked.call("POST", "/api/v1/guesses/", stemless_four(1000))[1]
    assert after["digit"] == TAUGHT, after
    assert asked.call("GET", "/api/v1/progress/")[1]["versions"][0]["drawings"] > 20

    roll_back(admin)
    wait_until(lambda: asked.call("POST", "/api/v1/guesses/", stemless_four(1000))[1]["model_version"] == 1, 10)
    again = asked.call("POST", "/api/v1/guesses/", stemless_four(1000))[1]
    assert (
        again["digit"] == before["digit"] or again["people"]
    )  # what a version has unlearned, people's drawings say again


def runs(site: Digitre) -> tuple[str, str]:
    """The latest run's status, and what there is to say about it."""
    status = site.query("SELECT coalesce((SELECT status FROM training_trainingrun ORDER BY id DESC LIMIT 1), '')")
    if status in ("", "running"):
        return status, ""
    return status, site.query("SELECT decision || error || log FROM training_trainingrun ORDER BY id DESC LIMIT 1")

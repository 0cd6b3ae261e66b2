"""Whatever a stranger gets into a row: the desk shows it as text, and the policy would stop it otherwise."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from recognizer import registry
from recognizer.models import Contributor, Drawing, LabelEvent, ModelVersion, PromotionEvent
from tests.support.accounts import MakeUser, SignIn
from tests.support.drawings import make_drawing
from training.models import DatasetSnapshot, TrainingRun, WorkerHeartbeat

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"
EVIL_ATTRIBUTE = "\"' onerror=alert(1) x="


@pytest.fixture(params=[EVIL, EVIL_ATTRIBUTE, "{{ 7|add:7 }}"], ids=["tag", "attribute", "template"])
def evil(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def poisoned(evil: str, make_user: MakeUser) -> dict[str, Any]:
    """Put the string into every column that is shown somewhere."""
    version = registry.ensure_baseline()
    bins = [{"confidence": 0.5, "accuracy": 0.4, "n": 10}]
    metrics = {evil: {"n": 10, "accuracy": 0.5, "confusion": [[1, 1]], "interval": [0.1, 0.9], "bins": bins}}
    held = registry.register(
        bytes(version.keras),
        bytes(version.tflite),
        preprocessing_version=version.preprocessing_version,
        calibration=version.calibration,
        metrics={},
        parent=version,
        origin=evil,
    )
    ModelVersion.objects.update(origin=evil, broken_reason=evil, metrics=metrics)
    PromotionEvent.objects.update(reason=evil)
    drawing = make_drawing(contributor=Contributor.join(), idempotency_key=evil[:60])
    LabelEvent.objects.update(reason=evil)
    Drawing.objects.update(status_reason=evil)
    snapshot = DatasetSnapshot.objects.create(
        digest=evil, drawings=1, contributors=1, counts={"labels": {evil: 1}, "excluded": {evil: 1}}
    )
    run = TrainingRun.objects.create(
        status="held",
        trigger="schedule",
        challenger=version,
        snapshot=snapshot,
        worker=evil,
        phase=evil,
        log=evil,
        error=evil,
        started_at=timezone.now(),
        config={evil: evil},
        environment={evil: evil, "replay": {evil: evil}},
        curve=[{"epoch": evil, "accuracy": 0.5}, {"epoch": evil, "accuracy": 0.6}],
        decision={
            "promote": False,
            "reasons": [evil],
            "notes": [evil],
            "rows": [dict.fromkeys(("metric", "champion", "challenger", "limit", "verdict"), evil) | {"passed": False}],
        },
    )
    WorkerHeartbeat.objects.beat(evil)
    AccessAttempt.objects.create(
        username=evil,
        user_agent=evil,
        path_info=evil,
        get_data=evil,
        post_data=evil,
        http_accept=evil,
        failures_since_start=1,
    )
    evil_user = make_user("owner", is_superuser=True, first_name=evil)
    drawing.approve(7, evil_user, evil)
    return {"drawing": drawing.pk, "version": version.pk, "held": held.pk, "run": run.pk, "user": evil_user}


PAGES = [
    "/admin/",
    "/admin/recognizer/drawing/?status=all",
    "/admin/recognizer/drawing/{drawing}/change/",
    "/admin/recognizer/drawing/queue/",
    "/admin/recognizer/labelevent/",
    "/admin/recognizer/contributor/",
    "/admin/recognizer/modelversion/",
    "/admin/recognizer/modelversion/{version}/change/",
    "/admin/recognizer/modelversion/{version}/promote/",
    "/admin/recognizer/modelversion/{held}/change/",
    "/admin/recognizer/modelversion/{held}/promote/",
    "/admin/recognizer/promotionevent/",
    "/admin/training/trainingrun/",
    "/admin/training/trainingrun/{run}/change/",
    "/admin/training/datasetsnapshot/",
    "/admin/training/workerheartbeat/",
    "/admin/axes/accessattempt/",
]


@pytest.mark.slow
def test_every_page_shows_it_as_text_under_a_strict_policy(
    poisoned: dict[str, Any], evil: str, sign_in: SignIn
) -> None:
    client = sign_in(poisoned["user"])
    shown = 0
    for address in PAGES:
        response = client.get(address.format(**poisoned))
        assert response.status_code == 200, address
        page = response.content.decode()
        assert evil not in page or evil.startswith("{{"), address
        policy = response["Content-Security-Policy"]
        assert "script-src 'self';" in policy + ";"
        assert "unsafe" not in policy
        shown += page.count("&lt;script&gt;alert(1)") + page.count("&quot;&#x27; onerror") + page.count("{{ 7|add:7 }}")
    assert shown >= len(PAGES)


def test_progress_of_a_run_is_json_and_not_a_page(poisoned: dict[str, Any], evil: str, sign_in: SignIn) -> None:
    response = sign_in(poisoned["user"]).get(f"/admin/training/trainingrun/{poisoned['run']}/progress/")
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.json()["log"] == evil


@pytest.mark.parametrize(
    "query", ["?q={}", "?status={}", "?contributor={}", "?order={}&answer={}", "?after={}", "?e={}"]
)
def test_address_is_not_echoed_as_markup(owner: User, sign_in: SignIn, query: str) -> None:
    page = sign_in(owner).get("/admin/recognizer/drawing/" + query.format(EVIL, EVIL), follow=True).content.decode()
    assert EVIL not in page


def test_name_tried_at_the_door_is_not_echoed_as_markup(db: None, client: Client) -> None:
    page = client.post("/admin/login/", {"username": EVIL, "password": "x"}).content.decode()
    assert EVIL not in page

"""Every page of the admin, in every state it has: sound to axe in both themes, no wider than a phone, nothing black on black."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from recognizer import registry
from recognizer.models import ApiKey, Contributor, Drawing, ModelVersion, Subscriber
from recognizer.notices.announcing import announce_test
from recognizer.review import moderation
from tests.support.drawings import make_drawing, make_drawings
from tests.support.looks import LOOKS, grave_findings
from tests.support.maps import lay_map
from tests.support.person import OpenContext, sign_in
from training.evaluation import exam_sets
from training.evaluation.golden import golden_drawings
from training.models import DatasetSnapshot, TrainingPolicy, TrainingRun, WorkerHeartbeat

DRAWINGS, VERSIONS, RUNS = (
    "/admin/recognizer/drawing/",
    "/admin/recognizer/modelversion/",
    "/admin/training/trainingrun/",
)
PAGES = [  # not a user's own page: the widgets there are Django's, and so is an ARIA attribute that axe minds
    "/admin/",
    f"{DRAWINGS}?status=all",
    f"{DRAWINGS}{{drawing}}/change/",
    f"{DRAWINGS}{{drawing}}/delete/",
    f"{DRAWINGS}queue/",
    f"{DRAWINGS}queue/?blind=1",
    f"{DRAWINGS}map/",
    f"{DRAWINGS}map/sheet/?like={{drawing}}",
    "/admin/recognizer/contributor/",
    "/admin/recognizer/labelevent/",
    "/admin/recognizer/promotionevent/",
    "/admin/recognizer/ledgerentry/",
    "/admin/recognizer/apikey/",
    "/admin/recognizer/apikey/add/",
    "/admin/recognizer/subscriber/{subscriber}/change/",
    "/admin/recognizer/delivery/",
    VERSIONS,
    f"{VERSIONS}{{champion}}/change/",
    f"{VERSIONS}{{held}}/change/",
    f"{VERSIONS}{{held}}/promote/",
    f"{VERSIONS}roll-back/",
    RUNS,
    f"{RUNS}{{held_run}}/change/",
    f"{RUNS}{{failed_run}}/change/",
    f"{RUNS}{{running_run}}/change/",
    "/admin/training/datasetsnapshot/",
    "/admin/training/trainingpolicy/1/change/",
    "/admin/training/workerheartbeat/",
    "/admin/auth/user/",
    "/admin/axes/accessattempt/",
    "/admin/password_change/",
    "/admin/nothing/",
]


def register(parent: ModelVersion, origin: str, accuracy: float) -> ModelVersion:
    table = [[20 if row == column else 0 for column in range(11)] for row in range(11)]
    table[4][9], table[7][10] = 3, 1
    report = {
        "n": 224,
        "accuracy": accuracy,
        "interval": [accuracy - 0.02, accuracy + 0.01],
        "refusal_rate": 0.1,
        "ece": 0.02,
        "confusion": table,
        "bins": [{"confidence": 0.55, "accuracy": 0.5, "n": 4}, {"confidence": 0.99, "accuracy": 0.98, "n": 200}],
    }
    return registry.register(
        bytes(parent.keras),
        bytes(parent.tflite),
        preprocessing_version=parent.preprocessing_version,
        calibration=parent.calibration | {"refusal_threshold": 1e6 if accuracy < 0.95 else 0.0},
        metrics={"golden": report, "drawings": report},
        parent=parent,
        origin=origin,
    )


@pytest.fixture(autouse=True)
def few_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = golden_drawings()
    monkeypatch.setattr(exam_sets, "golden_drawings", lambda: (images[::20], labels[::20]))


@pytest.fixture
def rows(owner: User) -> dict[str, Any]:
    """A little of everything that the pages can show."""
    drawings = decided_drawings(owner)
    baseline = ModelVersion.objects.get(is_champion=True)
    champion, held = register(baseline, "run 1", 0.98), register(baseline, "run 2", 0.9)
    registry.promote(champion, by=owner, reason="better")
    make_drawing(seed=77, predicted=1, confirmed=7, model_version=champion).approve(7, owner)
    failed = TrainingRun.objects.create(status="failed", trigger="request", requested_by=owner, error="Out of memory.")
    lay_map(champion, Drawing.objects.filter(status__in=["waiting", "approved"]), clusters=1)
    TrainingPolicy.load()
    WorkerHeartbeat.objects.beat("celery@worker")
    Contributor.join()
    subscriber = Subscriber.objects.create(name="a bot", address="https://bot.example/hook", events=["run.held"])
    announce_test(subscriber)
    ApiKey.objects.make(owner, "a program", ["review"])
    return {
        "subscriber": subscriber.pk,
        "drawing": drawings[0].pk,
        "champion": champion.pk,
        "held": held.pk,
        "held_run": held_run(champion, held, drawings).pk,
        "failed_run": failed.pk,
        "running_run": running_run().pk,
    }


def decided_drawings(owner: User) -> list[Drawing]:
    """One approved, one rejected, one in quarantine, one of a blocked contributor; eight wait."""
    drawings = make_drawings(12)
    drawings[0].approve(3, owner)
    drawings[1].reject("not readable", owner)
    drawings[2].quarantine("others contradict its label")
    moderation.block(drawings[3].contributor, by=owner, reason="wrong on purpose")
    return drawings


def held_run(champion: ModelVersion, held: ModelVersion, drawings: list[Drawing]) -> TrainingRun:
    row = {"metric": "MNIST test", "champion": "99 %", "challenger": "98 %", "limit": "98.9 %"}
    return TrainingRun.objects.create(
        status="held",
        trigger="schedule",
        champion=champion,
        challenger=held,
        snapshot=DatasetSnapshot.objects.create(
            digest="ab" * 32,
            drawings=321,
            contributors=12,
            counts={
                "labels": {"7": 300, "not a digit": 21},
                "excluded": {"its contributor has drawn enough of these": 5},
            },
        ),
        seed=42,
        started_at=timezone.now() - timedelta(minutes=5),
        finished_at=timezone.now(),
        curve=[{"epoch": 1, "accuracy": 0.9}, {"epoch": 2, "accuracy": 0.95}],
        config={"fine_tune": {"epochs": 2}},
        environment={"python": "3.11", "replay": {"mnist": "12,000 digits"}},
        changed={"fixed": [str(drawings[4].pk)], "broken": [str(drawings[5].pk)]},
        decision={
            "promote": False,
            "reasons": ["MNIST test: falls"] * 3,
            "notes": ["Decided on little."],
            "rows": [row | {"verdict": "falls", "passed": False}, row | {"verdict": "kept", "passed": True}],
        },
    )


def running_run() -> TrainingRun:
    return TrainingRun.objects.create(
        status="running",
        trigger="request",
        token="12345678123456781234567812345678",
        lease_expires_at=timezone.now() + timedelta(hours=1),
        started_at=timezone.now(),
        phase="learning",
        progress=0.5,
        log="13:00:52 epoch 2/5\n",
    )


@pytest.fixture
def desk(open_context: OpenContext, site: str, owner: User) -> Callable[[str], Page]:
    """Open a page of the admin's owner, in one of the looks."""

    def open_page(look: str) -> Page:
        context = open_context(**LOOKS[look])
        sign_in(context, owner, site)
        return context.new_page()

    return open_page


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_sound_and_fits(desk: Callable[[str], Page], rows: dict[str, Any], look: str) -> None:
    page = desk(look)
    for address in PAGES:
        page.goto(address.format(**rows))
        page.wait_for_load_state("load")
        assert not grave_findings(page), address
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address


@pytest.mark.parametrize("look", ["light", "dark"])
def test_delete_link_has_the_red_of_its_theme(desk: Callable[[str], Page], rows: dict[str, Any], look: str) -> None:
    page = desk(look)
    page.goto(f"{DRAWINGS}{rows['drawing']}/change/")
    link = page.locator("a.deletelink")
    red = {"light": "rgb(168, 38, 12)", "dark": "rgb(255, 157, 130)"}[look]
    expect(link).to_have_css("color", red)
    link.hover()
    expect(link).to_have_css("color", red)


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_a_theme_chosen_at_the_desk_is_stronger_than_the_systems(
    desk: Callable[[str], Page], rows: dict[str, Any], system: str, chosen: str
) -> None:
    page = desk(system)
    page.goto(f"{DRAWINGS}?status=all")
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.theme") != chosen:
            page.locator(".theme-toggle").first.click()
    paper, header = {
        "light": ("rgb(253, 250, 243)", "rgb(244, 239, 229)"),
        "dark": ("rgb(24, 35, 48)", "rgb(16, 24, 34)"),
    }[chosen]
    expect(page.locator("body")).to_have_css("background-color", paper)
    expect(page.locator("#header")).to_have_css("background-color", header)
    expect(page.locator(".sheet img").first).to_have_css("filter", "invert(1)" if chosen == "dark" else "none")


@pytest.mark.parametrize("look", LOOKS)
def test_confirm_pages_and_the_help_are_sound_and_fit(
    desk: Callable[[str], Page], rows: dict[str, Any], look: str
) -> None:
    page = desk(look)
    for action in ("reject", "approve_as", "block_contributors"):
        page.goto(DRAWINGS)
        page.locator("input.action-select").first.check()
        page.locator("select[name=action]").select_option(action)
        page.get_by_role("button", name="Go").click()
        expect(page.locator(".contact-sheet")).to_be_visible()
        assert not grave_findings(page), action
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), action
    page.goto(f"{DRAWINGS}queue/")
    expect(page.locator("[data-part=work]")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("[data-part=help]")).to_be_visible()
    assert not grave_findings(page)


@pytest.mark.parametrize("look", LOOKS)
def test_doors_are_sound(open_context: OpenContext, site: str, operator: User, settings: Settings, look: str) -> None:
    page = open_context(**LOOKS[look]).new_page()
    page.goto("/admin/")
    assert not grave_findings(page)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        page.get_by_label("Username").fill("rosa")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Too many tries")).to_be_visible()
    assert not grave_findings(page)
    sign_in(page.context, operator, site)
    page.goto(DRAWINGS)
    expect(page.get_by_role("heading", name="This is not for your account.")).to_be_visible()
    assert not grave_findings(page)

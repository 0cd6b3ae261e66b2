"""Whatever people, reviewers and operators do, in whatever order: rows and answers are those of a few lines of plain Python.

The model knows the rules and nothing else: no SQL, no HTTP, no picture. Hypothesis looks for an order of events after which
the two differ, and shows the shortest.
"""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from recognizer import contributor_cookie, own_drawings, personalization, registry
from recognizer.labels import NOT_A_DIGIT, api_label
from recognizer.models import Drawing, LabelEvent, ModelVersion, PromotionEvent
from tests.support.digit_paths import DIGITS
from tests.support.known import known
from training.exchange.exporting import export_drawings
from training.exchange.importing import import_drawings
from training.exchange.records import read_records

PEOPLE = 3
person = st.integers(0, PEOPLE - 1)
nth = st.integers(0, 30)  # of the drawings there are, counted round
label = st.sampled_from([0, 3, 7, NOT_A_DIGIT])


@dataclass
class Sheet:
    """What the rules say of one drawing."""

    owner: int
    confirmed: int | None = None
    status: str = "unconfirmed"
    is_reviewed: bool = False
    reviewed: int | None = None
    said: list[tuple[str, int | None]] = field(default_factory=list)  # its history: action, label

    def note(self, action: str, said: int | None) -> None:
        self.said.append((action, said))

    @property
    def trains(self) -> bool:
        return self.status == "approved"

    def confirm(self, said: int) -> int:
        if self.is_reviewed:
            return 409
        if said != self.confirmed:
            self.confirmed = said
            self.note("confirmed", said)
            if self.status != "quarantined":
                self.status = "waiting"
        return 200

    def withdraw(self) -> int:
        if self.is_reviewed:
            return 409
        if self.confirmed is not None:
            self.confirmed = None
            self.note("withdrawn", None)
            if self.status != "quarantined":
                self.status = "unconfirmed"
        return 204

    def review(self, status: str, said: int | None) -> None:
        self.status, self.is_reviewed, self.reviewed = status, True, said
        self.note(status, said)

    def put_back(self) -> None:
        self.status = "unconfirmed" if self.confirmed is None else "waiting"
        self.is_reviewed, self.reviewed = False, None
        self.note("put back", None)

    def quarantine(self) -> None:
        self.status = "quarantined"
        self.note("quarantined", self.confirmed if self.reviewed is None else self.reviewed)


class Site(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        for kept in (contributor_cookie.known, personalization._collected):
            kept.clear()
        own_drawings._load.cache_clear()
        registry.ensure_baseline()
        self.people = [Client() for _ in range(PEOPLE)]
        self.reviewer = User.objects.create_user("rita")
        self.sheets: dict[str, Sheet] = {}
        self.gone: list[tuple[str, int]] = []  # drawings that were deleted, and whose they were
        self.reign = [1]  # the versions that a roll-back leads through, the champion last
        self.versions = 1
        self.promotions = PromotionEvent.objects.count()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    # what people do

    @rule(who=person, digit=st.integers(0, 9))
    def draw(self, who: int, digit: int) -> None:
        answer = self.ask(who, "POST", "/api/v1/drawings/", form(digit))
        assert answer.status_code == 201
        self.sheets[body(answer)["id"]] = Sheet(who)

    @rule(who=person, digit=st.integers(0, 9))
    def guess(self, who: int, digit: int) -> None:
        answer = self.ask(who, "POST", "/api/v1/guesses/", form(digit))
        assert (answer.status_code, body(answer)["model_version"]) == (200, self.reign[-1])

    @precondition(lambda self: self.sheets)
    @rule(who=person, number=nth, said=label)
    def say(self, who: int, number: int, said: int) -> None:
        key, sheet = self.pick(number)
        answer = self.ask(who, "PUT", f"/api/v1/drawings/{key}/feedback/", {"label": api_label(said)})
        assert answer.status_code == (sheet.confirm(said) if who == sheet.owner else 404)

    @precondition(lambda self: self.sheets)
    @rule(who=person, number=nth)
    def take_back(self, who: int, number: int) -> None:
        key, sheet = self.pick(number)
        answer = self.ask(who, "DELETE", f"/api/v1/drawings/{key}/feedback/")
        assert answer.status_code == (sheet.withdraw() if who == sheet.owner else 404)

    @precondition(lambda self: self.sheets)
    @rule(who=person, number=nth)
    def delete(self, who: int, number: int) -> None:
        key, sheet = self.pick(number)
        answer = self.ask(who, "DELETE", f"/api/v1/drawings/{key}/")
        assert answer.status_code == (204 if who == sheet.owner else 404)
        if who == sheet.owner:
            del self.sheets[key]
            self.gone.append((key, who))

    @precondition(lambda self: self.gone)
    @rule(number=nth)
    def ask_for_what_is_gone(self, number: int) -> None:
        key, who = self.gone[number % len(self.gone)]
        assert self.ask(who, "GET", f"/api/v1/drawings/{key}/").status_code == 404

    @rule(who=person)
    def forget_all(self, who: int) -> None:
        assert self.ask(who, "DELETE", "/api/v1/drawings/").status_code == 204
        self.sheets = {key: sheet for key, sheet in self.sheets.items() if sheet.owner != who}

    @rule(who=person)
    def export_own(self, who: int) -> None:
        answer = self.ask(who, "GET", "/api/v1/drawings/export/")
        assert answer.status_code == 200
        text = b"".join(getattr(answer, "streaming_content", [getattr(answer, "content", b"")])).decode()
        assert {key for key in [*self.sheets, *dict(self.gone)] if key in text} == self.of(who)

    # what reviewers and training do

    @precondition(lambda self: self.sheets)
    @rule(number=nth, said=label)
    def approve(self, number: int, said: int) -> None:
        key, sheet = self.pick(number)
        row(key).approve(said, self.reviewer)
        sheet.review("approved", said)

    @precondition(lambda self: self.sheets)
    @rule(number=nth)
    def reject(self, number: int) -> None:
        key, sheet = self.pick(number)
        row(key).reject("no", self.reviewer)
        sheet.review("rejected", None)

    @precondition(lambda self: self.sheets)
    @rule(number=nth)
    def put_back(self, number: int) -> None:
        key, sheet = self.pick(number)
        row(key).put_back(self.reviewer)
        sheet.put_back()

    @precondition(lambda self: self.sheets)
    @rule(number=nth)
    def quarantine(self, number: int) -> None:
        key, sheet = self.pick(number)
        row(key).quarantine("contradicted")
        sheet.quarantine()

    # what operators do

    @precondition(lambda self: self.versions < 4)
    @rule()
    def register_and_promote(self) -> None:
        first = ModelVersion.objects.get(number=1)
        calibration = first.calibration | {"temperature": first.calibration["temperature"] * (1 + self.versions / 10)}
        version = registry.register(
            first.keras,
            first.tflite,
            preprocessing_version=first.preprocessing_version,
            calibration=calibration,
            metrics={},
            parent=first,
            origin="a test",
        )
        self.versions += 1
        assert version.number == self.versions
        self.promote(version.number)

    @rule(number=st.integers(1, 4))
    def promote(self, number: int) -> None:
        if number > self.versions:
            return
        event = registry.promote(ModelVersion.objects.get(number=number), by=None, reason="because")
        assert (event is None) == (number == self.reign[-1])
        if event is not None:
            self.reign = self.reign[: self.reign.index(number)] if number in self.reign else self.reign
            self.reign.append(number)
            self.promotions += 1

    @precondition(lambda self: len(self.reign) > 1)
    @rule()
    def roll_back(self) -> None:
        self.reign.pop()
        assert registry.roll_back(by=None, reason="worse").number == self.reign[-1]
        self.promotions += 1

    @precondition(lambda self: any(sheet.trains for sheet in self.sheets.values()))
    @rule()
    def export_and_import(self) -> None:
        """What comes back where it came from changes nothing."""
        with tempfile.TemporaryDirectory() as folder:
            export_drawings(Path(folder) / "out", ("jsonl",), read_records())
            outcome = import_drawings(Path(folder) / "out")
        assert (outcome.added, outcome.known) == (0, sum(sheet.trains for sheet in self.sheets.values()))

    # what must always hold

    @invariant()
    def rows_are_as_the_rules_say(self) -> None:
        rows = Drawing.objects.values_list("pk", "confirmed_label", "status", "reviewed_label", "reviewed_at")
        found = {str(pk): (confirmed, status, said, at is not None) for pk, confirmed, status, said, at in rows}
        assert found == {
            key: (sheet.confirmed, sheet.status, sheet.reviewed, sheet.is_reviewed)
            for key, sheet in self.sheets.items()
        }

    @invariant()
    def history_is_whole(self) -> None:
        events: dict[str, list[tuple[str, int | None]]] = {key: [] for key in self.sheets}
        for drawing, action, said in LabelEvent.objects.order_by("id").values_list("drawing_id", "action", "label"):
            events[str(drawing)].append((action, said))
        assert events == {key: sheet.said for key, sheet in self.sheets.items()}

    @invariant()
    def only_the_approved_may_train_or_examine(self) -> None:
        doors = [*Drawing.objects.trainable(), *Drawing.objects.exam()]
        assert {str(drawing.pk) for drawing in doors} == {key for key, sheet in self.sheets.items() if sheet.trains}

    @invariant()
    def one_champion(self) -> None:
        assert [version.number for version in ModelVersion.objects.filter(is_champion=True)] == [self.reign[-1]]
        assert PromotionEvent.objects.count() == self.promotions

    @invariant()
    def everybody_sees_their_own(self) -> None:
        for who in range(PEOPLE):
            listed = body(self.ask(who, "GET", "/api/v1/drawings/"))["results"]
            assert {drawing["id"]: drawing["is_confirmed"] for drawing in listed} == {
                key: self.sheets[key].confirmed is not None for key in self.of(who)
            }

    def ask(self, who: int, method: str, path: str, said: object = None) -> HttpResponseBase:
        text = "" if said is None else json.dumps(said)
        return self.people[who].generic(method, path, text, "application/json")

    def pick(self, number: int) -> tuple[str, Sheet]:
        keys = [*self.sheets]
        key = keys[number % len(keys)]
        return key, self.sheets[key]

    def of(self, who: int) -> set[str]:
        return {key for key, sheet in self.sheets.items() if sheet.owner == who}


def form(digit: int) -> dict[str, Any]:
    return {"strokes": DIGITS[digit], "canvas": {"width": 280, "height": 280}}


def body(answer: HttpResponseBase) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(getattr(answer, "content", b"{}"))
    return said


def row(key: str) -> Drawing:
    return known(Drawing.objects.filter(pk=key).first())


@pytest.fixture
def nobody_approves_by_rule(settings: Any) -> None:
    settings.DIGITRE_AUTO_APPROVE = "none"
    settings.DIGITRE_THROTTLES = False


@pytest.mark.slow
@pytest.mark.django_db
def test_whatever_is_done_the_rows_follow_the_rules(nobody_approves_by_rule: None, monkeypatch: Any) -> None:
    monkeypatch.setattr("recognizer.serving.CHAMPION_CHECK_SECONDS", 0)  # a guess is the champion's at once
    bounded = settings(max_examples=12, stateful_step_count=20, deadline=None, derandomize=True, print_blob=False)
    run_state_machine_as_test(Site, settings=settings(bounded, suppress_health_check=list(HealthCheck)))

"""Many people who draw, label, change their minds and delete, and remember what they were told."""

import http.client
import itertools
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.digit_paths import DIGITS
from tests.support.proxied_site import UNPROVEN

PATIENCE_SECONDS = 20  # of one call; nobody should wait for so long
TRIES = 12  # of one call; then it is left
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = (
    0.5,
    5.0,
)  # before a call is sent again: twice as long each time, as people lose heart
PROXY_WAIT_SECONDS = 2.0  # from which on nginx may have asked a second replica, see docker/nginx/digitre.conf
DRAWINGS_EACH = 40  # then somebody else sits down
LOST_ANSWER = "what nobody was told"


@dataclass
class Sheet:
    """One drawing as its contributor knows it. `said`: each label asked for, in order, and whether it was acknowledged."""

    number: int
    fault: str
    id: str | None = None
    said: list[tuple[int | None, bool]] = field(default_factory=list)
    deleting: bool = False
    deleted: bool = False
    version: int = 0
    sent_at: float = 0.0
    answered_at: float = 0.0

    @property
    def possible_labels(self) -> set[int | None]:
        """What its row may say: the last label that was acknowledged, or any asked for since without an answer."""
        possible: set[int | None] = {None}
        for label, acknowledged in self.said:
            possible = {label} if acknowledged else possible | {label}
        return possible

    @property
    def changes(self) -> tuple[int, int]:
        """How many times its label was changed: at least, and at most."""
        least, most = 0, len(self.said)
        before: int | str | None = None
        for label, acknowledged in self.said:
            least += acknowledged and label != before and before != LOST_ANSWER
            before = label if acknowledged else LOST_ANSWER
        return least, most


@dataclass(frozen=True)
class Call:
    """One request. `outcome`: its status, or in a word why there was none."""

    fault: str
    outcome: str
    seconds: float
    ended: float


@dataclass
class Ledger:
    """What all people together sent and were told, by the fault that there was."""

    fault: str = "before"
    calls: list[Call] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    surprises: Counter[str] = field(default_factory=Counter)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def of(self, fault: str) -> list[Call]:
        return [call for call in self.calls if call.fault == fault]

    def last_failure(self) -> float:
        """When the last call failed, on the monotonic clock."""
        recent = (call.ended for call in reversed(self.calls[-5000:]) if is_failure(call.outcome))
        return next(recent, 0.0)

    def successes_since(self, moment: float) -> int:
        recent = itertools.takewhile(lambda call: call.ended > moment - 5, reversed(self.calls[-5000:]))
        return sum(call.ended > moment and not is_failure(call.outcome) for call in recent)


def is_failure(outcome: str) -> bool:
    return not outcome.startswith(("2", "4"))


class Person:
    """Somebody with a browser, at an address of their own."""

    def __init__(self, place: int, ledger: Ledger, port: int, over: threading.Event, pace: Callable[[], float]) -> None:
        self.address = f"127.{1 + place // 60_000}.{place // 250 % 240}.{1 + place % 250}"
        self.ledger, self.port, self.over, self.pace = ledger, port, over, pace
        self.random = random.Random(place)
        self.cookie = ""
        self.connection: http.client.HTTPSConnection | None = None

    def live(self) -> None:
        try:
            self.draw_on()
        except Exception as error:  # whatever it is, a person who stopped drawing is a hole in the run
            self.ledger.surprises[f"somebody stopped: {error!r}"] += 1
        finally:
            self.hang_up()

    def draw_on(self) -> None:
        while not self.over.is_set():
            for _ in range(DRAWINGS_EACH):
                if self.over.wait(self.random.uniform(0.5, 1.5) * self.pace()):
                    break
                self.draw()
            self.cookie = ""

    def draw(self) -> None:
        """Draw, say what it is, and now and then do what people also do."""
        sheet = Sheet(next(self.ledger.numbers), self.ledger.fault)
        digit = self.random.randrange(10)
        if self.random.random() < 0.3:
            self.call("POST", "/api/v1/guesses/", self.form(digit, sheet.number))
        if not self.hand_in(sheet, self.form(digit, sheet.number)):
            return
        address = f"/api/v1/drawings/{sheet.id}/"
        self.label(sheet, digit if self.random.random() < 0.9 else self.random.randrange(10))
        chance = self.random.random()
        if chance < 0.2:
            self.label(sheet, self.random.randrange(10))
        elif chance < 0.27:
            self.label(sheet, None)
        elif chance < 0.32:
            self.delete(sheet, address)
        elif chance < 0.5:
            self.look(sheet, address)

    def form(self, digit: int, number: int) -> dict[str, Any]:
        """A path by a shaky hand. Its first point's time is the drawing's number, by which its row is found again."""
        hand = random.Random(number)
        times = itertools.count(number, 20)
        strokes = [
            [[x + hand.uniform(-9, 9), y + hand.uniform(-9, 9), next(times)] for x, y in stroke]
            for stroke in DIGITS[digit]
        ]
        return {"strokes": strokes, "canvas": {"width": 280, "height": 280}}

    def hand_in(self, sheet: Sheet, form: dict[str, Any]) -> bool:
        key = uuid.uuid4().hex
        self.ledger.sheets.append(sheet)
        for attempt in range(TRIES):
            sheet.sent_at = time.time()
            status, answer = self.call("POST", "/api/v1/drawings/", form, key)
            if status == 201:
                sheet.id, sheet.version, sheet.answered_at = answer["id"], answer["model_version"], time.time()
                return True
            if 400 <= status < 500:
                self.ledger.surprises[f"{status} for a drawing: {answer.get('code')}"] += 1
                return False
            if self.over.wait(self.pause(attempt)):
                break
        return False

    def label(self, sheet: Sheet, label: int | None) -> None:
        address = f"/api/v1/drawings/{sheet.id}/feedback/"
        method, form, done = ("DELETE", None, 204) if label is None else ("PUT", {"label": label}, 200)
        for attempt in range(TRIES):
            sheet.said.append((label, False))
            status, answer = self.call(method, address, form)
            if status == done:
                sheet.said[-1] = (label, True)
                return
            if 400 <= status < 500:
                self.ledger.surprises[f"{status} for a label: {answer.get('code')}"] += 1
                return
            if self.over.wait(self.pause(attempt)):
                return

    def delete(self, sheet: Sheet, address: str) -> None:
        for attempt in range(TRIES):
            sheet.deleting, start = True, time.monotonic()
            status, _ = self.call("DELETE", address)
            if status == 404 and not attempt and time.monotonic() - start < PROXY_WAIT_SECONDS:
                self.ledger.surprises["404 for a drawing that was acknowledged"] += 1
            if status in (204, 404):  # an answer may have got lost on the way
                sheet.deleted = True
                return
            if self.over.wait(self.pause(attempt)):
                return

    def pause(self, attempt: int) -> float:
        """Seconds before a call that failed is sent again, not by all at the same moment."""
        doubled: float = FIRST_WAIT_SECONDS * 2**attempt
        return min(LONGEST_WAIT_SECONDS, doubled) * self.random.uniform(0.7, 1.3)

    def look(self, sheet: Sheet, address: str) -> None:
        status, answer = self.call("GET", address)
        if status == 404:
            self.ledger.surprises["404 for a drawing that was acknowledged"] += 1
        elif status == 200 and answer["confirmed"] not in sheet.possible_labels:
            self.ledger.surprises["another label shown than was acknowledged"] += 1

    def call(self, method: str, path: str, form: object = None, key: str = "") -> tuple[int, dict[str, Any]]:
        """Make one call. Returns status and answer; status 0: there was none."""
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        if key:
            headers["Idempotency-Key"] = key
        fault, start = self.ledger.fault, time.monotonic()
        try:
            status, answer = self._exchange(method, path, None if form is None else json.dumps(form), headers)
            outcome = str(status)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.hang_up()
            status, answer, outcome = 0, {}, word_for(error)
        ended = time.monotonic()
        self.ledger.calls.append(Call(fault, outcome, ended - start, ended))
        return status, answer

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                "127.0.0.1",
                self.port,
                timeout=PATIENCE_SECONDS,
                source_address=(self.address, 0),
                context=UNPROVEN,
            )
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        raw = response.read()
        if cookie := response.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";", 1)[0]
        is_json = "json" in (response.headers.get("Content-Type") or "")
        answer = json.loads(raw) if raw and is_json else {}
        return response.status, answer if isinstance(answer, dict) else {}

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def word_for(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    return "refused" if isinstance(error, ConnectionRefusedError) else "cut off"


class Crowd:
    """So many people at once, each in a thread."""

    def __init__(self, count: int, ledger: Ledger, port: int, seconds_between: float) -> None:
        self.over = threading.Event()
        self.seconds_between = seconds_between
        people = [Person(place, ledger, port, self.over, lambda: self.seconds_between) for place in range(count)]
        self._threads = [threading.Thread(target=person.live, daemon=True) for person in people]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

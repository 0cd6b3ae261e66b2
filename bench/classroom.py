"""A class of thirty: phones join a campaign by its code, draw and say what it was; a wall shows what a reviewer approves.

    DEBUG=on python -m bench.classroom [--url http://127.0.0.1:8000] [--clients 30] [--drawings 5]
    DEBUG=on python -m bench.classroom --tablet 300

Against a Digitre that runs on this machine with the same settings and `DIGITRE_THROTTLES=off`: the campaign is made and the
drawings are approved through its database. Prints one JSON line: how long it took until all had joined and drawn, the worst
answer, how long the wall took to show the last approval, and who was examined. The campaign is deleted afterwards.

With `--tablet` one device is handed to so many people, one after another.
"""

import argparse
import http.cookiejar
import json
import os
import statistics
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
django.setup()

import numpy as np  # noqa: E402 (Django's settings first)

from recognizer import campaigns  # noqa: E402
from recognizer.models import Campaign, Drawing  # noqa: E402
from tests.support.digits import SIDE, digit_path  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

MOST_SECONDS = 60  # that the wall is waited for
TOKEN = 'name="csrfmiddlewaretoken" value="'


@dataclass
class Phone:
    """A browser's worth of a client: cookies, the join page's form, drawings and labels."""

    url: str
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        headers = {"Content-Type": kind} if body is not None else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        start = time.perf_counter()
        with self._opener.open(request, timeout=60) as response:
            answer: bytes = response.read()
        self.seconds.append(time.perf_counter() - start)
        return answer

    def join(self, campaign: Campaign) -> None:
        path = f"/j/{campaign.code}/"
        token = self.call("GET", path).decode().partition(TOKEN)[2].partition('"')[0]
        form = {"csrfmiddlewaretoken": token, "action": "join", "version": campaign.consent_version}
        self.call("POST", path, urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")

    def draw(self, digit: int, style: int) -> dict[str, Any]:
        strokes = digit_path(digit, np.random.default_rng((digit, style)))
        body = {"strokes": strokes, "canvas": {"width": SIDE, "height": SIDE}}
        answer: dict[str, Any] = json.loads(self.call("POST", "/api/v1/drawings/", json.dumps(body).encode()))
        self.call("PUT", f"/api/v1/drawings/{answer['id']}/feedback/", json.dumps({"label": digit}).encode())
        return answer

    def next_person(self) -> None:
        self.call("POST", "/api/v1/session/next/", b"")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--drawings", type=int, default=5)
    parser.add_argument("--tablet", type=int, default=0, help="one device, so many people")
    options = parser.parse_args()
    campaign = Campaign(name="bench", wall=True, consent_text="For a measurement; deleted right after it.")
    campaign.save()
    try:
        found = (
            one_tablet(options.url, campaign, options.tablet)
            if options.tablet
            else one_class(options.url, campaign, options.clients, options.drawings)
        )
        people = campaign.contributors
        found |= {"contributors": people.count(), "examined": people.filter(is_exam=True).count()}
    finally:
        receipt = campaigns.delete(campaign, None)
    print(json.dumps(found | {"receipt": [receipt.people, receipt.drawings, receipt.events]}))


def one_class(url: str, campaign: Campaign, clients: int, drawings: int) -> dict[str, Any]:
    phones = [Phone(url) for _ in range(clients)]
    start = time.perf_counter()

    def take_part(number: int) -> None:
        phones[number].join(campaign)
        for i in range(drawings):
            phones[number].draw((number + i) % 10, style=100 * number + i)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(take_part, range(clients)))
    took = time.perf_counter() - start
    calls = [seconds for phone in phones for seconds in phone.seconds]
    return {
        "clients": clients,
        "drawings": campaign.drawings.count(),
        "joined_and_drawn_seconds": round(took, 1),
        "call_ms": {"median": round(1000 * statistics.median(calls)), "worst": round(1000 * max(calls))},
    } | watch_wall(url, campaign)


def watch_wall(url: str, campaign: Campaign) -> dict[str, Any]:
    """See that nothing is shown before a reviewer has approved it, and how soon afterwards it is."""
    before = len(json.loads(Phone(url).call("GET", f"/api/v1/walls/{campaign.code}/"))["shown"])
    newest = campaign.drawings.order_by("-created_at").first()
    assert newest is not None
    reviewer = make_reviewer()
    for drawing in Drawing.objects.in_campaign(campaign).without_pixels():
        assert drawing.confirmed_label is not None
        drawing.approve(drawing.confirmed_label, reviewer)
    wall: dict[str, Any] = {}

    def is_shown() -> bool:
        wall.update(json.loads(Phone(url).call("GET", f"/api/v1/walls/{campaign.code}/")))
        return bool(wall["shown"]) and wall["shown"][0]["id"] == str(newest.pk)

    start = time.perf_counter()
    wait_until(is_shown, MOST_SECONDS)
    return {
        "shown_before_approval": before,
        "shown": len(wall["shown"]),
        "wall_knew_after_seconds": round(time.perf_counter() - start, 1),
        "wall_bytes": len(json.dumps(wall)),
    }


def make_reviewer() -> Any:
    from django.contrib.auth.models import User

    return User.objects.get_or_create(username="bench-reviewer", defaults={"is_active": False})[0]


def one_tablet(url: str, campaign: Campaign, people: int) -> dict[str, Any]:
    tablet, memories = Phone(url), set()
    start = time.perf_counter()
    for number in range(people):
        tablet.join(campaign)
        memories.add(tablet.draw(number % 10, style=number)["memory"])
        tablet.next_person()
    return {"people": people, "seconds": round(time.perf_counter() - start, 1), "memories_used": sorted(memories)}


if __name__ == "__main__":
    main()

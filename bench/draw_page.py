"""What the draw page costs, in a real Chromium before a running Digitre on this machine.

    python bench/draw_page.py --url http://127.0.0.1:8000 [--rounds 20]

Prints one JSON line: milliseconds from pen-up to the guess on the page and from Read it to the answer (median, worst),
the heaviest task of the main thread while drawing with live guesses, bytes of the page, milliseconds of an explanation.
"""

import argparse
import json
import math
import shutil
import statistics
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

SIDE = 280  # the strokes' own units
# Counts inside the page: what a person waits for, not what the test driver adds
STOPWATCH = """
() => {
  window.stopwatch = { guesses: [], answers: [] };
  const pad = document.querySelector("[data-part=pad]");
  const main = document.querySelector("main");
  const read = document.querySelector("[data-action=read]");
  let up = 0, asked = 0;
  addEventListener("pointerup", (event) => { if (event.target === pad) up = performance.now(); }, true);
  read.addEventListener("click", () => { asked = performance.now(); }, true);
  new MutationObserver(() => {
    if (asked && main.dataset.phase === "answered") {
      window.stopwatch.answers.push(performance.now() - asked);
      asked = up = 0;
    }
  }).observe(main, { attributeFilter: ["data-phase"] });
  const bars = document.querySelector("[data-bar]");
  new MutationObserver(() => {
    if (up && !asked) window.stopwatch.guesses.push(performance.now() - up);
    up = 0;
  }).observe(bars, { attributes: true, subtree: true, childList: true, characterData: true });
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=options.url, viewport={"width": 1280, "height": 800})
        responses = []
        page.on("response", lambda response: responses.append(response))
        page.goto("/")
        page.wait_for_load_state("networkidle")
        weight = sum(len(response.body()) for response in responses)
        print(json.dumps({"page_bytes": weight} | time_drawing(page, options.rounds) | trace_drawing(browser, page)))
        browser.close()


def time_drawing(page: Page, rounds: int) -> dict[str, Any]:
    page.evaluate(STOPWATCH)
    for number in range(rounds):
        draw(page, list(spiral(number)))
        page.wait_for_timeout(400)
        page.click("[data-action=read]")
        page.wait_for_selector("main[data-phase=answered]")
        page.click("[data-action=why]")
        page.locator("[data-part=why]:not(:empty)").wait_for()
        page.click("[data-action=clear]")
    watch = page.evaluate("() => window.stopwatch")
    explanations = page.evaluate(
        """() => performance.getEntriesByType("resource")
             .filter((entry) => entry.name.endsWith("/explanations/")).map((entry) => entry.duration)"""
    )
    return {
        "pen_up_to_guess_ms": summary(watch["guesses"]),
        "read_it_to_answer_ms": summary(watch["answers"]),
        "explanation_ms": summary(explanations),
    }


def trace_drawing(browser: Browser, page: Page) -> dict[str, Any]:
    """Find the main thread's heaviest task while drawing with live guesses, by its own CPU time: others do not count."""
    browser.start_tracing(page=page, categories=["toplevel"])
    for number in range(4):
        draw(page, list(spiral(number)))
        page.wait_for_timeout(500)
        page.click("[data-action=clear]")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    named = [event for event in events if event["name"] == "thread_name"]
    main_threads = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    tasks = [e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in main_threads]
    heaviest = max(tasks, key=lambda task: task.get("tdur", 0))
    return {"tasks": len(tasks), "heaviest_task_cpu_ms": round(heaviest["tdur"] / 1000, 1)}


def summary(numbers: list[float]) -> dict[str, Any]:
    return {"n": len(numbers), "median": round(statistics.median(numbers), 1), "worst": round(max(numbers), 1)}


def spiral(number: int) -> Iterator[tuple[float, float]]:
    """A long, curly 6, other each time: 120 points, as a slow hand leaves them."""
    for i in range(120):
        t = i / 119
        yield 150 + (70 - 40 * t) * math.cos(5 + 9 * t + number), 140 + 90 * t - 30 * math.sin(9 * t)


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    box = page.locator("[data-part=pad]").bounding_box()
    assert box is not None
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"])
        if i == 0:
            page.mouse.down()
    page.mouse.up()


if __name__ == "__main__":
    main()

"""What the draw page costs, in a real Chromium before a running Digitre on this machine.

    python bench/draw_page.py --url http://127.0.0.1:8000 [--rounds 20]

Prints one JSON line: milliseconds from pen-up to the guess on the page and from Read it to the answer (median, worst),
tasks longer than 50 ms while drawing with live guesses, bytes of the page, milliseconds of an explanation.
"""

import argparse
import json
import math
import shutil
import statistics
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright

SIDE = 280  # the strokes' own units
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask" });
"""
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
        page.add_init_script(WATCH)
        responses = []
        page.on("response", lambda response: responses.append(response))
        page.goto("/")
        page.wait_for_load_state("networkidle")
        weight = sum(len(response.body()) for response in responses)
        print(json.dumps({"page_bytes": weight} | time_drawing(page, options.rounds)))
        browser.close()


def time_drawing(page: Page, rounds: int) -> dict:
    page.evaluate(STOPWATCH)
    page.evaluate("() => { window.longTasks.length = 0; }")  # starting up is not drawing
    explanations = []
    for number in range(rounds):
        draw(page, list(spiral(number)))
        page.wait_for_timeout(400)
        page.click("[data-action=read]")
        page.wait_for_selector("main[data-phase=answered]")
        with page.expect_response("**/explanations/") as answered:
            page.click("[data-action=why]")
        explanations.append(answered.value.request.timing["responseEnd"])
        page.click("[data-action=clear]")
    watch = page.evaluate("() => ({ ...window.stopwatch, tasks: window.longTasks })")
    return {
        "pen_up_to_guess_ms": summary(watch["guesses"]),
        "read_it_to_answer_ms": summary(watch["answers"]),
        "explanation_ms": summary(explanations),
        "tasks_over_50_ms": [round(task) for task in watch["tasks"]],
    }


def summary(numbers: list[float]) -> dict:
    return {"n": len(numbers), "median": round(statistics.median(numbers), 1), "worst": round(max(numbers), 1)}


def spiral(number: int) -> Iterator[tuple[float, float]]:
    """A long, curly 6, other each time: 120 points, as a slow hand leaves them."""
    for i in range(120):
        t = i / 119
        yield 150 + (70 - 40 * t) * math.cos(5 + 9 * t + number), 140 + 90 * t - 30 * math.sin(9 * t)


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    box = page.locator("[data-part=pad]").bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"])
        if i == 0:
            page.mouse.down()
    page.mouse.up()


if __name__ == "__main__":
    main()

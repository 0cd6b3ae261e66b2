"""Draw 200 digits while the server is away, say what each is, and count what arrives once it is back, twice.

DEBUG=on .venv/bin/python -m bench.offline [--drawings 200]

A real server, ended and started again, and a real browser that opens the page without it. The server is away while
everything is drawn, comes back, goes away in the middle of sending, and comes back for good; the page is loaded anew in
between. Each drawing has strokes of its own, so one that arrived twice, or with another's label, is seen.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.support.digits import SIDE, digit_path
from tests.support.running_site import Digitre
from tests.support.waiting import wait_until

PATIENCE_MS = 300_000  # on a machine that does other things too
KEPT = """async () => {
  await navigator.serviceWorker.ready;
  return (await caches.keys()).length > 0 && (await caches.match(document.querySelector("main").dataset.wordsUrl)) !== undefined;
}"""
DRAW = """async ([drawings, side]) => {
  const part = (name) => document.querySelector(`[data-part=${name}]`);
  const press = (action) => document.querySelector(`[data-action=${action}]`).click();
  const until = async (isSo) => { while (!isSo()) await new Promise(requestAnimationFrame); };
  const pad = part("pad");
  for (const { strokes, digit } of drawings) {
    const box = pad.getBoundingClientRect();
    const touch = (kind, [x, y]) => pad.dispatchEvent(new PointerEvent(kind, {
      bubbles: true, pointerId: 1, pointerType: "pen", button: 0, isPrimary: true,
      clientX: box.x + (x / side) * box.width, clientY: box.y + (y / side) * box.height,
    }));
    for (const stroke of strokes) {
      touch("pointerdown", stroke[0]);
      for (const point of stroke.slice(1)) touch("pointermove", point);
      touch("pointerup", stroke.at(-1));
    }
    press("read");
    await until(() => part("certainty").textContent.includes("without a connection"));
    document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, key: String(digit) }));
    await until(() => part("saved-words").textContent === `Kept here as ${digit}.`);
    press("again");
    await until(() => document.querySelector("main").dataset.phase === "intro");
  }
}"""


def draw(page: Page, digits: list[int], first: int) -> None:
    """Draw digits, no two alike, hand each in, and say what it is: nobody can read it."""
    paths = [digit_path(digit, np.random.default_rng(first + i)) for i, digit in enumerate(digits)]
    drawings = [{"strokes": path, "digit": digit} for path, digit in zip(paths, digits, strict=True)]
    page.evaluate(DRAW, [drawings, SIDE])


def waiting(page: Page) -> str:
    return page.locator("[data-part=waiting]").inner_text()


def stored(site: Digitre) -> int:
    return int(site.query("SELECT count(*) FROM recognizer_drawing"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=200)
    count = parser.parse_args().drawings
    said = [i * 7 % 10 for i in range(count)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Digitre(Path(folder) / "var", "")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            site.serve()
            page = browser.new_page(base_url=f"http://127.0.0.1:{site.port}", reduced_motion="reduce")
            page.set_default_timeout(PATIENCE_MS)
            page.goto("/")
            wait_until(lambda: page.evaluate(KEPT), 300)
            print("the page is kept")
            site.end()
            page.reload()
            start = time.perf_counter()
            draw(page, said[: count // 2], 0)
            page.reload()
            draw(page, said[count // 2 :], count // 2)
            print(f"{waiting(page)} ({time.perf_counter() - start:.0f} s to draw)")
            site.serve_again()
            wait_until(lambda: stored(site) >= count // 3, 900)
            site.end()
            between = stored(site)
            page.reload()
            print(f"away again after {between}: {waiting(page)}")
            site.serve_again()
            wait_until(lambda: stored(site) >= count and "sent" in waiting(page), 1_800)
            print(waiting(page))
            return verdict(site, said)
        finally:
            browser.close()
            site.clean_up()


def verdict(site: Digitre, said: list[int]) -> int:
    """Say what arrived. Returns 0 where that is everything, once and rightly labelled."""
    database = sqlite3.connect(site.var_dir / "db.sqlite3")
    rows = database.execute("SELECT strokes, confirmed_label FROM recognizer_drawing ORDER BY created_at").fetchall()
    people = database.execute("SELECT count(*) FROM recognizer_contributor").fetchone()[0]
    labels, distinct = [label for _, label in rows], len({strokes for strokes, _ in rows})
    is_right = labels == said and distinct == len(said) and people == 1
    print(f"{len(rows)} drawings stored, {distinct} of them different, {people} contributor(s);")
    print("labels as they were given" if labels == said else f"labels differ: {labels}")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())

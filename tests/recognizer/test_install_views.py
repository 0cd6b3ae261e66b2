"""What a browser asks for to install the site, and what it keeps of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from recognizer import kept_pages

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
STATIC_NAME = re.compile(r"/static/([\w/.-]+)")
IMPORTED = re.compile(r'(?:from|import\()\s*"(\.{1,2}/.+?)"')


def found(name: str) -> Path:
    path = finders.find(name)
    assert path, name
    return Path(path)


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_a_manifest_speaks_the_language_of_its_address(client: Client, language: str) -> None:
    response = client.get(f"/manifest.{language}.webmanifest", headers={"Accept-Language": "it"})
    manifest = response.json()
    assert response.headers["Content-Type"] == "application/manifest+json"
    assert (manifest["lang"], manifest["dir"]) == (language, "rtl" if language == "ar" else "ltr")
    assert manifest["name"] != "Digitre: draw a digit, it learns" or language == "en"


def test_there_is_no_manifest_in_a_language_that_is_not_spoken(client: Client) -> None:
    assert client.get("/manifest.xx.webmanifest").status_code == 404


def test_icons_are_as_large_as_the_manifest_says(client: Client) -> None:
    icons = client.get("/manifest.en.webmanifest").json()["icons"]
    assert {icon["sizes"] for icon in icons} >= {"192x192", "512x512"}
    assert [icon["sizes"] for icon in icons if icon.get("purpose") == "maskable"] == ["512x512"]
    for icon in icons:
        path = found(icon["src"].removeprefix("/static/"))
        if icon["type"] == "image/png":
            width, height = Image.open(path).size
            assert icon["sizes"] == f"{width}x{height}"


def test_a_maskable_icon_keeps_its_mark_where_no_mask_cuts() -> None:
    """A mask may cut to a circle whose radius is two fifths of the side."""
    image = Image.open(found("icons/digitre-maskable-512.png")).convert("RGB")
    paper, middle = image.getpixel((0, 0)), 256
    inked = [(x, y) for x in range(0, 512, 4) for y in range(0, 512, 4) if image.getpixel((x, y)) != paper]
    assert inked
    assert max((x - middle) ** 2 + (y - middle) ** 2 for x, y in inked) ** 0.5 <= 0.4 * 512


@pytest.mark.django_db
def test_a_page_says_what_it_is_to_who_links_to_it(client: Client) -> None:
    page = client.get("/rounds/?from=here", headers={"Host": "127.0.0.1"}).content.decode()
    shared = dict(re.findall(r'<meta property="og:(\w+)" content="(.*?)">', page))
    assert shared["url"] == "http://127.0.0.1/rounds/"
    assert shared["image"] == "http://127.0.0.1/static/icons/card.png"
    assert shared["title"]
    assert found("icons/card.png").stat().st_size < 20_000


def kept(client: Client) -> dict[str, Any]:
    script = client.get("/service-worker.js").content.decode()
    (said,) = re.findall(r"^self\.kept = (.*);$", script, re.MULTILINE)
    described: dict[str, Any] = json.loads(said)
    return described


def needed_by(name: str) -> set[str]:
    """A module and all it imports, also what it fetches later."""
    seen, waiting = set(), [STATIC / name]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            named = [path for path in IMPORTED.findall(module.read_text()) if not path.endswith(".d.ts")]
            waiting += [(module.parent / path).resolve() for path in named]
    return {path.relative_to(STATIC).as_posix() for path in seen}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/rounds/", "/kiosk/", "/kiosk/?rounds", "/away/"])
def test_whatever_a_kept_page_needs_is_kept_with_it(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    page = "".join(line for line in page.splitlines() if "apple-touch-icon" not in line and "og:image" not in line)
    named = set(STATIC_NAME.findall(page))
    modules = set().union(*(needed_by(name) for name in named if name.endswith(".js")))
    assert len(named) > 4
    assert named | modules <= set(kept_pages.FILES)


def test_nothing_is_kept_that_is_not_there() -> None:
    assert all(found(name) for name in (kept_pages.WORKER, *kept_pages.FILES))


def test_a_browser_asks_for_a_new_release_each_time(client: Client) -> None:
    response = client.get("/service-worker.js")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Content-Type"] == "text/javascript"


def test_a_release_changes_with_what_it_is_made_of(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(client)["release"]
    changed = tmp_path / "draw.js"
    changed.write_text("// another one")
    find = finders.find
    monkeypatch.setattr(finders, "find", lambda name: changed if name == "js/pages/draw.js" else find(name))
    kept_pages.release.cache_clear()
    assert kept(client)["release"] != before
    kept_pages.release.cache_clear()


def test_neither_answers_nor_anybodys_drawings_are_kept(client: Client) -> None:
    described = kept(client)
    assert described["pages"] == ["/", "/rounds/"]
    kept_paths = [*described["pages"], *described["files"]]
    assert not [path for path in kept_paths if path.startswith(("/api", "/admin", "/drawings"))]

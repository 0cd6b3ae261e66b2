"""The pages, the looks they have, and whether one is sound by what axe finds."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PAGES = ["/", "/drawings/", "/rounds/", "/progress/", "/model/", "/about/", "/privacy/"]
MOST_BYTES = 100 * 1024  # of a page, uncompressed, all of it
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 640}, "has_touch": True},
}

COLOUR_RULES = ["color-contrast", "link-in-text-block"]  # of axe's, all that a theme can break


def grave_findings(page: Page) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical, with the elements it means."""
    # preload: axe would load style sheets anew by inline styles, which the policy of the admin's pages forbids
    options: dict[str, Any] = {"preload": False}
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):  # the same page in other colours
        options["runOnly"] = {"type": "rule", "values": COLOUR_RULES}
    found = Axe().run(page, options=options).response["violations"]
    grave = [finding for finding in found if finding["impact"] in ("serious", "critical")]
    return [(finding["id"], [node["html"][:120] for node in finding["nodes"]]) for finding in grave]

"""What no page may do: ask another host, break the content security policy, throw."""

from playwright.sync_api import Page

WATCH_CSP = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


class Watch:
    def __init__(self, site: str) -> None:
        self.site = site
        self.faults: list[str] = []
        self.pages: list[Page] = []

    def follow(self, page: Page) -> None:
        self.pages.append(page)
        page.on("request", lambda request: self._see_request(request.url))
        page.on("pageerror", lambda error: self.faults.append(f"threw {error}"))
        page.on("console", lambda message: self._see_console(message.text))

    def check(self) -> None:
        for page in self.pages:
            if not page.is_closed() and page.url.startswith(self.site):
                self.faults += [f"violates the policy: {found}" for found in page.evaluate("window.violations")]
        assert not self.faults, self.faults

    def _see_request(self, url: str) -> None:
        if not url.startswith((self.site + "/", "data:", "blob:")):
            self.faults.append(f"asked {url}")

    def _see_console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.faults.append(text)

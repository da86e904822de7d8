"""A payer's browser: one window on one device, in one language, that notes everything it has to complain about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Response,
)

from mpay_gateway.domain.language import Language
from tests.browser.words import NAMES, says

CHROMIUM = "/usr/bin/chromium"
_QUIET = (
    "--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update",
)  # fmt: skip
PATIENCE = 20_000
"""Milliseconds that a locator waits on a busy machine before it gives up."""
_WIDE = 640
"""Pixels from which on a page names the languages in full."""


@dataclass(frozen=True, slots=True)
class Device:
    """What the payer holds. `touch`: taps instead of clicks."""

    name: str
    width: int
    height: int
    touch: bool = False


PHONE = Device("phone", 360, 740, touch=True)
DESKTOP = Device("desktop", 1280, 900)
MAGNIFIED = Device("400-percent", 320, 256)
"""What is left of 1280 x 1024 pixels at 400 % (WCAG 2.2, 1.4.10)."""


@dataclass
class Complaints:
    """What a browser had to complain about: errors on its console, foreign hosts, parts of pages that failed."""

    sites: frozenset[str]
    found: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium writes an error for each document that comes with 4xx or 5xx; of parts see _response.
        answered = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not answered:
            self.found.append(f"console: {message.text} ({message.page and message.page.url})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc not in self.sites:
            self.found.append(f"foreign host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.found.append(f"{response.status}: {response.url}")


class Window:
    """A page of the browser. What stands in it is asked through the page objects of `pages`."""

    def __init__(self, page: Page, device: Device, complaints: Complaints) -> None:
        self.page = page
        self.device = device
        self.complaints = complaints
        self.language = Language.RO
        self.status = 0
        page.on("response", self._note_status)

    def _note_status(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.frame == self.page.main_frame:
            self.status = response.status

    def go(self, url: str) -> Self:
        """Type an address in."""
        self.page.goto(url)
        return self

    def speak(self, language: Language, url: str) -> None:
        """Choose a language on the gateway's first page; its cookie keeps it."""
        self.go(f"{url}/?lang={language.value}")
        self.language = language

    def press(self, what: Locator) -> None:
        """Tap or click, as the device has it, on what leads to another page, and wait for that page."""
        with self.page.expect_navigation():
            self.touch(what)

    def touch(self, what: Locator) -> None:
        """Tap or click on what leaves the page where it is."""
        if self.device.touch:
            what.tap()
        else:
            what.click()

    def says(self, key: str, **values: object) -> str:
        """A text of the gateway in the window's language."""
        return says(key, self.language, **values)

    def switch(self, language: Language) -> None:
        """Press the link to a language at the top of the gateway's page; where space is short its code comes first."""
        code = f"{language.upper()} " if self.device.width < _WIDE else ""
        self.press(self.page.get_by_role("link", name=f"{code}{NAMES[language]}", exact=True))
        self.language = language

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def text(self) -> str:
        """What can be read in the page's main part, white space collapsed."""
        return " ".join(self.page.locator("main").inner_text().split())


def launch(playwright: Playwright, *, pin: str = "") -> Browser:
    """Chromium without a screen. `pin`: of the key of a server to trust besides."""
    trust = [f"--ignore-certificate-errors-spki-list={pin}"] if pin else []
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, *trust])


@contextmanager
def open_window(
    browser: Browser, sites: frozenset[str], device: Device, *, script: bool = True, dark: bool = False
) -> Iterator[Window]:
    """A fresh browser without cookies. At the end it must have had nothing to complain about."""
    context = browser.new_context(
        viewport={"width": device.width, "height": device.height}, has_touch=device.touch, is_mobile=device.touch,
        java_script_enabled=script, color_scheme="dark" if dark else "light",
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    complaints = Complaints(sites)
    complaints.listen(context)
    try:
        yield Window(context.new_page(), device, complaints)
    finally:
        context.close()
    assert not complaints.found, "\n".join(complaints.found)

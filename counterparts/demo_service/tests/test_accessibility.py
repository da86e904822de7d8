"""Every page in every language has no finding of axe and fits a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright

from counterparts.demo_service.tests.conftest import DemoService
from demo_service.language import Language

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = str(CHROMIUM) if CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def pages_of(shop: DemoService) -> list[str]:
    open_page = str(shop.order("long-names")["page"])
    large_page = str(shop.order("large-amount")["page"])
    closed = [str(shop.order(kind)["page"]) for kind in ("paid", "refunded")]
    return ["/", "/services/traffic-fine", open_page, f"{open_page}/returned", large_page, *closed]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_finding_and_fit_a_phone(shop: DemoService, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in pages_of(shop):
        for language in Language if scheme == "light" else (Language.RO,):
            page.goto(f"{shop.url}{path}?lang={language.value}")
            findings = Axe().run(page).response["violations"]
            assert [each["id"] for each in findings] == [], (path, language)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], (path, language)
    context.close()


def test_an_order_is_made_by_keyboard_and_errors_have_no_finding(shop: DemoService, browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{shop.url}/services/forest-permit?lang=en")
    page.get_by_label("Full name").fill("")
    page.get_by_label("Full name").press("Enter")
    error = page.get_by_role("link", name="Write the full name")
    error.wait_for()
    assert Axe().run(page).response["violations"] == []
    error.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Ana Rusu")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your order has been received")
    assert page.get_by_role("button", name="Pay 85.50 lei").is_visible()
    page.close()

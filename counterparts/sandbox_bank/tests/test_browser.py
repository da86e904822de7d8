"""The payer's pages in a real browser: every page accessible, every language, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

THREE_D_SECURE = "4000 0000 0000 3006"
PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=True, viewport=PHONE)
    page = context.new_page()
    page.route("https://gateway.example/**", lambda route: route.fulfill(status=204))
    yield page
    context.close()


def _assert_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in violations] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), "scrolls sideways"


def _fill_card(page: Page, number: str) -> None:
    page.fill("#card_number", number)
    page.fill("#expiry", "12/35")
    page.fill("#cvv", "123")
    page.click("button.primary")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_every_page_of_a_payment_is_accessible(merchant, browser, language, scheme, size):
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.route("https://gateway.example/**", lambda route: route.fulfill(status=204))
    opened = merchant.open(language=language, description="Ț" * 200)
    page.goto(opened["page_url"])
    page.click("summary")
    _assert_accessible(page)
    page.click("button.primary")
    _assert_accessible(page)
    _fill_card(page, THREE_D_SECURE)
    page.fill("#code", "1")
    page.click("button.primary")
    _assert_accessible(page)
    page.fill("#code", "123456")
    page.click("button.primary")
    page.wait_for_selector("a.primary")
    _assert_accessible(page)
    assert merchant.status(opened["session_id"])["status"] == "captured"
    context.close()


def test_the_browser_returns_to_the_merchant_without_javascript(merchant, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("https://gateway.example/**", lambda route: route.fulfill(body="the merchant's page"))
    opened = merchant.open()
    page.goto(opened["page_url"])
    _fill_card(page, "4000 0000 0000 1000")
    page.wait_for_url("https://gateway.example/**")
    assert f"session={opened['session_id']}" in page.url
    assert "status=captured" in page.url
    context.close()


def test_a_slow_payment_finds_its_end_without_javascript(merchant, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("https://gateway.example/**", lambda route: route.fulfill(body="the merchant's page"))
    page.goto(merchant.open()["page_url"])
    _fill_card(page, "4000 0000 0000 4202")
    page.wait_for_url("https://gateway.example/**")
    assert "status=captured" in page.url
    context.close()


def test_a_payment_is_made_by_keyboard_alone(merchant, page):
    opened = merchant.open(language="en")
    page.goto(opened["page_url"])
    page.focus("#card_number")
    for text in ("4000000000001000", "12/35", "123"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("a.primary")
    assert merchant.status(opened["session_id"])["status"] == "captured"


@pytest.mark.parametrize("path", ["/console", "/console/sessions", "/console/callbacks", "/console/faults"])
def test_the_console_is_accessible(merchant, page, path):
    merchant.paid("4000000000001000")
    page.goto(merchant.bank_url + path)
    _assert_accessible(page)

"""The clerk's pages and the description of the REST interface: nothing for axe to object to, at any width."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.window import DESKTOP, MAGNIFIED, Window, open_window
from tests.browser.words import LANGUAGES
from tests.functional.conftest import counterparts, fresh_database, gateways, sqlite_template
from tests.scene.certified_front import HEADER
from tests.scene.gateway import Gateway
from tests.scene.integrator import (
    CONFIGURE,
    COUNTER,
    OFFICE,
    TERMINAL,
    Clerk,
    behind_proxy,
    gateway_at_counters,
)

__all__ = ["counterparts", "sqlite_template"]
_axe = Axe()


@pytest.fixture
def gateway(counterparts, request: pytest.FixtureRequest, tmp_path) -> Iterator[Gateway]:
    with (
        fresh_database("sqlite", request, tmp_path) as url,
        gateways(url, counterparts, tmp_path) as make,
    ):
        gateway = gateway_at_counters(make, served=False)
        with behind_proxy(gateway, gateway.counterparts.place.gateway_port):
            yield gateway


@pytest.fixture
def window(browser: Browser, gateway: Gateway) -> Iterator[Window]:
    sites = frozenset({gateway.url.partition("//")[2]})
    with open_window(browser, sites, DESKTOP) as window:
        yield window


def stand(window: Window, address: str, certificate: str) -> None:
    """Let the proxy say who calls, and from where."""
    window.page.context.set_extra_http_headers({HEADER: certificate, "X-Forwarded-For": address})


def assert_sound(window: Window, status: int = 200) -> None:
    """In light and dark, at any width."""
    assert window.status == status
    for scheme in ("light", "dark"):
        window.page.emulate_media(color_scheme=scheme)
        found = _axe.run(window.page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    window.page.set_viewport_size({"width": MAGNIFIED.width, "height": MAGNIFIED.height})
    assert window.page.evaluate("document.documentElement.scrollWidth") <= MAGNIFIED.width
    window.page.set_viewport_size({"width": DESKTOP.width, "height": DESKTOP.height})


def test_a_terminal_is_registered_in_a_browser_and_its_pages_are_accessible(
    window: Window, gateway: Gateway
) -> None:
    stand(window, OFFICE, "CN=vendor")
    for language in LANGUAGES:
        window.speak(language, gateway.url)
        query = urlencode(TERMINAL | {"OrganizationIdno": "1"})
        window.go(f"{gateway.url}{CONFIGURE}?{query}")
        assert_sound(window)
        window.press(window.page.get_by_role("button", name=window.says("pos.register")))
        assert_sound(window, 422)
        window.page.get_by_label(window.says("pos.field.organization_idno")).fill(
            TERMINAL["OrganizationIdno"]
        )
        window.press(window.page.get_by_role("button", name=window.says("pos.register")))
        assert window.page.locator("h1").inner_text() == window.says("pos.registered")
        assert_sound(window)


def test_the_clerks_page_is_accessible(window: Window, gateway: Gateway) -> None:
    assert Clerk.of_the_office(gateway).register().status_int == 200
    place = Clerk(gateway).ask(gateway.counterparts.shop.order("several-lines")).path
    stand(window, COUNTER, "CN=vendor")
    window.go(gateway.url + place)
    for language in LANGUAGES:
        window.switch(language)
        assert window.page.locator("h1").inner_text() == window.says("counter.title")
        assert_sound(window)


def test_the_description_is_accessible(window: Window, gateway: Gateway) -> None:
    stand(window, OFFICE, "CN=shop")
    window.go(f"{gateway.url}/openapi/index.html")
    assert_sound(window)

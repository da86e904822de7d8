"""Every page in every state and language: nothing for axe to object to, no scrolling sideways, no place lost."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from mpay_gateway.domain.language import Language
from tests.browser.pages import GatewayPage
from tests.browser.stack import Stack
from tests.browser.states import STATES, Scene, State
from tests.browser.window import DESKTOP, MAGNIFIED, Window, open_window
from tests.browser.words import LANGUAGES

_NEXT = dict(zip(LANGUAGES, (*LANGUAGES[1:], LANGUAGES[0]), strict=True))
_QUICK = {"resultTypes": ["violations"], "preload": False, "iframes": False}
"""Our pages have neither frames nor style sheets of others' to fetch first."""
_COLOURS = {**_QUICK, "runOnly": ["color-contrast"]}
_LACKING_WIDTH = """(element) => {
    element.style.overflowWrap = "normal";
    const lacking = element.scrollWidth - element.clientWidth;
    element.style.overflowWrap = "";
    return lacking;
}"""
"""Pixels that an element's longest word lacks; more than none, and it is broken somewhere inside."""
_axe = Axe()


@pytest.fixture(scope="module")
def scene(browser: Browser, stack: Stack) -> Iterator[Scene]:
    with open_window(browser, stack.sites, DESKTOP) as helper:
        yield Scene(stack, helper)


@pytest.fixture(scope="module")
def window(browser: Browser, stack: Stack) -> Iterator[Window]:
    with open_window(browser, stack.sites, DESKTOP) as window:
        yield window


@pytest.mark.parametrize("state", STATES, ids=[state.name for state in STATES])
def test_state_is_accessible_in_every_language_and_switching_keeps_the_place(
    state: State, scene: Scene, window: Window
) -> None:
    window.speak(Language.RO, scene.stack.url)
    state.reach(window, scene)
    _assert_is(window, state)
    _assert_readable_in_the_dark(window)
    for language in LANGUAGES:
        _assert_accessible(window)
        _assert_fits(window)
        _switch(window, state, _NEXT[language])
        if not state.kept:
            state.reach(window, scene)
        _assert_is(window, state)
    assert window.complaints.found == []


def _assert_is(window: Window, state: State) -> None:
    GatewayPage(window, heading=state.heading, title=state.titles.get(window.language, ""))
    assert window.status == state.status


def _switch(window: Window, state: State, language: Language) -> None:
    """Press the link to a language: the same address shows the page in that language.

    What answered a form has an address without its errors, and that of the form's page may be shorter.
    """
    path = window.path
    window.switch(language)
    assert window.page.locator("html").get_attribute("lang") == language
    assert window.path == path if state.kept else path.startswith(window.path)


def _assert_accessible(window: Window) -> None:
    assert _objections(window, _QUICK) == []


def _assert_readable_in_the_dark(window: Window) -> None:
    window.page.emulate_media(color_scheme="dark")
    assert _objections(window, _COLOURS) == []
    window.page.emulate_media(color_scheme="light")


def _objections(window: Window, options: dict[str, object]) -> list[tuple[str, list[str]]]:
    found = _axe.run(window.page, options=options).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


def _assert_fits(window: Window) -> None:
    """At 400 % there is nothing to scroll sideways for, and the heading's words are whole."""
    window.page.set_viewport_size({"width": MAGNIFIED.width, "height": MAGNIFIED.height})
    width = window.page.evaluate("document.documentElement.scrollWidth")
    heading_lacks = window.page.locator("h1").evaluate(_LACKING_WIDTH)
    window.page.set_viewport_size({"width": window.device.width, "height": window.device.height})
    assert width <= MAGNIFIED.width
    assert heading_lacks <= 0, window.path

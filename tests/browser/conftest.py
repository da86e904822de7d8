"""One Chromium, one gateway by http, one by https: each started when first asked for, ended with the session."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.front import Identity, make_identity
from tests.browser.stack import Stack, running_stack
from tests.browser.window import PATIENCE, Device, Window, launch, open_window

MakeWindow = Callable[..., Window]


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return make_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="session")
def browser(identity: Identity) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = launch(playwright, pin=identity.pin)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, by http as in the demo."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def secure_stack(tmp_path_factory: pytest.TempPathFactory, identity: Identity) -> Iterator[Stack]:
    """Everything, the gateway by https as in production and with the limits that it has there."""
    with running_stack(tmp_path_factory.mktemp("secure"), limits="", identity=identity) as running:
        yield running


@pytest.fixture
def open_browser(browser: Browser, stack: Stack) -> Iterator[MakeWindow]:
    """Opens fresh browsers; at the end of the test none may have had anything to complain about."""
    with ExitStack() as windows:

        def make(device: Device, **how: bool) -> Window:
            return windows.enter_context(open_window(browser, stack.sites, device, **how))

        yield make

"""The gateway by https, as in production: a proxy ends TLS, and the gateway keeps the limits that it has there."""

from collections.abc import Iterator

import pytest
import urllib3
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from mpay_gateway.domain.language import Language
from tests.browser.elsewhere import BankPage, ShopOrderPage, ShopReturned
from tests.browser.front import Identity
from tests.browser.journey import price, reach_bank, reach_method
from tests.browser.pages import GatewayPage, Invoice, KeyForm, Result
from tests.browser.stack import Stack
from tests.browser.window import PATIENCE, PHONE, Window, open_window
from tests.browser.words import LANGUAGES, OFFICE
from tests.scene.waiting import eventually


@pytest.fixture
def window(browser: Browser, secure_stack: Stack) -> Iterator[Window]:
    with open_window(browser, secure_stack.sites, PHONE) as window:
        yield window


@pytest.fixture
def outside(identity: Identity) -> urllib3.PoolManager:
    """A client that is no browser and trusts the front's authority alone."""
    return urllib3.PoolManager(ca_certs=str(identity.authority), retries=False, timeout=20)


def test_order_is_paid_over_tls(secure_stack: Stack, window: Window) -> None:
    order = secure_stack.shop.order(amount="150.00")

    ShopOrderPage(window.go(secure_stack.shop.url + order.page)).pay("150,00")
    bank = Invoice(window).pay(price(order, window)).go_on()
    session = bank.session
    bank.go_on()
    BankPage(window).enter_card(secure_stack.bank.cards["approved"])
    result = Result(window, outcome="paid")

    assert window.page.url.startswith("https://")
    expect(window.page.get_by_text(window.says("result.told"), exact=True)).to_be_visible(timeout=PATIENCE)
    window.press(result.way_back(OFFICE[Language.RO]))
    ShopReturned(window).turns_to("paid")
    called = eventually(lambda: secure_stack.bank.callbacks(session), lambda all_: all_[0]["delivered_at"])
    assert called[0]["last_outcome"] == "HTTP 204"


def test_cookies_are_bound_to_host_and_tls(secure_stack: Stack, window: Window) -> None:
    window.speak(Language.RU, secure_stack.url)
    reach_method(window, secure_stack, secure_stack.shop.order())

    cookies = {each["name"]: each for each in window.page.context.cookies(secure_stack.url)}

    assert set(cookies) == {"__Host-language", "__Host-csrf"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
        assert (cookie["domain"], cookie["path"]) == ("127.0.0.1", "/")


@pytest.mark.parametrize(
    "forgery", ["none", "foreign-origin", "opaque-origin", "origin-without-tls", "token"]
)
def test_payment_starts_only_from_own_page(
    secure_stack: Stack, window: Window, outside: urllib3.PoolManager, forgery: str
) -> None:
    order = secure_stack.shop.order()
    reach_method(window, secure_stack, order)
    form = window.page.locator("main form")
    fields = {name: form.locator(f"[name={name}]").input_value() for name in ("csrf_token", "form_token")}
    fields |= {"instrument": "card"} | ({"csrf_token": "forged"} if forgery == "token" else {})
    origins = {
        "foreign-origin": "https://evil.example", "opaque-origin": "null",
        "origin-without-tls": secure_stack.url.replace("https:", "http:"),
    }  # fmt: skip

    answer = outside.request(
        "POST", window.page.url, fields=fields, encode_multipart=False, redirect=False,
        headers={"Origin": origins.get(forgery, secure_stack.url), "Cookie": _cookie_header(window)},
    )  # fmt: skip

    honest = forgery == "none"
    assert answer.status == (303 if honest else 400)
    assert int(secure_stack.look_up("SELECT count(*) FROM payments WHERE order_key = ?", order.key)) == honest


def test_answers_demand_tls_for_a_year(secure_stack: Stack, outside: urllib3.PoolManager) -> None:
    answer = outside.request("GET", secure_stack.url)

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_page_that_leads_to_bank_leaves_tls_without_complaint(secure_stack: Stack, window: Window) -> None:
    bank = reach_bank(window, secure_stack, secure_stack.shop.order())

    bank.go_on()

    BankPage(window).cancel()
    Result(window, outcome="cancelled")


# The last test here: from its end on nobody at this address may look for an order.
def test_guesser_is_stopped_in_every_language(secure_stack: Stack, window: Window) -> None:
    for letter in "ABCDE":
        form = KeyForm(window.go(f"{secure_stack.url}/services/DEMO01"))
        form.enter("Numărul comenzii", f"DEMO-26-{letter * 10}")
        assert window.status == 404
    for language in LANGUAGES:
        window.speak(language, secure_stack.url)
        window.go(secure_stack.entrance(secure_stack.shop.order()))
        GatewayPage(window, heading="problem.too-many.title")
        assert window.status == 429
        assert Axe().run(window.page).response["violations"] == []


def _cookie_header(window: Window) -> str:
    return "; ".join(f"{each['name']}={each['value']}" for each in window.page.context.cookies())

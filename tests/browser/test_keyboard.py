"""A whole payment without a pointer: Tab, Enter, Space and typing, on the bank's page too."""

from playwright.sync_api import Locator

from mpay_gateway.domain.language import Language
from tests.browser.conftest import MakeWindow
from tests.browser.elsewhere import BankPage, ShopReturned
from tests.browser.journey import reach_invoice
from tests.browser.pages import Invoice, KeyForm, Method, Result, ToBank
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, Window
from tests.browser.words import OFFICE, lei

_MOST_STOPS = 40


def test_order_is_paid_by_keyboard_alone(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    order = stack.shop.order(amount="150.00")
    window.go(stack.url)

    _tab_to(window, window.page.get_by_role("main").get_by_role("link", name=OFFICE[Language.RO]))
    _enter(window)
    _type(window, KeyForm(window).field("Numărul comenzii"), order.key)
    _enter(window)
    invoice = Invoice(window)
    _tab_to(window, invoice.button("invoice.pay", amount=lei("150.00", Language.RO)))
    _enter(window)
    method = Method(window)
    _tab_to(window, method.choices())
    window.page.keyboard.press("Space")
    _tab_to(window, window.page.get_by_role("main").get_by_role("button"))
    _enter(window)
    _tab_to(window, ToBank(window).way)
    _enter(window)
    bank = BankPage(window)
    _type(window, bank.field("card_number"), stack.bank.cards["approved"])
    _type(window, bank.field("expiry"), "12/35")
    _type(window, bank.field("cvv"), "123")
    _tab_to(window, bank.pay_button())
    _enter(window)
    result = Result(window, outcome="paid")

    _tab_to(window, result.link("result.receipt"))
    assert [each["outcome"] for each in stack.shop.confirmations(order)] == ["applied"]


def test_payer_returns_to_shop_by_keyboard(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    bank = reach_invoice(window, stack, stack.shop.order()).agree().go_on()
    stack.bank.pay(bank.session)
    window.go(bank.result_address)

    _tab_to(window, Result(window, outcome="paid").way_back(OFFICE[Language.RO]))
    _enter(window)

    ShopReturned(window).turns_to("paid")


def test_first_stop_leads_past_the_top_of_the_page(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP).go(stack.url)
    window.page.keyboard.press("Tab")
    skip = window.page.get_by_role("link", name=window.says("site.skip"), exact=True)
    assert _is_focused(skip)

    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")

    first = window.page.get_by_role("main").get_by_role("link").first
    assert _is_focused(first)


def test_error_summary_leads_to_the_field(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    form = KeyForm(window.go(f"{stack.url}/services/DEMO01"))
    form.enter("Numărul comenzii", "")

    _tab_to(window, form.link("form.order_key.missing"))
    window.page.keyboard.press("Enter")

    assert _is_focused(form.field("Numărul comenzii"))


def _tab_to(window: Window, target: Locator) -> None:
    """Press Tab until the target has the focus, which can be seen."""
    for _ in range(_MOST_STOPS):
        window.page.keyboard.press("Tab")
        if _is_focused(target):
            outline = target.evaluate("it => getComputedStyle(it).outline")
            assert "none" not in outline, outline
            assert not outline.endswith(" 0px"), outline
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def _is_focused(target: Locator) -> bool:
    return bool(target.evaluate("it => it === document.activeElement"))


def _type(window: Window, field: Locator, text: str) -> None:
    _tab_to(window, field)
    window.page.keyboard.type(text)


def _enter(window: Window) -> None:
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")

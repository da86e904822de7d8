"""A whole payment without a pointer: Tab, Enter, Space and typing, on the bank's page too."""

from playwright.sync_api import Locator, expect

from mpay_gateway.domain.language import Language
from tests.browser.conftest import MakeWindow
from tests.browser.elsewhere import BankPage, ShopReturned
from tests.browser.journey import finish, reach_bank, reach_invoice
from tests.browser.pages import Catalogue, Find, Invoice, KeyForm, Method, Result, SecondFactor, ToBank
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, Window
from tests.browser.words import OFFICE, lei

_MOST_STOPS = 40
_PLATE = "Numărul de înmatriculare"


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
    _choose(window)
    result = _pay(window, stack)

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


def test_part_is_paid_by_keyboard_after_a_mistake(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    order = stack.shop.order("partial", amount="100.00")
    field = reach_invoice(window, stack, order).amount_field()

    _replace(window, field, "400")
    _enter(window)
    mistaken = Invoice(window)
    wrong = mistaken.amount_field()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    _tab_to(window, window.page.get_by_role("main").get_by_role("alert").get_by_role("link"))
    window.page.keyboard.press("Enter")
    expect(wrong).to_be_focused()
    window.page.keyboard.press("Control+A")
    window.page.keyboard.type("40.00")
    expect(wrong).to_have_value("40.00")
    _enter(window)
    Method(window)
    expect(window.page.get_by_role("main")).to_contain_text(lei("40.00", Language.RO))
    _choose(window)
    _pay(window, stack)

    assert [each["total"] for each in stack.shop.confirmations(order)] == ["40.00"]


def test_second_factor_is_given_by_keyboard(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    fine = stack.shop.fine(plate_number="CDR 482")
    window.go(stack.entrance(fine))

    _type(window, SecondFactor(window).field(_PLATE), "cdr482")
    _enter(window)

    invoice = Invoice(window)
    _tab_to(window, invoice.button("invoice.pay", amount=lei("750.00", Language.RO)))
    _enter(window)
    Method(window)


def test_changed_amount_is_seen_and_agreed_to_by_keyboard(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    invoice = reach_invoice(window, stack, stack.shop.order("amount-changes", amount="100.00"))

    _tab_to(window, invoice.button("invoice.pay", amount=lei("100.00", Language.RO)))
    _enter(window)
    again = Invoice(window)
    expect(window.page.get_by_role("main")).to_contain_text(window.says("invoice.changed_title"))
    _tab_to(window, again.button("invoice.pay", amount=lei("125.00", Language.RO)))
    _enter(window)

    Method(window)
    expect(window.page.get_by_role("main")).to_contain_text(lei("125.00", Language.RO))


def test_declined_payment_is_tried_again_by_keyboard(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    order = stack.shop.order()
    bank = reach_bank(window, stack, order)
    stack.bank.pay(bank.session, "insufficient-funds")
    window.go(bank.result_address)

    _tab_to(window, Result(window, outcome="declined").link("result.again"))
    _enter(window)
    _choose(window)
    _pay(window, stack)

    assert [each["outcome"] for each in stack.shop.confirmations(order)] == ["applied"]


def test_payment_is_found_by_keyboard(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order()
    reference = finish(open_browser(DESKTOP), stack, order).reference
    window = open_browser(DESKTOP)
    Catalogue(window.go(stack.url))

    _tab_to(window, window.page.get_by_role("link", name=window.says("find.link"), exact=True))
    _enter(window)
    find = Find(window)
    _type(window, find.field(window.says("find.reference")), reference.lower())
    _type(window, find.field(window.says("find.order_key")), order.key)
    _enter(window)

    assert Result(window, outcome="paid").reference == reference


def test_first_stop_leads_past_the_top_of_the_page(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP).go(stack.url)
    window.page.keyboard.press("Tab")
    skip = window.page.get_by_role("link", name=window.says("site.skip"), exact=True)
    assert _is_focused(skip)

    window.page.keyboard.press("Enter")
    expect(window.page).to_have_url(f"{stack.url}/#main")
    window.page.keyboard.press("Tab")

    expect(window.page.get_by_role("searchbox")).to_be_focused()


def test_error_summary_leads_to_the_field(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    form = KeyForm(window.go(f"{stack.url}/services/DEMO01"))
    form.enter("Numărul comenzii", "")

    _tab_to(window, form.link("form.order_key.missing"))
    window.page.keyboard.press("Enter")

    expect(form.field("Numărul comenzii")).to_be_focused()


def _choose(window: Window) -> None:
    """Step 7: the bank card, and on."""
    method = Method(window)
    _tab_to(window, method.choices())
    window.page.keyboard.press("Space")
    expect(method.choices()).to_be_checked()
    _tab_to(window, window.page.get_by_role("main").get_by_role("button"))
    _enter(window)


def _pay(window: Window, stack: Stack) -> Result:
    """Steps 8 to 13: on to the bank, card data, and back."""
    _tab_to(window, ToBank(window).way)
    _enter(window)
    bank = BankPage(window)
    _type(window, bank.field("card_number"), stack.bank.cards["approved"])
    _type(window, bank.field("expiry"), "12/35")
    _type(window, bank.field("cvv"), "123")
    _tab_to(window, bank.pay_button())
    _enter(window)
    return Result(window, outcome="paid")


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


def _replace(window: Window, field: Locator, text: str) -> None:
    """Type over what stands in a field."""
    _tab_to(window, field)
    window.page.keyboard.press("Control+A")
    window.page.keyboard.type(text)
    expect(field).to_have_value(text)


def _enter(window: Window) -> None:
    with window.page.expect_navigation():
        window.page.keyboard.press("Enter")

"""From the shop's "Pay" button to the shop's "paid": in every language, by touch and by mouse, without script too."""

from itertools import product

import pytest
from playwright.sync_api import expect

from mpay_gateway.domain.language import Language
from tests.browser.conftest import MakeWindow
from tests.browser.elsewhere import BankPage, ShopOrderPage, ShopReturned
from tests.browser.journey import finish, price, reach_invoice
from tests.browser.pages import Catalogue, GatewayPage, Invoice, Method, Result
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, PATIENCE, PHONE, Device
from tests.browser.words import FINES, LANGUAGES, OFFICE, lei

WAYS = [
    pytest.param(
        device, language, script, id=f"{device.name}-{language.value}-{'script' if script else 'plain'}"
    )
    for device, language, script in product((PHONE, DESKTOP), LANGUAGES, (True, False))
]


@pytest.mark.parametrize(("device", "language", "script"), WAYS)
def test_order_is_paid_and_shop_knows(
    stack: Stack, open_browser: MakeWindow, device: Device, language: Language, script: bool
) -> None:
    order = stack.shop.order("several-lines", amount="150.00")
    window = open_browser(device, script=script)

    ShopOrderPage(window.go(stack.shop.url + order.page)).pay("150,00")
    invoice = Invoice(window)
    window.switch(language)
    method = Invoice(window).pay(price(order, window))
    method.go_on().go_on()
    BankPage(window).enter_card(stack.bank.cards["approved"])
    result = Result(window, outcome="paid")

    assert invoice.window.status == 200
    expect(window.page.get_by_text(window.says("result.told"), exact=True)).to_be_visible(timeout=PATIENCE)
    assert price(order, window) in window.text
    window.press(result.way_back(OFFICE[language]))
    ShopReturned(window).turns_to("paid")
    assert [each["outcome"] for each in stack.shop.confirmations(order)] == ["applied"]


def test_order_is_paid_in_two_parts(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order("partial", amount="150.00")
    window = open_browser(PHONE)
    invoice = reach_invoice(window, stack, order)
    place = window.page.url
    invoice.pay_part("40.00")
    bank = Method(window).go_on()
    stack.bank.pay(bank.session)
    Result(window.go(bank.result_address), outcome="paid")

    invoice = Invoice(window.go(place))
    assert lei("110.00", window.language) in window.text
    assert window.says("invoice.changed_title") not in window.text, "he changed it himself, by paying"
    assert window.says("invoice.earlier_text") not in window.text, "the rest is meant to be paid"
    bank = invoice.agree().go_on()
    stack.bank.pay(bank.session)
    Result(window.go(bank.result_address), outcome="paid")

    assert stack.shop.state(order)["remaining"] == "0.00"


def test_payer_sees_a_changed_amount_before_he_pays(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order("amount-changes", amount="150.00")
    window = open_browser(DESKTOP)
    invoice = reach_invoice(window, stack, order)
    window.press(invoice.button("invoice.pay", amount=lei("150.00", window.language)))

    again = Invoice(window)
    assert window.says("invoice.changed_title") in window.text
    bank = again.pay(lei("175.00", window.language)).go_on()
    stack.bank.pay(bank.session)

    Result(window.go(bank.result_address), outcome="paid")
    assert lei("175.00", window.language) in window.text


def test_payer_from_the_catalogue_gives_key_and_second_factor(stack: Stack, open_browser: MakeWindow) -> None:
    fine = stack.shop.fine()
    window = open_browser(PHONE, script=False)
    form = Catalogue(window.go(stack.url)).choose(FINES[window.language])

    form.enter("Numărul procesului-verbal", fine.key, ("Numărul de înmatriculare", fine.detail))
    bank = Invoice(window).agree().go_on()
    stack.bank.pay(bank.session)

    result = Result(window.go(bank.result_address), outcome="paid")
    assert not result.way_back(FINES[window.language]).count(), "he came from no shop"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_search_narrows_the_catalogue(stack: Stack, open_browser: MakeWindow, script: bool) -> None:
    window = open_browser(PHONE, script=script)
    catalogue = Catalogue(window.go(f"{stack.url}/?q=codru"))  # a short list has no search field before that
    assert catalogue.services() == [OFFICE[Language.RO]]

    catalogue.search("amenzi")

    assert Catalogue(window).services() == [FINES[Language.RO]]


def test_second_payer_of_an_order_is_told_that_it_is_being_paid(
    stack: Stack, open_browser: MakeWindow
) -> None:
    order = stack.shop.order()
    reach_invoice(open_browser(DESKTOP), stack, order).agree().go_on()
    second = open_browser(PHONE)

    second.go(stack.entrance(order))

    GatewayPage(second, heading="standing.in-progress.title")
    assert not second.page.get_by_role("main").get_by_role("button").count()


def test_paid_order_cannot_be_paid_again(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order()
    window = open_browser(DESKTOP)
    finish(window, stack, order)

    window.go(stack.entrance(order))

    GatewayPage(window, heading="standing.paid.title")
    assert not window.page.get_by_role("main").get_by_role("button").count()
    assert window.says("invoice.total") not in window.text


def test_foreign_return_address_is_never_offered(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order()
    window = open_browser(DESKTOP)

    window.go(f"{stack.entrance(order, with_return=False)}&ReturnUrl=https%3A%2F%2Fevil.example%2F")

    Invoice(window)
    assert "evil.example" not in window.page.content()

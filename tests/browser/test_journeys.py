"""From the shop's "Pay" button to the shop's "paid": in every language, by touch and by mouse, without script too."""

from itertools import product

import pytest

from mpay_gateway.domain.language import Language
from tests.browser.conftest import MakeWindow
from tests.browser.elsewhere import BankPage, ShopOrderPage, ShopReturned
from tests.browser.journey import price
from tests.browser.pages import Invoice, Result
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, PHONE, Device
from tests.browser.words import LANGUAGES, OFFICE

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
    assert window.says("result.told") in window.text
    assert price(order, window) in window.text
    window.press(result.way_back(OFFICE[language]))
    ShopReturned(window).turns_to("paid")
    assert [each["outcome"] for each in stack.shop.confirmations(order)] == ["applied"]

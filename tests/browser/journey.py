"""A payer's way through the pages, as far as a test wants it."""

from decimal import Decimal

from tests.browser.pages import Invoice, Method, Result, ToBank
from tests.browser.stack import Stack
from tests.browser.window import Window
from tests.browser.words import lei
from tests.scene.shop import ShopOrder


def reach_invoice(window: Window, stack: Stack, order: ShopOrder) -> Invoice:
    """Steps 3 to 6."""
    window.go(stack.entrance(order))
    return Invoice(window)


def reach_method(window: Window, stack: Stack, order: ShopOrder) -> Method:
    """Steps 3 to 7."""
    return reach_invoice(window, stack, order).agree()


def reach_bank(window: Window, stack: Stack, order: ShopOrder) -> ToBank:
    """Steps 3 to 8: our page that leads to the bank."""
    return reach_method(window, stack, order).go_on()


def finish(
    window: Window, stack: Stack, order: ShopOrder, *, card: str = "approved", outcome: str = "paid"
) -> Result:
    """Steps 3 to 13 with the bank's part done behind the scene. `card`: name of a test card."""
    bank = reach_bank(window, stack, order)
    stack.bank.pay(bank.session, card)
    window.go(bank.result_address)
    return Result(window, outcome=outcome)


def price(order: ShopOrder, window: Window) -> str:
    """The order's total as the gateway writes it."""
    return lei(str(Decimal(order.total)), window.language)

"""What changes behind a page that is open: the page finds out by itself."""

import pytest

from tests.browser.conftest import MakeWindow
from tests.browser.elsewhere import BankPage
from tests.browser.journey import finish, reach_bank
from tests.browser.pages import Find, Method, Result
from tests.browser.stack import Stack
from tests.browser.window import DESKTOP, PHONE


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_waiting_page_turns_to_paid_by_itself(stack: Stack, open_browser: MakeWindow, script: bool) -> None:
    window = open_browser(PHONE, script=script)
    bank = reach_bank(window, stack, stack.shop.order())
    session = bank.session
    bank.see_result()
    Result(window, outcome="not-known")

    stack.bank.pay(session)

    Result(window, outcome="paid")


def test_page_finds_out_that_service_knows_at_last(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(DESKTOP)
    order = stack.shop.order("confirm-down")
    payment = finish(window, stack, order).reference
    assert window.says("result.untold") in window.text

    stack.shop.change(order, "one-line")
    stack.hurry_delivery(payment)

    window.page.get_by_text(window.says("result.told"), exact=True).wait_for()


def test_lost_page_is_found_again_by_reference_and_key(stack: Stack, open_browser: MakeWindow) -> None:
    order = stack.shop.order()
    reference = finish(open_browser(DESKTOP), stack, order).reference
    window = open_browser(PHONE, script=False)

    Find(window.go(f"{stack.url}/find")).enter(reference.lower(), order.key)

    assert Result(window, outcome="paid").reference == reference


def test_declined_payer_tries_again_with_another_card(stack: Stack, open_browser: MakeWindow) -> None:
    window = open_browser(PHONE)
    order = stack.shop.order()
    reach_bank(window, stack, order).go_on()
    BankPage(window).enter_card(stack.bank.cards["insufficient-funds"])
    declined = Result(window, outcome="declined")
    assert window.says("result.no_money") in window.text

    window.press(declined.link("result.again"))
    Method(window).go_on().go_on()
    bank = BankPage(window)
    bank.enter_card(stack.bank.cards["three-d-secure"])
    bank.enter_code("123456")

    Result(window, outcome="paid")
    assert [each["outcome"] for each in stack.shop.confirmations(order)] == ["applied"]

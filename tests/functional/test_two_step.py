"""Two-step accounts: held, then captured on our word after the order was read again, or given up."""

import pytest

from mpay_gateway.domain.payment import PaymentState
from tests.scene.payer import Page
from tests.scene.waiting import eventually


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(two_step=True)


@pytest.fixture
def held(gateway, payer, shop, bank):
    """Starts a payment whose money the bank is to hold; its callbacks stay at the bank."""

    def start(order: object) -> Page:
        bank.break_down(callbacks="off")
        return payer.start(order, instrument="hold")

    return start


def session_of(gateway, bank, page: Page) -> dict[str, object]:
    return bank.session(gateway.payment(page.payment_id).reference)


def test_both_instruments_are_offered_side_by_side(payer, shop):
    methods = payer.agree(payer.arrive(shop.order()))
    assert methods.html.xpath("//input[@name='instrument']/@value") == ["card", "hold"]
    assert "Card cu rezervare" in methods.text


def test_held_money_is_captured_after_the_order_was_read_again(held, gateway, payer, shop, bank):
    order = shop.order()
    page = held(order)
    lookups = len(shop.lookups(order))
    bank.pay(gateway.payment(page.payment_id).remote_reference)
    assert session_of(gateway, bank, page)["status"] == "authorised"
    assert payer.result(page).says("result.paid.title")
    assert len(shop.lookups(order)) == lookups + 1
    assert session_of(gateway, bank, page)["status"] == "captured"
    assert payer.result(page).says("result.told")
    assert gateway.balances()["receivable:sandbox-hold"] == 150_00


@pytest.mark.parametrize("end", ["cancelled", "paid-elsewhere"])
def test_money_held_for_an_order_that_is_gone_is_given_up(end, held, gateway, payer, shop):
    """D66: nothing was taken, so nothing is reversed."""
    order, bank = shop.order(), gateway.counterparts.bank
    page = held(order)
    bank.pay(gateway.payment(page.payment_id).remote_reference)
    shop.change(order, "cancelled" if end == "cancelled" else "not-found-empty")
    assert payer.result(page).says("result.cancelled.title")
    session = session_of(gateway, bank, page)
    assert (session["captures"], session["reversals"][0]["kind"]) == ([], "void")
    assert gateway.payment(page.payment_id).state is PaymentState.CANCELLED
    assert (shop.confirmations(order), gateway.balances()) == ([], {})


def test_while_the_service_does_not_answer_the_money_stays_held(held, gateway, payer, shop, bank):
    order = shop.order()
    page = held(order)
    bank.pay(gateway.payment(page.payment_id).remote_reference)
    shop.break_down(lookup="down")
    assert payer.result(page).says("result.not-known.title")
    assert gateway.payment(page.payment_id).state is PaymentState.AUTHORISED
    shop.repair()
    gateway.clock.advance(minutes=2)
    gateway.work()
    assert payer.result(page).says("result.told")


def test_a_wrong_capture_of_held_money_is_reviewed(held, gateway, payer, shop, bank):
    order = shop.order(amount="100.00")
    page = held(order)
    bank.pay(gateway.payment(page.payment_id).remote_reference, "wrong-amount")
    assert payer.result(page).says("result.being-checked.title")
    assert shop.confirmations(order) == []


def test_a_decline_needs_no_second_step(held, gateway, payer, shop, bank):
    order = shop.order()
    page = held(order)
    bank.pay(gateway.payment(page.payment_id).remote_reference, "insufficient-funds")
    assert payer.result(page).says("decline.no-funds")


def test_the_callback_alone_captures(gateway, payer, shop, bank):
    order = shop.order()
    page = payer.start(order, instrument="hold")
    bank.pay(gateway.payment(page.payment_id).remote_reference)
    eventually(lambda: shop.confirmations(order))
    assert gateway.payment(page.payment_id).state is PaymentState.CAPTURED

"""The trap "an expired order confirmed after its due date" (contract, section 9): refused for ever, yet with a way out.

The service answers each ConfirmOrderPayment with a signed InvoiceExpired. Trying again helps nobody: people or the
way back of the money do.
"""

import json

import pytest

from mpay_gateway.domain.payment import CaptureState, DeliveryState, ReversalGround, ReversalState
from tests.scene.commands import mpay
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer

OFFICE = "Oficiul de servicii publice Codru"
FINES = "Amenzi rutiere"


def listed(gateway: Gateway, *arguments: str) -> list[dict[str, object]]:
    """The deliveries that `mpay delivery list` shows."""
    return json.loads(mpay(gateway, "delivery", "list", "--json", *arguments))


def pay_fine(gateway: Gateway, fine: object) -> Page:
    """A fine is paid; the result page."""
    payer = Payer(gateway)
    invoice = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor=fine.detail)
    started = payer.choose(payer.agree(invoice))
    gateway.counterparts.bank.pay(gateway.payment(started.payment_id).remote_reference)
    return payer.result(started)


@pytest.fixture
def refused(gateway, payer, shop):
    """An order of a service whose refusals go to people, paid after its due date; the result page."""
    order = shop.order("confirm-expired")
    return order, payer.pay(order)


def test_an_expired_order_confirmed_after_its_due_date_is_parked_and_not_tried_again(gateway, refused, shop):
    order, page = refused
    delivery = gateway.delivery(page.payment_id)
    assert (delivery.state, delivery.parked_reason) == (DeliveryState.PARKED, "refused")
    gateway.clock.advance(days=2)
    gateway.work()
    assert [each["outcome"] for each in shop.confirmations(order)] == ["ignored: fault"]
    assert gateway.reversals(page.payment_id) == ()


def test_an_expired_order_confirmed_after_its_due_date_tells_the_payer_the_truth(gateway, payer, refused):
    """The money was taken, the service has not accepted it, people settle it; nothing claims the contrary."""
    _, page = refused
    for seen in (page, payer.result(page)):
        assert seen.says("result.paid.title")
        assert seen.says("result.parked")
        assert seen.says("result.parked_text", service=OFFICE)
        assert not seen.says("result.told")
        assert not seen.says("result.untold_text", service=OFFICE)
        assert not seen.html.xpath("//meta[@http-equiv='refresh']")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_expired_order_confirmed_after_its_due_date_is_on_the_operators_list(gateway, refused):
    _, page = refused
    (shown,) = listed(gateway)
    assert (shown["payment_id"], shown["state"], shown["parked_reason"]) == (
        page.payment_id,
        "parked",
        "refused",
    )
    assert "InvoiceExpired" in shown["last_error"]
    assert listed(gateway, "--state", "due") == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_expired_order_confirmed_after_its_due_date_is_retried_by_an_operator(
    gateway, payer, refused, shop
):
    """The way out: people move the service, then send the same confirmation again."""
    order, page = refused
    token = mpay(gateway, "operator", "add", "ana").strip()
    delivery = gateway.delivery(page.payment_id)
    shop.change(order, "one-line")
    mpay(gateway, "delivery", "retry", delivery.id, "--operator", "ana", token=token)
    gateway.work()
    assert payer.result(page).says("result.told")
    first, last = shop.confirmations(order)
    assert last["outcome"] == "applied"
    assert (first["payment_id"], first["content_digest"]) == (last["payment_id"], last["content_digest"])
    assert shop.state(order)["state"] == "paid"
    assert listed(gateway) == []


def test_an_expired_order_confirmed_after_its_due_date_gives_the_money_back_where_the_service_wants_it(
    gateway, payer, shop, bank
):
    """`on_refusal = "reverse"`: the payer is told before and after the money goes."""
    fine = shop.fine("confirm-expired", plate_number="CDR 482")
    page = pay_fine(gateway, fine)
    payment = gateway.payment(page.payment_id)
    assert page.says("result.refused-by-service.title")
    assert page.says("result.refused-by-service.text", service=FINES)
    assert page.says("result.back_due")
    gateway.work()
    (reversal,) = gateway.reversals(payment.id)
    assert (reversal.state, reversal.ground) == (ReversalState.DONE, ReversalGround.SERVICE_REFUSED)
    assert bank.session(payment.reference)["reversed_minor"] == payment.amount.minor
    assert [each.state for each in gateway.captures(payment.id)] == [CaptureState.SURPLUS]
    assert gateway.balances() == {}
    after = payer.result(page)
    assert after.says("result.refused-by-service.title")
    assert not after.says("result.back_due")
    assert not after.says("result.paid.title")
    assert [each["outcome"] for each in shop.confirmations(fine)] == ["ignored: fault"]

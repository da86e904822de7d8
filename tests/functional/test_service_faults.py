"""The e-Service fails (catalogue D): while the order is looked up, between showing and paying, while it is told."""

import pytest

from mpay_gateway.domain.payment import CaptureState, DeliveryState, ReversalState
from mpay_gateway.flow import payment_result
from mpay_gateway.flow.held_deliveries import hurry_delivery
from tests.scene.payer import Payer

SERVICE = "Oficiul de servicii publice Codru"


@pytest.mark.parametrize("fault", ["down", "html", "unsigned"])
def test_a_service_that_does_not_answer_is_named_and_nothing_is_charged(fault, payer, shop):
    """D55, D60, D61."""
    order = shop.order()
    shop.break_down(lookup=fault)
    page = payer.arrive(order)
    assert page.status == 503
    assert page.says("problem.remote.named", service=SERVICE)
    assert page.says("problem.no_money")
    assert int(page.response.headers["Retry-After"]) > 0
    shop.repair()
    assert payer.open(page.path).says("invoice.heading")


def test_a_slow_service_is_given_up_within_its_time(payer, shop):
    """D55, D62."""
    order = shop.order("slow", slow_seconds=4)
    assert payer.arrive(order).status == 503


def test_a_service_that_fails_when_the_payment_starts_leaves_no_payment(payer, shop, gateway):
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    shop.break_down(lookup="down")
    page = payer.choose(methods)
    assert page.status == 503
    assert page.says("problem.no_money")
    assert gateway.payments(order.key) == ()
    shop.repair()
    assert "/bank" in payer.choose(payer.open(methods.path)).path


def test_an_amount_that_changes_before_paying_is_shown_and_decided_anew(payer, shop, gateway, bank):
    """D63: the sent amount is the accepted amount."""
    order = shop.order("amount-changes", amount="100.00")
    invoice = payer.arrive(order)
    assert "100,00 MDL" in invoice.text
    again = payer.agree(invoice)
    assert again.says("invoice.changed_title")
    assert again.says("invoice.changed_text", amount="125,00\u00a0MDL")
    assert gateway.payments(order.key) == ()
    started = payer.choose(payer.agree(again))
    payment = gateway.payment(started.payment_id)
    assert payment.amount.minor == 125_00
    bank.pay(payment.remote_reference)
    assert payer.result(started).says("result.paid.title")
    assert [each["total"] for each in shop.confirmations(order)] == ["125.00"]


def test_an_order_amended_at_the_last_moment_goes_back_to_the_invoice(payer, shop, gateway):
    """Attack 10: the version that was agreed to is compared when the payment starts."""
    order = shop.order("several-lines", amount="100.00")
    methods = payer.agree(payer.arrive(order))
    shop.change(order, "partial")
    page = payer.choose(methods)
    assert page.path == f"/pay/{methods.token}"
    assert page.says("invoice.changed_title")
    assert gateway.payments(order.key) == ()


@pytest.mark.parametrize("fault", ["down", "html", "unsigned", "fault-internal"])
def test_a_service_that_cannot_be_told_is_told_later_with_the_same_content(fault, payer, shop, gateway):
    """D56, D58, D60, D61: the page says paid and that the service will be told."""
    order = shop.order()
    shop.break_down(confirm=fault)
    page = payer.pay(order)
    assert page.says("result.paid.title")
    assert page.says("result.untold_text", service=SERVICE)
    assert gateway.delivery(page.payment_id).state is DeliveryState.DUE
    assert gateway.work() == 0  # not due yet: the schedule holds
    shop.repair()
    gateway.clock.advance(seconds=61)
    gateway.work()
    assert payer.result(page).says("result.told")
    first, *_, last = shop.confirmations(order)
    assert (first["payment_id"], first["content_digest"]) == (last["payment_id"], last["content_digest"])
    assert shop.state(order)["state"] == "paid"


def test_every_try_is_one_message_and_signed_anew(payer, shop, gateway):
    """A connection that the service drops is not used to send a second copy: only the schedule repeats."""
    order = shop.order()
    shop.break_down(confirm="down")
    page = payer.pay(order)
    gateway.settle_down()
    assert [each["outcome"] for each in shop.confirmations(order)] == ["ignored: down"]
    for minutes in (1, 5, 5, 10):
        gateway.clock.advance(minutes=minutes, seconds=1)
        gateway.work()
    assert len(shop.confirmations(order)) == 5
    sent = gateway.read(
        lambda work: [
            work.evidence.body(row.id)
            for row in work.evidence.of_subject(page.payment_id)
            if (row.direction, row.operation) == ("sent", "ConfirmOrderPayment")
        ]
    )
    assert len(set(sent)) == 5
    assert len({each["content_digest"] for each in shop.confirmations(order)}) == 1
    shop.repair()
    gateway.clock.advance(minutes=11)
    gateway.work()
    assert gateway.delivery(page.payment_id).attempts == 6


def test_a_service_that_took_it_and_did_not_say_so_takes_it_once(payer, shop, gateway):
    """A11, A12, D56: told again, applied once."""
    order = shop.order()
    shop.break_down(confirm="timeout-after-effect", slow_seconds=0.2)
    page = payer.pay(order)
    assert gateway.delivery(page.payment_id).unanswered == 1
    shop.repair()
    gateway.clock.advance(seconds=61)
    gateway.work()
    assert [each["outcome"] for each in shop.confirmations(order)] == ["applied", "already-applied"]
    assert shop.state(order)["paid"] == "150.00"
    assert payer.result(page).says("result.told")


def test_a_slow_service_does_not_hold_the_payers_page(payer, shop, monkeypatch):
    """The page waits a while, then says that the service will be told; it is told all the same."""
    assert payment_result.TOLD_WAIT == 2.0
    monkeypatch.setattr(payment_result, "TOLD_WAIT", 0.2)
    order = shop.order()
    shop.break_down(confirm="slow", slow_seconds=1.5)
    page = payer.pay(order)
    assert page.says("result.untold_text", service=SERVICE)
    payer.gateway.settle_down()
    assert payer.result(page).says("result.told")
    assert len(shop.confirmations(order)) == 1


def test_a_definite_refusal_is_parked_for_an_operator(payer, shop, gateway):
    """D59, `on_refusal = "operator"`: nothing goes back by itself, and the payer need not act."""
    order = shop.order("confirm-refused")
    page = payer.pay(order)
    gateway.work()
    delivery = gateway.delivery(page.payment_id)
    assert (delivery.state, delivery.parked_reason) == (DeliveryState.PARKED, "refused")
    assert payer.result(page).says("result.paid.title")
    assert payer.result(page).says("result.parked")
    assert not payer.result(page).says("result.return_untold")
    assert gateway.reversals(page.payment_id) == ()
    shop.change(order, "one-line")
    hurry_delivery(gateway.parts, delivery.id, actor="operator:ana")
    gateway.work()
    assert payer.result(page).says("result.told")


def test_a_definite_refusal_gives_the_money_back_where_the_service_wants_it(payer, shop, gateway, bank):
    """D59, D66, `on_refusal = "reverse"`."""
    fine = shop.fine("confirm-refused", plate_number="CDR 482")
    invoice = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor="CDR 482")
    started = payer.choose(payer.agree(invoice))
    payment = gateway.payment(started.payment_id)
    bank.pay(payment.remote_reference)
    page = payer.result(started)
    assert page.says("result.refused-by-service.title")
    assert page.says("result.back_due")
    gateway.work()
    (reversal,) = gateway.reversals(payment.id)
    assert reversal.state is ReversalState.DONE
    assert bank.session(payment.reference)["reversed_minor"] == payment.amount.minor
    assert [each.state for each in gateway.captures(payment.id)] == [CaptureState.SURPLUS]
    assert gateway.balances() == {}
    assert payer.result(page).says("result.refused-by-service.title")


def test_an_unanswered_try_keeps_a_later_refusal_from_giving_money_back(payer, shop, gateway, bank):
    """I9: the service may have taken the first one."""
    fine = shop.fine(plate_number="CDR 482")
    shop.break_down(confirm="timeout-after-effect", slow_seconds=0.1)
    invoice = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor="CDR 482")
    started = payer.choose(payer.agree(invoice))
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.untold")
    shop.break_down(confirm="fault-unknown-order")
    gateway.clock.advance(seconds=61)
    gateway.work()
    delivery = gateway.delivery(started.payment_id)
    assert (delivery.state, delivery.parked_reason) == (DeliveryState.PARKED, "refused")
    assert gateway.reversals(started.payment_id) == ()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_other_services_and_payers_go_on_while_one_is_down(gateway, shop):
    """D57: no head-of-line block."""
    payer = Payer(gateway)
    broken, sound = shop.order("confirm-down"), shop.order()
    payer.pay(broken)
    assert payer.pay(sound).says("result.told")

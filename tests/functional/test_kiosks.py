"""Money that starts elsewhere: a payer at a kiosk of a network, an order of the shop, and everything in between.

The network and the shop are processes of their own; what they know of the payment is their own books.
"""

import pytest

from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.payment_ending import end_unchanged
from tests.scene.gateway import Gateway
from tests.scene.kiosks import Kiosks
from tests.scene.processes import START_SECONDS, process
from tests.scene.shop import Shop, ShopOrder
from tests.scene.waiting import eventually

ACCOUNT = "kiosk-network"


def confirmed(gateway: Gateway, shop: Shop, order: ShopOrder) -> None:
    """The order is paid once, the service knows it, and the books have it."""
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    paid = [each for each in gateway.payments(order.key) if each.state is PaymentState.CAPTURED]
    assert len(paid) == 1
    eventually(lambda: gateway.delivery(paid[0].id).state, lambda state: state is DeliveryState.CONFIRMED)
    told = [each["outcome"] for each in shop.confirmations(order)]
    assert told.count("applied") == 1


@pytest.mark.usefixtures("gateway")
def test_a_check_shows_what_is_due_and_nobodys_name(shop, kiosks):
    order = shop.order()
    shown = kiosks.check(order)
    assert (shown["result"], shown["prv_txn"]) == (0, "")
    assert shown["fields"]["amount"] == "150.00 MDL"
    assert "****" in shown["fields"]["payer"]


@pytest.mark.usefixtures("gateway")
def test_an_order_that_does_not_exist_is_not_found(shop, kiosks):
    order = shop.order()
    unknown = ShopOrder("DEMO-26-0000000000", order.service_id, "", "1.00", "", ())
    assert kiosks.check(unknown)["result"] == 5
    assert kiosks.pay(unknown)["state"] == "turned-away"


def test_cash_pays_an_order_and_the_service_is_told(gateway, shop, kiosks):
    order = shop.order()
    paid = kiosks.pay(order)
    assert (paid["state"], paid["result"]) == ("accepted", 0)
    confirmed(gateway, shop, order)
    (payment,) = gateway.payments(order.key)
    assert (payment.channel, payment.device, payment.reference) == ("kiosk", "K1", paid["prv_txn"])
    assert gateway.balances()[f"receivable:{ACCOUNT}"] == 150_00
    shop_says = shop.confirmations(order)[0]
    assert shop_says["payment_id"] == payment.id


def test_a_pay_that_comes_twice_at_once_pays_once(gateway, shop, kiosks):
    kiosks.break_down(send_twice=True)
    order = shop.order()
    paid = kiosks.pay(order)
    assert paid["state"] == "accepted"
    assert eventually(lambda: kiosks.calls(paid["txn_id"]), lambda calls: len(calls) == 2) == ["0", "0"]
    confirmed(gateway, shop, order)
    assert gateway.balances()[f"receivable:{ACCOUNT}"] == 150_00


def test_an_answer_that_is_lost_is_given_again(gateway, shop, kiosks):
    kiosks.break_down(lose_answers=2)
    order = shop.order()
    paid = kiosks.pay(order)
    assert paid["state"] == "accepted"
    assert kiosks.calls(paid["txn_id"]) == ["lost", "lost", "0"]
    numbers = {each["prv_txn"] for each in paid["calls"] if each["command"] == "pay"}
    assert numbers == {paid["prv_txn"]}
    confirmed(gateway, shop, order)
    assert gateway.balances()[f"receivable:{ACCOUNT}"] == 150_00


def test_another_sum_than_due_is_refused_and_stays_the_payers(gateway, shop, kiosks):
    order = shop.order()
    refused = kiosks.pay(order, "149.00")
    assert (refused["state"], refused["result"]) == ("refused", 241)
    assert gateway.balances() == {}
    assert shop.state(order)["state"] != "paid"
    assert kiosks.pay(order)["state"] == "accepted"


def test_parts_are_paid_where_the_order_allows_them(gateway, shop, kiosks):
    order = shop.order("partial")
    first = kiosks.pay(order, "20.00")
    assert first["state"] == "accepted"
    eventually(lambda: shop.state(order)["paid"], lambda paid: paid == "20.00")
    gateway.settle_down()
    assert gateway.balances()[f"receivable:{ACCOUNT}"] == 20_00


def test_an_order_that_is_paid_is_paid_no_more(gateway, shop, kiosks):
    order = shop.order()
    kiosks.pay(order)
    confirmed(gateway, shop, order)
    again = kiosks.pay(order)
    assert (again["state"], again["check"]["result"]) == ("turned-away", 7)
    blind = kiosks.pay(order, check=False)
    assert (blind["state"], blind["result"]) == ("refused", 7)


# Two payers


def test_the_kiosks_payer_is_first(gateway, payer, shop, kiosks, bank):
    """E71: the portal's late money finds the order paid and goes back."""
    order = shop.order()
    started = payer.start(order)
    end_unchanged(gateway.parts, gateway.payment(started.payment_id), PaymentEvent.EXPIRE, actor="machine")
    assert kiosks.pay(order)["state"] == "accepted"
    confirmed(gateway, shop, order)
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    captures = eventually(lambda: gateway.captures(started.payment_id))
    gateway.settle_down()
    gateway.work()
    assert [each.state for each in captures] == [CaptureState.SURPLUS]
    assert [each.state for each in gateway.reversals(started.payment_id)] == [ReversalState.DONE]
    assert payer.result(started).says("result.paid-twice.title")


def test_the_portals_payer_is_first(gateway, payer, shop, kiosks, bank):
    """E71: cash for an order that is being paid is refused, and never booked."""
    order = shop.order()
    started = payer.start(order)
    assert kiosks.pay(order)["state"] == "turned-away"
    refused = kiosks.pay(order, check=False)
    assert (refused["state"], refused["result"]) == ("refused", 7)
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.paid.title")
    assert f"receivable:{ACCOUNT}" not in gateway.balances()
    confirmed(gateway, shop, order)


def test_an_order_that_a_kiosk_holds_cannot_be_started_on_the_portal(gateway, payer, shop, kiosks):
    order = shop.order()
    kiosks.break_down(hold=True)
    waiting = kiosks.pay(order, wait_seconds=0)
    assert waiting["state"] == "taken"
    page = payer.arrive(order)
    assert page.says("standing.in-progress.title"), page.text
    kiosks.repair()
    assert kiosks.settled(waiting["txn_id"])["state"] == "accepted"
    confirmed(gateway, shop, order)


def test_a_kiosk_that_is_left_holds_the_order_for_minutes_only(gateway, payer, shop, kiosks):
    order = shop.order()
    assert kiosks.check(order, order.total)["result"] == 0
    gateway.clock.advance(minutes=6)
    gateway.work()
    page = payer.pay(order)
    assert page.says("result.paid.title")


# Silence


def test_the_service_is_silent_and_was_not_asked_before(gateway, shop, kiosks):
    """The network is told to try later, and its money is taken when the service is back."""
    order = shop.order()
    shop.break_down(lookup="down")
    waiting = kiosks.pay(order, check=False, wait_seconds=0)
    eventually(lambda: kiosks.calls(waiting["txn_id"]), within=30)
    assert set(kiosks.calls(waiting["txn_id"])) == {"1"}
    assert gateway.payments(order.key) == ()
    shop.repair()
    assert kiosks.settled(waiting["txn_id"])["state"] == "accepted"
    confirmed(gateway, shop, order)


def test_the_service_falls_silent_between_check_and_pay(gateway, shop, kiosks):
    """The check holds the order: the money is taken, and the service is told when it is back."""
    order = shop.order()
    kiosks.break_down(hold=True)
    waiting = kiosks.pay(order, wait_seconds=0)
    shop.break_down(lookup="down", confirm="down")
    kiosks.repair()
    assert kiosks.settled(waiting["txn_id"])["state"] == "accepted"
    gateway.settle_down()
    (payment,) = gateway.payments(order.key)
    assert gateway.delivery(payment.id).state is DeliveryState.DUE
    shop.repair()
    gateway.clock.advance(minutes=2)
    gateway.work()
    confirmed(gateway, shop, order)


def test_money_that_is_told_late_is_taken_while_the_order_is_due(gateway, shop, kiosks):
    order = shop.order()
    kiosks.break_down(hold=True)
    waiting = kiosks.pay(order, wait_seconds=0)
    gateway.clock.advance(minutes=30)
    gateway.work()
    assert [each.state for each in gateway.payments(order.key)] == [PaymentState.EXPIRED]
    kiosks.repair()
    assert kiosks.settled(waiting["txn_id"])["state"] == "accepted"
    confirmed(gateway, shop, order)


# Sudden death


def test_the_gateway_dies_between_its_commit_and_its_answer(make_gateway, shop, kiosks):
    """The network repeats its pay; the money is found accepted, and is told to the service once."""
    gateway = make_gateway(served=False)
    order = shop.order()
    port = str(gateway.counterparts.place.gateway_port)
    with process(gateway, "serve", "--port", port, crash_point="accept-payment:after-commit"):
        waiting = when_served(kiosks, order)
        captured = eventually(
            lambda: [each for each in gateway.payments(order.key) if each.state is PaymentState.CAPTURED]
        )
        first = eventually(lambda: kiosks.calls(waiting["txn_id"]))[0]
    assert not first.isdigit(), "no answer came of the process that died"
    with process(gateway, "serve", "--port", port), process(gateway, "worker"):
        assert kiosks.settled(waiting["txn_id"])["state"] == "accepted"
        assert kiosks.transaction(waiting["txn_id"])["prv_txn"] == captured[0].reference
    gateway.clock.advance(minutes=2)
    gateway.work()
    confirmed(gateway, shop, order)
    assert gateway.balances()[f"receivable:{ACCOUNT}"] == 150_00


def when_served(kiosks: Kiosks, order: ShopOrder) -> dict[str, object]:
    """A payer pays as soon as the gateway answers."""
    eventually(lambda: kiosks.check(order), lambda shown: shown.get("result") == 0, within=START_SECONDS)
    return kiosks.pay(order, wait_seconds=0)

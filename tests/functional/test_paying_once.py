"""Money is taken once and told once, whatever payers do (catalogue C47, E71 to E78)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mpay_gateway.domain.payment import CaptureState, ClaimState, ReversalGround, ReversalState
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.payment_ending import end_unchanged
from tests.scene.payer import Payer
from tests.scene.waiting import eventually


def test_pressing_pay_twice_opens_one_payment(payer, shop, gateway, bank):
    """E72."""
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    first, second = payer.choose(methods), payer.choose(methods)
    assert first.payment_id == second.payment_id
    (payment,) = gateway.payments(order.key)
    assert len(bank.sessions(payment.reference)) == 1


def test_pressing_pay_twice_at_once_opens_one_payment(gateway, shop, bank):
    """E72: two requests of one form that race."""
    payer = Payer(gateway)
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    fields = methods.form("/method") | {"instrument": "card"}
    cookies = {cookie.name: cookie.value for cookie in payer.browser.cookiejar}
    barrier = threading.Barrier(4)

    def press() -> str:
        tab = Payer(gateway)
        for name, value in cookies.items():
            tab.browser.set_cookie(name, value)
        barrier.wait()
        page = tab.post(methods.path, fields)
        return page.payment_id if "/payments/" in page.path else f"{page.status} {page.text}"

    with ThreadPoolExecutor(4) as pool:
        answers = {future.result() for future in [pool.submit(press) for _ in range(4)]}
    (payment,) = gateway.payments(order.key)
    assert answers == {payment.id}
    assert len(bank.sessions(payment.reference)) == 1


def test_reloading_the_result_fifty_times_changes_nothing(payer, shop, gateway):
    """E73: one capture, one confirmation."""
    order = shop.order()
    page = payer.pay(order)
    for _ in range(50):
        assert payer.result(page).says("result.paid.title")
    assert len(gateway.captures(page.payment_id)) == 1
    assert len(shop.confirmations(order)) == 1


def test_return_callback_and_recheck_at_once_make_one_capture(gateway, payer, shop, bank):
    """E73."""
    order = shop.order()
    started = payer.start(order)
    payment = gateway.payment(started.payment_id)
    bank.pay(payment.remote_reference)  # its callback is on its way
    with ThreadPoolExecutor(4) as pool:
        pages = [pool.submit(Payer(gateway).result, started) for _ in range(4)]
        assert all(future.result().says("result.paid.title") for future in pages)
    gateway.clock.advance(minutes=2)
    gateway.work()
    assert len(gateway.captures(payment.id)) == 1
    assert len(shop.confirmations(order)) == 1


@pytest.mark.parametrize("arrival", [(0, 1), (1, 0)])
def test_of_two_payers_at_the_bank_for_one_order_one_is_given_back_and_told_why(arrival, gateway, shop, bank):
    """E71, both orders of arrival: the first one's time had run out here, so the second holds the claim."""
    order = shop.order()
    payers = [Payer(gateway, address=f"198.51.100.{number}") for number in (1, 2)]
    started = [payers[0].start(order)]
    end_unchanged(gateway.parts, gateway.payment(started[0].payment_id), PaymentEvent.EXPIRE, actor="machine")
    started.append(payers[1].start(order))
    for place in arrival:
        bank.pay(gateway.payment(started[place].payment_id).remote_reference)
        eventually(lambda place=place: gateway.captures(started[place].payment_id))
    gateway.work()
    assert payers[1].result(started[1]).says("result.told")
    assert payers[0].result(started[0]).says("result.paid-twice.title")
    assert [each.state for each in gateway.reversals(started[0].payment_id)] == [ReversalState.DONE]
    assert [each["payment_id"] for each in shop.confirmations(order)] == [started[1].payment_id]


def test_late_money_without_a_claim_goes_back(gateway, payer, shop, bank):
    """C37 with E71: declined, paid by somebody else meanwhile, then captured after all."""
    order = shop.order()
    bank.break_down(callbacks="off")
    first = payer.pay(order, "declined-then-captured")
    assert first.says("result.declined.title")
    second = Payer(gateway, address="198.51.100.9").pay(order)
    assert second.says("result.paid.title")
    bank.repair()
    page = eventually(lambda: payer.result(first), lambda page: page.says("result.paid-twice.title"))
    assert page.says("result.back_due")
    gateway.work()
    (capture,) = gateway.captures(first.payment_id)
    (reversal,) = gateway.reversals(first.payment_id)
    assert (capture.state, reversal.ground) == (CaptureState.SURPLUS, ReversalGround.CLAIM_LOST)
    assert reversal.state is ReversalState.DONE
    assert "suspense" not in gateway.balances()
    assert [each["payment_id"] for each in shop.confirmations(order)] == [second.payment_id]


def test_a_reversal_that_is_refused_waits_for_a_person(gateway, payer, shop, bank):
    """C50: never "done" by itself."""
    order = shop.order()
    bank.break_down(reversals="refused")
    page = payer.pay(order, "captured-twice")
    gateway.work()
    (reversal,) = gateway.reversals(page.payment_id)
    assert reversal.state is not ReversalState.DONE
    assert gateway.balances()["suspense"] == -150_00


def test_a_reversal_whose_answer_was_lost_is_done_once(gateway, payer, shop, bank):
    """A13: the same key again."""
    order = shop.order()
    bank.break_down(reversals="timeout-after-effect")
    page = payer.pay(order, "captured-twice")
    gateway.work()
    bank.repair()
    gateway.clock.advance(minutes=2)
    gateway.work()
    (reversal,) = gateway.reversals(page.payment_id)
    session = bank.session(gateway.payment(page.payment_id).reference)
    assert reversal.state is ReversalState.DONE
    assert session["reversed_minor"] == 150_00


def test_a_part_is_paid_then_the_rest(gateway, payer, shop):
    """D67 and invariant 7; the parts are spread over the lines of the order."""
    order = shop.order("partial", amount="100.00")
    first = payer.pay(order, amount="40.00")
    assert first.says("result.told")
    invoice = payer.arrive(order)
    assert invoice.form("/pay/")["amount"] == "60,00"
    assert payer.agree(invoice, amount="60.01").status == 422
    second = payer.pay(order, amount="60.00")
    assert second.says("result.told")
    told = shop.confirmations(order)
    assert [each["total"] for each in told] == ["40.00", "60.00"]
    assert all(sum(float(line["amount"]) for line in each["lines"]) == float(each["total"]) for each in told)
    assert shop.state(order)["state"] == "paid"
    assert payer.arrive(order).says("standing.paid.title")
    assert len(gateway.payments(order.key)) == 2


def test_a_part_under_way_lowers_what_others_may_pay(gateway, shop):
    """E78: the cap is held before the first part is captured."""
    order = shop.order("partial", amount="100.00")
    first, second = Payer(gateway, address="198.51.100.1"), Payer(gateway, address="198.51.100.2")
    first.start(order, amount="70.00")
    invoice = second.arrive(order)
    assert invoice.form("/pay/")["amount"] == "30,00"
    assert second.agree(invoice, amount="30.01").status == 422


def test_a_part_paid_and_not_yet_told_is_not_asked_for_again(payer, shop):
    """D67: the service still shows all; our own books know better."""
    order = shop.order("partial", amount="100.00")
    shop.break_down(confirm="down")
    assert payer.pay(order, amount="40.00").says("result.untold")
    assert payer.arrive(order).form("/pay/")["amount"] == "60,00"


def test_a_paid_order_that_the_service_still_asks_for_shows_what_was_paid(payer, shop, gateway):
    order = shop.order()
    shop.break_down(confirm="down")
    payer.pay(order)
    page = payer.arrive(order)
    assert page.says("standing.in-progress.title")
    assert page.says("invoice.earlier_title")
    (payment,) = gateway.payments(order.key)
    assert gateway.read(lambda work: work.claims.of_payment(payment.id)).state is ClaimState.CAPTURED

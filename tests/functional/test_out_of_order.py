"""A service or a bank is out of order for a while: it is left alone but for a probe, and others go on."""

import time

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import DeliveryState
from tests.functional.test_service_faults import SERVICE
from tests.scene.commands import mpay
from tests.scene.payer import Page, Payer

OPENS_AFTER = 5


@pytest.fixture
def silent(payer: Payer, shop, gateway) -> list[Page]:
    """The result pages of so many payments that the shop was not told of that it is left alone."""
    shop.break_down(confirm="down")
    return [payer.pay(shop.order()) for _ in range(OPENS_AFTER)]


def told(gateway, page: Page) -> bool:
    return gateway.delivery(page.payment_id).state is DeliveryState.CONFIRMED


def test_a_service_that_is_out_of_order_is_probed_once_a_minute_and_told_everything_when_it_is_back(
    silent, payer, shop, gateway
):
    """D57."""
    order = shop.order()
    late = payer.pay(order)
    assert late.says("result.untold_text", service=SERVICE)
    assert shop.confirmations(order) == []
    before = len(shop.all_confirmations())
    for _ in range(3):
        gateway.clock.advance(seconds=61)
        gateway.work()
    assert len(shop.all_confirmations()) == before + 3
    assert "deliveries unanswered since" in mpay(gateway, "services", "list")
    shop.repair()
    gateway.clock.advance(seconds=61)
    gateway.work()
    assert all(told(gateway, page) for page in (*silent, late))
    assert payer.result(late).says("result.told")
    assert "unanswered" not in mpay(gateway, "services", "list")


def test_payments_at_another_service_are_told_at_once_meanwhile(silent, payer, shop, gateway, bank):
    fine = shop.fine(plate_number="CDR 482")
    shop.repair()  # one switch breaks both services; the breaker of the first stays open until its probe
    invoice = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor="CDR 482")
    started = payer.choose(payer.agree(invoice))
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.told")
    assert not any(told(gateway, page) for page in silent)


def test_payers_of_a_service_that_answers_no_look_ups_read_so_at_once(payer, shop, gateway):
    order = shop.order()
    shop.break_down(lookup="slow", slow_seconds=6)  # longer than the gateway waits
    for number in range(OPENS_AFTER):
        Payer(gateway, address=f"203.0.113.{20 + number}").arrive(order)
    asked, began = len(shop.lookups(order)), time.monotonic()
    page = payer.arrive(order)
    assert time.monotonic() - began < 2
    assert (page.status, page.says("problem.remote.named", service=SERVICE)) == (503, True)
    assert page.says("problem.no_money")
    assert int(page.response.headers["Retry-After"]) > 0
    assert len(shop.lookups(order)) == asked
    shop.repair()
    gateway.clock.advance(seconds=61)
    assert payer.open(page.path).says("invoice.heading")


@pytest.mark.parametrize("language", Language)
def test_an_instrument_whose_bank_is_silent_says_so_in_the_payers_language(
    language, payer, shop, gateway, bank
):
    """C52."""
    methods = payer.agree(payer.arrive(shop.order()))
    bank.break_down(api="down")
    for _ in range(OPENS_AFTER):
        payer.choose(payer.agree(payer.arrive(shop.order())))
    page = payer.open(f"{methods.path}?lang={language.value}")
    assert page.says("method.out_of_order", language)
    refused = payer.choose(methods)
    assert (refused.status, refused.says("form.instrument.out_of_order", language)) == (422, True)
    bank.repair()
    gateway.clock.advance(seconds=61)
    assert "/bank" in payer.choose(payer.open(methods.path)).path

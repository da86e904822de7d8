"""Confirmed money goes back, with a real bank and a real service: its signed word first, then one movement."""

from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.domain.refund import RefundGround, RefundState
from tests.scene.commands import mpay
from tests.scene.payer import Page
from tests.scene.waiting import eventually


def refunds(gateway, page: Page):
    return gateway.read(lambda work: work.refunds.of_payment(page.payment_id))


def later(gateway, **by):
    gateway.clock.advance(**by)
    gateway.work()
    gateway.settle_down()


def test_a_part_goes_back_once_its_service_released_the_debt(gateway, payer, shop, bank):
    order = shop.order(amount="100.00")
    page = payer.pay(order)
    gateway.settle_down()
    ana, ion = (mpay(gateway, "operator", "add", name).strip() for name in ("ana", "ion"))
    opened = mpay(gateway, "refund", "open", page.payment_id, "--amount", "40.00", "--reason", "half of it",
                  "--operator", "ana", token=ana)  # fmt: skip
    mpay(gateway, "refund", "approve", opened.partition(":")[0], "--operator", "ion", token=ion)
    reference = gateway.payment(page.payment_id).reference
    later(gateway, seconds=5)
    assert "waits for the service" in mpay(gateway, "refund", "list")
    assert bank.session(reference)["reversed_minor"] == 0
    shop.change(order, "refunding")
    later(gateway, minutes=6)
    assert bank.session(reference)["reversed_minor"] == 40_00
    assert payer.result(page).says("result.part_refunded", amount="40,00 MDL")
    shop.change(order, "refunded")
    later(gateway, minutes=6)
    [refund] = refunds(gateway, page)
    assert (refund.state, refund.acknowledged_at is not None) == (RefundState.DONE, True)
    assert bank.session(reference)["reversed_minor"] == 40_00
    assert [each["outcome"] for each in shop.confirmations(order)] == ["applied"]
    assert "refund acknowledge: done -> done" in mpay(gateway, "payment", "show", page.payment_id)
    assert gateway.balances() == {
        **{name: minor for name, minor in gateway.balances().items() if name.startswith("payable:")},
        "receivable:sandbox-main": 60_00,
    }


def test_what_the_bank_takes_back_by_itself_is_recorded_and_unpays_nothing(gateway, payer, shop, bank):
    """C38: its callback wakes us, its status is believed."""
    order = shop.order(amount="100.00")
    page = payer.pay(order, "charged-back")
    eventually(lambda: refunds(gateway, page), bool)
    gateway.settle_down()
    [refund] = refunds(gateway, page)
    assert (refund.ground, refund.returned.minor) == (RefundGround.BY_PROVIDER, 100_00)
    assert gateway.delivery(page.payment_id).state is DeliveryState.CONFIRMED
    assert shop.state(order)["state"] == "paid"
    assert payer.result(page).says("result.refunded.title")
    assert "took confirmed money back" in mpay(gateway, "payment", "find", "--stuck")
    assert gateway.balances()["refunds"] == 100_00

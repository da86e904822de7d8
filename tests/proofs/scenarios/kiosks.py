"""Money that starts elsewhere: a network of kiosks calls `mpay serve`, which dies under it. The network asks again."""

import base64
import time
from contextlib import suppress

import urllib3

from mpay_gateway.domain.payment import PaymentState
from tests.proofs.dying import Served, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.gateway import Gateway, served
from tests.scene.shop import ShopOrder
from tests.scene.waiting import eventually

ACCOUNT = "kiosk-network"
CLAIM_SECONDS = 3600


@scenario(
    units=("show-due", "claim-order", "accept-payment", "delivery-confirmed"),
    calls=("mpay_lookup_orders", "mpay_deliver_confirmation"),
)
def a_payer_puts_his_money_into_a_kiosk(stage: Stage) -> None:
    order = stage.shop.order()
    stage.dies(Served(lambda _: stage.kiosks.pay(order, wait_seconds=0)))
    with served(stage.gateway):
        _insist(stage, order)
        stage.recover()
    stage.assert_paid_once(order, payments=len(stage.gateway.payments(order.key)))
    assert stage.gateway.balances()[f"receivable:{ACCOUNT}"] == 150_00


@scenario(units=("accept-payment",))
def a_kiosk_took_another_sum_than_is_due(stage: Stage) -> None:
    """It is refused for ever, whenever it is told, and stays the network's debt to the payer."""
    _assert_refused(stage, stage.shop.order(), "149.00")


@scenario(units=("refuse-payment",))
def a_kiosk_took_money_for_an_order_that_nobody_knows(stage: Stage) -> None:
    key = f"DEMO-26-{time.time_ns() % 10**10:010d}"
    _assert_refused(stage, ShopOrder(key, "DEMO01", "", "1.00", "", ()), "1.00")


def _assert_refused(stage: Stage, order: ShopOrder, amount: str) -> None:
    stage.dies(Served(lambda _: stage.kiosks.pay(order, amount, check=False, wait_seconds=0)))
    with served(stage.gateway):
        (taken,) = [each for each in stage.kiosks.transactions() if each["account"] == order.key]
        assert stage.kiosks.settled(taken["txn_id"])["state"] == "refused"
        stage.recover()
    assert (stage.gateway.payments(order.key), stage.gateway.balances()) == ((), {})


@scenario(units=("expire-claim",))
def a_payer_leaves_the_kiosk(stage: Stage) -> None:
    """His claim runs out, and the order is paid on the portal."""
    order = stage.shop.order()
    with served(stage.gateway):
        assert stage.kiosks.check(order, order.total)["result"] == 0
    stage.dies(Worker(ahead=CLAIM_SECONDS))
    stage.gateway.clock.advance(seconds=CLAIM_SECONDS)
    stage.recover()
    assert [each.state for each in stage.gateway.payments(order.key)] == [PaymentState.EXPIRED]
    stage.payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order, payments=2)


@scenario(units=("release-claim", "claim-order"))
def a_payer_changes_his_mind_about_the_part_that_he_pays(stage: Stage) -> None:
    """The same number of a payment comes with another sum: the first claim is let go."""
    order = stage.shop.order("partial")
    number = str(time.time_ns())

    def visit(gateway: Gateway) -> None:
        with suppress(urllib3.exceptions.HTTPError):
            assert _check(stage, number, order, "20.00") == "0"
            assert _check(stage, number, order, "30.00") == "0"

    stage.dies(Served(visit))
    with served(stage.gateway):
        assert _check(stage, number, order, "30.00") == "0"
        assert stage.kiosks.pay(order)["state"] == "accepted"
        stage.recover()
    stage.assert_told_once(order)


def _insist(stage: Stage, order: ShopOrder) -> None:
    """The money that is in the box is told of again; if there is none yet, the payer begins anew."""
    told = [each for each in stage.kiosks.transactions() if each["account"] == order.key]
    if not told:
        told = [eventually(lambda: stage.kiosks.pay(order, wait_seconds=0), lambda said: "txn_id" in said)]
    for each in told:
        assert stage.kiosks.settled(each["txn_id"])["state"] == "accepted"


def _check(stage: Stage, number: str, order: ShopOrder, amount: str) -> str:
    """The network's `check` under a number of the test's own. Its result."""
    secret = (stage.counterparts.place.folder / "secrets" / "kiosk-network").read_text("utf-8").strip()
    basic = base64.b64encode(f"network:{secret}".encode()).decode()
    answer = urllib3.request(
        "GET", f"{stage.gateway.url}/x/{ACCOUNT}/payment", timeout=30, retries=False,
        fields={"command": "check", "txn_id": number, "account": f"{order.service_id}:{order.key}", "sum": amount,
                "trm_id": "K1"},
        headers={"Authorization": f"Basic {basic}"},
    )  # fmt: skip
    return answer.data.decode().partition("<result>")[2].partition("</result>")[0]

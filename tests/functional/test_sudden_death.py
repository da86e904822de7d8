"""A worker is killed or stopped over a call that is not answered yet: nothing is lost, nothing comes twice.

Deaths at the named points are the matrix's (`tests/proofs`); here the test says when.
"""

import pytest

from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.flow.held_deliveries import hurry_delivery
from mpay_gateway.storage.tasks import TaskKind
from tests.scene.gateway import Gateway
from tests.scene.processes import START_SECONDS, process
from tests.scene.waiting import eventually


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(served=False)


def test_a_worker_killed_while_the_service_works(gateway, payer, shop, bank):
    """A11: the service takes the message of the dead worker and hears it again from the next one."""
    order = shop.order()
    shop.break_down(confirm="down")
    page = payer.pay(order)
    delivery = gateway.delivery(page.payment_id)
    shop.break_down(confirm="slow", slow_seconds=2)
    hurry_delivery(gateway.parts, delivery.id, actor="operator:ana")
    with process(gateway, "worker") as worker:
        eventually(lambda: _sent(gateway, page.payment_id), lambda count: count == 2, within=START_SECONDS)
        worker.kill()
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    shop.repair()
    assert gateway.delivery(page.payment_id).state is DeliveryState.LEASED
    for _ in range(3):
        gateway.clock.advance(minutes=2)
        gateway.work()
    outcomes = [each["outcome"] for each in shop.confirmations(order)]
    assert outcomes == ["ignored: down", "applied", "already-applied"]
    assert payer.result(page).says("result.told")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_stopped_worker_finishes_what_it_does(gateway, payer, shop, bank):
    """SIGTERM: the running call ends, nothing is left leased."""
    order = shop.order()
    shop.break_down(confirm="slow", slow_seconds=1)
    bank.break_down(callbacks="off")
    started = payer.start(order)
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    gateway.parts.units.run(
        "hurry", lambda work: work.tasks.hurry(TaskKind.RECHECK, started.payment_id, gateway.clock.now())
    )
    with process(gateway, "worker") as worker:
        eventually(lambda: _sent(gateway, started.payment_id), within=START_SECONDS)
        worker.terminate()
        assert worker.wait(30) == 0
    assert gateway.delivery(started.payment_id).state is DeliveryState.CONFIRMED
    assert len(shop.confirmations(order)) == 1


def _sent(gateway: Gateway, payment_id: str) -> int:
    rows = gateway.read(lambda work: work.evidence.of_subject(payment_id))
    return sum((row.direction, row.operation) == ("sent", "ConfirmOrderPayment") for row in rows)

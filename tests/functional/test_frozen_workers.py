"""A17: a worker that stands still for longer than its lease, then goes on, may neither send nor write.

A real `mpay worker` stops itself (SIGSTOP) at a crash point, others take its work over, and it is let go on (SIGCONT).
"""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from mpay_gateway.crash_points import STOPS
from mpay_gateway.domain.payment import DeliveryState, ReversalState
from mpay_gateway.flow.held_deliveries import hurry_delivery
from mpay_gateway.storage.tables import audit
from tests.scene.processes import START_SECONDS, process
from tests.scene.waiting import eventually

ALONE = ("worker", "--threads", "1")
"""No other thread may hold SQLite's only writer's place while the process stands still: nobody could write then."""


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(served=False)


@pytest.fixture
def untold(gateway, payer, shop):
    """A paid order whose service was down; a worker finds its delivery due."""
    order = shop.order()
    shop.break_down(confirm="down")
    page = payer.pay(order)
    gateway.settle_down()
    delivery = gateway.delivery(page.payment_id)
    shop.repair()
    hurry_delivery(gateway.parts, delivery.id, actor="operator:ana")
    return order, page


def is_frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def log_of(gateway) -> str:
    return (gateway.ini.parent / "worker.log").read_text("utf-8", "replace")


def take_over(gateway) -> None:
    """Ten minutes later another host's worker does what is due."""
    gateway.clock.advance(minutes=10)
    gateway.work()
    gateway.settle_down()


def confirmed_by(gateway, delivery_id: str) -> list[str]:
    """Which edges of the delivery were written, oldest first."""
    query = select(audit.c.event).where(audit.c.subject == delivery_id).order_by(audit.c.id)
    return list(gateway.read(lambda work: work.connection.execute(query).scalars().all()))


@pytest.mark.parametrize("point", ["claim-tasks:after-commit", "call:mpay_deliver_confirmation:before"])
def test_a_worker_that_stood_still_before_it_sent_sends_nothing(point, gateway, untold, shop, monkeypatch):
    order, page = untold
    monkeypatch.setenv(STOPS, "1")
    with process(gateway, *ALONE, crash_point=point) as worker:
        eventually(lambda: is_frozen(worker.pid), within=START_SECONDS)
        take_over(gateway)
        delivery = gateway.delivery(page.payment_id)
        assert delivery.state is DeliveryState.CONFIRMED
        told, written = len(shop.confirmations(order)), confirmed_by(gateway, delivery.id)
        os.kill(worker.pid, signal.SIGCONT)
        eventually(lambda: "taken_over" in log_of(gateway), within=START_SECONDS)
        worker.terminate()
        assert worker.wait(60) == 0
    assert len(shop.confirmations(order)) == told
    assert confirmed_by(gateway, delivery.id) == written
    assert gateway.delivery(page.payment_id) == delivery


def test_a_worker_that_stood_still_while_the_service_worked_writes_nothing(
    gateway, untold, shop, monkeypatch
):
    """Its message arrived, another's was answered first: the late answer changes nothing."""
    order, page = untold
    monkeypatch.setenv(STOPS, "1")
    point = "call:mpay_deliver_confirmation:after-answer"
    with process(gateway, *ALONE, crash_point=point) as worker:
        eventually(lambda: is_frozen(worker.pid), within=START_SECONDS)
        take_over(gateway)
        delivery = gateway.delivery(page.payment_id)
        assert delivery.state is DeliveryState.CONFIRMED
        written = confirmed_by(gateway, delivery.id)
        os.kill(worker.pid, signal.SIGCONT)
        eventually(lambda: "taken_over" in log_of(gateway), within=START_SECONDS)
        worker.terminate()
        assert worker.wait(60) == 0
    assert [each["outcome"] for each in shop.confirmations(order)][1:] == ["applied", "already-applied"]
    assert confirmed_by(gateway, delivery.id) == written
    assert gateway.delivery(page.payment_id) == delivery


def test_a_worker_that_stood_still_before_it_gave_money_back_gives_nothing_back(
    gateway, payer, shop, bank, monkeypatch
):
    """The first delivery is over by then: a thread that stands still in a commit holds its rows for a minute."""
    started = payer.pay(shop.order(), "captured-twice")
    gateway.settle_down()
    monkeypatch.setenv(STOPS, "1")
    with process(gateway, *ALONE, crash_point="call:mpay_reverse_payment:before") as worker:
        eventually(lambda: is_frozen(worker.pid), within=START_SECONDS)
        take_over(gateway)
        session = bank.session(gateway.payment(started.payment_id).reference)
        os.kill(worker.pid, signal.SIGCONT)
        eventually(lambda: "taken_over" in log_of(gateway), within=START_SECONDS)
        worker.terminate()
        assert worker.wait(60) == 0
    assert [each.state for each in gateway.reversals(started.payment_id)] == [ReversalState.DONE]
    assert bank.session(gateway.payment(started.payment_id).reference) == session
    assert session["reversed_minor"] == 150_00


def test_a_second_signal_ends_a_worker_that_waits_for_a_service(gateway, payer, shop):
    """What it held is due again when its lease has run out; nothing is told twice."""
    order = shop.order()
    shop.break_down(confirm="down")
    page = payer.pay(order)
    gateway.settle_down()
    shop.break_down(confirm="slow", slow_seconds=2)
    hurry_delivery(gateway.parts, gateway.delivery(page.payment_id).id, actor="operator:ana")
    with process(gateway, "worker") as worker:
        eventually(lambda: gateway.delivery(page.payment_id).attempts == 2, within=START_SECONDS)
        worker.terminate()
        worker.terminate()
        assert worker.wait(30) in {0, 128 + signal.SIGTERM}
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    shop.repair()
    take_over(gateway)
    assert gateway.delivery(page.payment_id).state is DeliveryState.CONFIRMED
    assert [each["outcome"] for each in shop.confirmations(order)].count("applied") == 1

"""Processes are killed at the worst moments (catalogue A): nothing is lost, nothing happens twice.

A real `mpay worker` or `mpay serve` kills itself (SIGKILL) at a crash point; whoever comes next finishes its work.
"""

import pytest
import urllib3

from mpay_gateway.domain.payment import DeliveryState, PaymentState, ReversalState
from mpay_gateway.flow.confirmation_delivery import hurry_delivery
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.tasks import TaskKind
from tests.scene.gateway import Gateway
from tests.scene.processes import START_SECONDS, die_at, process
from tests.scene.waiting import eventually

ON_THE_WAY_TO_THE_SERVICE = (
    "claim-tasks:after-commit",
    "http:before-send",
    "http:after-answer",
    "settle:before-commit",
    "settle:after-commit",
    "evidence-sent:before-commit",
    "call:ConfirmOrderPayment:before",
    "call:ConfirmOrderPayment:after",
    "delivery-confirmed:before-commit",
    "delivery-confirmed:after-commit",
)
ON_THE_WAY_BACK = (
    "call:reverse:before",
    "call:reverse:after",
    "reversal-done:before-commit",
    "reversal-done:after-commit",
)


ON_POSTGRESQL_TOO = {
    "settle:after-commit",
    "call:ConfirmOrderPayment:after",
    "delivery-confirmed:before-commit",
    "reversal-done:before-commit",
}


def at_each(crash_points: tuple[str, ...]) -> pytest.MarkDecorator:
    """Every point on SQLite, those where the database itself matters on PostgreSQL too: a process is dear."""
    cases = [("sqlite", point) for point in crash_points]
    cases += [("postgresql", point) for point in crash_points if point in ON_POSTGRESQL_TOO]
    return pytest.mark.parametrize(("engine", "crash_point"), cases, indirect=["engine"])


def recover(gateway: Gateway) -> None:
    """What any other worker does once the dead one's leases have run out."""
    for _ in range(3):
        gateway.clock.advance(minutes=2)
        gateway.work()
        gateway.settle_down()


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(served=False)


@pytest.fixture
def paid_at_bank(gateway, payer, bank):
    """Starts a payment, pays it at the bank, and makes its check due; the bank's callbacks never arrive."""

    def pay(order, card="approved"):
        bank.break_down(callbacks="off")
        started = payer.start(order)
        bank.pay(gateway.payment(started.payment_id).remote_reference, card)
        gateway.parts.units.run(
            "hurry", lambda work: work.tasks.hurry(TaskKind.RECHECK, started.payment_id, gateway.clock.now())
        )
        return started

    return pay


@at_each(ON_THE_WAY_TO_THE_SERVICE)
def test_a_worker_killed_on_the_way_to_the_service(crash_point, gateway, paid_at_bank, payer, shop):
    """A8 to A12: one capture, one effect at the service, always the same content."""
    order = shop.order()
    started = paid_at_bank(order)
    die_at(crash_point, gateway)
    recover(gateway)
    assert payer.result(started).says("result.told")
    assert len(gateway.captures(started.payment_id)) == 1
    told = shop.confirmations(order)
    assert [each["outcome"] for each in told].count("applied") == 1
    assert len({each["content_digest"] for each in told}) == 1
    assert shop.state(order)["paid"] == "150.00"


@at_each(ON_THE_WAY_BACK)
def test_a_worker_killed_while_money_goes_back(crash_point, gateway, paid_at_bank, payer, shop):
    """A13: the second capture is given back once."""
    order = shop.order()
    started = paid_at_bank(order, "captured-twice")
    die_at(crash_point, gateway)
    recover(gateway)
    assert payer.result(started).says("result.told")
    assert [each.state for each in gateway.reversals(started.payment_id)] == [ReversalState.DONE]
    session = gateway.counterparts.bank.session(gateway.payment(started.payment_id).reference)
    assert session["reversed_minor"] == 150_00
    assert len(shop.confirmations(order)) >= 1


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
    recover(gateway)
    outcomes = [each["outcome"] for each in shop.confirmations(order)]
    assert outcomes == ["ignored: down", "applied", "already-applied"]
    assert payer.result(page).says("result.told")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_stopped_worker_finishes_what_it_does(gateway, paid_at_bank, payer, shop):
    """SIGTERM: the running call ends, nothing is left leased."""
    order = shop.order()
    shop.break_down(confirm="slow", slow_seconds=1)
    started = paid_at_bank(order)
    with process(gateway, "worker") as worker:
        eventually(lambda: _sent(gateway, started.payment_id), within=START_SECONDS)
        worker.terminate()
        assert worker.wait(30) == 0
    assert gateway.delivery(started.payment_id).state is DeliveryState.CONFIRMED
    assert len(shop.confirmations(order)) == 1


@at_each(("keep-callback:after-commit", "settle:after-commit"))
def test_a_gateway_killed_at_a_callback(crash_point, gateway, payer, shop, bank):
    """A6, A7, A10: `mpay serve` dies with the bank's callback in its hands; a worker finishes."""
    order = shop.order()
    started = payer.start(order)
    port = str(gateway.counterparts.place.gateway_port)
    with process(gateway, "serve", "--port", port, crash_point=crash_point):
        healthz = f"{gateway.url}/healthz"
        eventually(lambda: _answers(healthz), within=START_SECONDS)
        bank.pay(gateway.payment(started.payment_id).remote_reference)
        wanted = PaymentState.STARTED if "keep" in crash_point else PaymentState.CAPTURED
        eventually(lambda: _kept(gateway), within=START_SECONDS)
        eventually(lambda: gateway.payment(started.payment_id).state, lambda state: state is wanted)
        bank.break_down(callbacks="off")
    recover(gateway)
    assert payer.result(started).says("result.told")
    assert [each["outcome"] for each in shop.confirmations(order)].count("applied") == 1


def _sent(gateway: Gateway, payment_id: str) -> int:
    rows = gateway.read(lambda work: work.evidence.of_subject(payment_id))
    return sum((row.direction, row.operation) == ("sent", "ConfirmOrderPayment") for row in rows)


def _kept(gateway: Gateway) -> int:
    return gateway.read(lambda work: sum(work.inbox.count(state) for state in InboxState))


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False

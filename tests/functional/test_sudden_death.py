"""Processes are killed at the worst moments (catalogue A): nothing is lost, nothing happens twice.

A real `mpay worker` or `mpay serve` kills itself (SIGKILL) at a crash point; whoever comes next finishes its work.
"""

from dataclasses import dataclass

import pytest
import urllib3

from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.flow.held_deliveries import hurry_delivery
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.tasks import TaskKind
from tests.scene.gateway import Gateway
from tests.scene.payer import Payer
from tests.scene.processes import START_SECONDS, die_at, process
from tests.scene.waiting import eventually

ON_THE_WAY_TO_THE_SERVICE = (
    "claim-tasks:after-commit",
    "call:mpay_fetch_confirmation:before-send",
    "call:mpay_fetch_confirmation:after-answer",
    "settle:before-commit",
    "settle:after-commit",
    "evidence-sent:before-commit",
    "call:mpay_deliver_confirmation:before-send",
    "call:mpay_deliver_confirmation:after-answer",
    "delivery-confirmed:before-commit",
    "delivery-confirmed:after-commit",
)
ON_THE_WAY_BACK = (
    "call:mpay_reverse_payment:before-send",
    "call:mpay_reverse_payment:after-answer",
    "reversal-done:before-commit",
    "reversal-done:after-commit",
)
ON_THE_WAY_OF_A_CAPTURE = (
    "settle:after-commit",
    "decide-two-step:before-commit",
    "decide-two-step:after-commit",
    "call:mpay_capture_payment:before-send",
    "call:mpay_capture_payment:after-answer",
    "captured:before-commit",
    "captured:after-commit",
)
ON_THE_WAY_OF_A_VOID = (
    "decide-two-step:after-commit",
    "decide-to-give-up:before-commit",
    "decide-to-give-up:after-commit",
    "call:mpay_reverse_payment:before-send",
    "call:mpay_reverse_payment:after-answer",
    "voided:before-commit",
    "voided:after-commit",
)


ON_POSTGRESQL_TOO = {
    "call:mpay_capture_payment:after-answer",
    "settle:after-commit",
    "call:mpay_deliver_confirmation:after-answer",
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


@dataclass(frozen=True, slots=True)
class Held:
    """A payment whose money the bank holds."""

    gateway: Gateway
    order: str
    payment_id: str

    @property
    def state(self) -> PaymentState:
        return self.gateway.payment(self.payment_id).state

    @property
    def session(self):
        """What the bank has of it."""
        return self.gateway.counterparts.bank.session(self.gateway.payment(self.payment_id).reference)

    @property
    def kinds(self) -> list[str]:
        """What the bank gave up or gave back."""
        return [each["kind"] for each in self.session["reversals"]]


@pytest.fixture
def holding_gateway(make_gateway):
    return make_gateway(two_step=True, served=False)


@pytest.fixture
def held_at_bank(holding_gateway, shop, bank):
    """An order whose money the bank holds, with the check of it due; the bank's callbacks never arrive."""
    order, gateway = shop.order(), holding_gateway
    bank.break_down(callbacks="off")
    started = Payer(gateway).start(order, instrument="hold")
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    gateway.parts.units.run(
        "hurry", lambda work: work.tasks.hurry(TaskKind.RECHECK, started.payment_id, gateway.clock.now())
    )
    return Held(gateway, order, started.payment_id)


@pytest.mark.parametrize("order_then", ["as it was", "cancelled"])
@at_each(ON_THE_WAY_OF_A_CAPTURE)
def test_a_worker_killed_while_held_money_is_taken(crash_point, order_then, held_at_bank, shop):
    """Taken once, booked once; what is taken of a cancelled order goes back as a capture, never as a void."""
    held = held_at_bank
    die_at(crash_point, held.gateway)
    if order_then == "cancelled":
        shop.change(held.order, "cancelled")
    recover(held.gateway)
    captures = held.gateway.captures(held.payment_id)
    assert len(captures) == len(held.session["captures"])
    if order_then == "as it was":
        assert ([each.state for each in captures], held.kinds) == ([CaptureState.CLAIMED], [])
        assert shop.state(held.order)["paid"] == "150.00"
    elif captures:
        assert held.kinds == ["reversal"] or captures[0].state is CaptureState.CLAIMED
    else:
        assert (held.state, held.kinds) == (PaymentState.CANCELLED, ["void"])


@at_each(ON_THE_WAY_OF_A_VOID)
def test_a_worker_killed_while_held_money_is_given_up(crash_point, held_at_bank, shop):
    held = held_at_bank
    shop.change(held.order, "cancelled")
    die_at(crash_point, held.gateway)
    recover(held.gateway)
    assert (held.state, held.kinds) == (PaymentState.CANCELLED, ["void"])
    assert held.session["captures"] == []
    assert [each.state for each in held.gateway.reversals(held.payment_id)] == [ReversalState.DONE]
    assert shop.confirmations(held.order) == []


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

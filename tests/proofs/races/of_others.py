"""Kiosk and browser, operator and machine, operator and operator, worker and worker at once: faults.md E71, E75."""

from datetime import timedelta

from mpay_gateway.domain.decision import Act, Decision
from mpay_gateway.domain.errors import InvalidTransition, NotPayable
from mpay_gateway.domain.intake import Accepted, AlreadyAccepted, Refused
from mpay_gateway.domain.payment import CaptureState, Delivery, DeliveryState, Payment, ReversalState
from mpay_gateway.flow.decisions import approve, propose, reject
from mpay_gateway.flow.held_deliveries import hurry_delivery, park_delivery
from mpay_gateway.flow.settling import settle
from mpay_gateway.worker import Worker
from tests.proofs.races.arena import Arena

ANA, ION, MARIA = "operator:ana", "operator:ion", "operator:maria"
NEXT_TRY = timedelta(minutes=2)
"""A confirmation that got no answer is due again by then."""


def kiosk_and_browser(arena: Arena, order_key: str) -> str:
    """Cash in a kiosk, and a payer who presses the button: one of them pays, the other one's money is not taken."""
    visit = arena.agreed(order_key)
    cash, pressed = arena.at_once(
        lambda: arena.kiosk.accept(order_key, f"cash-{order_key}"), lambda: arena.press(visit)
    )
    if isinstance(pressed, Payment):
        assert isinstance(cash, Refused), cash
        assert arena.kiosk.payments(order_key) == (pressed,)
        arena.take(pressed)
        settle(arena.worker, pressed.id)
        _confirmed_once(arena, pressed)
        return "the browser was first, cash refused"
    assert isinstance(pressed, NotPayable), pressed
    assert isinstance(cash, Accepted), cash
    (payment,) = arena.kiosk.payments(order_key)
    _confirmed_once(arena, payment)
    return "the kiosk was first"


def cash_told_twice(arena: Arena, order_key: str) -> str:
    """One pay of a kiosk network comes twice at once: it is booked once, and both hear yes."""
    ends = arena.at_once(*[lambda: arena.kiosk.accept(order_key, f"twice-{order_key}")] * 2)
    assert {type(end) for end in ends} <= {Accepted, AlreadyAccepted}, ends
    assert len({end.payment_id for end in ends}) == 1, ends  # type: ignore[union-attr]
    (payment,) = arena.kiosk.payments(order_key)
    _confirmed_once(arena, payment)
    return "booked once"


def two_workers(arena: Arena, order_key: str) -> str:
    """Two workers find the same things to do: each is done by one of them."""
    payments = [_unanswered(arena, f"{order_key}-{number}") for number in range(3)]
    heard = {payment.id: arena.sides.heard[payment.id] for payment in payments}
    arena.sides.silent.clear()
    arena.clock.advance(seconds=NEXT_TRY.total_seconds())
    ends = arena.at_once(*(Worker(parts).run_due for parts in arena.processes[:2]))
    assert not any(isinstance(end, Exception) for end in ends), ends
    for payment in payments:
        _confirmed_once(arena, payment)
        assert arena.sides.heard[payment.id] == heard[payment.id] + 1
    return "each told once"


def retried_while_it_is_sent(arena: Arena, order_key: str) -> str:
    """An operator lets a confirmation be sent now, while a worker sends it: it is confirmed, and applied once."""
    payment, delivery = _due_again(arena, order_key)
    retried, worked = arena.at_once(
        lambda: hurry_delivery(arena.processes[0], delivery.id, actor=ANA), Worker(arena.worker).run_due
    )
    assert isinstance(retried, Delivery | InvalidTransition), retried
    assert isinstance(worked, int), worked
    arena.work(turns=2, minutes=2)
    _confirmed_once(arena, payment)
    return "the operator was first" if isinstance(retried, Delivery) else "the machine was first"


def parked_while_it_is_sent(arena: Arena, order_key: str) -> str:
    """An operator stops a confirmation while a worker sends it: it is stopped before, or it is sent; never both."""
    payment, delivery = _due_again(arena, order_key)
    heard = arena.sides.heard[payment.id]
    parked, worked = arena.at_once(
        lambda: park_delivery(arena.processes[0], delivery.id, "wait", owner="Ana", actor=ANA),
        Worker(arena.worker).run_due,
    )
    assert isinstance(worked, int), worked
    if isinstance(parked, InvalidTransition):
        _confirmed_once(arena, payment)
        return "the machine was first"
    assert isinstance(parked, Delivery), parked
    arena.work(minutes=90)
    assert arena.sides.heard[payment.id] == heard
    stopped = arena.delivery(payment)
    assert stopped is not None
    assert stopped.state is DeliveryState.PARKED
    hurry_delivery(arena.processes[0], delivery.id, actor=ANA)
    arena.work(seconds=1)
    _confirmed_once(arena, payment)
    return "the operator was first"


def released_and_retried(arena: Arena, order_key: str) -> str:
    """The money of a parked confirmation goes back, or the confirmation is sent again: never both."""
    payment, delivery = _due_again(arena, order_key, applied=False)
    park_delivery(arena.processes[0], delivery.id, "wait", owner="Ana", actor=ANA)
    parts, act = arena.processes[0], Act.RELEASE_ALTHOUGH  # its try was not answered
    decision = propose(parts, payment.id, act, "the payer asks for it", actor=ANA)
    released, retried = arena.at_once(
        lambda: approve(arena.processes[0], decision.id, actor=ION),
        lambda: hurry_delivery(arena.processes[1], delivery.id, actor=MARIA),
    )
    arena.work(turns=2, minutes=2)
    if isinstance(released, Decision):
        assert isinstance(retried, InvalidTransition), retried
        _went_back_once(arena, payment)
        assert arena.sides.applied.get(order_key, []) == []
        return "released"
    assert isinstance(released, InvalidTransition), released
    assert isinstance(retried, Delivery), retried
    _confirmed_once(arena, payment)
    return "sent again"


def two_approve(arena: Arena, order_key: str) -> str:
    """Two operators agree to one proposal at once: it is done once, the other one is told."""
    payment, decision = _proposed(arena, order_key)
    ends = arena.at_once(
        lambda: approve(arena.processes[0], decision.id, actor=ION),
        lambda: approve(arena.processes[1], decision.id, actor=MARIA),
    )
    assert sorted(type(end).__name__ for end in ends) == ["Decision", "InvalidTransition"], ends
    arena.work(seconds=1)
    _went_back_once(arena, payment)
    return f"{'the first' if isinstance(ends[0], Decision) else 'the second'} was first"


def approved_and_rejected(arena: Arena, order_key: str) -> str:
    """One agrees, one refuses, at once: one of them decides."""
    payment, decision = _proposed(arena, order_key)
    agreed, refused = arena.at_once(
        lambda: approve(arena.processes[0], decision.id, actor=ION),
        lambda: reject(arena.processes[1], decision.id, actor=MARIA),
    )
    arena.work(seconds=1)
    if isinstance(agreed, Decision):
        assert isinstance(refused, InvalidTransition), refused
        _went_back_once(arena, payment)
        return "approved"
    assert isinstance(agreed, InvalidTransition), agreed
    assert isinstance(refused, Decision), refused
    assert arena.reversals(payment) == ()
    return "rejected"


def _unanswered(arena: Arena, order_key: str) -> Payment:
    """Paid; the service has applied the confirmation, and its answer was lost."""
    arena.sides.silent.add(order_key)
    payment = arena.press(arena.agreed(order_key))
    arena.take(payment)
    settle(arena.processes[0], payment.id)
    arena.rest(payment)
    return payment


def _due_again(arena: Arena, order_key: str, *, applied: bool = True) -> tuple[Payment, Delivery]:
    """The same, and its next try is due now. Without `applied` the service did not take note of the first one."""
    payment = _unanswered(arena, order_key)
    arena.sides.silent.discard(order_key)
    if not applied:
        arena.sides.applied.pop(order_key, None)
    arena.clock.advance(seconds=NEXT_TRY.total_seconds())
    delivery = arena.delivery(payment)
    assert delivery is not None
    assert delivery.state is DeliveryState.DUE, delivery
    return payment, delivery


def _proposed(arena: Arena, order_key: str) -> tuple[Payment, Decision]:
    """A payment of which the bank took another amount, and a proposal to give it back."""
    payment = arena.press(arena.agreed(order_key))
    arena.take(payment, short_by=5000)
    settle(arena.processes[0], payment.id)
    (capture,) = arena.captures(payment)
    assert capture.state is CaptureState.REVIEW
    return payment, propose(arena.processes[0], payment.id, Act.GIVE_BACK, "another amount", actor=ANA)


def _confirmed_once(arena: Arena, payment: Payment) -> None:
    arena.rest(payment)
    delivery = arena.delivery(payment)
    assert delivery is not None
    assert delivery.state is DeliveryState.CONFIRMED, delivery
    assert arena.sides.applied[payment.order_key] == [payment.id]
    assert arena.reversals(payment) == ()


def _went_back_once(arena: Arena, payment: Payment) -> None:
    (reversal,) = arena.reversals(payment)
    assert reversal.state is ReversalState.DONE, reversal
    (capture,) = arena.captures(payment)
    assert arena.sides.given_back[payment.reference] == capture.amount.minor

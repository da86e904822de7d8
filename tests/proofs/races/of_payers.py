"""Two payers at once, one payer twice, one payment from three sides: faults.md E71, E72, E73, E76, E78.

Each duel plays one round on an order of its own, checks what everybody has in the end, and says who was first.
"""

import threading

from mpay_gateway.domain.errors import NotPayable
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    Payment,
    PaymentState,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import Callback, CallbackKind, ProviderStatus
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.callback_intake import receive_callback
from mpay_gateway.flow.payment_ending import end_unchanged
from mpay_gateway.flow.payment_result import Outcome, look_at_result, show_result
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage import Work
from tests.proofs.races.arena import WAIT_SECONDS, Arena

FIRST, SECOND = "the first payer's money came first", "the second payer's money came first"


def both_out_of_time(arena: Arena, order_key: str) -> str:
    """Two at the bank, neither of whom holds the order any more: whose money comes first pays it."""
    first = _late(arena, order_key)
    second = _late(arena, order_key)
    _both_paid(arena, first, second)
    place = arena.first_in_the_audit((first, "capture"), (second, "capture"))
    pair = (first, second)
    _one_pays_one_goes_back(arena, pair[place], pair[1 - place])
    return (FIRST, SECOND)[place]


def one_out_of_time(arena: Arena, order_key: str) -> str:
    """The first one's time ran out, the second one holds the order: he pays it, whoever's money comes first."""
    first = _late(arena, order_key)
    second = arena.press(arena.agreed(order_key, at=1), at=1)
    _both_paid(arena, first, second)
    place = arena.first_in_the_audit((first, "capture"), (second, "capture"))
    _one_pays_one_goes_back(arena, second, first)
    return (FIRST, SECOND)[place]


def both_press(arena: Arena, order_key: str) -> str:
    """Two press the button at once: one may go on to the bank, the other reads that somebody pays already."""
    visits = arena.agreed(order_key), arena.agreed(order_key, at=1)
    ends = arena.at_once(lambda: arena.press(visits[0]), lambda: arena.press(visits[1], at=1))
    started = [place for place, end in enumerate(ends) if isinstance(end, Payment)]
    assert len(started) == 1, ends
    (winner,) = started
    assert isinstance(ends[1 - winner], NotPayable), ends
    payment = ends[winner]
    assert isinstance(payment, Payment)
    arena.take(payment)
    settle(arena.processes[winner], payment.id)
    arena.rest(payment)
    _paid_and_told(arena, payment)
    return ("the first payer pressed first", "the second payer pressed first")[winner]


def two_parts_too_many(arena: Arena, order_key: str) -> str:
    """Two parts of one order, late both, that do not fit together: the second to come goes back (E78)."""
    arena.sides.partial.add(order_key)
    first, second = _late(arena, order_key, "90.00"), _late(arena, order_key, "90.00")
    _both_paid(arena, first, second)
    place = arena.first_in_the_audit((first, "capture"), (second, "capture"))
    pair = (first, second)
    _one_pays_one_goes_back(arena, pair[place], pair[1 - place])
    return (FIRST, SECOND)[place]


def two_parts_that_fit(arena: Arena, order_key: str) -> str:
    """Two parts at once that fit together: both pay, each its own lines."""
    arena.sides.partial.add(order_key)
    first, second = _late(arena, order_key, "70.00"), _late(arena, order_key, "80.00")
    _both_paid(arena, first, second)
    for payment in (first, second):
        _paid_and_told(arena, payment, alone=False)
    assert sorted(arena.sides.applied[order_key]) == sorted((first.id, second.id))
    return (FIRST, SECOND)[arena.first_in_the_audit((first, "capture"), (second, "capture"))]


def two_tabs(arena: Arena, order_key: str) -> str:
    """One form sent twice at once, to two gateways: one payment (E72)."""
    visit = arena.agreed(order_key)
    ends = arena.at_once(lambda: arena.press(visit), lambda: arena.press(visit, at=1))
    ids = {end.id for end in ends if isinstance(end, Payment)}
    assert len(ids) == 1, ends
    assert all(isinstance(end, Payment) for end in ends), ends
    payment = next(end for end in ends if isinstance(end, Payment))
    arena.take(payment)
    settle(arena.processes[0], payment.id)
    arena.rest(payment)
    _paid_and_told(arena, payment)
    return "one payment"


def three_sides(arena: Arena, order_key: str) -> str:
    """Callback, browser and re-check at once, in three processes, all with the bank's yes in hand (E73)."""
    payment = arena.press(arena.agreed(order_key))
    arena.take(payment)
    barrier = threading.Barrier(3)
    for place in range(3):
        arena.calls(place).meet = barrier
    ends = arena.at_once(
        lambda: _call_back(arena, payment, at=0),
        lambda: show_result(arena.processes[1], payment.visit_token, payment.id),
        lambda: settle(arena.worker, payment.id),
    )
    assert not any(isinstance(end, Exception) for end in ends), ends
    arena.rest(payment)
    _paid_and_told(arena, payment)
    assert arena.sides.heard[payment.id] == 1
    return "one capture, told once"


def cancelled_and_paid(arena: Arena, order_key: str) -> str:
    """The bank said "cancelled" to one process and "paid" to another: captured wins in both orders (E76)."""
    payment = arena.press(arena.agreed(order_key))
    barrier, reference = threading.Barrier(2), payment.reference
    arena.calls(0).meet, arena.calls(1).meet = barrier, barrier
    arena.calls(0).status[reference] = ProviderStatus.CANCELLED
    asked = arena.calls(0).answered = threading.Event()

    def hear_yes() -> None:
        assert asked.wait(WAIT_SECONDS)
        del arena.calls(0).status[reference]
        arena.take(payment)
        settle(arena.processes[1], payment.id)

    ends = arena.at_once(lambda: settle(arena.processes[0], payment.id), hear_yes)
    assert not any(isinstance(end, Exception) for end in ends), ends
    arena.rest(payment)
    _paid_and_told(arena, payment)
    revived = arena.read(lambda work: _was_cancelled(work, payment))
    return "cancelled, then paid" if revived else "paid, the no came too late"


def held_money(arena: Arena, order_key: str) -> str:
    """Two processes finish one hold at once: it is taken once (two-step)."""
    payment = arena.press(arena.agreed(order_key))
    arena.calls(0).status[payment.reference] = ProviderStatus.AUTHORISED
    barrier = threading.Barrier(2)
    arena.calls(0).meet, arena.calls(1).meet = barrier, barrier
    ends = arena.at_once(
        lambda: settle(arena.processes[0], payment.id), lambda: settle(arena.processes[1], payment.id)
    )
    assert not any(isinstance(end, Exception) for end in ends), ends
    arena.rest(payment)
    _paid_and_told(arena, payment)
    taken = [each for key, each in arena.sides.capture_keys.items() if payment.id in key]
    assert len(taken) == 1, taken
    return "taken once"


def _late(arena: Arena, order_key: str, amount: str = "") -> Payment:
    """A payer at the bank whose time has run out here."""
    payment = arena.press(arena.agreed(order_key, amount))
    end_unchanged(arena.processes[0], payment, PaymentEvent.EXPIRE, actor="machine")
    return payment


def _both_paid(arena: Arena, first: Payment, second: Payment) -> None:
    """The bank takes both, and says so at once: of one by a callback, of the other to a waiting process."""
    arena.take(first)
    arena.take(second)
    barrier = threading.Barrier(2)
    arena.calls(0).meet, arena.calls(1).meet = barrier, barrier
    ends = arena.at_once(
        lambda: _call_back(arena, first, at=0), lambda: settle(arena.processes[1], second.id)
    )
    assert not any(isinstance(end, Exception) for end in ends), ends
    arena.rest(first, second)


def _call_back(arena: Arena, payment: Payment, *, at: int) -> None:
    callback = Callback(
        CallbackKind.NOTIFICATION, "POST", (), (), payment.reference.encode(), arena.clock.now()
    )
    receive_callback(arena.processes[at], payment.account_id, callback)


def _paid_and_told(arena: Arena, payment: Payment, *, alone: bool = True) -> None:
    (capture,) = arena.captures(payment)
    assert capture.state is CaptureState.CLAIMED
    delivery = arena.delivery(payment)
    assert delivery is not None
    assert delivery.state is DeliveryState.CONFIRMED, delivery
    assert arena.claim(payment).state is ClaimState.ACKNOWLEDGED
    assert arena.reversals(payment) == ()
    if alone:
        assert arena.sides.applied[payment.order_key] == [payment.id]


def _one_pays_one_goes_back(arena: Arena, winner: Payment, loser: Payment) -> None:
    """The winner's money is confirmed; the loser's is given back once, and his page says why."""
    _paid_and_told(arena, winner)
    arena.work()
    (capture,) = arena.captures(loser)
    assert capture.state is CaptureState.SURPLUS
    (reversal,) = arena.reversals(loser)
    assert reversal.state is ReversalState.DONE
    assert arena.sides.given_back[loser.reference] == loser.amount.minor
    assert arena.sides.given_back[winner.reference] == 0
    assert arena.delivery(loser) is None
    told = look_at_result(arena.processes[1], loser.visit_token, loser.id)
    assert told.outcome is Outcome.PAID_TWICE, told.outcome
    assert told.given_back[0].done_at is not None
    assert look_at_result(arena.processes[0], winner.visit_token, winner.id).outcome is Outcome.PAID


def _was_cancelled(work: Work, payment: Payment) -> bool:
    rows = work.audit.of_payment(payment.id)
    return any(row.machine == "payment" and row.after == PaymentState.CANCELLED for row in rows)

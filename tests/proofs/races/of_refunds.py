"""Operators and machine at once over confirmed money that goes back: faults.md E74, E75."""

from mpay_gateway.domain.decision import Act, Decision
from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.payment import CaptureState, Payment, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.domain.refund import Refund, RefundState
from mpay_gateway.flow.decisions import approve, propose_about, reject
from mpay_gateway.flow.refunds.opening import proposed_refund
from mpay_gateway.flow.settling import settle
from mpay_gateway.worker import Worker
from tests.proofs.races.arena import Arena

ANA, ION, MARIA = "operator:ana", "operator:ion", "operator:maria"


def two_approve_a_refund(arena: Arena, order_key: str) -> str:
    """Two operators agree to one refund at once: one of them decides, and the money goes back once (E75)."""
    payment, decision = _to_refund(arena, order_key)
    ends = arena.at_once(
        lambda: approve(arena.processes[0], decision.id, actor=ION),
        lambda: approve(arena.processes[1], decision.id, actor=MARIA),
    )
    assert sorted(type(end).__name__ for end in ends) == ["Decision", "InvalidTransition"], ends
    _refunded_once(arena, payment)
    return f"{'the first' if isinstance(ends[0], Decision) else 'the second'} was first"


def refund_approved_and_rejected(arena: Arena, order_key: str) -> str:
    """One agrees to a refund, one refuses it, at once: one of them decides (E75)."""
    payment, decision = _to_refund(arena, order_key)

    def refuse() -> Decision:
        settle(arena.processes[1], payment.id)  # whoever agrees asks the bank first, too
        return reject(arena.processes[1], decision.id, actor=MARIA)

    agreed, refused = arena.at_once(lambda: approve(arena.processes[0], decision.id, actor=ION), refuse)
    if isinstance(agreed, Decision):
        assert isinstance(refused, InvalidTransition), refused
        _refunded_once(arena, payment)
        return "approved"
    assert isinstance(agreed, InvalidTransition), agreed
    assert isinstance(refused, Decision), refused
    arena.sides.released.add(order_key)
    arena.work(minutes=6)
    assert _refunds(arena, payment) == ()
    assert arena.sides.given_back[payment.reference] == 0
    return "rejected"


def refund_beside_a_reversal(arena: Arena, order_key: str) -> str:
    """A refund is decided while a second capture of its payment turns up: each goes back once, by its own key (E74)."""
    payment, decision = _to_refund(arena, order_key)
    first = arena.calls(0).captured[payment.reference][0]
    second = ProviderCapture(f"{first.transaction_id}-again", first.amount, arena.clock.now())

    def turn_up() -> object:
        settle(arena.processes[1], payment.id)  # whoever agrees asks the bank first, too
        arena.calls(0).captured[payment.reference].append(second)
        return settle(arena.processes[1], payment.id)

    approved, settled = arena.at_once(lambda: approve(arena.processes[0], decision.id, actor=ION), turn_up)
    assert isinstance(approved, Decision), approved
    assert not isinstance(settled, Exception), settled
    arena.sides.released.add(order_key)
    arena.clock.advance(seconds=1)
    done = arena.at_once(*(Worker(parts).run_due for parts in arena.processes))
    assert not any(isinstance(end, Exception) for end in done), done
    arena.work(turns=2, minutes=6)
    (refund,), (reversal,) = _refunds(arena, payment), arena.reversals(payment)
    assert (refund.state, reversal.state) == (RefundState.DONE, ReversalState.DONE)
    assert {each.state for each in arena.captures(payment)} == {CaptureState.CLAIMED, CaptureState.SURPLUS}
    assert arena.sides.given_back[payment.reference] == 2 * first.amount.minor
    assert arena.sides.reversal_keys.keys() >= {refund.key, reversal.key}
    return "the refund was first" if refund.created_at < reversal.created_at else "the reversal was first"


def _to_refund(arena: Arena, order_key: str) -> tuple[Payment, Decision]:
    """A paid and confirmed order, and a proposal to give all of it back."""
    payment = arena.press(arena.agreed(order_key))
    arena.take(payment)
    settle(arena.processes[0], payment.id)
    arena.rest(payment)
    about = proposed_refund(Act.REFUND, None)
    return payment, propose_about(arena.processes[0], payment.id, about, "not wanted any more", actor=ANA)


def _refunds(arena: Arena, payment: Payment) -> tuple[Refund, ...]:
    return arena.read(lambda work: work.refunds.of_payment(payment.id))


def _refunded_once(arena: Arena, payment: Payment) -> None:
    """Nothing goes back before the service releases the debt; then all of it, by one key."""
    arena.work(seconds=1)
    assert arena.sides.given_back[payment.reference] == 0
    arena.sides.released.add(payment.order_key)
    arena.clock.advance(minutes=6)
    done = arena.at_once(*(Worker(parts).run_due for parts in arena.processes[:2]))
    assert not any(isinstance(end, Exception) for end in done), done
    (refund,) = _refunds(arena, payment)
    assert refund.state is RefundState.DONE, refund
    assert arena.sides.given_back[payment.reference] == payment.amount.minor
    assert arena.reversals(payment) == ()

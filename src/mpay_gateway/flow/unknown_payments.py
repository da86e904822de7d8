"""Payments whose provider never said what became of them: two operators end one, so that its order is free again."""

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.payment import IntentState, Payment, PaymentState, ReversalState
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.holds import hold_of
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in, rest
from mpay_gateway.storage import Work

_ENDS = {PaymentState.STARTED: PaymentEvent.EXPIRE, PaymentState.AUTHORISED: PaymentEvent.VOID}


def to_end(work: Work, payment: Payment) -> Proposal:
    """The proposal to end it. Raises: NotFound while the schedule still asks about it, or its money is known; while
    its hold is asked for under a key, the money may be taken at any time.
    """
    if payment.state not in _ENDS or payment.next_check_at is not None:
        raise NotFound(
            f"payment {payment.id} is {payment.state.value}, and not one that nobody is asked about any more"
        )
    hold = hold_of(work, payment)
    if hold.intent is not None and hold.intent.state is IntentState.DUE:
        raise NotFound(f"payment {payment.id}: its provider is still asked to take the money that it holds")
    if hold.void is not None and hold.void.state is ReversalState.DUE:
        raise NotFound(
            f"payment {payment.id}: its provider is still asked to give up the money that it holds"
        )
    return Proposal(Act.END, payment.id, payment.amount)


def end_unknown(parts: Parts, work: Work, decision: Decision) -> None:
    """End it as expired, or as given up. Payment and order are locked. Money that turns up later counts all the same.

    Raises: NotFound when the provider, asked just before, knows more by now.
    """
    payment = work.payments.get(decision.payment_id)
    to_end(work, payment)
    rest(parts, work, end_in(parts, work, payment, _ENDS[payment.state], actor=decision.decided_by))

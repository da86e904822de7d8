"""Payments whose provider never said what became of them: two operators end one, so that its order is free again."""

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in, rest
from mpay_gateway.storage import Work


def to_end(payment: Payment) -> Proposal:
    """The proposal to end it. Raises: NotFound while the schedule still asks about it, or its money is known."""
    if payment.state is not PaymentState.STARTED or payment.next_check_at is not None:
        raise NotFound(
            f"payment {payment.id} is {payment.state.value}, and not one that nobody is asked about any more"
        )
    return Proposal(Act.END, payment.id, payment.amount)


def end_unknown(parts: Parts, work: Work, decision: Decision) -> None:
    """End it as expired. Payment and order are locked. Money that turns up later counts all the same.

    Raises: NotFound when the provider, asked just before, knows more by now.
    """
    payment = work.payments.get(decision.payment_id)
    to_end(payment)
    rest(parts, work, end_in(parts, work, payment, PaymentEvent.EXPIRE, actor=decision.decided_by))

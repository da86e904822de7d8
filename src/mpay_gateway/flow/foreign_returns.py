"""Confirmed money that its provider says it took back in another currency than it captured: people see to it.

What that is of the captured money nobody here can say, so that nothing is booked. The word is kept, and the payment is
listed until two operators, who asked the provider, dismiss just this sum.
"""

from mpay_gateway.domain.decision import Act, Decision, DecisionState, Proposal
from mpay_gateway.domain.errors import InvalidTransition, NotFound
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.opening import confirmed_capture
from mpay_gateway.storage import Work


def is_foreign(work: Work, payment: Payment, taken_back: Money) -> bool:
    """Whether the sum says something of confirmed money, in another currency than it was captured in."""
    capture = confirmed_capture(work, payment)
    return capture is not None and bool(taken_back) and taken_back.currency != capture.amount.currency


def to_dismiss(work: Work, payment: Payment) -> Proposal:
    """The proposal that what was heard needs nobody any more. Raises: NotFound when nothing was, or nothing new."""
    heard = work.heard_returns.of_payment(payment.id)
    if heard is None or not is_foreign(work, payment, heard.amount):
        raise NotFound(f"payment {payment.id} has no money that was taken back in another currency")
    for each in work.decisions.of_payment(payment.id):
        if (each.act, each.amount, each.state) == (Act.DISMISS, heard.amount, DecisionState.APPROVED):
            raise NotFound(
                f"payment {payment.id}: {heard.amount} taken back is dismissed, by {each.decided_by}"
            )
    return Proposal(Act.DISMISS, payment.id, heard.amount)


def dismiss(_parts: Parts, work: Work, decision: Decision) -> None:
    """Nothing but the decision itself changes. Raises: InvalidTransition when another sum was taken back by now."""
    heard = work.heard_returns.of_payment(decision.payment_id)
    if heard is None or heard.amount != decision.amount:
        raise InvalidTransition(
            f"payment {decision.payment_id}: another sum than {decision.amount} was taken back by now"
        )

"""A refund that its provider never answers: two operators say that its money went back by another way.

Its debt is released, so that the payer is owed the money whatever the provider says: people have it sent, and say so.
"""

from collections.abc import Callable

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import InvalidTransition, NotFound
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.refund import Refund, RefundState
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.provider_refunds import refund_went_back
from mpay_gateway.flow.reversal_acts import refuse_what_went_since
from mpay_gateway.flow.silence import silent_for_long
from mpay_gateway.storage import Work


def proposed_return(refund_id: str) -> Callable[[Work, Payment], Proposal]:
    """That the money of a refund, asked for and not answered for very long, went back by another way.

    What it returns raises: NotFound; InvalidTransition when it waits for no person.
    """

    def propose(work: Work, payment: Payment) -> Proposal:
        refund = _for_people(work, refund_id)
        if refund.payment_id != payment.id:
            raise NotFound(f"refund {refund_id} of payment {payment.id}")
        return Proposal(Act.WENT_BACK, refund.id, refund.amount)

    return propose


def write_down_return(parts: Parts, work: Work, decision: Decision) -> None:
    """Book it as back, and ask for it no more. The payment is locked.

    Raises: InvalidTransition when it waits for no person any more; Conflict when other money of the payment was called
    back since this was proposed.
    """
    refuse_what_went_since(work, decision)
    refund = _for_people(work, decision.subject)
    refund_went_back(parts, work, refund, actor=decision.decided_by, detail=decision.reason)


def _for_people(work: Work, refund_id: str) -> Refund:
    """The refund, locked, if it was asked for in vain for very long. Raises: NotFound; InvalidTransition."""
    refund = work.refunds.lock(refund_id)
    asked_for = refund.state is RefundState.DUE and not refund.waits and bool(refund.attempts)
    if not asked_for or not silent_for_long(work, refund.payment_id, refund.id):
        raise InvalidTransition(f"refund {refund.id} is {refund.state.value}, and waits for no such word")
    return refund

"""What one operator may do to a refund: let it be asked for again, take it back, say that he has seen to it."""

from mpay_gateway.domain.errors import Conflict, InvalidTransition
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.refund import Refund, RefundState
from mpay_gateway.domain.remarks import clean_reason
from mpay_gateway.domain.transitions import RefundEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.opening import check_amount, refundable, waiting, went_since
from mpay_gateway.flow.settling import ask_first
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind


@guards("refund.retry")
def retry_refund(parts: Parts, refund_id: str, *, actor: str) -> Refund:
    """Ask again now: the service for its word, or the provider that refused. Nothing else changes.

    A provider that refused is asked first what went back: an earlier try may have had its effect.
    Raises: NotFound; InvalidTransition when a part has come back already, or when all is done; InvalidInput when
    too little is left by now; Conflict when the provider gave money back by itself since, or does not say.
    """
    found, payment = parts.units.read(lambda work: _with_payment(work, refund_id))
    if found.state is RefundState.REFUSED and found.attempts and ask_first(parts, payment):
        raise Conflict("the provider does not say now what went back: try again later")

    def retry(work: Work) -> Refund:
        payment, refund = _held(work, refund_id)
        if refund.acknowledged_at is not None or (refund.state is RefundState.REFUSED and refund.returned):
            raise InvalidTransition(f"refund {refund.id} is over: {refund.returned} came back")
        now = parts.clock.now()
        if refund.state is RefundState.REFUSED:
            check_amount(refund.amount, refundable(work, payment)[1])
            if went_since(work, payment.id, refund.created_at):
                raise Conflict(
                    f"money went back since refund {refund.id} was opened: acknowledge it, and propose the rest"
                )
            refund = work.refunds.change(refund, RefundEvent.RETRY, actor=actor, at=now)
        work.tasks.hurry(TaskKind.REFUND, refund.id, now)
        return refund

    return parts.units.run("retry-refund", retry)


def withdraw_refund(parts: Parts, refund_id: str, reason: str, *, actor: str) -> Refund:
    """Take a refund back whose money may not leave yet. Raises: NotFound; InvalidTransition; InvalidInput."""
    words = clean_reason(reason)

    def withdraw(work: Work) -> Refund:
        work.payments.lock(work.refunds.get(refund_id).payment_id)
        refund, now = waiting(work, refund_id), parts.clock.now()
        work.tasks.schedule(TaskKind.REFUND, refund.id, None)
        return work.refunds.change(refund, RefundEvent.WITHDRAW, actor=actor, at=now, detail=words)

    return parts.units.run("withdraw-refund", withdraw)


def acknowledge_refund(parts: Parts, refund_id: str, reason: str, *, actor: str) -> Refund:
    """Say that a person has seen to it: nothing is asked any more.

    Raises: NotFound; InvalidTransition; InvalidInput.
    """
    words = clean_reason(reason)

    def acknowledge(work: Work) -> Refund:
        _, refund = _held(work, refund_id)
        if refund.acknowledged_at is not None:
            raise InvalidTransition(f"refund {refund.id}: somebody has seen to it already")
        now = parts.clock.now()
        work.tasks.schedule(TaskKind.REFUND, refund.id, None)
        return work.refunds.change(
            refund, RefundEvent.ACKNOWLEDGE, actor=actor, at=now, detail=words, acknowledged_at=now
        )

    return parts.units.run("acknowledge-refund", acknowledge)


def _with_payment(work: Work, refund_id: str) -> tuple[Refund, Payment]:
    refund = work.refunds.get(refund_id)
    return refund, work.payments.get(refund.payment_id)


def _held(work: Work, refund_id: str) -> tuple[Payment, Refund]:
    """The refund, locked after its payment. Raises: NotFound."""
    payment = work.payments.lock(work.refunds.get(refund_id).payment_id)
    return payment, work.refunds.lock(refund_id)

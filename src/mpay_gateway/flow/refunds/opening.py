"""A refund is born when a second operator agrees, and only of money of which its service knows."""

from collections.abc import Callable
from datetime import datetime

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Capture, CaptureState, DeliveryState, Payment
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState, left_to_refund
from mpay_gateway.domain.transitions import RefundEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

GROUNDS = {Act.REFUND: RefundGround.OPERATORS, Act.SERVICE_REFUND: RefundGround.SERVICE}


@guards("refund.confirmed")
def confirmed_capture(work: Work, payment: Payment) -> Capture | None:
    """The money of the payment of which its service knows."""
    delivery = work.deliveries.of_payment(payment.id)
    if delivery is None or delivery.state is not DeliveryState.CONFIRMED:
        return None
    captures = work.payments.captures_of(payment.id)
    return next((each for each in captures if each.state is CaptureState.CLAIMED), None)


def proposed_refund(act: Act, amount: Money | None) -> Callable[[Work, Payment], Proposal]:
    """To give back so much of a payment's confirmed money. `amount`: None for all that is left of it.

    What it returns raises: NotFound when there is no such money; InvalidInput for an amount that cannot be.
    """

    def propose(work: Work, payment: Payment) -> Proposal:
        capture, left = refundable(work, payment)
        wanted = left if amount is None else amount
        check_amount(wanted, left)
        return Proposal(act, capture.id, wanted)

    return propose


def proposed_override(refund_id: str) -> Callable[[Work, Payment], Proposal]:
    """To let a refund's money leave without the service's word. What it returns raises: InvalidTransition."""

    def propose(work: Work, payment: Payment) -> Proposal:
        refund = waiting(work, refund_id)
        if refund.payment_id != payment.id:
            raise NotFound(f"refund {refund_id} of payment {payment.id}")
        return Proposal(Act.OVERRIDE, refund.id, refund.amount)

    return propose


def open_refund(parts: Parts, work: Work, decision: Decision) -> None:
    """The refund that two operators decided on, and its task. Payment and order are locked.

    Its key comes from the decision: one that is approved again in a restored database asks for the same refund.
    Raises: NotFound, InvalidInput when less is left by now; PaymentsSuspended; Conflict.
    """
    refuse_while_restoring(work)
    capture, left = refundable(work, work.payments.get(decision.payment_id))
    check_amount(decision.amount, left)
    _refuse_what_went_since(work, decision)
    refund_id, now = parts.ids.token(), parts.clock.now()
    refund = Refund(
        id=refund_id, payment_id=decision.payment_id, capture_id=capture.id, key=f"ref-{decision.id}",
        amount=decision.amount, returned=Money.zero(decision.amount.currency), ground=GROUNDS[decision.act],
        state=RefundState.DUE, created_at=now, decision_id=decision.id,
    )  # fmt: skip
    work.refunds.add(refund, actor=decision.decided_by)
    work.tasks.schedule(TaskKind.REFUND, refund.id, now)


def _refuse_what_went_since(work: Work, decision: Decision) -> None:
    """What was taken back since the proposal may be this very refund, sent before a backup was restored.

    Raises: Conflict.
    """
    if went_since(work, decision.payment_id, decision.opened_at):
        raise Conflict(
            "money went back since this was proposed: reject it, and propose what is still to go back"
        )


def went_since(work: Work, payment_id: str, since: datetime) -> bool:
    """Whether the provider is known to have taken money of the payment back by itself at or after a time (UTC)."""
    return any(
        each.ground is RefundGround.BY_PROVIDER and each.created_at >= since
        for each in work.refunds.of_payment(payment_id)
    )


def override(parts: Parts, work: Work, decision: Decision) -> None:
    """Let the money leave without the service's word. Raises: InvalidTransition when it does not wait any more."""
    now = parts.clock.now()
    work.refunds.change(
        waiting(work, decision.subject), RefundEvent.OVERRIDE, actor=decision.decided_by, at=now,
        detail=decision.reason, released_at=now,
    )  # fmt: skip
    work.tasks.schedule(TaskKind.REFUND, decision.subject, now)


@guards("refund.waits")
def waiting(work: Work, refund_id: str) -> Refund:
    """The refund, locked, while it waits for the service's word; its payment is locked. Raises: InvalidTransition."""
    refund = work.refunds.lock(refund_id)
    if not refund.waits:
        raise InvalidTransition(
            f"refund {refund.id} is {refund.state.value} and waits for no word of its service"
        )
    return refund


@guards("refund.left")
def refundable(work: Work, payment: Payment) -> tuple[Capture, Money]:
    """Confirmed money, and what is left of it. The payment is locked. Raises: NotFound."""
    capture = confirmed_capture(work, payment)
    if capture is None:
        raise NotFound(
            f"payment {payment.id} has no money of which its service knows: nothing can be refunded"
        )
    return capture, left_to_refund(capture, work.refunds.of_payment(payment.id))


@guards("refund.left")
def check_amount(wanted: Money, left: Money) -> None:
    """Raises: InvalidInput."""
    if wanted.currency != left.currency or wanted <= Money.zero(wanted.currency) or wanted > left:
        raise InvalidInput(f"{wanted} cannot be given back: {left} is left")

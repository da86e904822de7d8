"""A payment that ends without money: its state, its claim, its next check, in one commit."""

from datetime import timedelta

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import ClaimState, DeclineReason, Payment
from mpay_gateway.domain.queries import PaymentChange
from mpay_gateway.domain.transitions import ClaimEvent, PaymentEvent, allows
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

HEAR_AGAIN = timedelta(seconds=5)
"""How soon the provider is asked again when a callback came in while it was being asked."""


@guards("start.unchanged")
def end_unchanged(
    parts: Parts, payment: Payment, event: PaymentEvent, *, actor: str, reason: DeclineReason | None = None
) -> None:
    """End the payment by `event` if it still is as `payment` shows it; else somebody knows more than the caller."""

    def end(work: Work) -> None:
        current = work.payments.lock(payment.id)
        if current.version == payment.version:
            rest(parts, work, end_in(parts, work, current, event, actor=actor, reason=reason))

    parts.units.run("end-payment", end)


@guards("claim.release")
def end_in(
    parts: Parts, work: Work, payment: Payment, event: PaymentEvent, *, actor: str,
    reason: DeclineReason | None = None,
) -> Payment:  # fmt: skip
    """End the locked payment by `event` (decline, cancel, void, expire), unless the table has no such edge by now.

    The caller settles the next check.
    """
    if not allows(payment.state, event) or not payment.state.open:
        return payment
    now = parts.clock.now()
    ended = work.payments.change(
        payment, event, actor=actor, at=now, decline_reason=reason, next_check_at=None
    )
    claim = work.claims.of_payment(payment.id)
    if claim.state is ClaimState.HELD:
        work.claims.change(claim, ClaimEvent.RELEASE, actor=actor, at=now)
    announce(parts, work, payment, ended)
    return ended


def rest(parts: Parts, work: Work, payment: Payment) -> None:
    """No more checks of a payment that is not open, unless a callback waits that nobody has asked about since."""
    again = parts.clock.now() + HEAR_AGAIN if work.inbox.waits(payment.id) else None
    if not payment.state.open:
        work.tasks.schedule(TaskKind.RECHECK, payment.id, again)
    elif again is not None:
        work.tasks.hurry(TaskKind.RECHECK, payment.id, again)


def announce(parts: Parts, work: Work, before: Payment, after: Payment) -> None:
    """Let plugins hear of a change of state once it is committed."""
    if before.state is not after.state:
        change = PaymentChange(after.id, before.state, after.state, parts.clock.now())
        work.after_commit(lambda: parts.background.tell(lambda: parts.calls.payment_changed(change)))

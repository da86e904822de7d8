"""Step 12 of a two-step payment: after the authorisation the order is read again, then captured or given up.

One process at a time finishes a payment, under the lease of its task. What it decided is committed, with the
payment still authorised and the lease still held, before the provider is called.
"""

from enum import Enum

import structlog

from mpay_gateway.domain.errors import Conflict, MpayError, UnknownOrder
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import (
    ClaimState,
    Payment,
    PaymentState,
    Reversal,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import PaymentToCheck, ProviderConfirmation
from mpay_gateway.domain.transitions import PaymentEvent, ReversalEvent
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.claiming import fits, payable_now
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.order_lookup import Answer, look_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in, rest
from mpay_gateway.flow.schedules import next_check
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease

_log = structlog.get_logger("two_step")


class Decision(Enum):
    """What becomes of a hold that is not given up."""

    CAPTURE = "capture"
    REST = "rest"


def finish_authorised(parts: Parts, lease: Lease) -> None:
    """Capture if the order can still take the money, else give the hold up. Keys are made of the payment's id.

    When the service or the provider does not answer, the payment stays authorised and is finished at the next
    check: money that is only held is not lost.
    """
    payment, begun = parts.units.read(lambda work: _found(work, lease))
    try:
        _finish(parts, lease, payment, None if begun else _order_now(parts, payment))
    except Conflict:
        raise
    except MpayError as error:
        _log.warning("two_step_not_finished", payment=payment.id, error=type(error).__name__)
        due = next_check(payment, parts.clock.now())
        parts.units.run("finish-later", lambda work: work.tasks.finish(lease, due=due))


def _found(work: Work, lease: Lease) -> tuple[Payment, Reversal | None]:
    return work.payments.get(lease.subject), _void_of(work, lease.subject)


def _finish(parts: Parts, lease: Lease, payment: Payment, answer: Answer | None) -> None:
    decision = parts.units.run("decide-two-step", lambda work: _decide(parts, work, lease, answer))
    to_check = PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount,
        DurableSink(parts.units, parts.clock, payment.id, lease),
    )  # fmt: skip
    match decision:
        case Reversal() as void:
            parts.calls.reverse_payment(payment.account_id, to_check, void.amount, key=void.key)
            parts.units.run("voided", lambda work: _voided(parts, work, lease, void))
        case Decision.CAPTURE:
            key = f"cap-{payment.id}"
            taken = parts.calls.capture_payment(payment.account_id, to_check, payment.amount, key=key)
            parts.units.run("captured", lambda work: _record(parts, work, lease, taken))
        case Decision.REST:
            pass


def _order_now(parts: Parts, payment: Payment) -> Answer | None:
    """The order as the service describes it now, None when it says that there is none, or nothing is held.

    Raises: RemoteError when the service does not answer.
    """
    if payment.state is not PaymentState.AUTHORISED:
        return None
    service = parts.services.get_any(payment.service_id)
    try:
        return look_up(parts, service, payment.order_key, Language(payment.language))
    except UnknownOrder:
        return None


def _decide(parts: Parts, work: Work, lease: Lease, answer: Answer | None) -> Reversal | Decision:
    """To capture, the void to make, or nothing. Raises: Conflict when the lease has gone to another process.

    A void that was begun is brought to its end even when the provider told us of its effect before we could
    write it down. Money that was taken meanwhile is never voided: it may be confirmed already.
    """
    payment = work.payments.lock(lease.subject)
    work.snapshots.lock_order(payment.service_id, payment.order_key, at=parts.clock.now())
    work.tasks.check(lease)
    if answer is not None:
        answer.store(work)
    begun = _void_of(work, payment.id)
    held = payment.state is PaymentState.AUTHORISED
    if payment.state is not PaymentState.CAPTURED and begun and (held or begun.state is ReversalState.DUE):
        return begun
    if not held:
        return _rest(parts, work, lease, begun)
    return Decision.CAPTURE if _still_wanted(work, payment, answer) else _begin_void(parts, work, payment)


def _void_of(work: Work, payment_id: str) -> Reversal | None:
    voids = (each for each in work.reversals.of_payment(payment_id) if each.capture_id is None)
    return next(voids, None)


def _begin_void(parts: Parts, work: Work, payment: Payment) -> Reversal:
    void = Reversal(
        id=parts.ids.token(), payment_id=payment.id, capture_id=None, key=f"void-{payment.id}",
        amount=payment.amount, ground=ReversalGround.ORDER_GONE, state=ReversalState.DUE,
        created_at=parts.clock.now(),
    )  # fmt: skip
    work.reversals.add(void, actor="machine")
    return void


def _rest(parts: Parts, work: Work, lease: Lease, void: Reversal | None) -> Decision:
    """Nothing is held any more. A void that is still due has nothing to give up: the money was taken."""
    if void is not None and void.state is ReversalState.DUE:
        work.reversals.change(
            void, ReversalEvent.REFUSE, actor="machine", at=parts.clock.now(),
            last_error="the provider took the money instead",
        )  # fmt: skip
    work.tasks.finish(lease, due=None)
    return Decision.REST


def _still_wanted(work: Work, payment: Payment, answer: Answer | None) -> bool:
    held = work.claims.of_payment(payment.id).state is ClaimState.HELD
    if answer is None or not held:
        return False
    return fits(answer.order, payable_now(work, answer.snapshot, besides=payment.id), payment.amount)


def _record(parts: Parts, work: Work, lease: Lease, answer: ProviderConfirmation) -> None:
    payment = work.payments.lock(lease.subject)
    after = record_captures(parts, work, payment, answer, actor=f"provider:{payment.account_id}")
    rest(parts, work, after)
    # An answer without a capture leaves the payment authorised: it is asked about again.
    work.tasks.finish(lease, due=next_check(after, parts.clock.now()) if after.state.open else None)


def _voided(parts: Parts, work: Work, lease: Lease, void: Reversal) -> None:
    payment = work.payments.lock(lease.subject)
    now = parts.clock.now()
    current = work.reversals.lock(void.id)
    if current.state is ReversalState.DUE:
        work.reversals.change(
            current, ReversalEvent.DONE, actor=f"provider:{payment.account_id}", at=now, done_at=now,
            attempts=current.attempts + 1,
        )  # fmt: skip
    rest(parts, work, end_in(parts, work, payment, PaymentEvent.VOID, actor="machine"))
    work.tasks.finish(lease, due=None)

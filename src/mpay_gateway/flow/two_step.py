"""Step 12 of a two-step payment: after the authorisation the order is read again, then captured or given up.

One process at a time finishes a payment, under the lease of its task. What it decided is committed, with the
payment still authorised and the lease still held, before the provider is called.
"""

import structlog

from mpay_gateway.domain.errors import MpayError, UnknownOrder
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


def finish_authorised(parts: Parts, lease: Lease) -> None:
    """Capture if the order can still take the money, else give the hold up. Keys are made of the payment's id.

    When the service or the provider does not answer, the payment stays authorised and is finished at the next
    check: money that is only held is not lost.
    """
    payment = parts.units.read(lambda work: work.payments.get(lease.subject))
    try:
        if payment.state is PaymentState.AUTHORISED:
            _finish(parts, lease, payment)
            return
    except MpayError as error:
        _log.warning("two_step_not_finished", payment=payment.id, error=type(error).__name__)
        due = next_check(payment, parts.clock.now())
        parts.units.run("finish-later", lambda work: work.tasks.finish(lease, due=due))
        return
    parts.units.run("nothing-to-finish", lambda work: work.tasks.finish(lease, due=None))


def _finish(parts: Parts, lease: Lease, payment: Payment) -> None:
    answer = _order_now(parts, payment)
    void = parts.units.run("decide-two-step", lambda work: _decide(parts, work, lease, answer))
    to_check = PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount,
        DurableSink(parts.units, parts.clock, payment.id, lease),
    )  # fmt: skip
    if void is None:
        taken = parts.calls.capture_payment(
            payment.account_id, to_check, payment.amount, key=f"cap-{payment.id}"
        )
        parts.units.run("captured", lambda work: _record(parts, work, lease, taken))
    else:
        parts.calls.reverse_payment(payment.account_id, to_check, void.amount, key=void.key)
        parts.units.run("voided", lambda work: _voided(parts, work, lease, void))


def _order_now(parts: Parts, payment: Payment) -> Answer | None:
    """The order as the service describes it now, None when it says that there is none."""
    service = parts.services.get_any(payment.service_id)
    try:
        return look_up(parts, service, payment.order_key, Language(payment.language))
    except UnknownOrder:
        return None


def _decide(parts: Parts, work: Work, lease: Lease, answer: Answer | None) -> Reversal | None:
    """None to capture, or the void to make. Raises: Conflict when the payment or the lease is no longer ours."""
    payment = work.payments.lock(lease.subject)
    now = parts.clock.now()
    work.snapshots.lock_order(payment.service_id, payment.order_key, at=now)
    work.tasks.check(lease)
    if answer is not None:
        answer.store(work)
    begun = next((each for each in work.reversals.of_payment(payment.id) if each.capture_id is None), None)
    if begun is not None:
        return begun
    if payment.state is PaymentState.AUTHORISED and _still_wanted(work, payment, answer):
        return None
    void = Reversal(
        id=parts.ids.token(), payment_id=payment.id, capture_id=None, key=f"void-{payment.id}",
        amount=payment.amount, ground=ReversalGround.ORDER_GONE, state=ReversalState.DUE, created_at=now,
    )  # fmt: skip
    work.reversals.add(void, actor="machine")
    return void


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

"""The two calls that end a hold, and what is written down of their answers: taken, given up, or asked again.

Both are repeated under their key until the provider's answer is definite.
"""

from dataclasses import replace
from datetime import datetime

import structlog

from mpay_gateway.domain.errors import Conflict, MpayError
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import (
    CaptureIntent,
    IntentState,
    Payment,
    PaymentState,
    Reversal,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import PaymentToCheck, ProviderConfirmation, ReversalAnswer
from mpay_gateway.domain.remarks import remark
from mpay_gateway.domain.transitions import IntentEvent, PaymentEvent, ReversalEvent
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.holds import hold_of
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in, rest
from mpay_gateway.flow.reversal import is_final
from mpay_gateway.flow.schedules import next_delivery
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease

_log = structlog.get_logger("two_step")


def capture_held(parts: Parts, lease: Lease, payment: Payment, intent: CaptureIntent) -> None:
    """Have the provider take what it holds. Raises: Conflict."""
    try:
        taken = parts.calls.capture_payment(
            payment.account_id, _to_check(parts, lease, payment), intent.amount, key=intent.key
        )
    except Conflict:
        raise
    except MpayError as error:
        problem = error
        parts.units.run("capture-not-done", lambda work: _not_taken(parts, work, lease, problem))
    else:
        parts.units.run("captured", lambda work: _taken(parts, work, lease, taken))


def give_up_held(parts: Parts, lease: Lease, payment: Payment, void: Reversal) -> None:
    """Have the provider give up what it holds. Raises: Conflict."""
    try:
        answer = parts.calls.reverse_payment(
            payment.account_id, _to_check(parts, lease, payment), void.amount, key=void.key
        )
    except Conflict:
        raise
    except MpayError as error:
        problem = error
        parts.units.run("void-not-done", lambda work: _not_given_up(parts, work, lease, void, problem))
    else:
        parts.units.run("voided", lambda work: _given_up(parts, work, lease, void, answer))


def wrong_void(work: Work, void: Reversal, error: str, *, at: datetime) -> None:
    """A void that came to nothing: the hold ended by itself, or its money was taken. Operators read of it."""
    if void.state is ReversalState.DUE:
        work.reversals.change(
            void, ReversalEvent.REFUSE, actor="machine", at=at, attempts=void.attempts, last_error=error
        )
        _log.error("void_failed", payment=void.payment_id, void=void.id, error=error)


def _to_check(parts: Parts, lease: Lease, payment: Payment) -> PaymentToCheck:
    return PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount,
        DurableSink(parts.units, parts.clock, payment.id, lease),
    )  # fmt: skip


def _taken(parts: Parts, work: Work, lease: Lease, answer: ProviderConfirmation) -> None:
    payment = work.payments.lock(lease.subject)
    after = record_captures(parts, work, payment, answer, actor=f"provider:{payment.account_id}")
    rest(parts, work, after)
    if after.state is PaymentState.CAPTURED:
        work.tasks.finish(lease, due=None)
    else:
        _capture_later(parts, work, lease, after, "the answer lists no capture")


@guards("hold.definite")
def _not_taken(parts: Parts, work: Work, lease: Lease, error: MpayError) -> None:
    """After a definite no the hold may be given up: at once, by the next run, which asks the provider first."""
    payment = work.payments.lock(lease.subject)
    said = remark(error)
    intent = hold_of(work, payment).intent
    if not is_final(error) or intent is None or intent.state is not IntentState.DUE:
        _capture_later(parts, work, lease, payment, said)
        return
    now, attempts = parts.clock.now(), intent.attempts + 1
    actor = f"provider:{payment.account_id}"
    work.capture_intents.change(
        intent, IntentEvent.REFUSE, actor=actor, at=now, attempts=attempts, last_error=said
    )
    work.tasks.finish(lease, due=now)
    _log.error("capture_refused", payment=payment.id, attempts=attempts, error=said)


def _capture_later(parts: Parts, work: Work, lease: Lease, payment: Payment, said: str) -> None:
    """Not known whether the money is taken. Nothing is left to ask when it is known from elsewhere by now."""
    intent, now = hold_of(work, payment).intent, parts.clock.now()
    if intent is None or intent.state is not IntentState.DUE:
        work.tasks.finish(lease, due=None)
        return
    attempts = intent.attempts + 1
    work.capture_intents.change(
        intent, IntentEvent.UNANSWERED, actor="machine", at=now, attempts=attempts, last_error=said
    )
    work.tasks.finish(lease, due=now + next_delivery(attempts))
    _log.warning("capture_not_known", payment=payment.id, attempts=attempts, error=said)


@guards("hold.given-up")
def _given_up(parts: Parts, work: Work, lease: Lease, void: Reversal, answer: ReversalAnswer) -> None:
    """The hold is gone, unless the money was taken meanwhile: that is never called a void that is done."""
    payment, current = _locked(work, lease, void)
    now = parts.clock.now()
    if current.capture_id is not None:  # its own task hears the same answer, and books it
        work.tasks.finish(lease, due=None)
    elif payment.state is PaymentState.CAPTURED:
        wrong_void(work, current, f"gave back {answer.amount} of money that was taken", at=now)
        work.tasks.finish(lease, due=None)
    elif answer.amount != void.amount and current.state is ReversalState.DUE:
        _void_later(parts, work, lease, current, f"gave up {answer.amount}")
    else:
        if current.state is ReversalState.DUE:
            work.reversals.change(
                current, ReversalEvent.DONE, actor=f"provider:{payment.account_id}", at=now, done_at=now,
                attempts=current.attempts, last_error="",
            )  # fmt: skip
        rest(parts, work, end_in(parts, work, payment, PaymentEvent.VOID, actor="machine"))
        work.tasks.finish(lease, due=None)


def _not_given_up(parts: Parts, work: Work, lease: Lease, void: Reversal, error: MpayError) -> None:
    """A definite no is the end once nothing is held any more; until then the hold is asked for again."""
    payment, current = _locked(work, lease, void)
    said = remark(error)
    if current.capture_id is not None or current.state is not ReversalState.DUE:
        work.tasks.finish(lease, due=None)
    elif is_final(error) and payment.state is not PaymentState.AUTHORISED:
        wrong_void(work, current, said, at=parts.clock.now())
        work.tasks.finish(lease, due=None)
    else:
        if is_final(error):
            _log.error("void_refused", payment=payment.id, attempts=current.attempts, error=said)
        _void_later(parts, work, lease, current, said)


def _void_later(parts: Parts, work: Work, lease: Lease, void: Reversal, said: str) -> None:
    now = parts.clock.now()
    work.reversals.change(
        void, ReversalEvent.UNANSWERED, actor="machine", at=now, attempts=void.attempts, last_error=said
    )
    work.tasks.finish(lease, due=now + next_delivery(void.attempts))
    _log.warning("void_not_done", payment=void.payment_id, attempts=void.attempts, error=said)


@guards("lease.fence")
def _locked(work: Work, lease: Lease, void: Reversal) -> tuple[Payment, Reversal]:
    """The payment, then the void as it is now, with this try counted, if the lease still holds. Raises: Conflict."""
    payment = work.payments.lock(lease.subject)
    work.tasks.check(lease)
    current = work.reversals.lock(void.id)
    return payment, replace(current, attempts=current.attempts + 1)

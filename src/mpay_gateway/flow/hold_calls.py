"""The two calls that end a hold, and what is written down of their answers: taken, given up, or asked again.

Both are repeated under their key until the provider's answer is definite. A hold is called given up only when the
provider, asked once more after it answered the void, neither holds the money nor took any: at the moment at which a
void reaches it, it may take more than it held, and give back what it held alone.
"""

from dataclasses import dataclass, replace
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
from mpay_gateway.domain.provider_answer import (
    CallbackReading,
    PaymentToCheck,
    ProviderConfirmation,
    ProviderStatus,
    ReversalAnswer,
)
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
from mpay_gateway.storage.tasks import Lease, TaskKind

_NOTHING_THERE = {
    ProviderStatus.CANCELLED,
    ProviderStatus.DECLINED,
    ProviderStatus.REVERSED,
    ProviderStatus.NOT_FOUND,
}
"""What a provider says of a payment of which it holds nothing. Whether it took anything, its captures tell."""
_log = structlog.get_logger("two_step")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the provider answered to a void, and what it said of the payment when it was asked after that."""

    answer: ReversalAnswer
    since: ProviderConfirmation


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
    """Have the provider give up what it holds, then ask it what it has of the payment. Raises: Conflict."""
    try:
        answer = parts.calls.reverse_payment(
            payment.account_id, _to_check(parts, lease, payment), void.amount, key=void.key
        )
    except Conflict:
        raise
    except MpayError as error:
        problem = error
        parts.units.run("void-not-done", lambda work: _not_given_up(parts, work, lease, void, problem))
        return
    try:
        since = parts.calls.fetch_confirmation(
            payment.account_id, _to_check(parts, lease, payment), CallbackReading()
        )
    except Conflict:
        raise
    except MpayError as error:
        said = remark(error)
        parts.units.run("void-not-done", lambda work: _not_heard_since(parts, work, lease, void, said))
    else:
        heard = _Heard(answer, since)
        parts.units.run("voided", lambda work: _given_up(parts, work, lease, void, heard))


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
    if (
        payment.state is not PaymentState.CAPTURED
    ):  # else whoever heard of it before has seen to further checks
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


@guards("hold.asks-again")
def _given_up(parts: Parts, work: Work, lease: Lease, void: Reversal, heard: _Heard) -> None:
    """The hold is gone if the provider says so, asked since; money that was taken is never called given up."""
    payment, current = _locked(work, lease, void)
    actor, now, said = f"provider:{payment.account_id}", parts.clock.now(), heard.since
    if said.captures:
        payment = record_captures(parts, work, payment, said, actor=actor)
        current = replace(work.reversals.lock(void.id), attempts=current.attempts)
    if current.capture_id is None and payment.state is PaymentState.CAPTURED:
        wrong_void(work, current, f"gave back {heard.answer.amount} of money that was taken", at=now)
    elif current.capture_id is None:
        if said.status not in _NOTHING_THERE:
            _void_later(parts, work, lease, current, f"the provider says {said.status.value} since")
            return
        _void_done(work, current, heard.answer, actor=actor, at=now)
        payment = end_in(parts, work, payment, PaymentEvent.VOID, actor="machine")
    rest(parts, work, payment)
    _over(parts, work, lease, current)


def _void_done(work: Work, void: Reversal, answer: ReversalAnswer, *, actor: str, at: datetime) -> None:
    """Another amount than was held is no void that is done, though nothing is there any more: people look into it."""
    if answer.amount != void.amount:
        wrong_void(work, void, f"gave up {answer.amount}", at=at)
    elif void.state is ReversalState.DUE:
        work.reversals.change(
            void, ReversalEvent.DONE, actor=actor, at=at, done_at=at, attempts=void.attempts, last_error=""
        )


def _not_given_up(parts: Parts, work: Work, lease: Lease, void: Reversal, error: MpayError) -> None:
    """A definite no is the end once nothing is held any more; until then the hold is asked for again."""
    payment, current = _locked(work, lease, void)
    said = remark(error)
    if current.capture_id is not None or current.state is not ReversalState.DUE:
        _over(parts, work, lease, current)
    elif is_final(error) and payment.state is not PaymentState.AUTHORISED:
        wrong_void(work, current, said, at=parts.clock.now())
        work.tasks.finish(lease, due=None)
    else:
        if is_final(error):
            _log.error("void_refused", payment=payment.id, attempts=current.attempts, error=said)
        _void_later(parts, work, lease, current, said)


def _not_heard_since(parts: Parts, work: Work, lease: Lease, void: Reversal, said: str) -> None:
    """The void was answered, the question after it was not: the key is heard again, and the question asked again."""
    _, current = _locked(work, lease, void)
    if current.capture_id is not None:
        _over(parts, work, lease, current)
    else:
        _void_later(parts, work, lease, current, said)


def _over(parts: Parts, work: Work, lease: Lease, void: Reversal) -> None:
    """The void is asked for no more. Of money that was taken its own task hears, which may ask under its key now."""
    if void.capture_id is not None and void.state is ReversalState.DUE:
        work.tasks.hurry(TaskKind.REVERSE, void.id, parts.clock.now())
    work.tasks.finish(lease, due=None)


def _void_later(parts: Parts, work: Work, lease: Lease, void: Reversal, said: str) -> None:
    """Again under the same key. A void that was done may be sent again, for a hold that turned up after it."""
    now = parts.clock.now()
    if void.state is ReversalState.DUE:
        work.reversals.change(
            void, ReversalEvent.UNANSWERED, actor="machine", at=now, attempts=void.attempts, last_error=said
        )
    work.tasks.finish(lease, due=now + next_delivery(void.attempts))
    _log.warning("void_not_done", payment=void.payment_id, attempts=void.attempts, error=said)


@guards("lease.fence")
def _locked(work: Work, lease: Lease, void: Reversal) -> tuple[Payment, Reversal]:
    """The payment, then the void as it is now, with this try counted, if the lease still holds. Raises: Conflict."""
    payment = work.lock_with_order(lease.subject)
    work.tasks.check(lease)
    current = work.reversals.lock(void.id)
    return payment, replace(current, attempts=current.attempts + 1)

"""Step 12 of a two-step payment: after the authorisation the order is read again, then captured or given up.

One process at a time finishes a payment, under the lease of its task. What it decided is stored, with the lease
still held, before the provider is called: an intent to capture, or a void. From then on it is brought to its end
under its key, by whichever process; neither is begun beside the other. A void is begun only when the provider,
asked in the same run, still holds the money and lists no capture; it ends the payment only when the provider,
asked once more, has nothing of it.
"""

from dataclasses import dataclass, replace
from enum import Enum

import structlog

from mpay_gateway.domain.errors import Conflict, MpayError, OrderNotNamed, UnknownOrder
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import (
    CaptureIntent,
    ClaimState,
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
)
from mpay_gateway.domain.transitions import IntentEvent, ReversalEvent
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.claiming import fits, payable_now
from mpay_gateway.flow.evidence_sinks import BufferedSink
from mpay_gateway.flow.hold_calls import capture_held, give_up_held, wrong_void
from mpay_gateway.flow.holds import Hold, begin_capture, begin_void, hold_of
from mpay_gateway.flow.order_lookup import Answer, look_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import rest
from mpay_gateway.flow.schedules import next_check
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease, TaskKind

_log = structlog.get_logger("two_step")


_TAKEN_OTHERWISE = "the provider took another amount than was held"


@dataclass(frozen=True, slots=True)
class _Asked:
    answer: ProviderConfirmation
    evidence: BufferedSink


class Reading(Enum):
    """What is known of the order when there is no answer that describes it."""

    GONE = "gone"
    NOT_READ = "not-read"


class Step(Enum):
    """What is next when nothing is to be brought to its end."""

    GIVE_UP = "give-up"
    """The order does not take the money."""
    GIVE_UP_REFUSED = "give-up-refused"
    """The order would, and the provider does not take it."""
    REST = "rest"


def finish_authorised(parts: Parts, lease: Lease) -> None:
    """Capture if the order can still take the money, else give the hold up. Keys are made of the payment's id.

    While the service or the provider does not answer, nothing is begun, and what is begun is asked for again:
    money that is only held is not lost, and money that may be taken is not given up. Raises: Conflict.
    """
    try:
        _finish(parts, lease)
    except Conflict:
        raise
    except MpayError as error:
        _log.warning("two_step_not_finished", payment=lease.subject, error=type(error).__name__)
        parts.units.run("finish-later", lambda work: _later(parts, work, lease))


def _finish(parts: Parts, lease: Lease) -> None:
    payment, hold = parts.units.read(lambda work: _found(work, lease))
    reading = _order_now(parts, payment, hold)
    decided = parts.units.run("decide-two-step", lambda work: _decide(parts, work, lease, reading))
    if decided is Step.GIVE_UP or decided is Step.GIVE_UP_REFUSED:
        reason, asked = decided, _ask(parts, payment)
        decided = parts.units.run(
            "decide-to-give-up", lambda work: _give_up(parts, work, lease, reason, asked)
        )
    match decided:
        case CaptureIntent() as intent:
            capture_held(parts, lease, payment, intent)
        case Reversal() as void:
            give_up_held(parts, lease, payment, void)
        case Step():
            pass


def _found(work: Work, lease: Lease) -> tuple[Payment, Hold]:
    payment = work.payments.get(lease.subject)
    return payment, hold_of(work, payment)


@guards("hold.reads")
def _order_now(parts: Parts, payment: Payment, hold: Hold) -> Answer | Reading:
    """The order as the service describes it now, if anything hangs on it.

    Once the capture is begun it is asked for in any case: a service that does not answer holds nothing up.
    Raises: MpayError when the service does not answer and the capture waits for it.
    """
    if payment.state is not PaymentState.AUTHORISED or hold.void is not None:
        return Reading.NOT_READ
    try:
        service = parts.services.get_any(payment.service_id)
        return look_up(parts, service, payment.order_key, Language(payment.language))
    except OrderNotNamed:
        if hold.intent is None:
            raise
    except UnknownOrder:
        return Reading.GONE
    except MpayError:
        if hold.intent is None:
            raise
    return Reading.NOT_READ


@guards("hold.intent-first", "hold.void-first")
def _decide(
    parts: Parts, work: Work, lease: Lease, reading: Answer | Reading
) -> CaptureIntent | Reversal | Step:
    """What to bring to its end, or what is next. Raises: Conflict when the lease has gone to another process."""
    payment = work.lock_with_order(lease.subject)
    work.tasks.renew(lease, now=parts.clock.now())
    if isinstance(reading, Answer):
        reading.store(work)
    hold = hold_of(work, payment)
    if hold.void is not None:
        return _void_again(parts, work, lease, payment, hold.void)
    if hold.intent is not None and hold.intent.state is IntentState.DUE:
        return _capture_again(parts, work, payment, hold.intent, reading)
    if payment.state is not PaymentState.AUTHORISED:
        return _rest(work, lease)
    if hold.intent is not None:
        gone = reading is not Reading.NOT_READ and not _wanted(work, payment, reading)
        return Step.GIVE_UP if gone else Step.GIVE_UP_REFUSED
    if reading is Reading.NOT_READ:  # held only since the order could have been read
        work.tasks.finish(lease, due=parts.clock.now())
        return Step.REST
    return begin_capture(parts, work, payment) if _wanted(work, payment, reading) else Step.GIVE_UP


def _void_again(parts: Parts, work: Work, lease: Lease, payment: Payment, void: Reversal) -> Reversal | Step:
    """A void is brought to its end even when the provider told us of its effect before we could write it down.

    A hold that turns up after it is given up under the same key.
    """
    if payment.state is PaymentState.CAPTURED:
        sent = replace(void, attempts=void.attempts + 1)  # maybe: a process that died over it counted nothing
        wrong_void(work, sent, _TAKEN_OTHERWISE, at=parts.clock.now())
        return _rest(work, lease)
    if void.state is ReversalState.DUE:
        return void
    return Step.GIVE_UP if payment.state is PaymentState.AUTHORISED else _rest(work, lease)


def _capture_again(
    parts: Parts, work: Work, payment: Payment, intent: CaptureIntent, reading: Answer | Reading
) -> CaptureIntent:
    """The money may be taken already: it is asked for until the answer is definite, wanted or not."""
    if reading is Reading.NOT_READ:
        return intent
    wanted = _wanted(work, payment, reading)
    if wanted is intent.wanted:
        return intent
    return work.capture_intents.change(
        intent, IntentEvent.WISH, actor="machine", at=parts.clock.now(), wanted=wanted
    )


@guards("claim.room")
def _wanted(work: Work, payment: Payment, reading: Answer | Reading) -> bool:
    """Whether the order still takes the money, under the order's lock."""
    held = work.claims.of_payment(payment.id).state is ClaimState.HELD
    if not isinstance(reading, Answer) or not held:
        return False
    return fits(reading.order, payable_now(work, reading.snapshot, besides=payment.id), payment.amount)


def _ask(parts: Parts, payment: Payment) -> _Asked:
    """What the provider says now. Raises: MpayError when it does not answer; the question is kept all the same."""
    evidence = BufferedSink(parts.clock)
    to_check = PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount, evidence
    )
    try:
        answer = parts.calls.fetch_confirmation(payment.account_id, to_check, CallbackReading())
    except MpayError:
        parts.units.run("provider-not-heard", lambda work: _keep(work, payment, evidence))
        raise
    return _Asked(answer, evidence)


def _keep(work: Work, payment: Payment, evidence: BufferedSink) -> None:
    work.payments.lock(payment.id)
    evidence.save(work, payment.id)


@guards("hold.asks-first")
def _give_up(parts: Parts, work: Work, lease: Lease, reason: Step, asked: _Asked) -> Reversal | Step:
    """Begin the void if the provider still only holds the money."""
    now = parts.clock.now()
    payment = work.lock_with_order(lease.subject)
    work.tasks.renew(lease, now=now)
    asked.evidence.save(work, payment.id)
    if payment.state is PaymentState.AUTHORISED and asked.answer.captures:
        payment = _taken_instead(parts, work, payment, reason, asked.answer)
    elif payment.state is PaymentState.AUTHORISED and asked.answer.status is ProviderStatus.AUTHORISED:
        return _void(parts, work, payment)
    if payment.state.open:  # neither held nor taken: the re-check finds out
        work.tasks.hurry(TaskKind.RECHECK, payment.id, now)
    work.tasks.finish(lease, due=next_check(payment, now) if payment.state.open else None)
    return Step.REST


def _void(parts: Parts, work: Work, payment: Payment) -> Reversal:
    void = hold_of(work, payment).void
    if void is None:
        return begin_void(parts, work, payment)
    if void.state is ReversalState.REFUSED:
        return work.reversals.change(void, ReversalEvent.RETRY, actor="machine", at=parts.clock.now())
    return void


def _taken_instead(
    parts: Parts, work: Work, payment: Payment, reason: Step, answer: ProviderConfirmation
) -> Payment:
    """Money that the provider took though its order is gone is a surplus: it goes back under the void's key."""
    if reason is Step.GIVE_UP and hold_of(work, payment).void is None:
        begin_void(parts, work, payment)
    after = record_captures(parts, work, payment, answer, actor=f"provider:{payment.account_id}")
    if (void := hold_of(work, after).void) is not None:
        wrong_void(work, void, _TAKEN_OTHERWISE, at=parts.clock.now())
    rest(parts, work, after)
    return after


def _rest(work: Work, lease: Lease) -> Step:
    work.tasks.finish(lease, due=None)
    return Step.REST


def _later(parts: Parts, work: Work, lease: Lease) -> None:
    work.tasks.finish(lease, due=next_check(work.payments.get(lease.subject), parts.clock.now()))

"""Step 12: ask the provider what became of a payment, and believe nothing else.

Callbacks, the payer's return, and the re-check all lead here; whichever comes first settles the payment and the
others find it settled.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.payment import DeclineReason, Payment, PaymentState
from mpay_gateway.domain.provider_answer import (
    CallbackReading,
    PaymentToCheck,
    ProviderConfirmation,
    ProviderStatus,
)
from mpay_gateway.domain.transitions import PaymentEvent, allows
from mpay_gateway.flow.breakers import heard_elsewhere, sign_of_life, starts_at
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.evidence_sinks import BufferedSink
from mpay_gateway.flow.heard_reversals import hear_given_back
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import announce, end_in, rest
from mpay_gateway.flow.pulled_accounts import can_be_asked
from mpay_gateway.flow.refunds.provider_refunds import ASK_AGAIN, hear_taken_back
from mpay_gateway.flow.reviewed_returns import note_returns
from mpay_gateway.flow.schedules import LEASE, next_check, next_hearing, session_over
from mpay_gateway.flow.two_step import finish_authorised
from mpay_gateway.storage import Work
from mpay_gateway.storage.inbox import Waiting
from mpay_gateway.storage.tasks import Lease, TaskKind

_log = structlog.get_logger("settling")
NO_READING = CallbackReading()


def settle_key(payment_id: str) -> str:
    """The name of a payment's settling among the jobs in the background."""
    return f"settle:{payment_id}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question to the provider. `callbacks`: those that had come in before are answered by it.

    `wishes`: how often somebody had wished for a check before it was asked.
    """

    payment_id: str
    at: datetime
    callbacks: tuple[Waiting, ...]
    wishes: int
    evidence: BufferedSink


@guards("settle.asks")
def settle(parts: Parts, payment_id: str, reading: CallbackReading = NO_READING) -> bool:
    """Ask the provider and write down what it says. Repeatable; without effect on what is settled.

    A provider that does not answer leaves the payment as it is, to be asked again on schedule. Returns whether it
    answered.
    """
    payment, asked = parts.units.read(lambda work: _question(parts, work, payment_id))
    to_check = PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount, asked.evidence
    )
    try:
        answer = parts.calls.fetch_confirmation(payment.account_id, to_check, reading)
    except MpayError as error:
        _log.warning("provider_not_heard", payment=payment_id, error=type(error).__name__)
        heard_elsewhere(parts, starts_at(payment.account_id), error)
        parts.units.run("provider-not-heard", lambda work: _ask_later(parts, work, asked))
        return False
    sign_of_life(parts, starts_at(payment.account_id))
    lease = parts.units.run("settle", lambda work: _believe(parts, work, asked, answer))
    if lease is not None:
        finish_authorised(parts, lease)
    return True


def _question(parts: Parts, work: Work, payment_id: str) -> tuple[Payment, _Asked]:
    callbacks = work.inbox.waiting(PaymentId(payment_id))
    wishes = work.tasks.wishes(TaskKind.RECHECK, payment_id)
    asked = _Asked(payment_id, parts.clock.now(), callbacks, wishes, BufferedSink(parts.clock))
    return work.payments.get(payment_id), asked


def ask_first(parts: Parts, payment: Payment) -> bool:
    """Hear what the provider has of a payment before people decide about its money, where it can be asked.

    Returns whether it is silent though it can be.
    """
    return can_be_asked(parts, payment.account_id) and not settle(parts, payment.id)


def _believe(parts: Parts, work: Work, asked: _Asked, answer: ProviderConfirmation) -> Lease | None:
    """One commit with everything that follows from the answer. Returns the lease to finish a hold, if any."""
    payment = work.payments.lock(asked.payment_id)
    asked.evidence.save(work, payment.id)
    work.inbox.heard(asked.callbacks)
    known = payment.state is PaymentState.CAPTURED
    actor = f"provider:{payment.account_id}"
    hear_given_back(parts, work, payment, answer)
    if answer.captures:
        payment = record_captures(parts, work, payment, answer, actor=actor)
        if payment.state.open:  # every transaction of the answer is another payment's
            payment = _later(parts, work, payment)
    elif answer.status is ProviderStatus.AUTHORISED and allows(payment.state, PaymentEvent.AUTHORISE):
        return _hold(parts, work, payment, answer)
    elif payment.state.open:
        payment = _without_money(parts, work, payment, answer, asked_at=asked.at)
    _rest(parts, work, payment, asked)
    hear_taken_back(parts, work, payment, answer)
    if known or answer.reversed is not None:
        note_returns(work, payment, answer, asked_at=asked.at)
    return None


def _rest(parts: Parts, work: Work, payment: Payment, asked: _Asked) -> None:
    """No more checks of a payment that is over, unless somebody has wished for one since this question was asked.

    A process that was stopped may write down an old answer when a newer one has left money to be asked about.
    """
    if payment.state.open or work.tasks.wishes(TaskKind.RECHECK, payment.id) == asked.wishes:
        rest(parts, work, payment)


def _without_money(
    parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation, *, asked_at: datetime
) -> Payment:
    """What an answer without money ends. One that lay here so long is not the provider's word any more: it may have
    taken the money meanwhile, and is asked again.
    """
    actor = f"provider:{payment.account_id}"
    if parts.clock.now() - asked_at > LEASE:
        return _later(parts, work, payment)
    match answer.status:
        case ProviderStatus.DECLINED:
            reason = answer.decline_reason or DeclineReason.OTHER
            return end_in(parts, work, payment, PaymentEvent.DECLINE, actor=actor, reason=reason)
        case ProviderStatus.CANCELLED | ProviderStatus.REVERSED:
            return end_in(parts, work, payment, _gone(payment, asked_at), actor=actor)
        case ProviderStatus.NOT_FOUND if _never_came(payment, min(asked_at, parts.clock.now())):
            return end_in(parts, work, payment, PaymentEvent.EXPIRE, actor=actor)
        case _:
            return _later(parts, work, payment)


@guards("settle.late")
def _never_came(payment: Payment, asked_at: datetime) -> bool:
    """Whether the provider's "not found" is final: just after a start it may only be late.

    `asked_at`: the earlier one of when it was asked and now. A clock that was ahead then may have been set right since.
    """
    return payment.state is PaymentState.STARTED and session_over(payment, asked_at)


def _gone(payment: Payment, asked_at: datetime) -> PaymentEvent:
    """What the end of a payment without money is called: by the provider's clock, or by somebody's hand."""
    if payment.state is PaymentState.AUTHORISED:
        return PaymentEvent.VOID
    return PaymentEvent.EXPIRE if asked_at >= payment.session_until else PaymentEvent.CANCEL


def _hold(parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation) -> Lease | None:
    """Two-step: the provider holds the money. To capture or give up the hold is one process's task."""
    now = parts.clock.now()
    after = work.payments.change(
        payment, PaymentEvent.AUTHORISE, actor=f"provider:{payment.account_id}", at=now,
        method=answer.method or payment.method,
    )  # fmt: skip
    announce(parts, work, payment, after)
    _later(parts, work, after)
    return work.tasks.lease(TaskKind.FINISH, payment.id, worker=parts.process, now=now, until=now + LEASE)


@guards("settle.again")
def _ask_later(parts: Parts, work: Work, asked: _Asked) -> None:
    """By the schedule while the payment is open; as long as a callback waits, whatever the schedule says.

    A payment that is over and of which no callback waits is asked about where a check of it stands already: of money
    that may have been taken back.
    """
    payment = work.payments.lock(asked.payment_id)
    asked.evidence.save(work, payment.id)
    now, since = parts.clock.now(), work.inbox.waits_since(payment.id)
    check = next_check(payment, now) if payment.state.open else None
    hearing = now + next_hearing(now - since) if since is not None else None
    kept = None if payment.state.open or hearing is not None else _still_to_ask(work, payment, now)
    due = min((each for each in (check, hearing, kept) if each is not None), default=None)
    work.payments.amend(payment, checks=payment.checks + 1, next_check_at=check)
    work.tasks.schedule(TaskKind.RECHECK, payment.id, due)


def _still_to_ask(work: Work, payment: Payment, now: datetime) -> datetime | None:
    """When a payment that is over is to be asked about, if it is: this question had no answer.

    Not before an hour: a task that a worker holds is due when its lease ends, whenever it was due before.
    """
    due = work.tasks.due_at(TaskKind.RECHECK, payment.id)
    return None if due is None else max(due, now + ASK_AGAIN)


def _later(parts: Parts, work: Work, payment: Payment) -> Payment:
    """Still not known: the next check, by the schedule."""
    due = next_check(payment, parts.clock.now())
    work.tasks.schedule(TaskKind.RECHECK, payment.id, due)
    return work.payments.amend(payment, next_check_at=due, checks=payment.checks + 1)

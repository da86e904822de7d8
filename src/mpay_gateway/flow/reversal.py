"""Give captured money back that no service was ever successfully told of; void an authorisation that is not used."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mpay_gateway.domain.errors import Conflict, MpayError, NoPluginAnswered, NotFound, RemoteRefused
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Capture, Payment, Reversal, ReversalGround, ReversalState
from mpay_gateway.domain.provider_answer import PaymentToCheck, ReversalAnswer
from mpay_gateway.domain.remarks import remark
from mpay_gateway.domain.transitions import ReversalEvent
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.holds import void_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.pulled_accounts import ask_soon
from mpay_gateway.flow.schedules import LEASE, next_delivery
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import StoredLine
from mpay_gateway.storage.ledger import REST_POSTING, REVERSAL_POSTING, SUSPENSE, Entry, receivable
from mpay_gateway.storage.tasks import Lease, TaskKind

_STATED = "its statement says so"
_BESIDE_A_VOID = timedelta(seconds=10)
"""How soon to look again whether a void is under way still: no longer than the lease of whoever sent it."""
_log = structlog.get_logger("reversal")


@dataclass(frozen=True, slots=True)
class NotGiven:
    """The provider did not give the money back, or it is not known. `final`: asking again cannot help."""

    error: MpayError
    final: bool


@guards("reversal.key")
def open_reversal(
    parts: Parts, work: Work, capture: Capture, ground: ReversalGround, *, actor: str
) -> Reversal:
    """Send a capture's money back: the row and its task; the provider is called after the commit."""
    now = parts.clock.now()
    reversal = Reversal(
        id=parts.ids.token(), payment_id=capture.payment_id, capture_id=capture.id, key=_key(capture),
        amount=capture.amount, returned=Money.zero(capture.amount.currency), ground=ground,
        state=ReversalState.DUE, created_at=now,
    )  # fmt: skip
    work.reversals.add(reversal, actor=actor)
    work.tasks.schedule(TaskKind.REVERSE, reversal.id, now)
    return reversal


def _key(capture: Capture) -> str:
    """The same for the same transaction whatever row it has here: a restored database gives it another id."""
    about = f"{capture.account_id} {capture.transaction_id}".encode()
    return f"rev-{hashlib.sha256(about).hexdigest()[:40]}"


def record_providers_reversal(parts: Parts, work: Work, capture: Capture) -> None:
    """Write down that the provider took a capture back by itself, before we claimed it."""
    now = parts.clock.now()
    reversal = Reversal(
        id=parts.ids.token(), payment_id=capture.payment_id, capture_id=capture.id, key=_key(capture),
        amount=capture.amount, returned=capture.amount, ground=ReversalGround.BY_PROVIDER, state=ReversalState.DONE,
        created_at=now, done_at=now,
    )  # fmt: skip
    work.reversals.add(reversal, actor=f"provider:{capture.account_id}")
    _book(work, reversal, capture.account_id, capture.amount, at=now)


@guards("reversal.key")
def reverse(parts: Parts, lease: Lease) -> None:
    """A worker's try to give the money back, under the reversal's own key at every try."""

    def read(work: Work) -> tuple[Reversal, Payment]:
        reversal = work.reversals.get(lease.subject)
        return reversal, work.payments.get(reversal.payment_id)

    reversal, payment = parts.units.read(read)
    if reversal.state is not ReversalState.DUE:
        parts.units.run("reversal-idle", lambda work: work.tasks.finish(lease, due=None))
        return
    answer = ask_back(parts, lease, payment, reversal.amount, key=reversal.key)
    if isinstance(answer, NotGiven):
        parts.units.run("reversal-not-done", lambda work: _not_done(parts, work, lease, answer))
    else:
        parts.units.run("reversal-done", lambda work: _answered(parts, work, lease, answer))


def ask_back(
    parts: Parts, lease: Lease, payment: Payment, amount: Money, *, key: str
) -> ReversalAnswer | NotGiven:
    """Ask the provider to give money back, under a key and a lease; what it answers is not written down yet."""
    evidence = DurableSink(
        parts.units, parts.clock, payment.id, lease,
        first_sent=lambda work: _alone(parts, work, payment.id, key),
    )  # fmt: skip
    to_check = PaymentToCheck(payment.id, payment.reference, payment.remote_reference, amount, evidence)
    try:
        return parts.calls.reverse_payment(payment.account_id, to_check, amount, key=key)
    except MpayError as error:
        return NotGiven(error, is_final(error))


@guards("reversal.alone")
def _alone(parts: Parts, work: Work, payment_id: str, key: str) -> None:
    """Before a void's key gives back money, the second step is taken from whoever may yet give the hold up under it.

    Raises: Conflict while he may be doing so.
    """
    if key != void_key(payment_id):
        return
    now = parts.clock.now()
    taken = work.tasks.lease(TaskKind.FINISH, payment_id, worker=parts.process, now=now, until=now + LEASE)
    if taken is None:
        raise Conflict(f"the void of payment {payment_id} may be under way")
    work.tasks.finish(taken, due=None)


def note_given_back(parts: Parts, work: Work, line: StoredLine, *, by_hand: bool) -> None:
    """Write down what a statement's line says went back, if that is news: a reversal that was refused was sent by a
    person. A part that the provider told us of is no news, what it had left of it is.

    `by_hand`: the account gives nothing back by itself, so that no try of ours that is still to come can have sent it.
    """
    reversal_id = line.rest_of_id or line.reversal_id
    if reversal_id is None:
        return
    payment = work.payments.lock(work.reversals.get(reversal_id).payment_id)
    reversal = work.reversals.lock(reversal_id)
    known = line.rest_of_id is None and bool(reversal.returned)
    refused = reversal.state is ReversalState.REFUSED and not known
    if refused or (by_hand and reversal.state is ReversalState.DUE):
        went_back_otherwise(parts, work, reversal, actor=f"provider:{payment.account_id}", detail=_STATED)


def capture_of(work: Work, reversal: Reversal) -> Capture:
    """What the reversal gives back. Raises: NotFound for the void of a hold."""
    for capture in work.payments.captures_of(reversal.payment_id):
        if capture.id == reversal.capture_id:
            return capture
    raise NotFound(f"reversal {reversal.id} of money that was taken: it is the void of a hold")


def left_of(work: Work, reversal: Reversal) -> Money:
    """What of its capture is not known to be back; for the void of a hold that was left to people, all of it."""
    capture = capture_of(work, reversal)
    return max(capture.amount - reversal.gone, Money.zero(capture.amount.currency))


def going_back(work: Work, payment_id: str) -> tuple[Reversal, ...]:
    """Those of captures of which something is left, whoever is to see to it."""
    returns = (each for each in work.reversals.of_payment(payment_id) if each.capture_id)
    return tuple(each for each in returns if left_of(work, each))


def went_back_otherwise(
    parts: Parts, work: Work, reversal: Reversal, *, actor: str, detail: str = ""
) -> None:
    """Write down that all that was left of a reversal's money went back by another way than on our word.

    Payment and reversal are locked.
    """
    now, capture, rest = parts.clock.now(), capture_of(work, reversal), left_of(work, reversal)
    refused = reversal.state is ReversalState.REFUSED
    event = ReversalEvent.WENT_BACK if refused else ReversalEvent.DONE
    done = work.reversals.change(
        reversal, event, actor=actor, at=now, detail=detail, amount=capture.amount, done_at=now, last_error=""
    )
    if rest:
        kind = REST_POSTING if reversal.returned else REVERSAL_POSTING
        _book(work, done, capture.account_id, rest, at=now, kind=kind)


@guards("lease.fence")
def _leased(work: Work, lease: Lease) -> tuple[Payment, Reversal]:
    """The reversal, locked after its payment, if the lease still holds. Raises: Conflict."""
    payment = work.payments.lock(work.reversals.get(lease.subject).payment_id)
    work.tasks.check(lease)
    return payment, work.reversals.lock(lease.subject)


@guards("reversal.final")
def is_final(error: MpayError) -> bool:
    """Whether asking again cannot help: a definite no, or an account that gives nothing back. People act."""
    return isinstance(error, NoPluginAnswered) or (isinstance(error, RemoteRefused) and error.permanent)


@guards("reversal.whole")
def _answered(parts: Parts, work: Work, lease: Lease, answer: ReversalAnswer) -> None:
    """Book what the provider gave back; another amount than asked for is a person's affair (fault C51)."""
    payment, reversal = _leased(work, lease)
    now, whole = parts.clock.now(), answer.amount == reversal.amount
    same_currency = answer.amount.currency == reversal.amount.currency
    returned = answer.amount if same_currency else Money.zero(reversal.amount.currency)
    work.reversals.change(
        reversal, ReversalEvent.DONE if whole else ReversalEvent.REFUSE, actor=f"provider:{payment.account_id}",
        at=now, done_at=now if whole else None, attempts=reversal.attempts + 1, returned=returned,
        last_error="" if whole else f"gave back {answer.amount}",
    )  # fmt: skip
    if returned:
        _book(work, reversal, payment.account_id, returned, at=now)
    work.tasks.finish(lease, due=None)


def _book(
    work: Work,
    reversal: Reversal,
    account_id: str,
    amount: Money,
    *,
    at: datetime,
    kind: str = REVERSAL_POSTING,
) -> None:
    entries = (Entry.debit(SUSPENSE, amount), Entry.credit(receivable(account_id), amount))
    work.ledger.post(kind, reversal.id, entries, payment_id=reversal.payment_id, at=at)


def _not_done(parts: Parts, work: Work, lease: Lease, answer: NotGiven) -> None:
    """After a definite no, an earlier try may have had its effect: a line that came before tells, or the provider."""
    payment, reversal = _leased(work, lease)
    if isinstance(answer.error, Conflict):  # nothing was sent
        work.tasks.finish(lease, due=parts.clock.now() + _BESIDE_A_VOID)
        return
    if answer.final and work.stated_returns.names_reversal(reversal.id):
        work.tasks.finish(lease, due=None)
        went_back_otherwise(parts, work, reversal, actor=f"provider:{payment.account_id}", detail=_STATED)
        return
    now, attempts = parts.clock.now(), reversal.attempts + 1
    event = ReversalEvent.REFUSE if answer.final else ReversalEvent.UNANSWERED
    work.reversals.change(
        reversal, event, actor="machine", at=now, attempts=attempts,
        last_error=remark(answer.error),
    )  # fmt: skip
    work.tasks.finish(lease, due=None if answer.final else now + next_delivery(attempts))
    if answer.final:
        ask_soon(parts, work, payment)
    _log.warning("reversal_not_done", reversal=reversal.id, attempts=attempts, again=not answer.final)

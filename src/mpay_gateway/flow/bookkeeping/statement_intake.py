"""Books: read a provider's statement of one day, keep each line once, and post what we can explain.

Everything of a statement is read and stored before any line of it is posted. A line that we cannot explain is
never posted on a guess: it waits, `mpay reconcile` names it, and each later statement looks at it again.
"""

from datetime import date, datetime

import structlog

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LARGEST_FEE_MINOR, LineOutcome, Statement, check_line
from mpay_gateway.domain.errors import Conflict, InvalidAnswer, MpayError
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.domain.queries import StatementPeriod
from mpay_gateway.flow.bookkeeping.statement_captures import capture_stated
from mpay_gateway.flow.bookkeeping.statement_days import due_first, look_again, plan_next, try_again
from mpay_gateway.flow.evidence_sinks import BufferedSink
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.provider_refunds import (
    has_room,
    is_there_to_take,
    note_refunded,
    record_stated,
)
from mpay_gateway.flow.reversal import note_given_back
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.plugin_host import AccountInfo
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import (
    STATEMENT_POSTING,
    StoredLine,
    account_and_day,
    decided,
    task_subject,
)
from mpay_gateway.storage.evidence import LOOKUP
from mpay_gateway.storage.ledger import Entry, bank, fees, receivable
from mpay_gateway.storage.tasks import Lease, TaskKind

AT_ONCE = 100
"""So many lines are posted in one commit: other writers get their turn between."""
_log = structlog.get_logger("statement_intake")


def read_statement(parts: Parts, lease: Lease) -> None:
    """A worker's try to read one day of one account. What cannot be had is tried again as a delivery is.

    A day that was read is looked at again, some days later each time: what came late is posted too. Of an account that
    the settings do not have any more nothing is asked; once they have it again, it is planned again.
    """
    account_id, day = account_and_day(lease.subject)
    if account_id not in parts.registry.accounts:
        _log.warning(
            "statement_not_read", account=account_id, day=day.isoformat(), error="RemovedAccount", again=None
        )
        parts.units.run("statement-not-read", lambda work: work.tasks.finish(lease, due=None))
        return
    parts.units.run("plan-next-statement", lambda work: plan_next(parts, work, account_id, day))
    try:
        _take_in(parts, lease)
    except Conflict:
        raise
    except MpayError as error:
        again = try_again(parts, day)
        _log.warning("statement_not_read", account=account_id, day=day.isoformat(),
                     error=type(error).__name__, again=again and again.isoformat())  # fmt: skip
        parts.units.run("statement-not-read", lambda work: work.tasks.finish(lease, due=again))
    else:
        later = look_again(parts, day)
        parts.units.run("statement-read", lambda work: work.tasks.finish(lease, due=later))


def fetch_statement(parts: Parts, account_id: AccountId, day: date) -> None:
    """Read one day now, on demand; again if it was read before. What is planned for it stays planned.

    Raises: Conflict when another process is reading it; RemoteRefused, RemoteUnavailable, OutcomeUnknown;
    InvalidAnswer, also for what could not be read beside the lines that are taken in.
    """
    lease, planned = parts.units.run("lease-statement", lambda work: _lease(parts, work, account_id, day))
    try:
        _take_in(parts, lease)
    finally:
        parts.units.run("statement-fetched", lambda work: work.tasks.finish(lease, due=planned))


def post_again(parts: Parts, account_id: AccountId, day: date) -> None:
    """Look again at lines that are not posted: their capture may have come. Calls nobody. Raises: Conflict."""
    if not parts.units.read(lambda work: work.bank_statements.undecided(account_id, after=0, limit=1)):
        return
    lease, planned = parts.units.run("lease-statement", lambda work: _lease(parts, work, account_id, day))
    try:
        _post_lines(parts, lease)
    finally:
        parts.units.run("statement-looked-at", lambda work: work.tasks.finish(lease, due=planned))


def _lease(parts: Parts, work: Work, account_id: AccountId, day: date) -> tuple[Lease, datetime | None]:
    now, subject = parts.clock.now(), task_subject(account_id, day)
    planned = work.tasks.due_at(TaskKind.STATEMENT, subject)
    lease = work.tasks.lease(TaskKind.STATEMENT, subject, worker=parts.process, now=now, until=now + LEASE)
    if lease is None:
        raise Conflict(f"the statement of {account_id} of {day} is being read by another process")
    # A day that is not over yet is read once more when it is.
    return lease, planned or (due_first(parts, day) if due_first(parts, day) > now else None)


def _take_in(parts: Parts, lease: Lease) -> None:
    """Ask, store everything, then post. Every write is under the lease: whoever takes it over goes on.

    Raises: InvalidAnswer at the end for what could not be read beside it: the day is read again.
    """
    account_id, day = account_and_day(lease.subject)
    evidence = BufferedSink(parts.clock)
    try:
        reading = parts.calls.read_statement(account_id, StatementPeriod(account_id, day), evidence)
        for line in reading.lines:
            check_line(line)
    except MpayError:
        evidence.keep_alone(parts.units, LOOKUP + parts.ids.token())
        raise
    statement = Statement(account_id, day, reading.lines, reading.problems)
    parts.units.run("store-statement", lambda work: _store(parts, work, lease, statement, evidence))
    _post_lines(parts, lease)
    if reading.problems:
        raise InvalidAnswer("; ".join(reading.problems))


@guards("stated.lease")
def _store(parts: Parts, work: Work, lease: Lease, statement: Statement, evidence: BufferedSink) -> None:
    work.tasks.renew(lease, now=parts.clock.now())
    statement_id = parts.ids.token()
    subject = LOOKUP + statement_id
    if work.bank_statements.add(statement, statement_id, evidence=subject, at=parts.clock.now()):
        evidence.save(work, subject)


def _post_lines(parts: Parts, lease: Lease) -> None:
    """Decide what each line of the account is that is not posted yet, of this day and of earlier ones."""
    capture_stated(parts, lease)
    account_id, _ = account_and_day(lease.subject)
    after = 0
    while True:
        last = parts.units.run(
            "post-statement-lines",
            lambda work: _post_some(parts, work, lease, account_id, after=after),  # noqa: B023  called at once
        )
        if not last:
            return
        after = last


@guards("stated.lease")
def _post_some(parts: Parts, work: Work, lease: Lease, account_id: AccountId, *, after: int) -> int:
    """The id of the last line that was looked at, 0 when there was none."""
    work.tasks.renew(lease, now=parts.clock.now())
    strange: set[str] = set()
    lines = work.bank_statements.undecided(account_id, after=after, limit=AT_ONCE)
    account = parts.registry.accounts[account_id]
    for before in lines:
        line = _decide(work, before, account)
        if line.outcome is before.outcome or not work.bank_statements.decide(before, line):
            continue
        if line.outcome.posted:
            _post(parts, work, line)
            _note_returned(parts, work, line, by_hand=Capability.REVERSE not in account.capabilities)
        elif line.outcome is LineOutcome.UNKNOWN and line.payment_id is not None:
            strange.add(line.payment_id)
    for payment_id in sorted(strange):  # tasks are locked after all payments that the postings name
        work.tasks.hurry(TaskKind.RECHECK, payment_id, parts.clock.now())
    return lines[-1].id if lines else 0


@guards("stated.returned")
def _note_returned(parts: Parts, work: Work, line: StoredLine, *, by_hand: bool) -> None:
    """Write down what the line says that we did not know. `by_hand`: the account gives nothing back by itself."""
    note_given_back(parts, work, line, by_hand=by_hand)
    if line.refund_id is not None and by_hand:
        note_refunded(parts, work, line.refund_id)


def _decide(work: Work, stored: StoredLine, account: AccountInfo) -> StoredLine:
    """What the line is in our books (faults C38, C48, C49)."""
    if work.bank_statements.is_repeated(stored):
        return decided(stored, LineOutcome.DUPLICATE)
    zero = Money.zero(stored.line.gross.currency)
    if stored.line.gross > zero:
        return _taken(work, stored, account)
    if stored.line.gross < zero:
        return _gone_back(work, stored, account)
    likely = 0 < abs(stored.line.fee.minor) <= LARGEST_FEE_MINOR
    return decided(stored, LineOutcome.FEE if likely else LineOutcome.UNKNOWN)


def _taken(work: Work, stored: StoredLine, account: AccountInfo) -> StoredLine:
    capture, payment_id = work.bank_statements.capture_of(stored), None
    if capture is None:
        payment_id = work.bank_statements.payment_of(stored)
        if account.confirms is Confirms.PUSH and payment_id is not None:
            # Devices number the money, and whoever collects it numbers it otherwise: our reference is what both know.
            capture = work.bank_statements.unstated_capture_of(payment_id)
    if capture is None:
        # The provider may know of money that we have not heard of: it is asked once more.
        return decided(stored, LineOutcome.UNKNOWN, payment_id=payment_id)
    if work.bank_statements.is_stated(capture.id):
        return decided(stored, LineOutcome.DUPLICATE)
    same = capture.amount == stored.line.gross
    outcome = LineOutcome.SETTLED if same else LineOutcome.DIFFERS
    return decided(stored, outcome, payment_id=capture.payment_id, capture_id=capture.id)


def _gone_back(work: Work, stored: StoredLine, account: AccountInfo) -> StoredLine:
    """A reversal or refund of ours, else a chargeback of confirmed money, else unknown.

    Of a reversal that was refused a person has had the money sent; so of a refund, at an account that gives nothing
    back by itself. Other money that is taken back waits: what it is depends on what services or people say.
    """
    payment_id = work.bank_statements.payment_of(stored)
    if payment_id is None and (capture := work.bank_statements.capture_of(stored)) is not None:
        payment_id = capture.payment_id
    if payment_id is None:
        return decided(stored, LineOutcome.UNKNOWN)
    payment, amount = work.payments.lock(payment_id), stored.line.gross.negated()
    if ours := _of_ours(work, payment, amount, by_hand=Capability.REVERSE not in account.capabilities):
        return decided(stored, LineOutcome.GIVEN_BACK, payment_id=payment_id, **ours)
    enough = amount <= work.stated_returns.left_of(payment_id, amount.currency)
    charged_back = enough and is_there_to_take(work, payment, amount)
    outcome = LineOutcome.CHARGED_BACK if charged_back else LineOutcome.UNKNOWN
    return decided(stored, outcome, payment_id=payment_id)


def _of_ours(work: Work, payment: Payment, amount: Money, *, by_hand: bool) -> dict[str, str | None]:
    """Which reversal or refund of ours a line is about; first those that are known to be back. Empty: none."""
    returns = work.stated_returns
    if reversal := returns.reversal_of(payment.id, amount):
        return {"reversal_id": reversal.id}
    if refund := returns.refund_of(payment.id, amount):
        return {"refund_id": refund.id}
    if refused := returns.refused_of(payment.id, amount):
        return {"reversal_id": refused.id}
    if parted := returns.rest_of(payment.id, amount):
        return {"rest_of_id": parted.id}
    sent = by_hand and has_room(work, payment, amount)
    if sent and (refund := returns.refund_of(payment.id, amount, refused_too=True)):
        return {"refund_id": refund.id}
    return {}


def _post(parts: Parts, work: Work, stored: StoredLine) -> None:
    """Bank and fees against what the provider owed us; what it took back by itself is written down as a refund."""
    line = stored.line
    if stored.outcome is LineOutcome.CHARGED_BACK and stored.payment_id is not None:
        record_stated(parts, work, work.payments.lock(stored.payment_id), line.gross.currency)
    entries = [
        Entry.debit(bank(parts.settings.books.own_account), line.net),
        Entry.debit(fees(stored.account_id), line.fee),
        Entry.credit(receivable(stored.account_id), line.gross),
    ]
    work.ledger.post(
        STATEMENT_POSTING, stored.movement, [entry for entry in entries if entry.amount],
        payment_id=stored.payment_id, at=parts.clock.now(),
    )  # fmt: skip

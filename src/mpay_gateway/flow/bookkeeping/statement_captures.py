"""Accounts that confirm by statement: nothing is true of their money before a line says so, and then it is."""

from collections.abc import Iterator

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.provider_answer import (
    Confirms,
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
)
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.paid_elsewhere import lock_with_rivals, make_room
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import StoredLine, account_and_day
from mpay_gateway.storage.tasks import Lease, TaskKind

AT_ONCE = 100
"""So many lines are looked at in one reading."""


def capture_stated(parts: Parts, lease: Lease) -> None:
    """Record the money of each line that names a payment of ours, before the lines are posted.

    One commit each: it locks payments and their order. The line's transaction is the capture; another amount than
    asked, an order that is paid meanwhile and a payment that had ended are what they are for any other provider. A
    payment that is under way yields to the money that is there (`paid_elsewhere`).
    """
    account_id, _ = account_and_day(lease.subject)
    if parts.registry.accounts[account_id].confirms is not Confirms.STATEMENT:
        return
    after = 0
    while lines := parts.units.read(
        lambda work: work.bank_statements.undecided(account_id, after=after, limit=AT_ONCE)  # noqa: B023  called at once
    ):
        parts.units.run("hold-statement", lambda work: work.tasks.renew(lease, now=parts.clock.now()))
        for stored, payment_id in parts.units.read(lambda work: tuple(_telling(work, lines))):
            parts.units.run(
                "capture-stated",
                lambda work: _capture(parts, work, lease, stored, payment_id=payment_id),  # noqa: B023
            )
        after = lines[-1].id


@guards("stated.in")
def _telling(work: Work, lines: tuple[StoredLine, ...]) -> Iterator[tuple[StoredLine, str]]:
    """The lines that tell of money that came in for a payment, and is not recorded yet."""
    for stored in lines:
        if stored.line.gross <= Money.zero(stored.line.gross.currency) or _is_known(work, stored):
            continue
        if (payment_id := work.bank_statements.payment_of(stored)) is not None:
            yield stored, payment_id


@guards("stated.lease")
def _capture(parts: Parts, work: Work, lease: Lease, stored: StoredLine, *, payment_id: str) -> None:
    # First: nobody who holds a payment waits for the task of a statement.
    work.tasks.renew(lease, now=parts.clock.now())
    payment, rivals = lock_with_rivals(parts, work, payment_id)
    if _is_known(work, stored):
        return
    line = stored.line
    make_room(parts, work, payment, rivals, taken=line.gross)
    taken = ProviderCapture(line.transaction_id, line.gross, min(line.at, parts.clock.now()))
    record_captures(
        parts, work, payment, ProviderConfirmation(ProviderStatus.CONFIRMED, (taken,)),
        actor=f"provider:{stored.account_id}",
    )  # fmt: skip
    work.tasks.schedule(TaskKind.EXPIRE, payment.id, None)


def _is_known(work: Work, stored: StoredLine) -> bool:
    """Whether the line's transaction is a capture already, or an earlier line is about it."""
    return work.bank_statements.is_repeated(stored) or work.bank_statements.capture_of(stored) is not None

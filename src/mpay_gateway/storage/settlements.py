"""Settlements: which entries of what we owe to services are paid out with which day, each once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, insert, or_, select, text
from sqlalchemy.engine import Connection

from mpay_gateway.domain.money import Money
from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.ledger import OWED_BACK, PAYABLE, REFUND_POSTING, Destination
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import (
    captures,
    ledger_accounts,
    ledger_entries,
    ledger_transactions,
    payments,
    refunds,
    settlement_days,
    settlement_entries,
    settlements,
)

SETTLEMENT_POSTING = "settlement"
"""The kind of the posting of a settlement; its subject is the settlement's id."""
OWED_BACK_KIND = "owed-back"
"""What a settlement's file calls money that a beneficiary was paid, and that was refunded since."""
_OF_CAPTURES = ("capture", "accept", "release")
"""The kinds of postings whose subject is a capture."""
_CLOSE = insert_once(settlement_days, ["day"], returning=settlement_days.c.day)
_NONE_MEANWHILE = text("LOCK TABLE settlement_days IN SHARE MODE")
_ONE_AT_A_TIME = text("LOCK TABLE settlement_days IN SHARE ROW EXCLUSIVE MODE")


@dataclass(frozen=True, slots=True)
class Owed:
    """One entry of what a beneficiary gets or owes us. `at`: when the provider took the money, or it was booked back.

    `account`: what it is settled with. `booked`: the ledger's account that the entry is on, the same or what he owes
    back. `amount`: what the service gets by it; less than zero where money went back.
    """

    entry_id: int
    account: str
    booked: str
    kind: str
    payment_id: str
    invoice_id: str
    order_key: str
    transaction_id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one beneficiary gets of one day. `content`: the file that says so."""

    id: str
    day: date
    account: str
    amount: Money
    content: str

    @property
    def destination(self) -> Destination:
        return Destination.of(self.account)

    @property
    def service_id(self) -> str:
        return self.destination.service_id

    @property
    def iban(self) -> str:
        return self.destination.iban


class Settlements:
    """The stored settlements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def close(self, day: date, *, at: datetime) -> bool:
        """Say that the day is settled. False when it was already, by this process or another.

        Days are settled one after another: what turns up late belongs to whichever is settled first, once.
        """
        if self._connection.dialect.name != "sqlite":  # there the unit holds the whole database
            self._connection.execute(_ONE_AT_A_TIME)
        row = {"day": day, "closed_at": at}
        return self._connection.execute(_CLOSE.on(self._connection), row).first() is not None

    def hold_off(self) -> None:
        """Let no day be settled until the unit of work ends, and wait for one that is being settled just now.

        Who bears a refund or a release depends on what was paid out: no payout may come between the look and the
        posting.
        """
        if self._connection.dialect.name != "sqlite":  # there the unit holds the whole database
            self._connection.execute(_NONE_MEANWHILE)

    def closed(self, days: Collection[date]) -> frozenset[date]:
        """Which of the days are settled."""
        query = select(settlement_days.c.day).where(settlement_days.c.day.in_(days))
        return frozenset(self._connection.execute(query).scalars())

    def first_closed(self, *, besides: date) -> date | None:
        """The earliest day that is settled, another one than `besides`."""
        query = select(func.min(settlement_days.c.day)).where(settlement_days.c.day != besides)
        return self._connection.execute(query).scalar()

    def first_taken(self) -> datetime | None:
        """When the first money of all was taken, by its provider's clock."""
        return self._connection.execute(select(func.min(captures.c.captured_at))).scalar()

    def days(self, since: datetime | None) -> tuple[date, ...]:
        """The days that were settled since then (UTC); None: all of them."""
        c = settlement_days.c
        query = select(c.day).order_by(c.day)
        return tuple(
            self._connection.execute(query if since is None else query.where(c.closed_at >= since)).scalars()
        )

    def of_day(self, day: date) -> tuple[Settlement, ...]:
        """The day's settlements, in the order of their accounts."""
        c = settlements.c
        query = select(settlements).where(c.day == day).order_by(c.account, c.currency)
        return tuple(
            Settlement(
                row.id, row.day, row.account, Money.from_minor(row.amount_minor, row.currency), row.content
            )
            for row in self._connection.execute(query)
        )

    def accounts_paid(self, capture_id: str) -> frozenset[str]:
        """The payable accounts whose share of the capture is in a settlement already."""
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        query = (
            select(a.name)
            .join_from(settlement_entries, ledger_entries, e.id == settlement_entries.c.entry_id)
            .join(ledger_transactions, t.id == e.transaction_id)
            .join(ledger_accounts, a.id == e.account_id)
            .where(t.subject == capture_id, t.kind.in_(["capture", "accept"]))
        )
        return frozenset(self._connection.execute(query).scalars())

    def unsettled(self, until: datetime) -> tuple[Owed, ...]:
        """Every entry of what we owe to services, or they owe back, from before `until` that is in no settlement.

        In order. It takes the time that it needs: years of entries are looked through. Whatever is posted of money that
        was not paid out counts on the day on which the provider took it, also when it was accepted or given back later;
        what was paid out and went back since counts on the day on which that was booked.
        """
        unhurried(self._connection)
        t, e, a = ledger_transactions.c, ledger_entries.c, ledger_accounts.c
        taken = func.coalesce(captures.c.captured_at, t.at)
        at = case((a.name.startswith(PAYABLE), taken), else_=t.at).label("at")
        query = (
            select(
                e.id, a.name, t.kind, payments.c.id.label("payment_id"), payments.c.invoice_id,
                payments.c.order_key, captures.c.transaction_id, e.amount_minor, e.currency, at,
            )
            .join_from(ledger_entries, ledger_transactions)
            .join(ledger_accounts, a.id == e.account_id)
            .join(payments, payments.c.id == t.payment_id, isouter=True)
            .join(refunds, and_(t.kind == REFUND_POSTING, refunds.c.id == t.subject), isouter=True)
            .join(
                captures, or_(captures.c.id == refunds.c.capture_id,
                              and_(t.kind.in_(_OF_CAPTURES), captures.c.id == t.subject)), isouter=True,
            )
            .where(
                or_(a.name.startswith(PAYABLE), a.name.startswith(OWED_BACK)),
                t.kind != SETTLEMENT_POSTING, at < until,
                ~exists().where(settlement_entries.c.entry_id == e.id),
            )
            .order_by(at, e.id)
        )  # fmt: skip
        return tuple(_owed(row) for row in self._connection.execute(query))

    def add(self, settlement: Settlement, entry_ids: Sequence[int]) -> None:
        """Store a settlement with its entries. None of them may be in another (IntegrityError)."""
        row = {
            "id": settlement.id, "day": settlement.day, "account": settlement.account,
            "amount_minor": settlement.amount.minor, "currency": settlement.amount.currency,
            "content": settlement.content,
        }  # fmt: skip
        self._connection.execute(insert(settlements), row)
        entries = [{"entry_id": each, "settlement_id": settlement.id} for each in entry_ids]
        self._connection.execute(insert(settlement_entries), entries)


def _owed(row: Any) -> Owed:
    back = row.name.startswith(OWED_BACK)
    return Owed(
        entry_id=row.id,
        account=PAYABLE + row.name.removeprefix(OWED_BACK) if back else row.name,
        booked=row.name,
        kind=OWED_BACK_KIND if back else row.kind,
        payment_id=row.payment_id or "",
        invoice_id=row.invoice_id or "",
        order_key=row.order_key or "",
        transaction_id=row.transaction_id or "",
        amount=Money.from_minor(-row.amount_minor, row.currency),
        at=row.at,
    )

"""Double-entry books, insert only. Debits are positive, credits negative; each transaction sums to zero.

Accounts: `receivable:<provider account>`, `payable:<service>:<IBAN>[/<treasury account>]`, `fees:<provider account>`,
`bank:<own account>`, `suspense` (captured, no claim), `refunds` (what providers took back by themselves),
`refunds:<as of payable>` (what a beneficiary owes us: it was paid out, and went back to the payer since).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, true
from sqlalchemy.engine import Connection

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import PaymentAccount
from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import ledger_accounts, ledger_entries, ledger_transactions

SUSPENSE = "suspense"
REFUNDS = "refunds"
PAYABLE = "payable:"
OWED_BACK = "refunds:"
NO_ACCOUNT = "no-account"
"""Stands for the IBAN of a line whose service names none: its money is not settled."""
REVERSAL_POSTING = "reversal"
"""The kind of the posting of what a provider gave back on our word; its subject is the reversal's id."""
REST_POSTING = "reversal-rest"
"""The same of what was left of a reversal and went back by another way."""
REFUND_POSTING = "refund"
"""The kind of the posting of a refund; its subject is the refund's id."""


def receivable(account_id: str) -> str:
    """What a provider account owes us."""
    return f"receivable:{account_id}"


def payable(service_id: str, account: PaymentAccount) -> str:
    """What we owe to one account of a service: an IBAN, and where several hide behind it the treasury's own number."""
    treasury = f"/{account.treasury_account}" if account.treasury_account else ""
    return f"{PAYABLE}{service_id}:{account.iban or NO_ACCOUNT}{treasury}"


@dataclass(frozen=True, slots=True)
class Destination:
    """What the name of a payable account says of where its money goes. `iban`: empty where nobody knows."""

    service_id: str
    iban: str
    treasury_account: str

    @classmethod
    def of(cls, account: str) -> "Destination":
        """`account`: a payable account, or what its beneficiary owes back."""
        service_id, _, place = account.partition(":")[2].partition(":")
        iban, _, treasury = place.partition("/")
        return cls(service_id, "" if iban == NO_ACCOUNT else iban, treasury)


def owed_back(payable_account: str) -> str:
    """What the beneficiary of a payable account owes us: money that it was paid, and that was refunded since."""
    return f"{OWED_BACK}{payable_account.removeprefix(PAYABLE)}"


def fees(account_id: str) -> str:
    """What a provider account has kept of what it took."""
    return f"fees:{account_id}"


def bank(own_account: str) -> str:
    """What is on an account of our own."""
    return f"bank:{own_account}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting."""

    account: str
    amount: Money

    @classmethod
    def debit(cls, account: str, amount: Money) -> "Entry":
        return cls(account, amount)

    @classmethod
    def credit(cls, account: str, amount: Money) -> "Entry":
        return cls(account, Money.zero(amount.currency) - amount)

    def turned(self) -> "Entry":
        """The same entry the other way round."""
        return Entry(self.account, Money.zero(self.amount.currency) - self.amount)


_ADD = insert(ledger_transactions).returning(ledger_transactions.c.id)
_OF_NAME = select(ledger_accounts.c.id).where(ledger_accounts.c.name == bindparam("of_name"))
_ADD_ENTRIES = insert(ledger_entries).values(account_id=_OF_NAME.scalar_subquery())
_KNOWN = select(ledger_accounts.c.name).where(ledger_accounts.c.name.in_(bindparam("names", expanding=True)))
_ADD_ACCOUNT = insert_once(ledger_accounts, ["name"])


class Ledger:
    """The books."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def post(
        self, kind: str, subject: str, entries: Sequence[Entry], *, payment_id: str | None, at: datetime
    ) -> None:
        """Write one transaction. The same kind and subject cannot be posted twice (IntegrityError).

        `payment_id`: None for what is of no single payment.
        Raises: ValueError when the entries do not sum to zero in each currency.
        """
        for currency in {entry.amount.currency for entry in entries}:
            if sum(entry.amount.minor for entry in entries if entry.amount.currency == currency):
                raise ValueError(f"{kind} {subject}: does not sum to zero in {currency}")
        self._open_accounts({entry.account for entry in entries})
        transaction_id = self._connection.execute(
            _ADD,
            {"kind": kind, "subject": subject, "payment_id": payment_id, "at": at},
        ).scalar_one()
        self._connection.execute(
            _ADD_ENTRIES,
            [
                {
                    "transaction_id": transaction_id,
                    "of_name": entry.account,
                    "amount_minor": entry.amount.minor,
                    "currency": entry.amount.currency,
                }
                for entry in entries
            ],
        )

    def entries_of(self, kind: str, subject: str) -> tuple[Entry, ...]:
        """The entries of one transaction."""
        rows = self._connection.execute(
            select(ledger_accounts.c.name, ledger_entries.c.amount_minor, ledger_entries.c.currency)
            .join_from(ledger_entries, ledger_transactions)
            .join(ledger_accounts, ledger_accounts.c.id == ledger_entries.c.account_id)
            .where(ledger_transactions.c.kind == kind, ledger_transactions.c.subject == subject)
            .order_by(ledger_entries.c.id)
        )
        return tuple(Entry(name, Money.from_minor(minor, currency)) for name, minor, currency in rows)

    def owed_of(self, capture_id: str) -> tuple[Entry, ...]:
        """The credits by which a capture made us owe its service, one for each line of the order."""
        # Money that operators accepted was owed to the lines by a posting of its own.
        booked = self.entries_of("accept", capture_id) or self.entries_of("capture", capture_id)
        return tuple(entry for entry in booked if entry.account.startswith(PAYABLE))

    def balances(self, *beginnings: str) -> dict[tuple[str, str], Money]:
        """Balance by account name and currency, derived from the entries alone, however long it takes to add them up.

        `beginnings`: of the names of accounts to look at; without any, all are.
        Raises: ValueError when one is no amount any more (`Money`): what others state of fees and banks has no bound.
        """
        unhurried(self._connection)
        name = ledger_accounts.c.name
        chosen = (
            or_(*(name.startswith(each, autoescape=True) for each in beginnings)) if beginnings else true()
        )
        rows = self._connection.execute(
            select(name, ledger_entries.c.currency, func.sum(ledger_entries.c.amount_minor))
            .join_from(ledger_entries, ledger_accounts)
            .where(chosen)
            .group_by(name, ledger_entries.c.currency)
            .order_by(name)
        )
        return {(name, currency): Money.from_minor(int(minor), currency) for name, currency, minor in rows}

    def _open_accounts(self, names: set[str]) -> None:
        """Let there be an account of each name. Nothing of them is remembered: backups are restored under processes."""
        known = set(self._connection.execute(_KNOWN, {"names": sorted(names)}).scalars())
        for name in sorted(names - known):
            self._connection.execute(_ADD_ACCOUNT.on(self._connection), {"name": name})

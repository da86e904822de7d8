"""The bank's double-entry books and the check that they are sound.

Debits are positive, credits negative. A capture is owed by the cardholder and owed to the merchant less
the bank's fee; a reversal goes the other way and the fee stays. A void moves no money: no entries.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox_bank.clock import now_ms
from sandbox_bank.session import Kind

CARDHOLDERS = "cardholders"
FEES = "fees"


def merchant_account(merchant: str) -> str:
    """Name the account of what the bank owes the merchant."""
    return f"merchant:{merchant}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A transaction to be booked; amounts in minor units of `currency`."""

    session_id: str
    kind: Kind
    amount_minor: int
    currency: str
    asked_minor: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """Whose money it is and what the bank keeps of each capture, in hundredths of a percent."""

    merchant: str
    fee_basis_points: int

    def fee(self, movement: Movement) -> int:
        """Return the fee in minor units, rounded half up; only captures cost one."""
        if movement.kind is not Kind.CAPTURE:
            return 0
        return (movement.amount_minor * self.fee_basis_points + 5_000) // 10_000


@dataclass(frozen=True, slots=True)
class Balance:
    """What the entries of one account add up to, debits positive, in minor units."""

    account: str
    currency: str
    amount_minor: int


def book(connection: sqlite3.Connection, movement: Movement, tariff: Tariff) -> str:
    """Write a transaction and its entries; return the transaction's id."""
    transaction_id = f"txn_{secrets.token_hex(10)}"
    at = now_ms()
    fee = tariff.fee(movement)
    connection.execute(
        "INSERT INTO transactions (id, session_id, operation, kind, key, asked_minor, amount_minor,"
        " fee_minor, currency, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            transaction_id,
            movement.session_id,
            "capture" if movement.kind is Kind.CAPTURE else "reversal",
            movement.kind,
            movement.key,
            movement.asked_minor,
            movement.amount_minor,
            fee,
            movement.currency,
            at,
        ),
    )
    connection.executemany(
        "INSERT INTO entries (transaction_id, account, amount_minor, currency, at) VALUES (?, ?, ?, ?, ?)",
        [
            (transaction_id, account, amount, movement.currency, at)
            for account, amount in _entries(movement, fee, merchant_account(tariff.merchant))
        ],
    )
    return transaction_id


def _entries(movement: Movement, fee: int, merchant: str) -> tuple[tuple[str, int], ...]:
    gross = movement.amount_minor
    lines: tuple[tuple[str, int], ...]
    match movement.kind:
        case Kind.CAPTURE:
            lines = ((CARDHOLDERS, gross), (merchant, fee - gross), (FEES, -fee))
        case Kind.REVERSAL:
            lines = ((merchant, gross), (CARDHOLDERS, -gross))
        case Kind.VOID:
            lines = ()
    return tuple(line for line in lines if line[1])


def balances(connection: sqlite3.Connection) -> tuple[Balance, ...]:
    """Add up the entries, account by account and currency by currency."""
    rows = connection.execute(
        "SELECT account, currency, SUM(amount_minor) AS amount_minor FROM entries"
        " GROUP BY account, currency ORDER BY account, currency"
    )
    return tuple(Balance(**dict(row)) for row in rows.fetchall())


def check(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return what is wrong with the books, one sentence each; nothing when they are sound."""
    return (
        *(f"{row[0]}: entries sum to {row[2]} {row[1]}, not to zero" for row in _unbalanced(connection)),
        *(f"{row[0]}: entries do not carry its {row[1]} of {row[2]}" for row in _unbooked(connection)),
        *(f"{row[0]}: gave back {row[2]} of {row[1]} captured" for row in _overdrawn(connection)),
        *(f"{row[0]}: is {row[1]} although it captured nothing" for row in _empty(connection)),
    )


def _unbalanced(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    yield from connection.execute(
        "SELECT transaction_id, currency, SUM(amount_minor) FROM entries"
        " GROUP BY transaction_id, currency HAVING SUM(amount_minor) <> 0"
    )


def _unbooked(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    yield from connection.execute(
        "SELECT id, kind, amount_minor FROM transactions AS t WHERE amount_minor <> COALESCE((SELECT"
        " SUM(CASE t.kind WHEN 'reversal' THEN -e.amount_minor ELSE e.amount_minor END) FROM entries AS e"
        " WHERE e.transaction_id = t.id AND e.account = 'cardholders' AND e.currency = t.currency),"
        " CASE t.kind WHEN 'void' THEN amount_minor ELSE 0 END)"
    )


def _overdrawn(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    yield from connection.execute(
        "SELECT session_id, SUM(CASE kind WHEN 'capture' THEN amount_minor ELSE 0 END) AS taken,"
        " SUM(CASE kind WHEN 'reversal' THEN amount_minor ELSE 0 END) AS given FROM transactions"
        " GROUP BY session_id HAVING given > taken"
    )


def _empty(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    yield from connection.execute(
        "SELECT id, status FROM sessions AS s WHERE status = 'captured' AND NOT EXISTS"
        " (SELECT 1 FROM transactions AS t WHERE t.session_id = s.id AND t.kind = 'capture')"
    )

"""The network's journal: what was taken from payers, and what the provider said of it. Money first, calls later."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import resources
from pathlib import Path


class State(StrEnum):
    """`taken`: the provider has not said. `accepted`: ours to pay on. `refused`: to be returned to the payer."""

    TAKEN = "taken"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payer's money. `sum_minor`: minor units. `taken_at`: UTC."""

    txn_id: int
    kiosk: str
    account: str
    sum_minor: int
    state: State
    taken_at: datetime
    tries: int
    result: int | None
    prv_txn: str
    comment: str


class Journal:
    """One SQLite file behind one lock: a simulator has no hurry."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(
            resources.files("kiosk_network").joinpath("schema.sql").read_text(encoding="utf-8")
        )

    def new_number(self) -> int:
        """A txn_id that no other journal of this network has given: it grows with time."""
        with self._use() as connection:
            (last,) = connection.execute(
                "SELECT max((SELECT coalesce(max(txn_id), 0) FROM transactions),"
                " (SELECT coalesce(max(txn_id), 0) FROM calls))"
            ).fetchone()
            number = max(last + 1, time.time_ns() // 1_000_000)
            connection.execute(
                "INSERT INTO calls (txn_id, command, outcome) VALUES (?, 'number', '')", (number,)
            )
            return int(number)

    def take(self, txn_id: int, kiosk: str, account: str, sum_minor: int) -> Transaction:
        """Write down that the money is in the box. Its pay is due at once."""
        with self._use() as connection:
            connection.execute(
                "INSERT INTO transactions (txn_id, kiosk, account, sum_minor, state, taken_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (txn_id, kiosk, account, sum_minor, State.TAKEN, datetime.now(UTC).isoformat()),
            )
        return self.get(txn_id)

    def get(self, txn_id: int) -> Transaction:
        """Raises: KeyError."""
        with self._use() as connection:
            row = connection.execute("SELECT * FROM transactions WHERE txn_id = ?", (txn_id,)).fetchone()
        if row is None:
            raise KeyError(txn_id)
        return _transaction(row)

    def all(self) -> list[Transaction]:
        with self._use() as connection:
            rows = connection.execute("SELECT * FROM transactions ORDER BY txn_id").fetchall()
        return [_transaction(row) for row in rows]

    def due(self, now: float) -> list[Transaction]:
        """Money whose pay is to be sent now, the oldest first."""
        with self._use() as connection:
            rows = connection.execute(
                "SELECT * FROM transactions WHERE state = ? AND next_try <= ? ORDER BY txn_id LIMIT 50",
                (State.TAKEN, now),
            ).fetchall()
        return [_transaction(row) for row in rows]

    def postpone(self, txn_id: int, until: float) -> None:
        """Count a try; the next one is due at `until` (seconds since 1970) unless an answer settles it."""
        with self._use() as connection:
            connection.execute(
                "UPDATE transactions SET tries = tries + 1, next_try = ? WHERE txn_id = ?", (until, txn_id)
            )

    def settle(self, txn_id: int, state: State, *, result: int, prv_txn: str, comment: str) -> None:
        """Write down what the provider said last. Money that is settled stays settled."""
        with self._use() as connection:
            connection.execute(
                "UPDATE transactions SET state = ?, result = ?, prv_txn = ?, comment = ?"
                " WHERE txn_id = ? AND state = ?",
                (state, result, prv_txn, comment, txn_id, State.TAKEN),
            )

    def note_call(self, txn_id: int, command: str, outcome: str, prv_txn: str = "") -> None:
        with self._use() as connection:
            connection.execute(
                "INSERT INTO calls (txn_id, command, outcome, prv_txn) VALUES (?, ?, ?, ?)",
                (txn_id, command, outcome, prv_txn),
            )

    def calls(self, txn_id: int) -> list[dict[str, str]]:
        """Every call of a payment, in order."""
        with self._use() as connection:
            rows = connection.execute(
                "SELECT command, outcome, prv_txn FROM calls WHERE txn_id = ? AND command <> 'number' ORDER BY id",
                (txn_id,),
            ).fetchall()
        return [dict(row) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection


def _transaction(row: sqlite3.Row) -> Transaction:
    return Transaction(
        txn_id=row["txn_id"],
        kiosk=row["kiosk"],
        account=row["account"],
        sum_minor=row["sum_minor"],
        state=State(row["state"]),
        taken_at=datetime.fromisoformat(row["taken_at"]),
        tries=row["tries"],
        result=row["result"],
        prv_txn=row["prv_txn"],
        comment=row["comment"],
    )

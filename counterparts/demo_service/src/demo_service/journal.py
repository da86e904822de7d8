"""Everything that the gateway ever asked or told, for people and tests to look at."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from demo_service.database import Database
from eservice_kit import OrderQuery, PaymentConfirmation, content_digest

Entry = Mapping[str, object]


class Journal:
    """Two lists, lookups and confirmations, in the order of arrival."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_lookup(self, query: OrderQuery, *, conduct: str, outcome: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO lookup_journal VALUES (NULL, ?, ?, ?, ?, ?, ?)",
                (query.service_id, query.order_key, query.language, conduct, outcome, _now()),
            )

    def note_confirmation(self, confirmation: PaymentConfirmation, outcome: str) -> None:
        with self._database.writing() as connection:
            note_confirmation(connection, confirmation, outcome)

    def lookups(self, order_key: str | None) -> list[Entry]:
        """Lookups of one order, or of all."""
        return [dict(row) for row in self._rows("lookup_journal", order_key)]

    def confirmations(self, order_key: str | None) -> list[Entry]:
        """Confirmations of one order, or of all, with what they said."""
        rows = self._rows("confirmation_journal", order_key)
        return [{**json.loads(row["content"]), **_without_content(row)} for row in rows]

    def _rows(self, table: str, order_key: str | None) -> list[sqlite3.Row]:
        connection = self._database.connection()
        if order_key is None:
            return connection.execute(f"SELECT * FROM {table} ORDER BY number").fetchall()  # noqa: S608
        statement = f"SELECT * FROM {table} WHERE order_key = ? ORDER BY number"  # noqa: S608
        return connection.execute(statement, (order_key,)).fetchall()


def note_confirmation(
    connection: sqlite3.Connection, confirmation: PaymentConfirmation, outcome: str
) -> None:
    """Write a confirmation down in the open transaction; ``repeat`` if its PaymentID was heard before."""
    heard = connection.execute(
        "SELECT 1 FROM confirmation_journal WHERE payment_id = ?", (confirmation.payment_id,)
    ).fetchone()
    connection.execute(
        "INSERT INTO confirmation_journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            confirmation.service_id,
            confirmation.order_key,
            confirmation.payment_id,
            json.dumps(asdict(confirmation), default=_plain, ensure_ascii=False),
            content_digest(confirmation),
            "repeat" if heard else "first",
            outcome,
            _now(),
        ),
    )


def _without_content(row: sqlite3.Row) -> dict[str, object]:
    return {key: row[key] for key in row.keys() if key != "content"}  # noqa: SIM118  a Row is no mapping


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _now() -> str:
    return datetime.now(UTC).isoformat()

"""One payment with all that hangs on it, copied many times into its own database, chains and digests included.

Every id of a copy is the original's with the copy's number at its end. Bodies of messages are the original's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select

from mpay_gateway.domain.confirmation import content_digest
from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.chain import BEGINNING
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.tables import (
    audit,
    captures,
    claims,
    deliveries,
    evidence,
    evidence_bodies,
    invoices,
    ledger_entries,
    ledger_transactions,
    order_snapshots,
    orders,
    payments,
)

_NUMBER, _DIGEST, _DIGEST_BEGINNING = "\ue000", "\ue001", "\ue002"
_DIGITS = 8
_BATCH = 250
_Row = dict[str, Any]


@dataclass
class Copies:
    """The rows of one payment as patterns. Made by `of`."""

    rows: list[tuple[Table, _Row]] = field(default_factory=list)
    next_ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine, payment_id: str) -> "Copies":
        """The patterns of a payment that has been confirmed."""
        with engine.connect() as connection:
            rows = list(_rows_of(connection, payment_id))
            numbered = (audit, evidence, ledger_transactions, ledger_entries)
            next_ids = {
                each.name: 1 + connection.execute(select(func.max(each.c.id))).scalar_one()
                for each in numbered
            }
        ids = _ids_of(rows)
        digest = next(row["content_digest"] for table, row in rows if table is deliveries)

        def pattern(value: object) -> object:
            if not isinstance(value, str):
                return value
            for each in ids:
                value = value.replace(each, each[:-_DIGITS] + _NUMBER)
            return value.replace(digest, _DIGEST).replace(digest[:16], _DIGEST_BEGINNING)

        return cls(
            [(table, {name: pattern(value) for name, value in row.items()}) for table, row in rows], next_ids
        )

    def store(self, engine: Engine, count: int) -> None:
        """Add so many copies."""
        for first in range(0, count, _BATCH):
            batch: dict[Table, list[_Row]] = {}
            for number in range(first, min(first + _BATCH, count)):
                for table, row in self._copy(number):
                    batch.setdefault(table, []).append(row)
            with engine.begin() as connection:
                for table, rows in batch.items():
                    connection.execute(insert(table), rows)

    def _copy(self, number: int) -> Iterator[tuple[Table, _Row]]:
        suffix = f"{number:0{_DIGITS}x}"
        content = next(row["content"] for table, row in self.rows if table is deliveries).replace(
            _NUMBER, suffix
        )
        digest = content_digest(content)
        new_ids: dict[tuple[str, int], int] = {}
        previous: dict[tuple[str, str], str] = {}
        for table, pattern in self.rows:
            row = {
                name: value.replace(_NUMBER, suffix)
                .replace(_DIGEST, digest)
                .replace(_DIGEST_BEGINNING, digest[:16])
                if isinstance(value, str)
                else value
                for name, value in pattern.items()
            }
            if table.name in self.next_ids:
                new_ids[table.name, row["id"]] = row["id"] = self._next_id(table.name, row["id"], new_ids)
            if table is ledger_entries:
                row["transaction_id"] = new_ids["ledger_transactions", row["transaction_id"]]
            elif table is evidence_bodies:
                row["evidence_id"] = new_ids["evidence", row["evidence_id"]]
            elif table in (audit, evidence):
                _link(table, row, previous)
            yield table, row

    def _next_id(self, table: str, old: int, new_ids: dict[tuple[str, int], int]) -> int:
        new = self.next_ids[table]
        self.next_ids[table] += 1
        new_ids[table, old] = new
        return new


def _link(table: Table, row: _Row, previous: dict[tuple[str, str], str]) -> None:
    """Let the row follow the one before it in its chain."""
    kind = AuditRow if table is audit else EvidenceRow
    chain = (table.name, row["payment_id"] if table is audit else row["subject"])
    row["previous"] = previous.get(chain, BEGINNING)
    row["digest"] = kind(**{name: row[name] for name in kind.__dataclass_fields__}).computed_digest()
    previous[chain] = row["digest"]


def _rows_of(connection: Connection, payment_id: str) -> Iterator[tuple[Table, _Row]]:
    """The payment's rows, in an order in which they can be added."""

    def found(table: Table, *where: Any) -> list[_Row]:
        query = select(table).where(*where).order_by(*table.primary_key)
        return [dict(row) for row in connection.execute(query).mappings()]

    payment = found(payments, payments.c.id == payment_id)[0]
    subjects = (payment["snapshot_id"], payment_id)
    order = (orders.c.service_id == payment["service_id"], orders.c.order_key == payment["order_key"])
    transactions = found(ledger_transactions, ledger_transactions.c.payment_id == payment_id)
    messages = found(evidence, evidence.c.subject.in_(subjects))
    wanted = [
        (orders, found(orders, *order)),
        (order_snapshots, found(order_snapshots, order_snapshots.c.id == payment["snapshot_id"])),
        (invoices, found(invoices, invoices.c.id == payment["invoice_id"])),
        (payments, [payment]),
        *(
            (table, found(table, table.c.payment_id == payment_id))
            for table in (claims, captures, deliveries, audit)
        ),
        (ledger_transactions, transactions),
        (
            ledger_entries,
            found(ledger_entries, ledger_entries.c.transaction_id.in_([each["id"] for each in transactions])),
        ),
        (evidence, messages),
        (
            evidence_bodies,
            found(evidence_bodies, evidence_bodies.c.evidence_id.in_([each["id"] for each in messages])),
        ),
    ]
    for table, rows in wanted:
        yield from ((table, row) for row in rows)


def _ids_of(rows: list[tuple[Table, _Row]]) -> list[str]:
    """Every id that must be another in a copy."""
    names = {"reference", "order_key", "form_token", "receipt_token", "visit_token"}
    own = {row["id"] for table, row in rows if isinstance(row.get("id"), str)}
    named = {row[name] for table, row in rows if table is payments for name in names}
    return sorted(own | named, key=len, reverse=True)

"""Copies of one payment's rows in every table, each with ids, texts and digests of its own."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, insert, select

from mpay_gateway.domain.confirmation import content_digest
from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.chain import BEGINNING
from mpay_gateway.storage.tables import (
    audit,
    captures,
    claims,
    deliveries,
    invoices,
    ledger_entries,
    ledger_transactions,
    order_snapshots,
    orders,
    payments,
    tasks,
    unsealed_chains,
)

Row = dict[str, object]
HIGHEST_TRANSACTION = 20_000_000
"""Ids of copied transactions of the ledger go down from here: the database counts on above it, or far below."""
DIGITS = 7


@dataclass(frozen=True, slots=True)
class _Names:
    """What tells one copy from the model: pairs of old and new text."""

    pairs: tuple[tuple[str, str], ...]

    def renamed(self, row: Row) -> Row:
        return {name: self.text(value) if isinstance(value, str) else value for name, value in row.items()}

    def text(self, value: str) -> str:
        for old, new in self.pairs:
            value = value.replace(old, new)
        return value


class Copies:
    """The model's rows, read once."""

    def __init__(self, connection: Connection, payment_id: str) -> None:
        def rows(table: Table, column: str, value: object) -> list[Row]:
            found = connection.execute(select(table).where(table.c[column] == value))
            return [dict(row) for row in found.mappings()]

        self._payment = rows(payments, "id", payment_id)[0]
        self._delivery = rows(deliveries, "payment_id", payment_id)[0]
        self._capture = rows(captures, "payment_id", payment_id)[0]
        self._claim = rows(claims, "payment_id", payment_id)[0]
        self._plain = [
            (order_snapshots, rows(order_snapshots, "id", self._payment["snapshot_id"])),
            (orders, rows(orders, "order_key", self._payment["order_key"])),
            (invoices, rows(invoices, "id", self._payment["invoice_id"])),
            (payments, [self._payment]),
            (captures, [self._capture]),
            (claims, [self._claim]),
        ]  # fmt: skip
        self._task = rows(tasks, "subject", self._delivery["id"])[0]
        self._transaction = rows(ledger_transactions, "payment_id", payment_id)[0]
        self._entries = rows(ledger_entries, "transaction_id", self._transaction["id"])
        self._audit = sorted(rows(audit, "payment_id", payment_id), key=lambda row: int(str(row["seq"])))
        self._unsealed = rows(unsealed_chains, "subject", payment_id)

    def store(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Store the copies of these numbers, table by table."""
        new: dict[Table, list[Row]] = {}
        for number in numbers:
            names = self._names(number)
            delivery = names.renamed(self._delivery)
            delivery["content_digest"] = content_digest(str(delivery["content"]))
            for table, model in self._plain:
                new.setdefault(table, []).extend(map(names.renamed, model))
            new.setdefault(deliveries, []).append(delivery)
            new.setdefault(tasks, []).append(_without_id(names.renamed(self._task)))
            self._book(new, names, number)
            new.setdefault(audit, []).extend(self._audited(names, str(delivery["content_digest"])))
            new.setdefault(unsealed_chains, []).extend(
                _without_id(names.renamed(row)) for row in self._unsealed
            )
        for table, rows in new.items():
            connection.execute(insert(table), rows)

    def _names(self, number: int) -> _Names:
        """Ids of the same form: the last characters are the number."""
        end = f"{number:0{DIGITS}}"
        ids = [
            self._payment["id"], self._payment["order_key"], self._payment["snapshot_id"],
            self._payment["invoice_id"], self._payment["reference"], self._payment["receipt_token"],
            self._delivery["id"], self._capture["id"], self._claim["id"],
        ]  # fmt: skip
        return _Names(tuple((str(each), str(each)[:-DIGITS] + end) for each in ids))

    def _book(self, new: dict[Table, list[Row]], names: _Names, number: int) -> None:
        transaction = names.renamed(self._transaction) | {"id": HIGHEST_TRANSACTION - number}
        new.setdefault(ledger_transactions, []).append(transaction)
        new.setdefault(ledger_entries, []).extend(
            _without_id(entry) | {"transaction_id": transaction["id"]} for entry in self._entries
        )

    def _audited(self, names: _Names, digest: str) -> list[Row]:
        """The chain of the copy. A delivery's rows quote the beginning of its content's digest."""
        old, rows, previous = str(self._delivery["content_digest"])[:16], [], BEGINNING
        for model in self._audit:
            row = names.renamed(_without_id(model)) | {"previous": previous}
            row["detail"] = str(row["detail"]).replace(old, digest[:16])
            previous = AuditRow(**row).computed_digest()  # type: ignore[arg-type]
            rows.append(row | {"digest": previous})
        return rows


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}

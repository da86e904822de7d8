"""Paid orders as a table for the beneficiary: exact amounts, local times, no cell that a spreadsheet would compute."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

from mpay_eservice_form.filling import Value
from mpay_eservice_form.order_book import LOCAL_ZONE
from mpay_eservice_form.settings import FieldType
from mpay_eservice_form.stored_order import StoredLine, StoredOrder

COLUMNS = (
    "payment_id", "paid_at", "told_at", "invoice_id", "order_key", "line_id", "reason", "amount", "currency", "iban",
    "released_at",
)  # fmt: skip
"""What every row begins with; the fields of the forms follow under their names."""
_OF_FORM = "form."
"""Stands before the name of a field that is called as one of these columns: readers by name would take it for that."""
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Writing(Enum):
    """How a table is written: for programs (RFC 4180), or as spreadsheets of this country open it."""

    PLAIN = (",", ".", "")
    SPREADSHEET = (";", ",", "\N{ZERO WIDTH NO-BREAK SPACE}")


def as_csv(orders: Iterable[StoredOrder], writing: Writing) -> str:
    """A row for each line of each order. Orders of an older definition may have other fields: all have a column."""
    kept = list(orders)
    names = list(dict.fromkeys(value.name for order in kept for value in order.values))
    delimiter, decimal, mark = writing.value
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(f"{_OF_FORM}{name}" if name in COLUMNS else name for name in names)])
    for order in kept:
        filled = {value.name: _written(value, decimal) for value in order.values}
        for line in order.lines:
            row = _row(order, line, decimal)
            writer.writerow([*row, *(filled.get(name, "") for name in names)])
    return mark + text.getvalue()


def _row(order: StoredOrder, line: StoredLine, decimal: str) -> list[str]:
    assert order.paid is not None, "only what was paid is listed"
    paid = order.paid
    amount = str(order.amount(line).amount).replace(".", decimal)
    return [
        _cell(paid.payment_id), _local(paid.paid_at), _local(paid.told_at), paid.invoice_id, order.key, _cell(line.id),
        _cell(line.reason.ro), amount, order.currency, _cell(line.account.iban),
        _local(order.released.at) if order.released else "",
    ]  # fmt: skip


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")


def _written(value: Value, decimal: str) -> str:
    """A value as the table has it. A number is one, whatever its sign: digits alone compute nothing."""
    if value.type == FieldType.NUMBER:
        return value.value.replace(".", decimal)
    return _cell(value.value)


def _cell(text: str) -> str:
    """Text of a stranger, never a formula."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text

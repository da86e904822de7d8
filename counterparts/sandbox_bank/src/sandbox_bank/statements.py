"""The statement of one UTC day: every capture and reversal, as CSV with totals.

Header `HEADER,<file id>,<merchant>,<day>,<number of lines>`, then the names of the columns, then one
`LINE` per transaction, then one `TRAILER` per currency with count and totals. The file id is derived from
the content: the same lines have the same id, a day that grew has another. Voids move no money and are
not on it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sandbox_bank.clock import day_bounds, iso

COLUMNS = (
    "record",
    "transaction_id",
    "session_id",
    "reference",
    "kind",
    "gross_minor",
    "fee_minor",
    "net_minor",
    "currency",
    "time",
)
MEDIA_TYPE = "text/csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One transaction; money to the merchant is positive, money taken from him negative."""

    transaction_id: str
    session_id: str
    reference: str
    kind: str
    gross_minor: int
    fee_minor: int
    currency: str
    at: int

    @property
    def net_minor(self) -> int:
        """What the merchant's account changes by."""
        return self.gross_minor - self.fee_minor


def read_lines(connection: sqlite3.Connection, day: date) -> tuple[Line, ...]:
    """Return the day's captures and reversals, oldest first."""
    rows = connection.execute(
        "SELECT t.id AS transaction_id, session_id, reference, kind,"
        " CASE kind WHEN 'capture' THEN t.amount_minor ELSE -t.amount_minor END AS gross_minor,"
        " fee_minor, t.currency AS currency, at FROM transactions AS t"
        " JOIN sessions AS s ON s.id = t.session_id"
        " WHERE kind <> 'void' AND at >= ? AND at < ? ORDER BY at, t.rowid",
        day_bounds(day),
    )
    return tuple(Line(**dict(row)) for row in rows.fetchall())


def spoil(lines: tuple[Line, ...], fault: str) -> tuple[Line, ...]:
    """Return the lines as a bank would that makes the given mistake (see `faults.CHOICES`)."""
    match fault:
        case "missing-line":
            return lines[:-1]
        case "duplicate-line":
            return lines + lines[-1:]
        case "unknown-line":
            return lines + tuple(_stranger(line) for line in lines[-1:])
        case _:
            return lines


def write_csv(lines: Sequence[Line], *, merchant: str, day: date) -> str:
    """Write the file; equal lines give equal bytes."""
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(_row(line))
    file_id = f"SB-{day:%Y%m%d}-{hashlib.sha256(body.getvalue().encode()).hexdigest()[:12]}"
    whole = io.StringIO()
    around = csv.writer(whole, lineterminator="\r\n")
    around.writerow(("HEADER", file_id, merchant, day.isoformat(), len(lines)))
    whole.write(body.getvalue())
    around.writerows(_trailers(lines, file_id))
    return whole.getvalue()


def _row(line: Line) -> tuple[str | int, ...]:
    return (
        "LINE",
        line.transaction_id,
        line.session_id,
        line.reference,
        line.kind,
        line.gross_minor,
        line.fee_minor,
        line.net_minor,
        line.currency,
        iso(line.at),
    )


def _trailers(lines: Sequence[Line], file_id: str) -> list[tuple[str | int, ...]]:
    by_currency: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_currency[line.currency].append(line)
    return [
        (
            "TRAILER",
            file_id,
            currency,
            len(group),
            sum(line.gross_minor for line in group),
            sum(line.fee_minor for line in group),
            sum(line.net_minor for line in group),
        )
        for currency, group in sorted(by_currency.items() or [("MDL", [])])
    ]


def _stranger(line: Line) -> Line:
    return replace(line, transaction_id="txn_unknown", session_id="ses_unknown", reference="UNKNOWN")

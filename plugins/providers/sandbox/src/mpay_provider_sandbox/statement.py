"""The bank's statement of one day: CSV with header, names of the columns, lines, one trailer per currency.

A file is believed as a whole or not at all. Lines that contradict our own books (unknown, twice) are passed
on: comparing them is the core's task.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mpay_gateway.api import InvalidAnswer, Money, StatementLine
from mpay_provider_sandbox.reading import money_of, time_of, total_of

COLUMNS = [
    "record", "transaction_id", "session_id", "reference", "kind",
    "gross_minor", "fee_minor", "net_minor", "currency", "time",
]  # fmt: skip
_WHOLE = re.compile(r"-?[0-9]{1,18}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a trailer says, or what the lines of one currency add up to."""

    count: int
    gross: Money
    fee: Money
    net: Money


def read_statement(body: bytes, day: date) -> tuple[StatementLine, ...]:
    """Every line of the statement of `day`, as the bank writes it: given back is negative.

    Raises: InvalidAnswer when the file is cut short, of another day, or does not add up.
    """
    rows = _rows(body)
    if len(rows) < 3 or rows[1] != COLUMNS:
        raise InvalidAnswer("not a statement of the bank's form")
    file_id, count = _header(rows[0], day)
    lines = tuple(_line(row) for row in rows[2 : 2 + count])
    _check_trailers(rows[2 + count :], lines, file_id)
    return lines


def _rows(body: bytes) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidAnswer("the statement is no CSV") from error


def _header(row: Sequence[str], day: date) -> tuple[str, int]:
    match row:
        case ["HEADER", file_id, _merchant, stated_day, count] if file_id and stated_day == day.isoformat():
            return file_id, _whole(count, least=0)
        case _:
            raise InvalidAnswer("the header is not that of the day's statement")


def _line(row: Sequence[str]) -> StatementLine:
    if len(row) != len(COLUMNS) or row[0] != "LINE":
        raise InvalidAnswer("a line is missing or has other columns")
    _, transaction_id, _session_id, reference, kind, gross, fee, net, currency, time = row
    if not transaction_id:
        raise InvalidAnswer("a line has no transaction id")
    line = StatementLine(
        transaction_id=transaction_id,
        reference=reference,
        kind=kind,
        gross=_amount(gross, currency),
        fee=_amount(fee, currency),
        net=_amount(net, currency),
        at=time_of(time),
    )
    if line.gross.minor - line.fee.minor != line.net.minor:
        raise InvalidAnswer(f"line {transaction_id[:40]!r}: gross less fee is not net")
    return line


def _check_trailers(rows: Sequence[Sequence[str]], lines: Sequence[StatementLine], file_id: str) -> None:
    stated = dict(_trailer(row, file_id) for row in rows)
    currencies = {line.gross.currency for line in lines}
    if not stated or len(stated) != len(rows) or not currencies <= stated.keys():
        raise InvalidAnswer("a trailer is missing or stands twice")
    for currency, totals in stated.items():
        if totals != _totals(lines, currency):
            raise InvalidAnswer(f"the totals in {currency} are not those of the lines")


def _trailer(row: Sequence[str], file_id: str) -> tuple[str, Totals]:
    match row:
        case ["TRAILER", stated_id, currency, count, *amounts] if stated_id == file_id and len(amounts) == 3:
            gross, fee, net = (_amount(amount, currency) for amount in amounts)
            return currency, Totals(_whole(count, least=0), gross, fee, net)
        case _:
            raise InvalidAnswer("what follows the lines is no trailer of this file")


def _totals(lines: Sequence[StatementLine], currency: str) -> Totals:
    group = [line for line in lines if line.gross.currency == currency]
    return Totals(
        len(group),
        total_of((line.gross for line in group), currency),
        total_of((line.fee for line in group), currency),
        total_of((line.net for line in group), currency),
    )


def _amount(text: str, currency: str) -> Money:
    return money_of(_whole(text), currency)


def _whole(text: str, *, least: int | None = None) -> int:
    if not _WHOLE.match(text) or (least is not None and int(text) < least):
        raise InvalidAnswer(f"not a number: {text[:20]!r}")
    return int(text)

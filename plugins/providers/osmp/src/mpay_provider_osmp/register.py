"""The network's register of one day: CSV with column names, a line for each payment, and a trailer.

A file is believed as a whole or not at all. The format is described in the README: agree it with the network, since no
public one exists.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date

from mpay_gateway.api import InvalidAnswer, Money, StatementLine, sum_money
from mpay_provider_osmp.settings import CURRENCY
from mpay_provider_osmp.wire import LOCAL, local_to_utc, parse_sum

COLUMNS = ["txn_id", "txn_date", "account", "sum", "fee"]
_TXN_ID = re.compile(r"[0-9]{1,20}\Z", re.ASCII)


def read(body: bytes, day: date) -> tuple[StatementLine, ...]:
    """Every payment of the register of `day` (Chisinau's).

    Raises: InvalidAnswer when the file is cut short, holds another day's payments, or does not add up.
    """
    rows = _rows(body)
    if len(rows) < 2 or rows[0] != COLUMNS:
        raise InvalidAnswer("not a register of the agreed form")
    lines = tuple(_line(row, day) for row in rows[1:-1])
    _check_trailer(rows[-1], lines)
    if len({line.transaction_id for line in lines}) != len(lines):
        raise InvalidAnswer("a txn_id stands twice")
    return lines


def _rows(body: bytes) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidAnswer("the register is no CSV") from error


def _line(row: Sequence[str], day: date) -> StatementLine:
    if len(row) != len(COLUMNS) or not _TXN_ID.match(row[0]):
        raise InvalidAnswer("a line is missing or has other columns")
    txn_id, stamp, _account, gross, fee = row
    try:
        at, taken, kept = local_to_utc(stamp), parse_sum(gross), parse_sum(fee)
    except ValueError as error:
        raise InvalidAnswer(f"line {txn_id}: {error}") from error
    if at.astimezone(LOCAL).date() != day:
        raise InvalidAnswer(f"line {txn_id} is of another day")
    if not taken or taken < kept:
        raise InvalidAnswer(f"line {txn_id}: the sum is zero or below the fee")
    return StatementLine(txn_id, "", "payment", taken, kept, taken - kept, at)


def _check_trailer(row: Sequence[str], lines: Sequence[StatementLine]) -> None:
    """`TOTAL;count;sum;fee`, what the lines add up to."""
    match row:
        case ["TOTAL", count, gross, fee]:
            stated = (count, gross, fee)
        case _:
            raise InvalidAnswer("the trailer is missing: the file is cut short")
    found = (str(len(lines)), _total(line.gross for line in lines), _total(line.fee for line in lines))
    if stated != found:
        raise InvalidAnswer(f"the trailer says {';'.join(stated)}, the lines are {';'.join(found)}")


def _total(amounts: Iterable[Money]) -> str:
    return str(sum_money(amounts, CURRENCY).amount)

"""Statements as CSV: a line of column names, then one line for each movement."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from mpay_gateway.api import Money, StatementLine, sum_money
from mpay_provider_collector.settings import CURRENCY, CollectorSettings, CsvForm
from mpay_provider_collector.statement_file import (
    DatedLine,
    StatementFile,
    Unreadable,
    amount_of,
    day_of,
    gross_of,
    id_of,
    noon_of,
    shown,
    span,
)

_DAY_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])(?![0-9])", re.ASCII)
_LONGEST_KIND = 64
Row = tuple[int, list[str]]
"""The number of a line in its file, and its cells."""


def read(name: str, body: bytes, settings: CollectorSettings) -> StatementFile:
    """Every line of a file. Raises: Unreadable, and then nothing of it counts."""
    form = settings.csv
    (number, header), *rows = _rows(body, form)
    columns = _columns(header, form, number)
    trailer = rows.pop() if form.total and rows and rows[-1][1][0] == form.total else None
    lines = tuple(_Reader(settings, columns, len(header)).line(row) for row in rows)
    if form.total:
        _check_total(trailer, lines, form)
    return StatementFile((), frozenset(_days(name, lines)), tuple(each for each in lines if not each.own))


def _rows(body: bytes, form: CsvForm) -> list[Row]:
    """All lines that are not empty. Raises: Unreadable."""
    try:
        text = body.decode("utf-8-sig" if form.encoding == "utf-8" else form.encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not written in {form.encoding}: byte {error.start}") from error
    if not text.endswith(("\n", "\r")):
        raise Unreadable("its last line has no end: it may be cut off")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: {error}") from error
    if not rows:
        raise Unreadable("it has no line of column names")
    return rows


def _columns(header: Sequence[str], form: CsvForm, number: int) -> dict[str, int]:
    """Where each column is. Raises: Unreadable."""
    wanted = (form.transaction, form.reference, form.day, form.amount, form.fee, form.currency, form.kind)
    found = {}
    for column in filter(None, wanted):
        places = [place for place, name in enumerate(header) if name.strip() == column]
        if len(places) != 1:
            names = ", ".join(shown(name) for name in header[:12])
            raise Unreadable(f"line {number}: column {column!r} stands {len(places)} times in {names}")
        found[column] = places[0]
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads lines under one header. `width`: how many cells each must have."""

    settings: CollectorSettings
    columns: dict[str, int]
    width: int

    def line(self, row: Row) -> DatedLine:
        number, cells = row
        try:
            return self._line(cells)
        except (Unreadable, ValueError) as problem:
            raise Unreadable(f"line {number}: {problem}") from problem

    def _line(self, cells: Sequence[str]) -> DatedLine:
        form = self.settings.csv
        if len(cells) != self.width:
            raise Unreadable(f"{len(cells)} cells under {self.width} column names")
        currency = self._cell(cells, form.currency) or CURRENCY
        if currency != CURRENCY:
            raise Unreadable(f"currency {shown(currency)}: this account is in {CURRENCY}")
        day = day_of(self._cell(cells, form.day), form.day_format)
        gross, fee = self._amount(cells, form.amount), self._amount(cells, form.fee)
        kind = self._cell(cells, form.kind) or ("credit" if gross.minor >= 0 else "debit")
        line = StatementLine(
            transaction_id=id_of(self._cell(cells, form.transaction)),
            reference=self.settings.reference_in(self._cell(cells, form.reference)),
            kind=kind[:_LONGEST_KIND],
            gross=gross_of(gross - fee, fee),
            fee=fee,
            net=gross - fee,
            at=noon_of(day),
        )
        return DatedLine(day, line, self.settings.is_own_debit(line, self._cell(cells, form.reference)))

    def _cell(self, cells: Sequence[str], column: str) -> str:
        return cells[self.columns[column]].strip() if column else ""

    def _amount(self, cells: Sequence[str], column: str) -> Money:
        """Of a column; zero where there is none, or nothing in the cell of a fee."""
        text = self._cell(cells, column)
        if not text and column == self.settings.csv.fee:
            return Money.zero(CURRENCY)
        try:
            return _signed(text, self.settings.csv)
        except Unreadable as problem:
            raise Unreadable(f"column {column!r}: {problem}") from problem


def _signed(text: str, form: CsvForm) -> Money:
    """An amount as the form writes it. Raises: Unreadable."""
    if form.decimal == "," and "." in text:
        raise Unreadable(f"{shown(text)} has a point, and csv.decimal is a comma")
    if form.decimal == "." and "," in text:
        raise Unreadable(f"{shown(text)} has a comma, and csv.decimal is a point")
    amount = amount_of(text.removeprefix("-").replace(form.decimal, "."), CURRENCY)
    return amount.negated() if text.startswith("-") else amount


def _check_total(trailer: Row | None, lines: Sequence[DatedLine], form: CsvForm) -> None:
    """The last row has the count of the lines and the sum of their amounts. Raises: Unreadable."""
    if trailer is None:
        raise Unreadable(f"its last line does not begin with {form.total!r}: it may be cut off")
    number, cells = trailer
    amount = sum_money((each.line.gross for each in lines), CURRENCY)
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(filled) != 3 or filled[1] != str(len(lines)) or _signed(filled[2], form) != amount:
        raise Unreadable(
            f"line {number}: says {', '.join(map(shown, filled[1:]))}; counted: {len(lines)}, in all {amount}"
        )


def _days(name: str, lines: Sequence[DatedLine]) -> Iterator[date]:
    """From the first line's to the last one's, and the day in the file's name: there may be no line at all."""
    if lines:
        booked = [each.day for each in lines]
        yield from span(min(booked), max(booked))
    for year, month, day in _DAY_IN_NAME.findall(name):
        with suppress(ValueError):  # another number
            yield date(int(year), int(month), int(day))

"""Statements as ISO 20022 camt.053 (BankToCustomerStatement), versions 02 and 08.

Only what is booked counts, and only if the balances agree with it. The net of a line is what the account's balance
moved by; charges that are in it come on top.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lxml import etree

from mpay_gateway.api import Money, sum_money
from mpay_gateway.wssecurity import Refused
from mpay_gateway.wssecurity.parsing import parse
from mpay_provider_collector.entry import Entry, lines_of, signed
from mpay_provider_collector.node import Node
from mpay_provider_collector.settings import CURRENCY, CollectorSettings
from mpay_provider_collector.statement_file import (
    DatedLine,
    StatementFile,
    Unreadable,
    day_of,
    shown,
    span,
    written_time,
)

LARGEST = 16 << 20
_SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
_VERSIONS = ("02", "08")
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_COUNT = re.compile(r"[0-9]{1,9}\Z", re.ASCII)


def read(name: str, body: bytes, settings: CollectorSettings) -> StatementFile:  # noqa: ARG001
    """Every booked line of a file. Raises: Unreadable, and then nothing of it counts."""
    try:
        root = parse(body, max_bytes=LARGEST)
    except Refused as refused:
        raise Unreadable(refused.detail) from refused
    statements = [_Statement(each, number, settings) for number, each in enumerate(_statements(root), 1)]
    read_ones = [each.read() for each in statements]
    names = [name for each in read_ones for name in each.ids]
    if len(set(names)) != len(names):
        raise Unreadable("two of its statements have one Id")
    return StatementFile(
        tuple(names),
        frozenset(day for each in read_ones for day in each.days),
        tuple(line for each in read_ones for line in each.lines if not line.own),
    )


def _statements(root: etree._Element) -> tuple[Node, ...]:
    """Raises: Unreadable when it is no camt.053 of a version that is read here."""
    kind = etree.QName(root)
    space = kind.namespace or ""
    if kind.localname != "Document" or space not in {f"{_SPACE}{version}" for version in _VERSIONS}:
        raise Unreadable(
            f"the root element is {shown(root.tag)}; read are camt.053.001.{' and .'.join(_VERSIONS)}"
        )
    found = Node(root, space).needed("BkToCstmrStmt").all("Stmt")
    if not found:
        raise Unreadable("it has no Stmt")
    return found


@dataclass(frozen=True, slots=True)
class _Statement:
    """One Stmt. `number`: its place in the file."""

    node: Node
    number: int
    settings: CollectorSettings

    def read(self) -> StatementFile:
        """Raises: Unreadable."""
        try:
            self._check_account()
            entries = [Entry(each, place) for place, each in enumerate(self.node.all("Ntry"), 1)]
            name = self.node.needed("Id").content
            booked = [each for each in entries if each.booked]
            lines = tuple(line for each in booked for line in lines_of(each, name, self.settings))
            self._check_count(len(entries))
            closing = self._check_balances(sum_money((each.net for each in booked), CURRENCY))
            return StatementFile((name,), frozenset(self._days(lines, closing)), lines)
        except (Unreadable, ValueError) as problem:
            raise Unreadable(f"statement {self.number}, {problem}") from problem

    def _check_account(self) -> None:
        currency = self.node.text("Acct/Ccy") or CURRENCY
        if currency != CURRENCY:
            raise Unreadable(f"Acct: in {shown(currency)}, this account is in {CURRENCY}")
        about = self.node.text("Acct/Id/IBAN") or self.node.text("Acct/Id/Othr/Id")
        if self.settings.iban and about != self.settings.iban:
            raise Unreadable(f"Acct: about {shown(about)}, this account has the IBAN {self.settings.iban}")

    def _check_count(self, entries: int) -> None:
        stated = self.node.text("TxsSummry/TtlNtries/NbOfNtries")
        if stated and (not _COUNT.match(stated) or int(stated) != entries):
            raise Unreadable(f"TxsSummry: says {shown(stated)} entries, there are {entries}")

    def _check_balances(self, moved: Money) -> date:
        """The day of the closing balance. Raises: Unreadable when the entries do not lead to it."""
        opening, closing = self._balance(_OPENING), self._balance(_CLOSING)
        before, after = (signed(each, each.amount()) for each in (opening, closing))
        if before + moved != after:
            raise Unreadable(
                f"Bal: opens with {before}, its entries come to {moved}, it closes with {after} "
                f"and not with {before + moved}"
            )
        return _day(closing.needed("Dt"))

    def _balance(self, codes: Sequence[str]) -> Node:
        found = [each for each in self.node.all("Bal") if each.text("Tp/CdOrPrtry/Cd") in codes]
        if len(found) != 1:
            raise Unreadable(f"Bal: {len(found)} of the kind {' or '.join(codes)}, one is needed")
        return found[0]

    def _days(self, lines: Sequence[DatedLine], closing: date) -> Iterator[date]:
        """The period that the statement names; else from its first line to its closing balance. As they are written."""
        booked = [line.day for line in lines]
        since, until = self.node.text("FrToDt/FrDtTm"), self.node.text("FrToDt/ToDtTm")
        if since and until:
            first, end = (written_time(each).replace(tzinfo=None) for each in (since, until))
            yield from span(first.date(), max(first, end - timedelta(microseconds=1)).date())
        else:
            yield from span(min([*booked, closing]), closing)
        yield from booked


def _day(node: Node) -> date:
    """Of a DateAndDateTimeChoice. Raises: Unreadable."""
    stated = node.text("Dt")
    return day_of(stated) if stated else written_time(node.needed("DtTm").content).date()

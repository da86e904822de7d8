"""An entry (Ntry) of a camt.053 statement: one movement of the balance, for one transaction or several."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mpay_gateway.api import Money, StatementLine, sum_money
from mpay_provider_collector.node import Node
from mpay_provider_collector.settings import CURRENCY, CollectorSettings
from mpay_provider_collector.statement_file import (
    DatedLine,
    Unreadable,
    day_of,
    gross_of,
    id_of,
    instant_of,
    noon_of,
    shown,
    written_time,
)

_STATUSES = ("BOOK", "PDNG", "INFO", "FUTR")
_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True, slots=True)
class Entry:
    """One Ntry. `number`: its place in the statement."""

    node: Node
    number: int

    @property
    def booked(self) -> bool:
        """Whether the money moved. Raises: Unreadable for a status that ISO 20022 does not have."""
        status = self.node.text("Sts/Cd") or self.node.text("Sts")
        if status not in _STATUSES:
            raise self.problem(f"status {shown(status)}")
        return status == "BOOK"

    @property
    def net(self) -> Money:
        """What the balance moved by."""
        return signed(self.node, self.node.amount())

    @property
    def reversal(self) -> bool:
        """Whether the entry undoes an earlier one; its direction is its own all the same."""
        stated = self.node.text("RvslInd") or "false"
        if stated not in (*_TRUE, *_FALSE):
            raise self.problem(f"RvslInd {shown(stated)}")
        return stated in _TRUE

    def booked_at(self) -> tuple[date, datetime]:
        """The day as it is written, and the time: noon where only the day is stated."""
        if day := self.node.text("BookgDt/Dt"):
            return day_of(day), noon_of(day_of(day))
        written = written_time(self.node.needed("BookgDt").needed("DtTm").content)
        return written.date(), instant_of(written)

    def problem(self, what: str) -> Unreadable:
        return Unreadable(f"line {self.node.line}: {what}")


def lines_of(entry: Entry, statement: str, settings: CollectorSettings) -> Iterator[DatedLine]:
    """One line for each transaction of a booked entry. Raises: Unreadable, which says which entry."""
    try:
        yield from _lines_of(entry, statement, settings)
    except (Unreadable, ValueError) as problem:
        raise Unreadable(f"entry {entry.number}: {problem}") from problem


def _lines_of(entry: Entry, statement: str, settings: CollectorSettings) -> Iterator[DatedLine]:
    day, at = entry.booked_at()
    details = entry.node.all("NtryDtls/TxDtls")
    parts = details or (entry.node,)
    ids, amounts = _ids(entry, parts, statement), _amounts(entry, details)
    for name, part, (net, fee) in zip(ids, parts, amounts, strict=True):
        kind = "credit" if net.minor >= 0 else "debit"
        of_debit = entry.reversal and net.minor >= 0
        line = StatementLine(
            transaction_id=id_of(name),
            # A debit that came back is no payer's money, whatever its words say.
            reference="" if of_debit else settings.reference_in(*_words(part)),
            kind=f"{kind}, reversal" if entry.reversal else kind,
            gross=gross_of(net, fee),
            fee=fee,
            net=net,
            at=at,
        )
        yield DatedLine(day, line, settings.is_own_debit(line, *_words(part), *_notes(entry, part)))


def signed(node: Node, amount: Money) -> Money:
    """The amount as the element's CdtDbtInd says: what comes in is positive. Raises: Unreadable."""
    match node.text("CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return amount.negated()
        case other:
            raise Unreadable(f"line {node.line}: CdtDbtInd {shown(other)} is neither CRDT nor DBIT")


def _amounts(entry: Entry, details: Sequence[Node]) -> list[tuple[Money, Money]]:
    """Net and fee of each transaction. Raises: Unreadable when they are not the entry's."""
    charged = _charges(entry.node)
    if not details:
        return [(entry.net, charged)]
    alone = len(details) == 1
    fees = [_charges(each) or (charged if alone else Money.zero(CURRENCY)) for each in details]
    amounts = [_amount_of(entry, each, alone=alone) for each in details]
    total, fee = sum_money(amounts, CURRENCY), sum_money(fees, CURRENCY)
    if charged and charged != fee:
        raise entry.problem(f"charges of {charged}, and {fee} at its transactions")
    if total == entry.net:
        return list(zip(amounts, fees, strict=True))
    if total - fee == entry.net:
        return [(amount - own, own) for amount, own in zip(amounts, fees, strict=True)]
    raise entry.problem(f"{entry.net}, and its transactions come to {total}")


def _amount_of(entry: Entry, detail: Node, *, alone: bool) -> Money:
    """Of one transaction; one that is `alone` may leave it to the entry to say."""
    path = "Amt" if detail.one("Amt") else "AmtDtls/TxAmt/Amt"
    amount = entry.node.amount() if alone and not detail.one(path) else detail.amount(path)
    return signed(detail if detail.one("CdtDbtInd") else entry.node, amount)


def _charges(node: Node) -> Money:
    """What was kept of the money. Charges that are not in the amount are billed elsewhere."""
    records = node.all("Chrgs/Rcrd") or node.all("Chrgs")
    total = Money.zero(CURRENCY)
    for record in records:
        if record.text("ChrgInclInd") in _FALSE:
            continue
        amount = record.amount("Amt" if record.one("Amt") else "TtlChrgsAndTaxAmt")
        total = total + (amount.negated() if record.text("CdtDbtInd") == "CRDT" else amount)
    return total


def _ids(entry: Entry, parts: Sequence[Node], statement: str) -> list[str]:
    """What tells each transaction of an entry from all others. Raises: Unreadable.

    What the bank that keeps the account gave comes first: what a payer may choose is no id. Among several, an id that
    is the entry's own, or stands at another of them too, tells nothing apart: their places do.
    """
    whole, number = entry.node.text("AcctSvcrRef"), entry.node.text("NtryRef")
    shared = whole or (f"{statement}/{number}" if number else "")
    several = len(parts) > 1
    found = [_own_id(part, "" if several else whole) or shared for part in parts]
    if not all(found):
        raise entry.problem("no AcctSvcrRef, UETR, TxId or NtryRef tells it from others")
    times = Counter(found)
    return [
        f"{each}/{place}" if several and (each == shared or times[each] > 1) else each
        for place, each in enumerate(found, 1)
    ]


def _own_id(part: Node, whole: str) -> str:
    """Of one transaction. `whole`: the entry's id, where it is this transaction's alone."""
    own = (part.text("Refs/AcctSvcrRef"), whole, part.text("Refs/UETR"), part.text("Refs/TxId"))
    return next(filter(None, own), "")


def _notes(entry: Entry, part: Node) -> tuple[str, ...]:
    """What the bank wrote about it."""
    notes = (*entry.node.all("AddtlNtryInf"), *part.all("AddtlTxInf"))
    return tuple(each.words for each in notes)


def _words(part: Node) -> tuple[str, ...]:
    """Where a payer, or his bank, may have put our reference."""
    places = ("Refs/EndToEndId", "Refs/UETR", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Ustrd")
    return tuple(each.words for place in places for each in part.all(place))

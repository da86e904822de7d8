"""Books: what each service's account gets of one day, as one file each, and its posting.

A day is one in Chisinau, by the time at which the provider took the money; money that went back counts on the day
on which that was booked. What turns up for a day that is settled already, or that lies before all that ever were, goes
into the next day that is settled: no entry is ever in two files. A day between that nobody settled keeps its entries
until somebody does. What a beneficiary was paid and went back to its payer since is a line of less than nothing in his
next file. Money that is owed to a service which names no account for it is in no file.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from mpay_gateway.boundary import Clock, IdSource
from mpay_gateway.domain.errors import InvalidInput
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.flow.bookkeeping.settled_days import write_down
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.ledger import OWED_BACK, PAYABLE, Destination, Entry, bank
from mpay_gateway.storage.settlements import SETTLEMENT_POSTING, Owed, Settlement
from mpay_gateway.texts.local_days import bounds, local_day
from mpay_gateway.texts.local_format import LOCAL_ZONE

COLUMNS = (
    "day", "service", "iban", "treasury_account", "kind", "payment", "invoice", "order", "transaction", "time",
    "amount", "currency",
)  # fmt: skip
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class PaidBy:
    """From which account of ours services are paid, and who says so: an actor as the audit names him."""

    own_account: str
    actor: str


@dataclass(frozen=True, slots=True)
class OwedBack:
    """What one beneficiary owes us."""

    service_id: str
    iban: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What is owed to a service, and would be paid out with `day`, which nobody has settled."""

    day: date
    service_id: str
    entries: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Homeless:
    """What is owed to a service that names no IBAN to pay it to. `treasury_account`: what it names instead."""

    service_id: str
    treasury_account: str
    amount: Money


def preview(units: UnitOfWork, day: date) -> tuple[Settlement, ...]:
    """What settling the day would give now; what it gave, when it is settled. Writes nothing."""

    def look(work: Work) -> tuple[Settlement, ...]:
        if work.settlements.closed({day}):
            return work.settlements.of_day(day)
        return tuple(_settlement(day, "", entries) for entries in _groups(work, day))

    return units.read(look)


def settle(
    units: UnitOfWork, day: date, by: PaidBy, *, clock: Clock, ids: IdSource
) -> tuple[Settlement, ...]:
    """Settle a day that is over, in one commit; a day that is settled gives the same again and posts nothing.

    Who did it and the digest of each file are written down in a chain that is sealed.
    Raises: PaymentsSuspended; InvalidInput for a day before any money was taken.
    """
    return units.run("settle-day", lambda work: _settle(work, day, by, clock=clock, ids=ids))


def _settle(work: Work, day: date, by: PaidBy, *, clock: Clock, ids: IdSource) -> tuple[Settlement, ...]:
    refuse_while_restoring(work)  # a day that was settled in the lost time would be paid out again
    _refuse_before_all(work, day)
    now = clock.now()
    if work.settlements.close(day, at=now):
        for entries in _groups(work, day):
            made = _settlement(day, ids.token(), entries)
            work.settlements.add(made, [each.entry_id for each in entries])
            if posted := _posting(made, entries, bank(by.own_account)):
                work.ledger.post(SETTLEMENT_POSTING, made.id, posted, payment_id=None, at=now)
        write_down(work, day, by.actor, at=now)
    return work.settlements.of_day(day)


def _refuse_before_all(work: Work, day: date) -> None:
    """A slip of the year would be settled for good, and all days since be days that somebody passed over."""
    first = work.settlements.first_taken()
    if first is not None and day < local_day(first) and not work.settlements.closed({day}):
        raise InvalidInput(f"{day} is before the first day on which money was taken, {local_day(first)}")


def _posting(made: Settlement, entries: list[Owed], own_account: str) -> list[Entry]:
    """What empties the accounts that the entries are on: what we owe, and what is owed back of it, against our bank."""
    accounts = dict.fromkeys(each.booked for each in entries)
    totals = [Entry(name, _total([each for each in entries if each.booked == name])) for name in accounts]
    return [each for each in (*totals, Entry.credit(own_account, made.amount)) if each.amount]


def owed_back(units: UnitOfWork) -> tuple[OwedBack, ...]:
    """What beneficiaries owe us, and no settlement took from them yet."""
    owed: dict[tuple[Destination, str], Money] = {}
    balances = units.read(lambda work: work.ledger.balances(OWED_BACK, PAYABLE))
    for (account, currency), amount in balances.items():
        back = account.startswith(OWED_BACK) or (account.startswith(PAYABLE) and amount.minor > 0)
        if back and amount:
            whose = Destination.of(account), currency
            owed[whose] = owed.get(whose, Money.zero(currency)) + amount
    return tuple(OwedBack(whose.service_id, whose.iban, amount) for (whose, _), amount in owed.items())


def homeless(units: UnitOfWork) -> tuple[Homeless, ...]:
    """What no settlement pays out, since its service says of no account where it goes."""
    found = []
    for (account, _), amount in units.read(lambda work: work.ledger.balances(PAYABLE)).items():
        place = Destination.of(account)
        if account.startswith(PAYABLE) and not place.iban and amount.minor < 0:
            found.append(Homeless(place.service_id, place.treasury_account, amount.negated()))
    return tuple(found)


def unsettled_days(units: UnitOfWork, day: date) -> tuple[Unsettled, ...]:
    """What settling `day` leaves for days before it that nobody has settled, by day, service and currency."""

    def look(work: Work) -> tuple[Owed, ...]:
        waiting, taken = _waiting(work, day), _taken_in(work, day)
        return tuple(each for each in waiting if not taken(each))

    left: dict[tuple[date, str, str], list[Owed]] = {}
    for each in units.read(look):
        of = local_day(each.at), Destination.of(each.account).service_id, each.amount.currency
        left.setdefault(of, []).append(each)
    return tuple(
        Unsettled(when, service_id, len(entries), _total(entries))
        for (when, service_id, _), entries in sorted(left.items())
    )


def _groups(work: Work, day: date) -> Iterator[list[Owed]]:
    """The entries of the day by account and currency. What comes to less than nothing waits for a later day."""
    groups: dict[tuple[str, str], list[Owed]] = {}
    taken = _taken_in(work, day)
    for each in _waiting(work, day):
        if taken(each):
            groups.setdefault((each.account, each.amount.currency), []).append(each)
    for (_, currency), entries in sorted(groups.items()):
        if _total(entries) >= Money.zero(currency):
            yield entries


def _waiting(work: Work, day: date) -> list[Owed]:
    """The entries of the day and of all before it that are to be paid out somewhere."""
    _, until = bounds(day)
    return [each for each in work.settlements.unsettled(until) if Destination.of(each.account).iban]


def _taken_in(work: Work, day: date) -> Callable[[Owed], bool]:
    """Whether an entry belongs to the settlement of a day: its own, those of settled days, those of before any."""
    first = work.settlements.first_closed(besides=day)

    @cache
    def is_over(when: date) -> bool:
        return when == day or (first is not None and when < first) or bool(work.settlements.closed({when}))

    return lambda owed: is_over(local_day(owed.at))


def _settlement(day: date, settlement_id: str, entries: list[Owed]) -> Settlement:
    bare = Settlement(settlement_id, day, entries[0].account, _total(entries), "")
    return Settlement(bare.id, day, bare.account, bare.amount, _file(bare, entries))


def _total(entries: list[Owed]) -> Money:
    return sum_money((each.amount for each in entries), entries[0].amount.currency)


def _file(settlement: Settlement, entries: list[Owed]) -> str:
    """The same entries give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in entries:
        writer.writerow(_row(settlement, each))
    amount = settlement.amount
    writer.writerow(
        [*map(cell, _head(settlement)), "TOTAL", "", "", "", "", "", amount.amount, amount.currency]
    )
    return text.getvalue()


def file_total(content: str, currency: str) -> int | None:
    """What the lines of a file sum to, in minor units. None when its last row says otherwise."""
    *lines, total = list(csv.DictReader(io.StringIO(content, newline="")))
    amounts = [Money(Decimal(line["amount"]), currency) for line in lines if line["currency"] == currency]
    found = sum_money(amounts, currency)
    agrees = len(amounts) == len(lines) and found == Money(Decimal(total["amount"]), total["currency"])
    return found.minor if agrees else None


def _row(settlement: Settlement, owed: Owed) -> list[object]:
    texts = (owed.kind, owed.payment_id, owed.invoice_id, owed.order_key, owed.transaction_id)
    time = owed.at.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
    return [*map(cell, (*_head(settlement), *texts)), time, owed.amount.amount, owed.amount.currency]


def _head(settlement: Settlement) -> tuple[str, str, str, str]:
    to = settlement.destination
    return settlement.day.isoformat(), to.service_id, to.iban, to.treasury_account


def cell(text: str) -> str:
    """Text of a stranger for a spreadsheet: never a formula (attack 64)."""
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text

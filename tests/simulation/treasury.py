"""A treasury with books of its own: what payers transfer to it, what it sends back, and what its statements say.

Nobody is told of a transfer. Of each day there is one statement, as it is when somebody asks for it: it may come days
late, tell of a movement twice, and say something else of it than before. What it says last is so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from mpay_gateway.domain.errors import RemoteUnavailable
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.provider_answer import StatementLine, StatementReading
from mpay_gateway.texts.local_days import local_day
from tests.simulation.faults import Fault

Told = Callable[[str, Fault], object]
"""Hears which fault of a statement strikes which payment, at the moment at which somebody reads it."""


@dataclass
class Movement:
    """Money that came in, or went out: `amount` below zero. `payment_id`: whose payer it is of, empty for nobody's.

    `wrong`: what statements say of it at first, until it is mended. `twice`: the statement of its day tells of it
    twice; `again`: that of the day after does, too. `said`: all that statements have said of it so far. `itself`: it
    went out unasked.
    """

    payment_id: str
    day: date
    line: StatementLine
    wrong: StatementLine | None = None
    twice: bool = False
    again: bool = False
    itself: bool = False
    said: list[StatementLine] = field(default_factory=list)

    @property
    def amount(self) -> Money:
        return self.line.gross

    def told_on(self, day: date) -> tuple[StatementLine, ...]:
        """What the day's statement says of it now."""
        now = self.wrong or self.line
        if day == self.day:
            return (now, now) if self.twice else (now,)
        return (now,) if self.again and day == self.day + timedelta(days=1) else ()


class Treasury:
    """The books. `now`: its own clock, which nobody sets. `told`: see `Told`."""

    def __init__(self, now: Callable[[], datetime], told: Told) -> None:
        self._now = now
        self._told = told
        self._late: dict[date, datetime] = {}
        self._cut: dict[date, datetime] = {}
        self.movements: list[Movement] = []

    # What the gateway asks.

    def statement(self, day: date) -> StatementReading:
        """What it says of a day. Raises: RemoteUnavailable while there is none."""
        now = self._now()
        if day > local_day(now) or now < self._late.get(day, now):
            raise RemoteUnavailable(f"no statement of {day}")
        told = [each for each in self.movements if each.told_on(day)]
        cut = now < self._cut.get(day, now)
        told = told[: len(told) // 2] if cut else told
        for each in told:
            self._tell(each, day)
        lines = tuple(line for each in told for line in each.told_on(day))
        return StatementReading(lines, ("the file is cut off",) if cut else ())

    def _tell(self, movement: Movement, day: date) -> None:
        told = movement.told_on(day)
        if not movement.said and (day in self._late or day in self._cut):
            self._told(movement.payment_id, Fault.STATEMENT_LATE)
        if len(told) > 1 or (movement.said and told[-1] == movement.said[-1] and day != movement.day):
            self._told(movement.payment_id, Fault.STATEMENT_TWICE)
        if movement.said and told[-1] != movement.said[-1]:
            self._told(movement.payment_id, Fault.STATEMENT_AMENDED)
        if not movement.said or told[-1] != movement.said[-1]:
            movement.said.append(told[-1])

    # What payers and the treasury itself do.

    def receive(self, payment_id: str, reference: str, amount: Money, *, day: date | None = None) -> Movement:
        """A payer's transfer. `day`: the one in whose statement it stands, if not today's."""
        return self._move(payment_id, reference, amount, day)

    def send(self, payment_id: str, reference: str, amount: Money, *, itself: bool) -> Movement | None:
        """Send money of a payment back; nothing when so much is not there."""
        if not Money.zero(amount.currency) < amount <= self.kept(payment_id, amount.currency):
            return None
        movement = self._move(payment_id, reference, amount.negated(), None)
        movement.itself = itself
        return movement

    def _move(self, payment_id: str, reference: str, amount: Money, day: date | None) -> Movement:
        number, now = f"trs-{len(self.movements) + 1}", self._now()
        kind = "credit" if amount > Money.zero(amount.currency) else "debit"
        fee = Money.from_minor(amount.minor // 100 if kind == "credit" else 0, amount.currency)
        line = StatementLine(number, reference, kind, amount, fee, amount - fee, now)
        movement = Movement(payment_id, day or local_day(now), line)
        self.movements.append(movement)
        return movement

    # What goes wrong with statements.

    def hold_back(self, day: date, until: datetime, *, cut: bool) -> None:
        """There is no statement of the day until then, or one that is cut off."""
        (self._cut if cut else self._late)[day] = until

    def heal(self) -> None:
        """Statements are there, whole, and say what is so."""
        now = self._now()
        self._late = {day: min(until, now) for day, until in self._late.items()}
        self._cut = {day: min(until, now) for day, until in self._cut.items()}
        for each in self.movements:
            each.wrong = None

    # What others look at.

    def of(self, payment_id: str) -> list[Movement]:
        return [each for each in self.movements if each.payment_id == payment_id]

    def kept(self, payment_id: str, currency: str) -> Money:
        """What is there of a payment."""
        return sum_money((each.amount for each in self.of(payment_id)), currency)

    def back(self, payment_id: str, currency: str, *, itself: bool = False) -> Money:
        """What went out of a payment; what went unasked alone if `itself`."""
        gone = (each for each in self.of(payment_id) if each.amount < Money.zero(currency))
        return sum_money((each.amount.negated() for each in gone if each.itself or not itself), currency)

    def amounts(self, transaction_id: str) -> set[tuple[int, str]]:
        """All that statements have said that a transaction came to, minor units and currency."""
        return {
            (line.gross.minor, line.gross.currency)
            for each in self.movements
            if each.line.transaction_id == transaction_id
            for line in each.said
        }

    def named_on(self, day: date) -> tuple[str, ...]:
        """The payments that the statement of a day is about."""
        return tuple(dict.fromkeys(self._named(day)))

    def _named(self, day: date) -> Iterator[str]:
        return (each.payment_id for each in self.movements if each.payment_id and each.told_on(day))


def said_otherwise(
    line: StatementLine, *, reference: str | None = None, amount: Money | None = None, kind: str = ""
) -> StatementLine:
    """A line that says something else of the same transaction."""
    gross = line.gross if amount is None else amount
    return replace(
        line, reference=line.reference if reference is None else reference, kind=kind or line.kind, gross=gross,
        net=gross - line.fee,
    )  # fmt: skip


def half(amount: Money) -> Money:
    return Money.from_minor(max(1, amount.minor // 2), amount.currency)

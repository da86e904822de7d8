"""Payers who take a number to the treasury, what the treasury does with their money, and who reads its statements."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.bookkeeping.reconciliation import reconcile
from mpay_gateway.flow.bookkeeping.statement_days import due_first
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.texts.local_days import local_day
from tests.simulation.coverage import Change
from tests.simulation.faults import Fault
from tests.simulation.plan import PayerPlan
from tests.simulation.plugins import TREASURY
from tests.simulation.processes import Process
from tests.simulation.shop import CURRENCY, ShopOrder
from tests.simulation.stage import Lost
from tests.simulation.treasury import Movement, half, said_otherwise

if TYPE_CHECKING:
    from tests.simulation.world import World

_NUMBER = (
    f"SELECT reference, amount_minor, session_until FROM payments WHERE id = ? AND account_id = '{TREASURY}'"
)
_TO_SEND_BACK = """
    SELECT r.id, c.amount_minor - r.returned_minor FROM reversals r JOIN captures c ON c.id = r.capture_id
    WHERE r.payment_id = ?1 AND r.state = 'refused'
    UNION ALL SELECT id, amount_minor FROM refunds WHERE payment_id = ?1 AND state = 'refused' AND attempts > 0
"""
_SOME_HOURS = (1.0, 20.0, 60.0)
_WITH_PEOPLE = {("reversal", "refused"), ("refund", "refused")}
MORE = Money.from_minor(700, CURRENCY)
SENT_BACK = 0.7
"""How often somebody at the treasury sends back what only he can."""


@dataclass(frozen=True, slots=True)
class Number:
    """What a payer pays under. `until`: when his time is over."""

    payment_id: str
    reference: str
    amount: Money
    until: datetime


class Transfers:
    """Everybody around the treasury."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._sent: set[str] = set()

    def number_of(self, payment_id: str) -> Number | None:
        """None for a payment that is told of otherwise than by statements."""
        for reference, minor, until in self._world.store.rows(_NUMBER, payment_id):
            over = datetime.fromisoformat(until + "+00:00")
            return Number(payment_id, reference, Money.from_minor(minor, CURRENCY), over)
        return None

    # Payers.

    def pay(self, payment_id: str, act: str) -> None:
        """A payer has his number: what he does with it in the hours and days to come."""
        world, number = self._world, self.number_of(payment_id)
        if number is None:
            return
        world.trace(f"  payer of {payment_id} at the treasury: {act}")
        hours = world.chance.between(0.02, world.chance.pick((0.2, 5.0, 18.0)))
        match act:
            case "leave" | "decline" | "cancel":
                world.strikes.payment(payment_id, Fault.BROWSER_GONE)
            case "pay-late" | "decline-then-pay" | "hold-again":
                self._some_time(hours + 21, partial(self.transfer_late, number))
            case "wrong-amount" | "less":
                self._some_time(hours, partial(self.transfer_other, number, more=act == "wrong-amount"))
            case "pay-twice":
                self._some_time(hours, partial(self.transfer, number))
                self._some_time(hours + world.chance.pick(_SOME_HOURS), partial(self.transfer_again, number))
            case "taken-back" | "charged-back":
                self._some_time(hours, partial(self.transfer, number))
                self._some_time(hours + world.chance.pick(_SOME_HOURS), partial(self.take_back, number))
            case _:
                self._some_time(hours, partial(self.transfer, number))

    def _some_time(self, hours: float, act: partial[object]) -> None:
        self._world.later("at the treasury", act, 3600 * hours, 3600 * hours + 60)

    def transfer(self, number: Number, amount: Money | None = None) -> Movement:
        """Money comes in. What statements say of it goes wrong as often as anything does in this world."""
        world, chance = self._world, self._world.chance
        astray = chance.of(0.04)
        reference = number.reference[::-1] if astray else number.reference
        day = local_day(world.clock.true_now()) + timedelta(days=int(chance.of(0.1)))
        whose = "" if astray else number.payment_id
        movement = world.treasury.receive(whose, reference, amount or number.amount, day=day)
        world.trace(f"  {movement.line.transaction_id}: {movement.amount} for {number.payment_id}")
        self._spoil(movement)
        if chance.of(0.4):
            self._read_some_time(movement.day, number.payment_id)
        return movement

    def transfer_again(self, number: Number) -> Movement:
        self._world.strikes.payment(number.payment_id, Fault.SECOND_CAPTURE)
        return self.transfer(number)

    def transfer_other(self, number: Number, *, more: bool) -> Movement:
        """More than was asked for, or half of it."""
        self._world.strikes.payment(number.payment_id, Fault.WRONG_AMOUNT)
        return self.transfer(number, number.amount + MORE if more else half(number.amount))

    def transfer_late(self, number: Number) -> Movement:
        """Money that comes in now, late if the payer's time is over."""
        if self._world.clock.true_now() > number.until:
            self._world.strikes.payment(number.payment_id, Fault.LATE_MONEY)
        return self.transfer(number)

    # The treasury.

    def _spoil(self, movement: Movement) -> None:
        """Let its statement be late, cut off, doubled or wrong at first, if it so happens."""
        world, rates = self._world, self._world.plan.stated_rates
        if world.healed:
            return
        if world.chance.of(rates.get(Fault.STATEMENT_LATE, 0)):
            self.hold_back(movement.day, world.chance.pick((0.2, 1, 2.5)))
        if world.chance.of(rates.get(Fault.STATEMENT_TWICE, 0)):
            movement.twice, movement.again = world.chance.pick(((True, False), (False, True), (True, True)))
        if world.chance.of(rates.get(Fault.STATEMENT_AMENDED, 0)):
            self.say_otherwise(movement)
            self._some_time(24 * world.chance.pick((0.3, 1.2, 2.2)), partial(self.mend, movement))

    def hold_back(self, day: date, days: float) -> None:
        """No statement of the day, or half of one, for some days after it is due."""
        until = due_first(self._world.processes[0].parts, day) + timedelta(days=days)
        self._world.treasury.hold_back(day, until, cut=self._world.chance.of(0.3))

    def say_otherwise(self, movement: Movement) -> None:
        """Let statements say something wrong of a payment's movement at first: never more than there is."""
        if not movement.payment_id:
            return  # said otherwise, nobody's reference may be somebody's
        line = movement.line
        movement.wrong = self._world.chance.pick(
            (
                said_otherwise(line, reference=""),
                said_otherwise(line, reference=line.reference[::-1]),
                said_otherwise(line, amount=half(line.gross)),
                said_otherwise(line, kind="transfer"),
            )
        )

    def mend(self, movement: Movement) -> None:
        movement.wrong = None

    def take_back(self, number: Number) -> Movement | None:
        """The treasury sends money back by itself, all or half of what there is."""
        world = self._world
        there = world.treasury.kept(number.payment_id, CURRENCY)
        part = there if world.chance.of(0.6) else half(there)
        sent = world.treasury.send(number.payment_id, number.reference, part, itself=True)
        if sent is not None:
            world.strikes.payment(number.payment_id, Fault.TAKEN_BACK)
            world.trace(f"  {sent.line.transaction_id}: {sent.amount} of {number.payment_id}, unasked")
        return sent

    def changed(self, changes: tuple[Change, ...]) -> None:
        """What only people can send back: somebody at the treasury is told of it, and does or does not.

        And who begins to pay an order in another way may find that a transfer for it is told of just then.
        """
        world = self._world
        if not world.plan.stated or world.healed:
            return
        for each in changes:
            if (each.machine, each.event, each.before) == ("payment", "start", "created"):
                self._read_what_came(world.strikes.order_of(each.payment_id))
            asked = (each.machine, each.after) in _WITH_PEOPLE and each.before != each.after
            if asked and self.number_of(each.payment_id) and world.chance.of(SENT_BACK):
                hours = world.chance.pick(_SOME_HOURS)
                self._some_time(hours, partial(self.send_back, each.payment_id))

    def send_back(self, payment_id: str) -> list[Movement]:
        """Send by hand what operators were told that nobody else sends, each once."""
        world, number, sent = self._world, self.number_of(payment_id), []
        if number is None:
            return []
        for subject, minor in world.store.rows(_TO_SEND_BACK, payment_id):
            if subject not in self._sent:
                amount = Money.from_minor(minor, CURRENCY)
                gone = world.treasury.send(payment_id, number.reference, amount, itself=False)
                if gone is not None:
                    self._sent.add(subject)
                    world.trace(f"  {gone.line.transaction_id}: {gone.amount} of {payment_id} by hand")
                    sent.append(gone)
        return sent

    # Those who read.

    def _read_some_time(self, day: date, payment_id: str) -> None:
        """Somebody has a day read: some hours from now, or just when a worker does; often while the order of a payment
        that it names is about to be paid in another way.
        """
        world = self._world
        wait = world.chance.between(0, 3600 * world.chance.pick((0.1, 4.0, 30.0)))
        if world.chance.of(0.3):
            due = due_first(world.processes[0].parts, day) - world.clock.true_now()
            wait = max(0.0, due.total_seconds() + world.chance.between(-2, 20))
        world.later(f"reads {day}", partial(self.read, day), wait, wait + 1)
        if payment_id and world.chance.of(0.5) and not world.healed:
            rival = partial(self.rival, world.shop.orders[world.strikes.order_of(payment_id)])
            world.later("a rival", rival, max(0.0, wait - 90), wait)

    def rival(self, order: ShopOrder) -> None:
        """Somebody else begins to pay the order: he has it to himself as long as nobody knows of a transfer."""
        people, chance = self._world.people, self._world.chance
        instrument, act = chance.pick(("card", "hold", "cash")), chance.pick(("pay", "pay", "leave"))
        plan = PayerPlan(0, instrument, 0, act, 0.95, presses_twice=False, part=1.0)
        (people.kiosks if instrument == "cash" else people.payers).come(plan, order, second=True)

    def _read_what_came(self, order_key: str) -> None:
        world = self._world
        for movement in world.treasury.movements:
            unheard = movement.payment_id and not movement.said
            if unheard and world.strikes.order_of(movement.payment_id) == order_key and world.chance.of(0.6):
                world.later(f"reads {movement.day}", partial(self.read, movement.day), 0, 20)

    def read(self, day: date) -> None:
        """An operator has a day read now, or compared."""
        deed = self._world.chance.pick((_fetch, _fetch, _compare))
        with suppress(Lost, MpayError):
            self._world.ask(f"reads {day}", lambda process: deed(process, day))


def _fetch(process: Process, day: date) -> None:
    fetch_statement(process.parts, TREASURY, day)


def _compare(process: Process, day: date) -> None:
    reconcile(process.parts, day, TREASURY)
